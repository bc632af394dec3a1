"""Classical operations on arrays that may hold expressions.

A value is a float64 array, or an object array whose entries are floats and expressions. What is
known is computed by `ir.functions`, so a circuit has exactly the interpreter's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from ..ir.functions import FUNCTIONS, domain_error
from ..sema.closed import Call, Const, Extern, Gather, Shape
from .symbols import Expr, Fn, Opaque, add, div, mul, neg, sub

Value: TypeAlias = NDArray[Any]
Externs: TypeAlias = Mapping[str, Callable[..., Any]]

_ELEMENTWISE = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "exp",
        "log",
        "sqrt",
        "abs",
        "sigmoid",
        "relu",
        "softplus",
        "pow",
        "minimum",
        "maximum",
        "clip",
    ]
)
_ARITHMETIC = {
    "neg": np.frompyfunc(neg, 1, 1),
    "add": np.frompyfunc(add, 2, 1),
    "sub": np.frompyfunc(sub, 2, 1),
    "mul": np.frompyfunc(mul, 2, 1),
    "div": np.frompyfunc(div, 2, 1),
}
_ADD = _ARITHMETIC["add"]
_MUL = _ARITHMETIC["mul"]


def known(value: Value) -> bool:
    """Whether every entry is a number."""
    return value.dtype != object


def array(entries: Sequence[Expr], shape: Shape) -> Value:
    """Entries in C order as a value: float64 when all are known."""
    if all(isinstance(e, float) for e in entries):
        return np.array(entries, dtype=np.float64).reshape(shape)
    out = np.empty(len(entries), dtype=object)
    out[:] = entries
    return out.reshape(shape)


def entry(value: Value, index: int) -> Expr:
    """One entry, by its flat C-order index; numbers as Python floats."""
    found = value.flat[index]
    return float(found) if isinstance(found, np.floating | int) else found


def apply(op: Const | Gather | Call | Extern, args: Sequence[Value], externs: Externs) -> Value:
    """The value of a classical operation.

    Raises:
        DataError: a known argument outside the domain of the function.
        KeyError: an `extern def` without a binding in `externs`.
    """
    match op:
        case Const(values=values, shape=shape):
            return np.array(values, dtype=np.float64).reshape(shape)
        case Gather(index=index, shape=shape):
            flat = np.concatenate([a.ravel() for a in args]) if args else np.zeros(0)
            return _settled(flat[list(index)].reshape(shape))
        case Call(fn=fn, shape=shape):
            return (
                _numeric(fn, args, shape) if all(map(known, args)) else _symbolic(fn, args, shape)
            )
        case Extern(name=name, shape=shape):
            if all(map(known, args)):
                return np.asarray(externs[name](*args), dtype=np.float64).reshape(shape)
            return _opaque(name, args, shape)


def _numeric(fn: str, args: Sequence[Value], shape: Shape) -> Value:
    wrong = domain_error(fn, *args)
    if wrong is not None:
        raise DataError(wrong)
    return np.asarray(FUNCTIONS[fn](np, *args, shape=shape), dtype=np.float64).reshape(shape)


def _symbolic(fn: str, args: Sequence[Value], shape: Shape) -> Value:
    if fn in _ARITHMETIC:
        return _objects(_ARITHMETIC[fn](*args), shape)
    if fn in _ELEMENTWISE:
        return _objects(np.frompyfunc(_elementwise(fn), len(args), 1)(*args), shape)
    match fn:
        case "matmul" | "dot":
            a, b = args
            last = _MUL(a[..., :, None] if b.ndim > 1 else a, b)
            return _objects(_total(last, axis=-2 if b.ndim > 1 else -1), shape)
        case "outer":
            return _objects(_MUL(args[0][:, None], args[1][None, :]), shape)
        case "sum":
            return _objects(_total(args[0].ravel(), axis=0), shape)
        case "mean":
            return _objects(_MUL(1.0 / args[0].size, _total(args[0].ravel(), axis=0)), shape)
        case "prod":
            return _objects(_MUL.reduce(args[0].ravel().astype(object), initial=1.0), shape)
        case "lookup" if known(args[1]):
            rows = args[0].reshape(args[0].shape[0], -1)
            return _settled(rows[int(args[1])].reshape(shape))
        case _:
            return _opaque(fn, args, shape)


def _total(products: Value, axis: int) -> Any:
    return _ADD.reduce(products.astype(object), axis=axis, initial=0.0)


def _elementwise(fn: str) -> Callable[..., Expr]:
    def one(*args: Any) -> Expr:
        if all(isinstance(a, float) for a in args):
            return float(_numeric(fn, [np.asarray(a) for a in args], ()))
        if fn == "pow" and args[1] in (1.0, 2.0):
            return args[0] if args[1] == 1.0 else mul(args[0], args[0])
        return Fn(fn, args)

    return one


def _opaque(fn: str, args: Sequence[Value], shape: Shape) -> Value:
    flat = tuple(entry(a, i) for a in args for i in range(a.size))
    shapes = tuple(a.shape for a in args)
    size = int(np.prod(shape, dtype=np.int64))
    return array([Opaque(fn, flat, shapes, shape, i) for i in range(size)], shape)


def _objects(found: Any, shape: Shape) -> Value:
    out = np.empty(shape, dtype=object)
    out[...] = found
    return _settled(out)


def _settled(value: Value) -> Value:
    """As float64 when nothing in it is open any more."""
    if value.dtype == object and all(isinstance(e, float) for e in value.flat):
        return value.astype(np.float64)
    return value
