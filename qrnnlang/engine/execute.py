"""The XLA executor: a plan's steps, traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np

from ..ir.functions import FUNCTIONS
from ..sema.closed import Call, Const, Extern, Gather, Input, Param
from . import plan as p
from . import tensors as q
from .errors import Unsupported

Array = Any
Slots = dict[p.Slot, Any]

#: A postselected event less likely than this gives NaN.
LEAST_PROBABILITY = 1e-12
ROUNDING = 1e-9


@dataclass(frozen=True)
class Context:
    """What the steps of a plan read from outside.

    `inputs`: by name, with the axis x in front unless the input is static. `real`: the dtype.
    """

    params: Mapping[str, Array]
    inputs: Mapping[str, Array]
    externs: Mapping[str, Callable[..., Any]]
    real: Any
    level: tuple[p.Level, ...]

    @property
    def complex(self) -> Any:
        return jnp.complex64 if self.real == jnp.float32 else jnp.complex128

    def constant(self, array: Any) -> np.ndarray:
        array = np.asarray(array)
        return array.astype(self.complex if np.iscomplexobj(array) else self.real)


def run(steps: Iterable[p.Step], slots: Slots, c: Context) -> None:
    """Computes the steps in order into `slots`."""
    for step in steps:
        slots[step.out] = _compute(step, slots, c)


def _compute(step: p.Step, s: Slots, c: Context) -> Any:  # noqa: PLR0911, PLR0912
    match step:
        case p.Compute():
            return _classical(step, s, c)
        case p.Table():
            return _table(step, s, c)
        case p.Zeros(n=n):
            return c.constant(np.arange(2**n) == 0).reshape(-1, 1, 1, 1)
        case p.Identity(n=n):
            return c.constant(np.eye(2**n)).reshape(2**n, 1, 2**n, 1)
        case p.Merge(parts=parts):
            return reduce(q.merged, (s[i] for i in parts))
        case p.MergeBases(parts=parts):
            return reduce(q.merged_bases, (s[i] for i in parts))
        case p.Permute(ket=ket, order=order, env=env):
            return q.permuted(s[ket], order, env)
        case p.Apply(ket=ket, n=n, use=use, conj=conj):
            diag, cross = _entry(use, s, conj)
            return q.pair(s[ket], n, diag, cross, use.axes, use.flips)
        case p.Sweep(ket=ket, n=n, uses=uses, conj=conj):
            return _sweep(s[ket], n, uses, conj, s)
        case p.Fuse():
            return _fuse(step, s, c)
        case p.Multiply(matrix=matrix, ket=ket, lead=lead, wide=wide, conj=conj):
            m = s[matrix].conj() if conj else s[matrix]
            return q.multiplied(m, None if ket is None else s[ket], lead, wide)
        case p.Stored(name=name, adjoint=adjoint):
            drawn = jnp.asarray(c.params[name], c.real)
            matrix = drawn[..., 0] + 1j * drawn[..., 1]
            return (matrix.conj().T if adjoint else matrix)[..., None]
        case p.Exponential():
            return _exponential(step, s, c)
        case p.Controlled(matrix=matrix, holds=holds):
            return _controlled(s[matrix], holds, c)
        case p.Weighted(ket=ket, base=base):
            return q.weighted(s[ket], s[base])
        case p.Density(ket=ket, weighted=weighted):
            return q.density(s[ket] if weighted is None else s[weighted], s[ket])
        case p.BaseDensity(base=base):
            return s[base].reshape(-1, 1, 1, s[base].shape[-1])
        case p.TraceOut(density=density, n=n, rows=rows, columns=columns):
            return q.traced(s[density], n, rows, columns)
        case p.Pick():
            return _pick(step, s, c)
        case p.BasisKet(values=values):
            kets = [jnp.stack([1 - v, v])[:, None, None] for v in (_bit(v, s, c) for v in values)]
            return reduce(q.merged, kets)
        case p.Mask():
            return _mask(step, s, c)
        case p.Weight(ket=ket, weighted=weighted, mixed=mixed, before=before):
            now = q.populations(s[ket], None if weighted is None else s[weighted], mixed).sum(0)
            least = LEAST_PROBABILITY * (1.0 if before is None else s[before])
            return jnp.where(now < least, jnp.nan, now)
        case p.Ratio(now=now, before=before):
            ratio = s[now] if before is None else s[now] / s[before]
            return _value(ratio[None], (), c.level[step.out])
        case p.WeightProduct(parts=parts):
            return q.product_of([s[i] for i in parts])
        case p.Amplitudes():
            return _amplitudes(step, s, c)
        case p.LoadWhere(amplitudes=amplitudes, conj=conj):
            v = s[amplitudes][:, 0, 0]
            v = v.conj() if conj else v
            return q.loaded(s[step.ket], step.n, v, step.axes, step.condition, step.holds)
        case p.Noise():
            return _noise(step, s, c)
        case p.Paulis():
            return _paulis(step, s, c)
        case p.Chances():
            return _chances(step, s, c)
        case p.ExpectValue():
            return _expect_value(step, s, c)
        case p.ProbValue():
            return _prob_value(step, s, c)
        case p.NextBase(density=density, n=n, weight=weight, mask=mask):
            rho = s[density].reshape(2**n, 2**n, -1)
            rho = rho if weight is None else rho / s[weight]
            return rho if mask is None else jnp.where(mask[:, :, None], rho, 0)
    raise Unsupported(f"plan step `{type(step).__name__}`")


# --- classical -------------------------------------------------------------------------------


def _classical(step: p.Compute, s: Slots, c: Context) -> Array:
    args = [s[i] for i in step.args]
    match step.op:
        case Const(values=values, shape=shape):
            return c.constant(np.array(values, float).reshape(shape))
        case Input(name=name):
            return c.inputs[name]
        case Param(name=name):
            return jnp.asarray(c.params[name], c.real).reshape(step.op.shape)
        case op:
            axes = [0 if c.level[i] > p.STATIC else None for i in step.args]
            return mapped(function(op, c.externs), args, axes)


def mapped(f: Callable[..., Array], args: list[Array], axes: list[int | None]) -> Array:
    """`f` over the axis in front of the arguments that have one."""
    if all(a is None for a in axes):
        return f(*args)
    return jax.vmap(f, in_axes=tuple(axes))(*args)


def function(
    op: Any, externs: Mapping[str, Callable[..., Any]]
) -> Callable[..., Array]:
    """A classical operation as a function of arrays of one sample."""
    match op:
        case Gather(index=index, shape=shape):
            return partial(gathered, index=index, shape=shape)
        case Call(fn=fn, shape=shape):
            if fn not in FUNCTIONS:
                raise Unsupported(f"function `{fn}`")
            return lambda *args: jnp.asarray(FUNCTIONS[fn](jnp, *args, shape=shape)).reshape(shape)
        case Extern(name=name, shape=shape):
            if name not in externs:
                raise ValueError(f"`extern def {name}` is not bound: pass extern={{{name!r}: ...}}")
            bound = externs[name]
            return lambda *args: jnp.asarray(bound(*args)).reshape(shape)
    raise Unsupported(f"operation `{type(op).__name__}`")


def gathered(*sources: Array, index: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Entries of the flat, concatenated sources: as few slices as that takes."""
    flat = [x.reshape(-1) for x in map(jnp.asarray, sources)]
    whole = flat[0] if len(flat) == 1 else jnp.concatenate(flat)
    n = len(index)
    if n and index == tuple(range(index[0], index[0] + n)):
        return jax.lax.slice(whole, (index[0],), (index[0] + n,)).reshape(shape)
    return whole[np.array(index, dtype=np.int64)].reshape(shape)


