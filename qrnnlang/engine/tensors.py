"""The arithmetic of the plan's dense objects in JAX. Shapes are those of `plan`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = Any


def split(t: Array, n: int, axes: Sequence[int]) -> tuple[Array, list[int]]:
    """A ket of n wires with the given row axes set apart, in ascending order, and where they are.

    The shape is (gap, 2, gap, 2, …, gap, E·H, x).
    """
    shape, places, before = [], [], 0
    for axis in sorted(axes):
        shape += [2 ** (axis - before), 2]
        places.append(len(shape) - 1)
        before = axis + 1
    rest = t.shape[1] * t.shape[2]
    return t.reshape(*shape, 2 ** (n - before), rest, t.shape[3]), places


def aligned(local: Array, axes: Sequence[int]) -> Array:
    """Coefficients (2^k, x), bit j belonging to `axes[j]`, to multiply what `split` gives."""
    k = len(axes)
    order = [k - 1 - axes.index(axis) for axis in sorted(axes)]
    x = local.shape[-1]
    turned = local.reshape((2,) * k + (x,)).transpose([*order, k])
    return turned.reshape([d for _ in range(k) for d in (1, 2)] + [1, 1, x])


def pair(t: Array, n: int, diag: Array, cross: Array | None, axes: Sequence[int], flips: int) -> Array:
    """A gate in pair form: local bit j sits at `axes[j]`, the first `flips` of them flip."""
    if not axes:
        return diag.reshape(1, 1, 1, -1) * t
    parted, places = split(t, n, axes)
    out = aligned(diag, axes) * parted
    if cross is not None and flips:
        place = dict(zip(sorted(axes), places, strict=True))
        other = jax.lax.rev(parted, tuple(place[a] for a in axes[:flips]))
        out = out + aligned(cross, axes) * other
    return out.reshape(*t.shape[:3], out.shape[-1])


def flipped(t: Array, n: int, flips: int) -> Array:
    """Row i ^ flips in the place of row i; bit j of `flips` is row axis n − 1 − j."""
    axes = [n - 1 - j for j in range(n) if (flips >> j) & 1]
    if not axes:
        return t
    parted, places = split(t, n, axes)
    return jax.lax.rev(parted, tuple(places)).reshape(t.shape)


def permuted(t: Array, order: Sequence[int], env: int) -> Array:
    """Row axes in another order, the last `env` of them joining the environment."""
    n = len(order)
    if list(order) != list(range(n)):
        # Axes that stay together are one axis, which keeps the rank low.
        runs: list[list[int]] = []
        for axis in order:
            if runs and runs[-1][-1] + 1 == axis:
                runs[-1].append(axis)
            else:
                runs.append([axis])
        by_place = sorted(range(len(runs)), key=lambda i: runs[i][0])
        shape = [2 ** len(runs[i]) for i in by_place]
        turn = [by_place.index(i) for i in range(len(runs))]
        k = len(runs)
        t = t.reshape(*shape, *t.shape[1:]).transpose([*turn, k, k + 1, k + 2])
    e, h, x = t.shape[-3:]
    return t.reshape(2 ** (n - env), 2**env * e, h, x)


def merged(a: Array, b: Array) -> Array:
    """The product of two kets."""
    out = a[:, None, :, None, :, None] * b[None, :, None, :, None, :]
    (na, ea, ha, _), (nb, eb, hb, _) = a.shape, b.shape
    return out.reshape(na * nb, ea * eb, ha * hb, out.shape[-1])


def merged_bases(a: Array, b: Array) -> Array:
    out = a[:, None, :, None] * b[None, :, None, :]
    n = a.shape[0] * b.shape[0]
    return out.reshape(n, n, out.shape[-1])


def multiplied(matrix: Array, t: Array | None, lead: int, wide: int) -> Array:
    """See `plan.Multiply`."""
    rows, _, mx = matrix.shape
    if t is None:
        return matrix.reshape(rows, 1, wide, mx)
    n, e, h, x = t.shape
    c = 2**lead
    others = n // c
    t = t.reshape(c, others * e * h, x)
    m = matrix.reshape(rows, c, wide, mx)
    if mx == 1:
        flat = m[..., 0].transpose(0, 2, 1).reshape(rows * wide, c)
        out = (flat @ t.reshape(c, -1)).reshape(rows, wide, others * e * h, x)
        if wide > 1 and others * e * h > 1:
            out = out.transpose(0, 2, 1, 3)
    else:
        out = jnp.einsum("ncwx,csx->nswx", m, t)
    return out.reshape(rows * others, e, h * wide, out.shape[-1])


def weighted(t: Array, base: Array) -> Array:
    return jnp.einsum("nehx,hkx->nekx", t, base)


def density(w: Array, v: Array) -> Array:
    rho = jnp.einsum("nehx,mehx->nmx", w, v.conj())
    return rho.reshape(-1, 1, 1, rho.shape[-1])


def traced(t: Array, n: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
    """A density of n axes in all, without the pairs of axes (row, column)."""
    x = t.shape[-1]
    t = t.reshape((2,) * n + (x,))
    pairs = sorted(zip(rows, columns, strict=True), reverse=True)
    for gone, (row, column) in enumerate(pairs):
        # Rows go from the back, so only columns have moved: by the rows gone before them.
        t = jnp.trace(t, axis1=row, axis2=column - gone)
    return t.reshape(-1, 1, 1, x)


def populations(t: Array, w: Array | None, mixed: int | None) -> Array:
    """The diagonal of a state's density, (N, x)."""
    return overlaps(t, w, mixed, 0, 0).real


