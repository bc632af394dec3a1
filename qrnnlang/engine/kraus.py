"""Kraus operators of the noise channels on one wire, each with one entry a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from .errors import Unsupported

Array = Any

_I, _X, _Y, _Z = (
    ((1, 1), (0, 0)),
    ((0, 0), (1, 1)),
    ((0, 0), (-1j, 1j)),
    ((1, -1), (0, 0)),
)


def branches(name: str, rates: Sequence[Array]) -> list[tuple[Array, Array]]:
    """Pairs (diag, cross), (x, 2), whose squares sum to one; NaN for rates outside [0, 1].

    Row i of the result is diag[i] times amplitude i plus cross[i] times the other amplitude.
    """
    total = sum(rates[1:], rates[0])
    valid = jnp.ones_like(total, bool)
    for r in (*rates, total):
        valid &= (r >= -1e-9) & (r <= 1 + 1e-9)
    rates = [jnp.where(valid, jnp.clip(r, 0.0, 1.0), jnp.nan) for r in rates]
    p = rates[0]
    match name:
        case "bit_flip":
            return _mixed([(1 - p, _I), (p, _X)])
        case "phase_flip":
            return _mixed([(1 - p, _I), (p, _Z)])
        case "depolarizing":
            return _mixed([(1 - 0.75 * p, _I), *((p / 4, s) for s in (_X, _Y, _Z))])
        case "pauli_channel":
            rest = jnp.maximum(1 - sum(rates[1:], rates[0]), 0)
            return _mixed([(rest, _I), *zip(rates, (_X, _Y, _Z), strict=True)])
        case "amplitude_damping" | "phase_damping":
            one, zero = jnp.ones_like(p), jnp.zeros_like(p)
            stay = jnp.stack([one, jnp.sqrt(1 - p)], 1), jnp.stack([zero, zero], 1)
            lost = jnp.stack([jnp.sqrt(p), zero], 1)
            fall = jnp.zeros_like(lost)
            return [stay, (fall, lost) if name == "amplitude_damping" else (lost[:, ::-1], fall)]
    raise Unsupported(f"noise channel `{name}`")


def _mixed(parts: Sequence[tuple[Array, Any]]) -> list[tuple[Array, Array]]:
    return [
        (jnp.sqrt(p)[:, None] * np.array(d), jnp.sqrt(p)[:, None] * np.array(c))
        for p, (d, c) in parts
    ]