def _value(rows: Array, shape: tuple[int, ...], level: p.Level) -> Array:
    """Rows (size, x) as a value."""
    if level == p.STATIC:
        return rows[:, 0].reshape(shape)
    return rows.T.reshape(rows.shape[1], *shape)


def _rows(slot: p.Slot, s: Slots, c: Context) -> Array:
    """A value as rows (size, x)."""
    value = s[slot]
    if c.level[slot] == p.STATIC:
        return jnp.reshape(value, (-1, 1))
    return value.reshape(value.shape[0], -1).T


def _number(number: p.Number, s: Slots, c: Context) -> Array:
    """A number as an array of shape (1,) or (x,)."""
    if isinstance(number, p.Entry):
        return _rows(number.slot, s, c)[number.index]
    return c.constant([number])


def _concatenated(rows: list[Array]) -> Array:
    """Rows of several arrays under each other, the static ones repeated along x."""
    x = max(r.shape[1] for r in rows)
    if len(rows) == 1:
        return rows[0]
    return jnp.concatenate([jnp.broadcast_to(r, (r.shape[0], x)) for r in rows])


# --- gates -----------------------------------------------------------------------------------


def _table(t: p.Table, s: Slots, c: Context) -> tuple[Array, Array]:
    diag, cross = c.constant(t.diag)[..., None], c.constant(t.cross)[..., None]
    if not t.index.size:
        return q.products(diag[0], cross[0], t.flips)
    rows = [_rows(i, s, c) for i in t.sources]
    starts = np.cumsum([0, *(r.shape[0] for r in rows)])
    whole = _concatenated([*rows, c.constant([[1.0]])])
    index = starts[t.index[..., 0]] + t.index[..., 1]
    factors = jnp.take(whole, index.reshape(-1), axis=0, mode="clip")
    factors = factors.reshape(*index.shape, -1)
    angle = q.product_of(list(factors)) * c.constant(t.scale)[..., None]
    cos, sin = jnp.cos(angle)[:, :, None], jnp.sin(angle)[:, :, None]
    a = diag[0] + diag[1] * cos + diag[2] * sin
    b = cross[0] + cross[1] * cos + cross[2] * sin
    return q.products(a, b, t.flips)