def overlaps(t: Array, w: Array | None, mixed: int | None, n: int, flips: int) -> Array:
    """ρ[i ^ flips, i], (N, x)."""
    if mixed is not None:
        index = np.arange(2**mixed)
        flat = ((index ^ flips) << mixed) + index
        return jnp.take(t[:, 0, 0], flat, axis=0, unique_indices=True, mode="clip")
    left = t if w is None else w
    return (flipped(left, n, flips) * t.conj()).sum((1, 2))


def picked(t: Array, n: int, axis: int, value: Array | int) -> Array:
    """A row axis taken at 0 or 1; an array holds a value for each x."""
    e, h = t.shape[1:3]
    parted = t.reshape(2**axis, 2, 2 ** (n - 1 - axis), e, h, t.shape[3])
    out = parted[:, value] if isinstance(value, int) else _mixed(parted[:, 0], parted[:, 1], value)
    return out.reshape(-1, e, h, out.shape[-1])


def _mixed(zero: Array, one: Array, value: Array) -> Array:
    return zero * (1 - value) + one * value


def loaded(
    t: Array, n: int, amplitudes: Array, axes: Sequence[int], condition: Sequence[int], holds: Array
) -> Array:
    """See `plan.LoadWhere`; `amplitudes` is (2^k, x)."""
    e, h, x = t.shape[1:]
    k, c = len(axes), len(condition)
    others = [a for a in range(n) if a not in axes and a not in condition]
    front = [*axes, *reversed(condition), *others]
    whole = t.reshape((2,) * n + (e, h, x)).transpose([*front, n, n + 1, n + 2])
    shape = whole.shape
    whole = whole.reshape(2**k, 2**c, -1, x)
    new = amplitudes[:, None, None, :] * whole[:1]
    out = jnp.where(np.asarray(holds)[None, :, None, None], new, whole)
    x = out.shape[-1]
    back = [front.index(a) for a in range(n)]
    out = out.reshape(*shape[:-1], x).transpose([*back, n, n + 1, n + 2])
    return out.reshape(2**n, e, h, x)


def swept(t: Array, diag: Array, cross: Array, other: Array) -> Array:
    """Gates in pair form one after the other: rows (G, N, x) of coefficients, `other` i ^ flips."""
    kind = jnp.result_type(t, diag, cross)
    x = max(t.shape[-1], diag.shape[-1])
    start = jnp.broadcast_to(t, (*t.shape[:3], x)).astype(kind)

    def gate(t: Array, row: tuple[Array, Array, Array]) -> tuple[Array, None]:
        a, b, index = row
        # Each index appears once: the transpose is a plain permutation again.
        moved = jnp.take(t, index, axis=0, unique_indices=True, mode="clip")
        return a[:, None, None] * t + b[:, None, None] * moved, None

    return jax.lax.scan(gate, start, (diag, cross, other))[0]


def products(diag: Array, cross: Array, flips: int) -> tuple[Array, Array]:
    """Pairs (K, G, 2^k, x) multiplied along K, the first acting first."""
    def later_of_earlier(a2: Array, b2: Array, a1: Array, b1: Array) -> tuple[Array, Array]:
        f = 2**flips

        def turn(c: Array) -> Array:
            k, g, size, x = c.shape
            return c.reshape(k, g, size // f, f, x)[:, :, :, ::-1].reshape(c.shape)

        if not flips:
            return a2 * a1, b2
        return a2 * a1 + b2 * turn(b1), a2 * b1 + b2 * turn(a1)

    while diag.shape[0] > 1:
        even = diag.shape[0] // 2 * 2
        a, b = later_of_earlier(diag[1:even:2], cross[1:even:2], diag[0:even:2], cross[0:even:2])
        if even < diag.shape[0]:
            xp = jnp if isinstance(a, jax.Array) else np
            a, b = xp.concatenate([a, diag[even:]]), xp.concatenate([b, cross[even:]])
        diag, cross = a, b
    return diag[0], cross[0]


def product_of(arrays: Sequence[Array]) -> Array:
    return reduce(lambda a, b: a * b, arrays)
