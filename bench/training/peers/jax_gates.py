"""Gates in JAX, as one writes them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

Array = Any

CZ = np.diag([1, 1, 1, -1]).astype(complex).reshape(2, 2, 2, 2)
CX = np.eye(4)[[0, 1, 3, 2]].astype(complex).reshape(2, 2, 2, 2)


def rx(a: Array) -> Array:
    c, s = jnp.cos(a / 2) + 0j, -1j * jnp.sin(a / 2)
    return jnp.stack([jnp.stack([c, s]), jnp.stack([s, c])])


def ry(a: Array) -> Array:
    c, s = jnp.cos(a / 2) + 0j, jnp.sin(a / 2) + 0j
    return jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])])


def rz(a: Array) -> Array:
    return jnp.diag(jnp.stack([jnp.exp(-0.5j * a), jnp.exp(0.5j * a)]))


def rzz(a: Array) -> Array:
    up, down = jnp.exp(-0.5j * a), jnp.exp(0.5j * a)
    return jnp.diag(jnp.stack([up, down, down, up])).reshape(2, 2, 2, 2)


def matrix(name: str, angle: Array) -> Array:
    match name:
        case "cz":
            return CZ
        case "cx":
            return CX
        case _:
            return {"rx": rx, "ry": ry, "rz": rz, "rzz": rzz}[name](angle)


def on_axes(gate: Array, t: Array, axes: Sequence[int]) -> Array:
    """A gate on some axes of a tensor."""
    k = len(axes)
    moved = jnp.tensordot(gate, t, (tuple(range(k, 2 * k)), tuple(axes)))
    return jnp.moveaxis(moved, tuple(range(k)), tuple(axes))