def _entry(use: p.Use, s: Slots, conj: bool) -> tuple[Array, Array]:
    diag, cross = s[use.table]
    a, b = diag[use.entry], cross[use.entry]
    return (a.conj(), b.conj()) if conj else (a, b)


def _sweep(t: Array, n: int, uses: tuple[p.Use, ...], conj: bool, s: Slots) -> Array:
    """Coefficients of every row for every gate, gathered from the tables, then the loop."""
    tables = list(dict.fromkeys(u.table for u in uses))
    flat = [tuple(m.reshape(-1, m.shape[-1]) for m in s[i]) for i in tables]
    diag = _concatenated([a for a, _ in flat])
    cross = _concatenated([b for _, b in flat])
    start = dict(
        zip(tables, np.cumsum([0, *(a.shape[0] for a, _ in flat)]), strict=False)
    )
    index = np.arange(2**n)
    local, other = [], []
    for use in uses:
        size = s[use.table][0].shape[1]
        bits = sum(((index >> (n - 1 - axis)) & 1) << j for j, axis in enumerate(use.axes))
        local.append(start[use.table] + use.entry * size + bits)
        other.append(index ^ sum(1 << (n - 1 - axis) for axis in use.axes[: use.flips]))
    rows = np.array(local)
    a = jnp.take(diag, rows, axis=0, mode="clip")
    b = jnp.take(cross, rows, axis=0, mode="clip")
    return q.swept(t, a.conj() if conj else a, b.conj() if conj else b, np.array(other))


def _fuse(step: p.Fuse, s: Slots, c: Context) -> Array:
    n, k = step.n, len(step.columns)
    columns = np.arange(2**n)[:, None] == np.array(step.columns)[None, :]
    matrix = c.constant(columns * 1.0).reshape(2**n, 1, k, 1)
    for part in step.parts:
        if isinstance(part, p.MatrixUse):
            matrix = _multiplied(part, matrix, n, s)
        elif len(part) > 2:  # noqa: PLR2004
            matrix = _sweep(matrix, n, part, False, s)
        else:
            for use in part:
                diag, cross = _entry(use, s, False)
                matrix = q.pair(matrix, n, diag, cross, use.axes, use.flips)
    return matrix[:, 0]


def _multiplied(use: p.MatrixUse, t: Array, n: int, s: Slots) -> Array:
    order = [*use.axes, *(a for a in range(n) if a not in use.axes)]
    moved = q.multiplied(s[use.matrix], q.permuted(t, order, 0), len(use.axes), 1)
    return q.permuted(moved, [order.index(a) for a in range(n)], 0)


def _exponential(step: p.Exponential, s: Slots, c: Context) -> Array:
    numbers = [_number(k, s, c) for k in step.coefficients]
    rates = jnp.stack(jnp.broadcast_arrays(*numbers)) * _number(step.time, s, c)
    generator = jnp.einsum("kx,kij->xij", rates, c.constant(step.paulis))
    return jnp.moveaxis(jax.scipy.linalg.expm(-1j * generator), 0, -1)


