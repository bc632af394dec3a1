"""Projections, preparation and noise of a plan in JAX."""

from __future__ import annotations

from functools import reduce

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np

from ..ir.functions import FUNCTIONS
from . import steps as p
from . import tensors as q
from .context import Array, Context, Slots, flat, number_of
from .errors import Unsupported

#: How far from 0 or 1, or from the ends of a range, rounding may lead.
ROUNDING = 1e-9


def bit(value: p.Number, s: Slots, c: Context) -> Array:
    """A number that must be 0 or 1, exactly; NaN if it is not."""
    found = jax.lax.stop_gradient(number_of(value, s, c))
    near = jnp.round(found)
    return jnp.where((jnp.abs(found - near) <= ROUNDING) & (jnp.abs(near - 0.5) < 1), near, jnp.nan)


def pick(step: p.Pick, s: Slots, c: Context) -> Array:
    t, n = s[step.ket], step.n
    for axis, value in sorted(zip(step.axes, step.values, strict=True), key=lambda x: -x[0]):
        chosen = bit(value, s, c) if isinstance(value, p.Entry) else round(value)
        t = q.picked(t, n, axis, chosen)
        n -= 1
    return t


def mask(step: p.Mask, s: Slots, c: Context) -> Array:
    axes = (*step.axes, *step.condition)
    if len(set(axes)) < len(axes):
        raise Unsupported("postselection of one qubit twice in a statement")
    kept: Array = c.constant([[1.0]])
    for value in step.values:
        v = bit(value, s, c)[:, None]
        kept = jnp.concatenate([kept * (1 - v), kept * v], 1)
    diag = jnp.where(np.asarray(step.holds)[None, :, None], kept[:, None], 1.0)
    return q.pair(s[step.ket], step.n, diag.reshape(diag.shape[0], -1), None, axes, 0)


def amplitudes(step: p.Amplitudes, s: Slots, c: Context) -> Array:
    re = flat(step.re, s, c)
    square = re * re
    whole = re
    if step.im is not None:
        im = flat(step.im, s, c)
        square = square + im * im
        whole = re + 1j * im
    total = square.sum(1, keepdims=True)
    safe = jnp.where(total > 0, total, 1.0)
    return (whole * jnp.where(total > 0, safe**-0.5, jnp.nan))[:, :, None, None]


def noise(step: p.Noise, s: Slots, c: Context) -> Array:
    """ρ[r, k] ← diag[r, k]·ρ[r, k] + cross[r, k]·ρ[1−r, 1−k], linear in the rates but for roots."""
    rates = [number_of(r, s, c) for r in step.rates]
    total = reduce(jnp.add, rates)
    valid = reduce(
        jnp.logical_and, [(r >= -ROUNDING) & (r <= 1 + ROUNDING) for r in (*rates, total)]
    )
    # `where`, unlike `clip`, has its full derivative at the ends.
    rates = [jnp.where(r < 0, 0.0, jnp.where(r > 1, 1.0, r)) for r in rates]
    if len(step.rows) > 1:
        return _depolarized(step, s[step.density], jnp.where(valid, rates[0], jnp.nan))
    (same0, same1, off), (flip0, flip1, flip_off) = _channel(step.name, rates)
    # local bit 0 is the row's, bit 1 the column's
    diag = jnp.stack(jnp.broadcast_arrays(same0, off, off, same1), 1)
    cross = jnp.stack(jnp.broadcast_arrays(flip0, flip_off, flip_off, flip1), 1)
    diag, cross = (jnp.where(valid[:, None], z, jnp.nan) for z in (diag, cross))
    holds = np.asarray(step.holds)[None, :, None]
    x = diag.shape[0]
    diag = jnp.where(holds, diag[:, None], 1.0).reshape(x, -1)
    cross = jnp.where(holds, cross[:, None], 0.0).reshape(x, -1)
    axes = (*step.rows, *step.columns, *step.condition)
    return q.pair(s[step.density], step.n, diag, cross, axes, 2)


def _depolarized(step: p.Noise, t: Array, rate: Array) -> Array:
    """ρ ← (1 − p)ρ + p·I/2ᵏ ⊗ tr ρ, the trace over k wires."""
    n, k = step.n, len(step.rows)
    rest = q.traced(t, n, step.rows, step.columns)
    shape = [1 if a in (*step.rows, *step.columns) else 2 for a in range(n)]
    same: Array = np.ones(1)
    for row, column in zip(step.rows, step.columns, strict=True):
        agree = [2 if a in (row, column) else 1 for a in range(n)]
        same = same * np.eye(2).reshape(agree)
    mixed = (rest.reshape(-1, *shape) * same).reshape(-1, 2**n, 1, 1) / 2**k
    p_ = rate[:, None, None, None]
    new = (1 - p_) * t + p_ * mixed
    if not step.condition:
        return new
    index = sum(((np.arange(2**n) >> (n - 1 - a)) & 1) << j for j, a in enumerate(step.condition))
    return jnp.where(np.asarray(step.holds)[index][None, :, None, None], new, t)


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
