"""Gates and matrices of a plan in JAX."""

from __future__ import annotations

from functools import reduce
from operator import mul

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from . import loops
from . import steps as p
from . import tensors as q
from .context import Array, Context, Slots, flat, number_of, side_by_side
from .exponentials import propagator


def turns(angles: p.Angles, s: Slots, c: Context) -> tuple[Array | None, Array | None]:
    """Cosine and sine of all angles, (K, x, G); None when there are no angles."""
    count = len(angles.scale)
    if not count:
        return None, None
    # A cosine costs far more than a product: each angle's is taken once, the static ones' before
    # they are repeated for every sample.
    static = np.array([c.level[i] == p.STATIC for i in angles.sources] + [True])
    known = static[angles.index[..., 0]].all(0)
    groups = [g for g in (np.flatnonzero(known), np.flatnonzero(~known)) if len(g)]
    found = [_angle(angles, group, s, c) for group in groups]
    place = np.append(np.argsort(np.concatenate(groups)), count)[angles.which]
    return (
        _placed([jnp.cos(a) for a in found], c.constant([[1.0]]), place),
        _placed([jnp.sin(a) for a in found], c.constant([[0.0]]), place),
    )


def _placed(rows: list[Array], none: Array, place: npt.NDArray[np.int64]) -> Array:
    """Entries (K, x, G) of rows (x, size); one past the last is `none`."""
    if place.max() == sum(r.shape[1] for r in rows):
        rows = [*rows, none]
    # Without the barrier XLA would take the cosine again for each of the coefficients it is in.
    whole = jax.lax.optimization_barrier(side_by_side(rows))
    k, g = place.shape
    if not np.array_equal(place.reshape(-1), np.arange(whole.shape[1])):
        whole = jnp.take(whole, place.reshape(-1), axis=1, mode="clip")
    return jnp.moveaxis(whole.reshape(-1, k, g), 1, 0)


def _angle(angles: p.Angles, group: npt.NDArray[np.int64], s: Slots, c: Context) -> Array:
    """Some of the angles, (x, U)."""
    source, entry = angles.index[:, group, 0], angles.index[:, group, 1]
    used = np.unique(source)
    rows = [
        flat(angles.sources[i], s, c) if i < len(angles.sources) else c.constant([[1.0]])
        for i in used
    ]
    starts = np.cumsum([0, *(r.shape[1] for r in rows)])
    place = starts[np.searchsorted(used, source)] + entry
    whole = side_by_side(rows)
    if len(place) > 1 or not np.array_equal(place[0], np.arange(whole.shape[1])):
        whole = jnp.take(whole, place.reshape(-1), axis=1, mode="clip")
    factors = whole.reshape(whole.shape[0], *place.shape)
    return reduce(mul, (factors[:, r] for r in range(len(place)))) * c.constant(angles.scale[group])


def table(t: p.Table, s: Slots, c: Context) -> tuple[Array, Array]:
    size = t.diag.shape[-1]
    mirror = np.arange(size) ^ (2 ** np.array(t.flips) - 1)[:, None]
    return loops.products(c.constant(t.diag), c.constant(t.cross), mirror, *turns(t.angles, s, c))


def rotation(t: p.Rotation, s: Slots, c: Context) -> tuple[Array, Array]:
    angle = _angle(t.angles, np.arange(len(t.angles.scale)), s, c) @ c.constant(t.weights.T)
    turn = c.constant(t.turn)
    cos = jnp.repeat(jnp.cos(angle), len(turn), axis=1)
    sin = (jnp.sin(angle)[:, :, None] * turn).reshape(cos.shape)
    if len(turn) == 1:
        cos, sin = cos + sin, jnp.zeros_like(sin)
    return cos[:, None], sin[:, None]


def multiplexed(t: Array) -> tuple[Array, Array]:
    """Entries kept and flipped, of a ket (x, N, 1, 2): the least significant bit is flipped."""
    pairs = t.reshape(t.shape[0], -1, 2, 2)
    diag = jnp.stack([pairs[..., 0, 0], pairs[..., 1, 1]], -1)
    cross = jnp.stack([pairs[..., 0, 1], pairs[..., 1, 0]], -1)
    return diag.reshape(t.shape[0], 1, -1), cross.reshape(t.shape[0], 1, -1)


def coefficients(g: p.Gates, s: Slots, c: Context, conj: bool = False) -> tuple[Array, Array]:
    """Coefficients (G, 1, N) of the loop's gates."""
    turned = turns(g.angles, s, c)
    diag, cross = loops.products(c.constant(g.diag), c.constant(g.cross), g.other, *turned)
    diag, cross = diag.swapaxes(0, 1), cross.swapaxes(0, 1)
    return (diag.conj(), cross.conj()) if conj else (diag, cross)


def starts(step: p.Starts, s: Slots, c: Context) -> Array:
    return loops.kets(c.constant(step.diag), c.constant(step.cross), *turns(step.angles, s, c))