def _controlled(matrix: Array, holds: np.ndarray, c: Context) -> Array:
    n, x = matrix.shape[0], matrix.shape[-1]
    on, off = c.constant(np.diag(holds * 1.0)), c.constant(np.diag(~holds * 1.0))
    eye = c.constant(np.eye(n))
    whole = on[:, None, :, None, None] * matrix[None, :, None, :] + (
        off[:, None, :, None] * eye[None, :, None, :]
    )[..., None]
    return whole.reshape(n * len(holds), n * len(holds), x)


# --- projections, preparation, noise ----------------------------------------------------------


def _bit(value: p.Number, s: Slots, c: Context) -> Array:
    """A number that must be 0 or 1, exactly; NaN if it is not."""
    found = jax.lax.stop_gradient(_number(value, s, c))
    near = jnp.round(found)
    return jnp.where((jnp.abs(found - near) <= ROUNDING) & (jnp.abs(near - 0.5) < 1), near, jnp.nan)


def _pick(step: p.Pick, s: Slots, c: Context) -> Array:
    t, n = s[step.ket], step.n
    for axis, value in sorted(zip(step.axes, step.values, strict=True), key=lambda x: -x[0]):
        chosen = _bit(value, s, c) if isinstance(value, p.Entry) else round(value)
        t = q.picked(t, n, axis, chosen)
        n -= 1
    return t


def _mask(step: p.Mask, s: Slots, c: Context) -> Array:
    axes = (*step.axes, *step.condition)
    if len(set(axes)) < len(axes):
        raise Unsupported("postselection of one qubit twice in a statement")
    kept = c.constant([[1.0]])
    for value in step.values:
        v = _bit(value, s, c)[None]
        kept = jnp.concatenate([kept * (1 - v), kept * v])
    holds = np.asarray(step.holds)
    diag = jnp.where(holds[:, None, None], kept[None], 1.0)
    return q.pair(s[step.ket], step.n, diag.reshape(-1, kept.shape[-1]), None, axes, 0)


def _amplitudes(step: p.Amplitudes, s: Slots, c: Context) -> Array:
    re = _rows(step.re, s, c)
    square = re * re
    whole = re
    if step.im is not None:
        im = _rows(step.im, s, c)
        square = square + im * im
        whole = re + 1j * im
    total = square.sum(0)
    safe = jnp.where(total > 0, total, 1.0)
    return (whole * jnp.where(total > 0, safe**-0.5, jnp.nan))[:, None, None]


def _noise(step: p.Noise, s: Slots, c: Context) -> Array:
    """ρ[r, k] ← diag[r, k]·ρ[r, k] + cross[r, k]·ρ[1−r, 1−k], linear in the rates but for roots."""
    rates = [_number(r, s, c) for r in step.rates]
    total = reduce(jnp.add, rates)
    valid = reduce(
        jnp.logical_and, [(r >= -ROUNDING) & (r <= 1 + ROUNDING) for r in (*rates, total)]
    )
    # `where`, unlike `clip`, has its full derivative at the ends.
    rates = [jnp.where(r < 0, 0.0, jnp.where(r > 1, 1.0, r)) for r in rates]
    (same0, same1, off), (flip0, flip1, flip_off) = _channel(step.name, rates)
    # local bit 0 is the row's, bit 1 the column's
    diag = jnp.stack(jnp.broadcast_arrays(same0, off, off, same1))
    cross = jnp.stack(jnp.broadcast_arrays(flip0, flip_off, flip_off, flip1))
    diag, cross = (jnp.where(valid, z, jnp.nan) for z in (diag, cross))
    holds = np.asarray(step.holds)[:, None, None]
    x = diag.shape[-1]
    diag = jnp.where(holds, diag[None], 1.0).reshape(-1, x)
    cross = jnp.where(holds, cross[None], 0.0).reshape(-1, x)
    axes = (step.row, step.column, *step.condition)
    return q.pair(s[step.density], step.n, diag, cross, axes, 2)


