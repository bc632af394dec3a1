"""Many gates at once in JAX: products of tables, and gates acting one after the other."""

from __future__ import annotations

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

Array = Any

#: Longer products of small tables are loops.
LONGEST_PRODUCT = 4


def swept(t: Array, diag: Array, cross: Array, other: Array) -> Array:
    """Gates in pair form one after the other: coefficients (G, x, N), `other[g, i]` = i ^ flips."""
    kind = jnp.result_type(t, diag, cross)
    x = max(t.shape[0], diag.shape[1])
    start = jnp.broadcast_to(t, (x, *t.shape[1:])).astype(kind)

    def gate(t: Array, row: tuple[Array, Array, Array]) -> tuple[Array, None]:
        a, b, index = row
        # Each index appears once: the transpose is a plain permutation again.
        moved = jnp.take(t, index, axis=1, unique_indices=True, mode="clip")
        return a[..., None, None] * t + b[..., None, None] * moved, None

    return jax.lax.scan(gate, start, (diag, cross, other))[0]


def swept_from_tables(
    t: Array,
    diag: Array,
    cross: Array,
    first: npt.NDArray[np.int64],
    shifts: npt.NDArray[np.int64],
    flips: npt.NDArray[np.int64],
) -> Array:
    """As `swept`, coefficients being entries of flat tables (x, M).

    Gate g's begin at `first[g]`; bit j of the place after that is bit `shifts[g, j]` of the row.
    """
    kind = jnp.result_type(t, diag, cross)
    x = max(t.shape[0], diag.shape[0])
    start = jnp.broadcast_to(t, (x, *t.shape[1:])).astype(kind)
    row = jnp.arange(t.shape[1])

    def gate(t: Array, at: tuple[Array, Array, Array]) -> tuple[Array, None]:
        begin, shift, flip = at
        bits = (row[:, None] >> shift) & 1
        place = begin + (bits << jnp.arange(bits.shape[1])).sum(1)
        a = jnp.take(diag, place, axis=1, mode="clip")[..., None, None]
        b = jnp.take(cross, place, axis=1, mode="clip")[..., None, None]
        moved = jnp.take(t, row ^ flip, axis=1, unique_indices=True, mode="clip")
        return a * t + b * moved, None

    return jax.lax.scan(gate, start, (first, shifts, flips))[0]


def chained(first: Any, xs: tuple[Any, ...], then: Any) -> Any:
    """`then` over the leading axis of `xs`: in a loop where it is long."""
    depth = xs[0].shape[0]
    if depth <= LONGEST_PRODUCT or not any(isinstance(x, jax.Array) for x in xs):
        for k in range(depth):
            first = then(first, tuple(x[k] for x in xs))
        return first
    # Keeping what the derivative needs would cost more than computing it again.
    body = jax.checkpoint(lambda before, k: (then(before, k), None))
    return jax.lax.scan(body, first, tuple(jnp.asarray(x) for x in xs))[0]


def _factor(k: tuple[Array, ...]) -> Any:
    """Coefficients of 1, cos and sin, (F, 3, 1, G, S), at angles (x, G): (F, x, G, S)."""
    rows = k[0]
    if len(k) == 1:
        return rows[:, 0]
    c, s = k[1:]
    return rows[:, 0] + rows[:, 1] * c[..., None] + rows[:, 2] * s[..., None]


def products(
    diag: Array, cross: Array, mirror: np.ndarray, cos: Array | None, sin: Array | None
) -> tuple[Array, Array]:
    """Pairs multiplied along K, the first acting first: (x, G, S) each.

    `diag` and `cross`, (3, K, G, S), are the coefficients of 1, `cos` and `sin`, which are
    (K, x, G), or None when there are no angles. `mirror`, (G, S), is the index that an entry takes
    its other amplitude from.
    """
    at = np.arange(diag.shape[2])[:, None]
    # A pair acts on amplitudes i and mirror(i) together, so the rows of both are kept at hand.
    both = [diag, cross]
    if diag.shape[1] > 1:
        both += [diag[..., at, mirror], cross[..., at, mirror]]
    rows = np.moveaxis(np.stack(both), 2, 0)[:, :, :, None]  # (K, F, 3, 1, G, S)

    def then(before: Any, k: tuple[Array, ...]) -> Any:
        a1, b1, ma1, mb1 = before
        a2, b2, ma2, mb2 = _factor(k)
        return (
            a2 * a1 + b2 * mb1,
            a2 * b1 + b2 * ma1,
            ma2 * ma1 + mb2 * b1,
            ma2 * mb1 + mb2 * a1,
        )

    xs: tuple[Array, ...] = (rows,) if cos is None else (rows, cos, sin)
    first = tuple(_factor(tuple(x[0] for x in xs)))
    if diag.shape[1] == 1:
        return first[0], first[1]
    found = chained(first, tuple(x[1:] for x in xs), then)
    return found[0], found[1]


def kets(diag: Array, cross: Array, cos: Array | None, sin: Array | None) -> Array:
    """One-qubit kets (x, G, 2): |0⟩ after each entry's factors, coefficients as for `products`."""
    rows = np.moveaxis(np.stack([diag, cross]), 2, 0)[:, :, :, None]
    xs: tuple[Array, ...] = (rows,) if cos is None else (rows, cos, sin)

    def then(ket: Array, k: tuple[Array, ...]) -> Array:
        a, b = _factor(k)
        return a * ket + b * ket[..., ::-1]

    a, b = _factor(tuple(x[0] for x in xs))
    xp = np if cos is None else jnp
    first = xp.stack([a[..., 0], b[..., 1]], -1)
    return chained(first, tuple(x[1:] for x in xs), then)


def product_ket(each: Array) -> Array:
    """One-qubit kets (x, G, 2), the first most significant, as a ket."""
    while each.shape[1] > 1:
        even = each.shape[1] // 2 * 2
        joined = each[:, 0:even:2, :, None] * each[:, 1:even:2, None]
        joined = joined.reshape(joined.shape[0], even // 2, -1)
        if even < each.shape[1]:
            found = [*(joined[:, i] for i in range(even // 2)), each[:, even]]
            whole = reduce(lambda a, b: (a[:, :, None] * b[:, None]).reshape(len(a), -1), found)
            return whole[:, :, None, None]
        each = joined
    return each[:, 0, :, None, None]
