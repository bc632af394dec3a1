"""What the executor's functions share: the world outside a plan, and ways to look at slots.

A value is an array of one shape a sample; as rows it is (x, size). See `steps` for the axis x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from . import steps as p

Array = Any
Slots = dict[p.Slot, Any]


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

    def constant(self, array: Any) -> npt.NDArray[Any]:
        """Numbers known when the plan is traced, in the precision of the run."""
        found = np.asarray(array)
        return found.astype(self.complex if np.iscomplexobj(found) else self.real)


def as_value(rows: Array, shape: tuple[int, ...], level: p.Level) -> Array:
    """Rows (x, size) as a value."""
    if level == p.STATIC:
        return rows[0].reshape(shape)
    return rows.reshape(rows.shape[0], *shape)


def flat(slot: p.Slot, s: Slots, c: Context) -> Array:
    """A value as rows (x, size)."""
    value = s[slot]
    if c.level[slot] == p.STATIC:
        return jnp.reshape(value, (1, -1))
    return value.reshape(value.shape[0], -1)


def number_of(number: p.Number, s: Slots, c: Context) -> Array:
    """A number as an array of shape (1,) or (x,)."""
    if isinstance(number, p.Entry):
        return flat(number.slot, s, c)[:, number.index]
    return c.constant([number])


def side_by_side(rows: list[Array]) -> Array:
    """Rows (x, size) of several arrays side by side, the static ones repeated along x."""
    if len(rows) == 1:
        return rows[0]
    x = max(r.shape[0] for r in rows)
    return jnp.concatenate([jnp.broadcast_to(r, (x, r.shape[1])) for r in rows], 1)