def _channel(name: str, rates: list[Array]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Factors of (ρ00, ρ11, off-diagonals) for the entry itself, and for its mirror image."""
    zero = jnp.zeros_like(rates[0])
    one = jnp.ones_like(rates[0])
    match name, rates:
        case "bit_flip", [r]:
            return (1 - r, 1 - r, 1 - r), (r, r, r)
        case "phase_flip", [r]:
            return (one, one, 1 - 2 * r), (zero, zero, zero)
        case "depolarizing", [r]:
            return (1 - r / 2, 1 - r / 2, 1 - r), (r / 2, r / 2, zero)
        case "pauli_channel", [x, y, z]:
            stay = 1 - x - y
            return (stay, stay, stay - 2 * z), (x + y, x + y, x - y)
        case "amplitude_damping", [r]:
            return (one, 1 - r, FUNCTIONS["sqrt"](jnp, 1 - r)), (r, zero, zero)
        case "phase_damping", [r]:
            return (one, one, FUNCTIONS["sqrt"](jnp, 1 - r)), (zero, zero, zero)
    raise Unsupported(f"channel `{name}` with {len(rates)} rates")


# --- reads -----------------------------------------------------------------------------------


def _paulis(step: p.Paulis, s: Slots, c: Context) -> Array:
    ket = s[step.ket]
    w = None if step.weighted is None else s[step.weighted]
    n = step.phases.shape[1].bit_length() - 1
    found: list[Array] = []
    order: list[int] = []
    for flips in dict.fromkeys(step.flips):
        mine = [i for i, f in enumerate(step.flips) if f == flips]
        entries = q.overlaps(ket, w, step.mixed, n, flips)
        phases = step.phases[mine]
        if not np.any(phases.imag):
            found.append(c.constant(phases.real) @ entries.real)
        else:
            found.append((c.constant(phases) @ entries).real)
        order += mine
    rows = found[0] if len(found) == 1 else jnp.concatenate(found)
    if order != sorted(order):
        rows = rows[np.argsort(order)]
    return rows if step.weight is None else rows / s[step.weight]


def _chances(step: p.Chances, s: Slots, c: Context) -> Array:
    w = None if step.weighted is None else s[step.weighted]
    rows = q.populations(s[step.ket], w, step.mixed)
    count = 2**step.k
    if count == len(step.outcome) and len(set(step.outcome.tolist())) == count:
        found = rows[np.argsort(step.outcome)]
    else:
        found = c.constant((np.arange(count)[:, None] == step.outcome) * 1.0) @ rows
    return found if step.weight is None else found / s[step.weight]


def _expect_value(step: p.ExpectValue, s: Slots, c: Context) -> Array:
    slots = list(dict.fromkeys(i for terms in step.observables for t in terms for i, _ in t.reads))
    rows = [s[i] for i in slots]
    start = dict(zip(slots, np.cumsum([0, *(r.shape[0] for r in rows)]), strict=False))
    whole = _concatenated([*rows, c.constant([[1.0]])])
    one = whole.shape[0] - 1
    terms = [(o, t) for o, found in enumerate(step.observables) for t in found]
    count = len(step.observables)
    if all(len(t.reads) < 2 and not isinstance(t.coefficient, p.Entry) for _, t in terms):  # noqa: PLR2004
        sums = np.zeros((count, one + 1))
        for o, t in terms:
            at = start[t.reads[0][0]] + t.reads[0][1] if t.reads else one
            sums[o, at] += float(t.coefficient)  # type: ignore[arg-type]
    else:
        depth = max((len(t.reads) for _, t in terms), default=0)
        index = np.full((depth, len(terms)), one)
        for j, (_, t) in enumerate(terms):
            for r, (slot, entry) in enumerate(t.reads):
                index[r, j] = start[slot] + entry
        factors = [whole[i] for i in index]
        factors.append(_concatenated([_number(t.coefficient, s, c)[None] for _, t in terms]))
        whole = q.product_of(factors)
        sums = np.zeros((count, len(terms)))
        for j, (o, _) in enumerate(terms):
            sums[o, j] = 1
    return _value(c.constant(sums) @ whole, step.shape, c.level[step.out])


def _prob_value(step: p.ProbValue, s: Slots, c: Context) -> Array:
    whole = c.constant([[1.0]])
    for i in step.parts:
        product = whole[:, None] * s[i][None]
        whole = product.reshape(-1, product.shape[-1])
    order = step.order if step.value is None else step.order[[step.value]]
    rows = whole
    if order.tolist() != list(range(whole.shape[0])):
        rows = jnp.where((order >= 0)[:, None], whole[np.maximum(order, 0)], 0.0)
    shape = (len(order),) if step.value is None else ()
    return _value(rows, shape, c.level[step.out])