def run(t: Array, gates: p.Gates, conj: bool, s: Slots, c: Context) -> Array:
    return loops.swept(t, *coefficients(gates, s, c, conj), gates.other)


def entry(use: p.Use, s: Slots, conj: bool) -> tuple[Array, Array]:
    diag, cross = s[use.table]
    a, b = diag[:, use.entry], cross[:, use.entry]
    return (a.conj(), b.conj()) if conj else (a, b)


def product(parts: tuple[p.Start, ...], s: Slots) -> Array:
    first = parts[0]
    places = [u.entry for u in parts]
    last = first.entry + len(parts)
    if all(u.starts == first.starts for u in parts) and places == list(range(first.entry, last)):
        return loops.product_ket(s[first.starts][:, first.entry : last])
    each = [s[u.starts][:, u.entry] for u in parts]
    return loops.product_ket(jnp.stack(jnp.broadcast_arrays(*each), 1))


def sweep(t: Array, n: int, uses: tuple[p.Use, ...], conj: bool, s: Slots) -> Array:
    """Gates in a loop that takes their coefficients from the tables."""
    tables = list(dict.fromkeys(u.table for u in uses))
    sides = [
        side_by_side([s[i][side].reshape(s[i][side].shape[0], -1) for i in tables])
        for side in (0, 1)
    ]
    sizes = [s[i][0].shape[1] * s[i][0].shape[2] for i in tables]
    start = dict(zip(tables, np.cumsum([0, *sizes]), strict=False))
    first = [start[u.table] + u.entry * s[u.table][0].shape[2] for u in uses]
    width = max(len(u.axes) for u in uses)
    # The bit of the row index that is local bit j; one past the last for a bit that is always 0.
    shifts = np.full((len(uses), width), n)
    for g, use in enumerate(uses):
        shifts[g, : len(use.axes)] = [n - 1 - axis for axis in use.axes]
    flips = [sum(1 << (n - 1 - axis) for axis in u.axes[: u.flips]) for u in uses]
    diag, cross = (side.conj() if conj else side for side in sides)
    return loops.swept_from_tables(t, diag, cross, np.array(first), shifts, np.array(flips))


def _columns(n: int, columns: tuple[int, ...], c: Context) -> np.ndarray:
    """Basis states as the columns of a ket."""
    found = np.arange(2**n)[:, None] == np.array(columns)[None, :]
    return c.constant(found * 1.0).reshape(1, 2**n, 1, len(columns))


def fuse(step: p.Fuse, s: Slots, c: Context) -> Array:
    matrix = _columns(step.n, step.columns, c)
    for part in step.parts:
        if isinstance(part, p.MatrixUse):
            matrix = _multiplied(part, matrix, step.n, s)
        else:
            matrix = loops.swept(matrix, *coefficients(part, s, c), part.other)
    return matrix[:, :, 0]


def fuse_all(step: p.FuseAll, s: Slots, c: Context) -> Array:
    """Runs side by side, in the place of samples: they take their rows from the same rows."""
    each = len(step.gates.other) // step.runs
    diag, cross = (
        m.reshape(step.runs, each, -1).swapaxes(0, 1) for m in coefficients(step.gates, s, c)
    )
    start = _columns(step.n, step.columns, c)
    return loops.swept(start, diag, cross, step.gates.other[:each])[:, :, 0]


def _multiplied(use: p.MatrixUse, t: Array, n: int, s: Slots) -> Array:
    order = [*use.axes, *(a for a in range(n) if a not in use.axes)]
    moved = q.multiplied(s[use.matrix], q.permuted(t, order, 0), len(use.axes), 1)
    return q.permuted(moved, [order.index(a) for a in range(n)], 0)


def exponential(step: p.Exponential, s: Slots, c: Context) -> Array:
    numbers = [number_of(k, s, c) for k in step.coefficients]
    rates = jnp.stack(jnp.broadcast_arrays(*numbers)) * number_of(step.time, s, c)
    rows = np.broadcast_to(np.arange(step.phases.shape[1]), step.phases.shape)
    columns = rows ^ np.array(step.flips)[:, None]
    entries = rates.T[:, :, None] * c.constant(step.phases)
    generator = jnp.zeros((len(entries), *2 * step.phases.shape[1:]), c.complex)
    return propagator(generator.at[:, rows, columns].add(entries))


def controlled(matrix: Array, holds: np.ndarray, c: Context) -> Array:
    x, n, _ = matrix.shape
    on, off = c.constant(np.diag(holds * 1.0)), c.constant(np.diag(~holds * 1.0))
    eye = c.constant(np.eye(n))
    acting = on[:, None, :, None] * matrix[:, None, :, None, :]
    idle = off[:, None, :, None] * eye[None, :, None, :]
    return (acting + idle).reshape(x, n * len(holds), n * len(holds))
