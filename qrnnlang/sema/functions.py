"""The classical functions: what each takes, the shape it gives, its value at compile time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..diagnostics import Label as Place
from ..diagnostics import Span
from .limits import check_elements
from .scope import Env
from .values import Array, ConstArray, Label, Numeric, Parameter, Value, count, describe, type_name

#: Elementwise functions of one argument, with their domain where it is not every real.
ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * np.asarray(x, dtype=np.float64))),
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(x, 0.0),
}
DOMAIN: dict[str, tuple[float, float]] = {
    "arcsin": (-1, 1),
    "arccos": (-1, 1),
    "log": (0, math.inf),
    "sqrt": (0, math.inf),
}
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "min": np.min,
    "max": np.max,
}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": np.minimum,
    "maximum": np.maximum,
    "dot": np.dot,
    "outer": np.outer,
}
ARITY: dict[str, int] = {
    **dict.fromkeys(ELEMENTWISE, 1),
    **dict.fromkeys(REDUCTIONS, 1),
    "minimum": 2,
    "maximum": 2,
    "clip": 3,
    "dot": 2,
    "outer": 2,
    "softmax": 1,
    "normalize": 1,
    "transpose": 1,
    "onehot": 2,
    "len": 1,
    "div": 2,
    "choose": 2,
}
VARIADIC = ("reshape", "zeros", "ones", "stack")
NAMES = (*ARITY, *VARIADIC)


def function(env: Env, name: str, args: list[tuple[Value, Span]], span: Span) -> Value:
    """The value of `name(args)`."""
    arity = ARITY.get(name)
    if name in ("min", "max") and len(args) == 2:
        name, arity = name + "imum", 2  # min(a, b) is what a user of Python means by minimum
    if arity is not None and len(args) != arity:
        env.report.fail(
            "E0207" if len(args) < arity else "E0208",
            f"`{name}` takes {count(arity, 'argument')}, not {len(args)}",
            span,
        )
    if name in ("zeros", "ones"):
        return _filled(env, name, args, span)
    if name == "len":
        return _length(env, *args[0])
    if name in ("div", "choose"):
        return _whole_numbers(env, name, args, span)
    if name == "stack":
        from .indexing import stack

        return stack(env, args, span)
    if name == "onehot":
        return _onehot(env, args, span)
    from .expr import numeric, shape_of

    values: list[Numeric] = [numeric(env, v, s) for v, s in args[:1]]
    if name in ("reshape", "transpose"):
        return _rearranged(env, name, values[0], args[1:], span)
    values += [numeric(env, v, s) for v, s in args[1:]]
    shapes = [shape_of(v) for v in values]
    shape = _shape(env, name, shapes, args, span)
    check_elements(env, shape, span)
    if any(isinstance(v, Array | Parameter) for v in values):
        return env.builder.call(name, values, shape)
    return _fold(env, name, values, span)


def _shape(
    env: Env, name: str, shapes: list[tuple[int, ...]], args: list[tuple[Value, Span]], span: Span
) -> tuple[int, ...]:
    from .arithmetic import broadcast

    if name in ELEMENTWISE:
        return shapes[0]
    if name in REDUCTIONS:
        if name in ("mean", "min", "max") and 0 in shapes[0]:
            env.report.fail("E0308", f"`{name}` of an empty array", span, "has no value")
        return ()
    if name in ("minimum", "maximum"):
        return broadcast(env, shapes[0], shapes[1], ",", span, args[0][1], args[1][1])
    if name == "clip":
        low = broadcast(env, shapes[0], shapes[1], ",", span, args[0][1], args[1][1])
        return broadcast(env, low, shapes[2], ",", span, args[0][1], args[2][1])
    if name == "dot":
        if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
            env.report.fail(
                "E0301",
                f"`dot` of `{type_name(shapes[0])}` and `{type_name(shapes[1])}`",
                span,
                "needs two vectors of one length",
                labels=tuple(
                    Place(s, f"`{type_name(k)}`") for k, (_, s) in zip(shapes, args, strict=True)
                ),
            )
        return ()
    if name == "outer":
        if len(shapes[0]) > 1 or len(shapes[1]) > 1:
            env.report.fail("E0301", "`outer` needs two vectors", span)
        return (shapes[0] or (1,)) + (shapes[1] or (1,))
    if not shapes[0]:
        env.report.fail("E0301", f"`{name}` needs a vector", span, "found a scalar")
    return shapes[0]


def _fold(env: Env, name: str, values: list[Any], span: Span) -> Value:
    if name in DOMAIN:
        low, high = DOMAIN[name]
        value = np.asarray(values[0], dtype=np.float64)
        if np.any((value < low) | (value > high)) or (name == "log" and np.any(value == 0)):
            env.report.fail(
                "E0308",
                f"`{name}` of a value outside its domain",
                span,
                f"the argument is {values[0]:g}" if value.ndim == 0 else "an entry is outside",
            )
    with np.errstate(over="ignore", invalid="ignore"):
        result = _computed(env, name, values, span)
    if not np.all(np.isfinite(result)):
        env.report.fail("E0308", f"`{name}` is too large", span, "does not fit in a number")
    return result.item() if isinstance(result, np.generic) else _plain(result)


def _computed(env: Env, name: str, values: list[Any], span: Span) -> Any:
    if name in ELEMENTWISE:
        result = ELEMENTWISE[name](values[0])
    elif name in REDUCTIONS:
        result = REDUCTIONS[name](values[0])
    elif name == "softmax":
        shifted = np.exp(values[0] - np.max(values[0], axis=-1, keepdims=True))
        result = shifted / shifted.sum(axis=-1, keepdims=True)
    elif name == "normalize":
        norm = float(np.linalg.norm(values[0]))
        if norm == 0:
            env.report.fail("E0308", "`normalize` of a zero vector", span, "has no direction")
        result = values[0] / norm
    elif name == "clip":
        result = np.minimum(np.maximum(values[0], values[1]), values[2])
    else:
        result = _BINARY[name](values[0], values[1])
    return result


def _plain(value: Any) -> Value:
    plain: Value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    return plain


def _filled(env: Env, name: str, args: list[tuple[Value, Span]], span: Span) -> Value:
    shape = tuple(_size(env, v, s) for v, s in args)
    check_elements(env, shape, span)
    made = np.zeros(shape) if name == "zeros" else np.ones(shape)
    return made if shape else float(made)


def _size(env: Env, value: Value, span: Span) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        env.report.fail(
            "E0303" if isinstance(value, Array | Parameter) else "E0306",
            "a size is a whole number from 0, known at compile time",
            span,
            f"found {describe(value)}",
        )
    return value


def _length(env: Env, value: Value, span: Span) -> int:
    from .iterators import size

    return size(env, value, span)


def _whole_numbers(env: Env, name: str, args: list[tuple[Value, Span]], span: Span) -> int:
    numbers: list[int] = []
    for value, where in args:
        if isinstance(value, bool) or not isinstance(value, int):
            env.report.fail(
                "E0303" if isinstance(value, Array | Parameter) else "E0302",
                f"`{name}` needs whole numbers known at compile time",
                where,
                f"found {describe(value)}",
            )
        numbers.append(value)
    a, b = numbers
    if name == "div":
        if b == 0:
            env.report.fail("E0308", "division by zero", span, "the divisor is 0")
        return a // b
    if a < 0 or b < 0 or min(b, abs(a - b)) > 1000:
        env.report.fail("E0308", f"`choose({a}, {b})` is out of range", span)
    return math.comb(a, b)


def _onehot(env: Env, args: list[tuple[Value, Span]], span: Span) -> Value:
    (label, where), (k, k_span) = args
    size = _size(env, k, k_span)
    check_elements(env, (size,), span)
    match label:
        case Label(owner=owner, ref=ref, classes=classes):
            if classes > size:
                env.report.fail(
                    "E0301", f"a `class[{classes}]` label in {size} entries", span, "too few"
                )
            return owner.call("onehot", [Array(owner, ref, np.array(0))], (size,))
        case int() if not isinstance(label, bool) and 0 <= label < size:
            row: ConstArray = np.zeros(size)
            row[label] = 1.0
            return row
    env.report.fail("E0302", "`onehot` needs a label", where, f"found {describe(label)}")


def _rearranged(
    env: Env, name: str, value: Any, dims: list[tuple[Value, Span]], span: Span
) -> Value:
    view = env.builder.read(value) if isinstance(value, Array | Parameter) else None
    index = view.index if view is not None else np.asarray(value)
    if name == "transpose":
        moved = index.T
    else:
        shape = tuple(_size(env, v, s) for v, s in dims)
        if math.prod(shape) != index.size:
            env.report.fail(
                "E0301",
                f"`{type_name(index.shape)}` cannot become `{type_name(shape)}`",
                span,
                f"{index.size} entries against {math.prod(shape)}",
            )
        moved = index.reshape(shape)
    if view is not None:
        return Array(view.owner, view.ref, moved)
    return _plain(moved)
