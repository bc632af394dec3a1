"""Evaluating the classical operations on NumPy arrays of one sample and one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..sema.closed import Call, Extern, Gather, Shape
from .functions import FUNCTIONS, domain_error
from .trouble import Trouble

Array: TypeAlias = npt.NDArray[np.float64]
Externs: TypeAlias = Mapping[str, Callable[..., Any]]


def computed(op: Gather | Call | Extern, args: Sequence[Array], externs: Externs) -> Array:
    """The value of a classical operation. Raises Trouble for arguments outside a domain."""
    match op:
        case Gather(index=index, shape=shape):
            entries = np.concatenate([np.zeros(0), *(a.ravel() for a in args)])
            return entries[list(index)].reshape(shape)
        case Call(fn=fn, shape=shape):
            if trouble := domain_error(fn, *args):
                raise Trouble(trouble)
            return _shaped(FUNCTIONS[fn](np, *args, shape=shape), shape, fn)
        case Extern(name=name, shape=shape):
            if name not in externs:
                raise ValueError(f"`extern def {name}` is not bound: pass extern={{{name!r}: ...}}")
            return _shaped(externs[name](*args), shape, name)


def array(value: Any, shape: Shape, what: str) -> Array:
    """A value given from outside; a scalar and one of shape (1,) stand for each other."""
    found = np.asarray(value, dtype=np.float64)
    if found.shape != shape and {found.shape, shape} == {(), (1,)}:
        found = found.reshape(shape)
    return _shaped(found, shape, what)


def check_input(value: Array, name: str, labels: int | None) -> Array:
    """Raises Trouble unless the value is finite and, where it is a label, one of 0 … labels−1."""
    if not np.isfinite(value).all():
        raise Trouble(f"`{name}` is {value[~np.isfinite(value)][0]:g}")
    if labels is not None and not np.isin(value, np.arange(labels)).all():
        wrong = value[~np.isin(value, np.arange(labels))][0]
        raise Trouble(f"`{name}` is {wrong:g}, not a label of `class[{labels}]`")
    return value


def _shaped(value: Any, shape: Shape, what: str) -> Array:
    found = np.asarray(value, dtype=np.float64)
    if found.shape != shape:
        raise ValueError(f"`{what}` has shape {found.shape}, expected {shape}")
    return found
