"""Classical operations in JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..ir.functions import FUNCTIONS
from ..sema.closed import Call, Const, Extern, Gather, Input, Param
from . import steps as p
from .context import Array, Context, Slots
from .errors import Unsupported


def computed(step: p.Compute, s: Slots, c: Context) -> Array:
    """The value of a classical operation."""
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


def function(op: Any, externs: Mapping[str, Callable[..., Any]]) -> Callable[..., Array]:
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
            return partial(_external, name, externs[name], shape)
    raise Unsupported(f"operation `{type(op).__name__}`")


def _external(name: str, f: Callable[..., Any], shape: tuple[int, ...], *args: Array) -> Array:
    """A call of the user's function. Raises TypeError, ValueError in the user's words."""
    try:
        value = jnp.asarray(f(*args))
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        raise TypeError(
            f"`{name}` cannot be traced by JAX: use `jax.numpy` in it, not `numpy`, and no `if` on "
            "its arguments"
        ) from error
    if value.shape != shape and {value.shape, shape} != {(), (1,)}:
        raise ValueError(f"`{name}` gave shape {value.shape}, declared is {shape}")
    return value.reshape(shape)


def gathered(*sources: Array, index: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Entries of the flat, concatenated sources: as few slices as that takes."""
    flat = [x.reshape(-1) for x in map(jnp.asarray, sources)]
    whole = flat[0] if len(flat) == 1 else jnp.concatenate(flat)
    n = len(index)
    if n and index == tuple(range(index[0], index[0] + n)):
        return jax.lax.slice(whole, (index[0],), (index[0] + n,)).reshape(shape)
    return whole[np.array(index, dtype=np.int64)].reshape(shape)
