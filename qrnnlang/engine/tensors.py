"""The arithmetic of the plan's dense objects in JAX. Shapes are those of `plan`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = Any


def split(t: Array, n: int, axes: Sequence[int]) -> tuple[Array, list[int]]:
    """A ket of n wires with the given row axes set apart, in ascending order, and where they are.

    The shape is (x, gap, 2, gap, 2, …, gap·E·H).
    """
    shape, places, before = [t.shape[0]], [], 0
    for axis in sorted(axes):
        shape += [2 ** (axis - before), 2]
        places.append(len(shape) - 1)
        before = axis + 1
    return t.reshape(*shape, 2 ** (n - before) * t.shape[2] * t.shape[3]), places


def aligned(local: Array, axes: Sequence[int]) -> Array:
    """Coefficients (x, 2^k), bit j belonging to `axes[j]`, to multiply what `split` gives."""
    k = len(axes)
    order = [k - axes.index(axis) for axis in sorted(axes)]
    x = local.shape[0]
    turned = local.reshape((x,) + (2,) * k).transpose([0, *order])
    return turned.reshape([x] + [d for _ in range(k) for d in (1, 2)] + [1])


def pair(
    t: Array, n: int, diag: Array, cross: Array | None, axes: Sequence[int], flips: int
) -> Array:
    """A gate in pair form, (x, 2^k): local bit j sits at `axes[j]`; the first `flips` of them flip.

    Without `cross` it is diagonal.
    """
    parted, _ = split(t, n, axes)
    out = aligned(diag, axes) * parted
    if cross is not None and flips:
        mask = sum(1 << (n - 1 - axis) for axis in axes[:flips])
        out = out + aligned(cross, axes) * flipped(t, mask).reshape(parted.shape)
    return out.reshape(out.shape[0], *t.shape[1:])


def flipped(t: Array, flips: int) -> Array:
    """Row i ^ flips in the place of row i."""
    if not flips:
        return t
    # A gather and not a reversal: XLA fuses a chain of gates that read their input twice, once
    # reversed, into one loop that computes each input twice, so that work and compile time grow as
    # 2^gates (8 gates on 8 qubits: 78 s to compile where this takes 2 s).
    rows = np.arange(t.shape[1]) ^ flips
    return jnp.take(t, rows, axis=1, unique_indices=True, mode="clip")


def permuted(t: Array, order: Sequence[int], env: int) -> Array:
    """Row axes in another order, the last `env` of them joining the environment."""
    n = len(order)
    x, _, e, h = t.shape
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
        turn = [1 + by_place.index(i) for i in range(len(runs))]
        t = t.reshape(x, *shape, e * h).transpose([0, *turn, len(runs) + 1])
    return t.reshape(x, 2 ** (n - env), 2**env * e, h)


def merged(a: Array, b: Array) -> Array:
    """The product of two kets."""
    out = a[:, :, None, :, None, :, None] * b[:, None, :, None, :, None, :]
    (_, na, ea, ha), (_, nb, eb, hb) = a.shape, b.shape
    return out.reshape(out.shape[0], na * nb, ea * eb, ha * hb)


def merged_bases(a: Array, b: Array) -> Array:
    out = a[:, :, None, :, None] * b[:, None, :, None, :]
    n = a.shape[1] * b.shape[1]
    return out.reshape(out.shape[0], n, n)


def multiplied(matrix: Array, t: Array | None, lead: int, wide: int) -> Array:
    """See `plan.Multiply`."""
    mx, rows, _ = matrix.shape
    if t is None:
        return matrix.reshape(mx, rows, 1, wide)
    x, n, e, h = t.shape
    c = 2**lead
    others = n // c
    rest = others * e * h
    m = matrix.reshape(mx, rows, c, wide)
    if mx == 1 and rest == 1:
        # All samples in one product of two plain matrices.
        out = t.reshape(x, c) @ m[0].transpose(1, 0, 2).reshape(c, rows * wide)
    else:
        out = jnp.einsum("xncw,xcs->xnsw", m, t.reshape(x, c, rest))
    return out.reshape(out.shape[0], rows * others, e, h * wide)


#: Real operations of a product of matrices from which XLA is faster on their real parts.
_WIDE = 1 << 22


def product(a: Array, b: Array) -> Array:
    """a·b for matrices (x, rows, k) and (x, k, columns)."""
    (xa, rows, k), (xb, _, columns) = a.shape, b.shape
    both = jnp.iscomplexobj(a) and jnp.iscomplexobj(b)
    if not both or (xa, xb) != (1, 1) or 8 * rows * k * columns < _WIDE:
        return a @ b
    left = jnp.concatenate([a[0].real, a[0].imag], 0)
    w = left @ jnp.concatenate([b[0].real, b[0].imag], 1)
    real = w[:rows, :columns] - w[rows:, columns:]
    return jax.lax.complex(real, w[:rows, columns:] + w[rows:, :columns])[None]


def weighted(t: Array, base: Array) -> Array:
    x, n, e, h = t.shape
    out = product(t.reshape(x, n * e, h), base)
    return out.reshape(out.shape[0], n, e, h)


def density(w: Array, v: Array) -> Array:
    n = v.shape[1]
    rho = product(w.reshape(w.shape[0], n, -1), v.conj().reshape(v.shape[0], n, -1).swapaxes(1, 2))
    return rho.reshape(rho.shape[0], n * n, 1, 1)


def traced(t: Array, n: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
    """A density of n axes in all, without the pairs of axes (row, column)."""
    x = t.shape[0]
    t = t.reshape((x,) + (2,) * n)
    pairs = sorted(zip(rows, columns, strict=True), reverse=True)
    for gone, (row, column) in enumerate(pairs):
        # Rows go from the back, so only columns have moved: by the rows gone before them.
        t = jnp.trace(t, axis1=1 + row, axis2=1 + column - gone)
    return t.reshape(x, -1, 1, 1)


def overlaps(
    t: Array, w: Array | None, mixed: bool, n: int, axes: Sequence[int], flips: int
) -> Array:
    """ρ[i ^ flips, i] for the settings i of some row axes, the others traced out: (x, 2^k)."""
    k = len(axes)
    if mixed:
        gone = [a for a in range(n) if a not in axes]
        rho = traced(t, 2 * n, gone, [n + a for a in gone])[:, :, 0, 0]
        rho = rho.reshape(-1, 2**k, 2**k)
        return jnp.diagonal(flipped(rho[..., None], flips)[..., 0], axis1=1, axis2=2)
    left = t if w is None else w
    full = sum(1 << (n - 1 - axes[k - 1 - j]) for j in range(k) if (flips >> j) & 1)
    left = flipped(left, full)
    shape, names = _kept(n, axes)
    kept = "".join(c for c in names if c.isupper())
    found = jnp.einsum(
        f"x{names}eh,x{names}eh->x{kept}",
        left.reshape(left.shape[0], *shape, *left.shape[2:]),
        t.conj().reshape(t.shape[0], *shape, *t.shape[2:]),
    )
    return found.reshape(found.shape[0], 2**k)


def _kept(n: int, axes: Sequence[int]) -> tuple[list[int], str]:
    """Row axes as runs of kept ones (capital letters) and others (small letters)."""
    shape: list[int] = []
    names = ""
    for axis in range(n):
        kept = axis in axes
        if names and names[-1].isupper() == kept:
            shape[-1] *= 2
            continue
        shape.append(2)
        letter = "ijklmnopqrstuvwyzabcd"[len(names)]
        names += letter.upper() if kept else letter
    return shape, names


def trace(t: Array, w: Array | None, mixed: bool, n: int) -> Array:
    """The trace of a state, (x,)."""
    return overlaps(t, w, mixed, n, (), 0)[:, 0].real


def picked(t: Array, n: int, axis: int, value: Array | int) -> Array:
    """A row axis taken at 0 or 1; an array holds a value for each x."""
    x, _, e, h = t.shape
    parted = t.reshape(x, 2**axis, 2, -1)
    if isinstance(value, int):
        out = parted[:, :, value]
    else:
        one = value[:, None, None]
        out = parted[:, :, 0] * (1 - one) + parted[:, :, 1] * one
    return out.reshape(out.shape[0], 2 ** (n - 1), e, h)


def loaded(
    t: Array, n: int, amplitudes: Array, axes: Sequence[int], condition: Sequence[int], holds: Array
) -> Array:
    """See `plan.LoadWhere`; `amplitudes` is (x, 2^k)."""
    x, _, e, h = t.shape
    k, c = len(axes), len(condition)
    others = [a for a in range(n) if a not in axes and a not in condition]
    front = [*axes, *reversed(condition), *others]
    whole = t.reshape((x,) + (2,) * n + (e * h,))
    whole = whole.transpose([0, *(1 + a for a in front), n + 1])
    whole = whole.reshape(x, 2**k, 2**c, -1)
    new = amplitudes[:, :, None, None] * whole[:, :1]
    out = jnp.where(np.asarray(holds)[None, None, :, None], new, whole)
    x = out.shape[0]
    back = [1 + front.index(a) for a in range(n)]
    out = out.reshape((x,) + (2,) * n + (e * h,)).transpose([0, *back, n + 1])
    return out.reshape(x, 2**n, e, h)
