"""The classical functions that a `Call` names, against an array namespace.

Each takes the namespace first (`numpy` or `jax.numpy`) and then arrays of one sample's shape.
Outside its domain a function gives NaN; at the edge, where the derivative is infinite, it is taken
as 0. For that the argument is made harmless before the function sees it, and the result replaced
after: differentiating a single `where` would multiply 0 by infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan, pi
from typing import Any, Protocol

import numpy as np


class Function(Protocol):
    """A function of arrays; `shape` is the shape of the result, for those that need to be told."""

    def __call__(self, xp: Any, *args: Any, shape: tuple[int, ...] | None = None) -> Any: ...


def tolerance(dtype: Any) -> float:
    """How far outside its domain an argument may lie and still count as the edge: rounding, such

    as of a probability that should be 1.
    """
    return 256 * float(np.finfo(dtype).eps)


# --- functions with a domain -----------------------------------------------------------------


def _arc(value: Callable[[Any, Any], Any], low: float, high: float) -> Callable[..., Any]:
    """A function on [−1, 1] with the values `low` and `high` at its ends."""

    def function(xp: Any, x: Any) -> Any:
        x = xp.asarray(x)
        inside = xp.abs(x) < 1
        at_end = xp.abs(x) <= 1 + tolerance(x.dtype)
        end = xp.where(x > 0, xp.asarray(high, dtype=x.dtype), xp.asarray(low, dtype=x.dtype))
        edge = xp.where(at_end, end, nan)
        return xp.where(inside, value(xp, xp.where(inside, x, 0.0)), edge)

    return function


def _sqrt(xp: Any, x: Any) -> Any:
    x = xp.asarray(x)
    inside = x > 0
    edge = xp.where(x >= -tolerance(x.dtype), xp.zeros_like(x), nan)
    return xp.where(inside, xp.sqrt(xp.where(inside, x, 1.0)), edge)


def _log(xp: Any, x: Any) -> Any:
    x = xp.asarray(x)
    inside = x > 0
    return xp.where(inside, xp.log(xp.where(inside, x, 1.0)), nan)


def _normalize(xp: Any, x: Any) -> Any:
    x = xp.asarray(x)
    square = xp.sum(x * x)
    return xp.where(square > 0, x / xp.sqrt(xp.where(square > 0, square, 1.0)), nan)


# --- the others ------------------------------------------------------------------------------


def _sigmoid(xp: Any, x: Any) -> Any:
    # 1 / (1 + e^−x) without overflow, and exact to rounding in both tails.
    return xp.exp(-xp.logaddexp(0.0, -x))


def _relu(xp: Any, x: Any) -> Any:
    # As in PyTorch, the derivative at 0 is 0; `maximum` would make it 1/2.
    return xp.where(x > 0, x, 0.0)


def _clip(xp: Any, x: Any, low: Any, high: Any) -> Any:
    return xp.minimum(xp.maximum(x, low), high)


def _softmax(xp: Any, x: Any) -> Any:
    powers = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def _onehot(xp: Any, *args: Any, shape: tuple[int, ...] | None = None) -> Any:
    (label,) = args
    if shape is None:
        raise TypeError("`onehot` needs the shape of its result")
    return (xp.arange(shape[0]) == xp.asarray(label)) * 1.0


def _lookup(xp: Any, array: Any, label: Any) -> Any:
    return xp.take(array, xp.asarray(label).astype(int), axis=0)


def _named(name: str) -> Callable[..., Any]:
    return lambda xp, *args: getattr(xp, name)(*args)


def _shapeless(function: Callable[..., Any]) -> Function:
    """With the keyword `shape`, ignored: the arguments determine the result's shape."""

    def call(xp: Any, *args: Any, shape: tuple[int, ...] | None = None) -> Any:
        del shape
        return function(xp, *args)

    return call


_SAME_NAME = (
    *("sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "exp"),
    *("minimum", "maximum", "matmul", "outer", "sum", "mean", "prod", "min", "max"),
)

FUNCTIONS: dict[str, Function] = {
    **{name: _shapeless(_named(name)) for name in _SAME_NAME},
    "neg": _shapeless(lambda xp, x: -x),
    "abs": _shapeless(lambda xp, x: xp.sign(x) * x),  # derivative 0 at 0; JAX's own has 1
    "arcsin": _shapeless(_arc(lambda xp, x: xp.arcsin(x), -pi / 2, pi / 2)),
    "arccos": _shapeless(_arc(lambda xp, x: xp.arccos(x), pi, 0.0)),
    "log": _shapeless(_log),
    "sqrt": _shapeless(_sqrt),
    "sigmoid": _shapeless(_sigmoid),
    "relu": _shapeless(_relu),
    "softplus": _shapeless(lambda xp, x: xp.logaddexp(x, 0.0)),
    "add": _shapeless(lambda xp, a, b: a + b),
    "sub": _shapeless(lambda xp, a, b: a - b),
    "mul": _shapeless(lambda xp, a, b: a * b),
    "div": _shapeless(lambda xp, a, b: a / b),
    "pow": _shapeless(lambda xp, a, b: a**b),
    "clip": _shapeless(_clip),
    "dot": _shapeless(lambda xp, a, b: xp.sum(a * b)),
    "softmax": _shapeless(_softmax),
    "normalize": _shapeless(_normalize),
    "onehot": _onehot,
    "lookup": _shapeless(_lookup),
}


# --- what a data error says ------------------------------------------------------------------

_DOMAINS = {"arcsin": (-1.0, 1.0), "arccos": (-1.0, 1.0), "sqrt": (0.0, inf), "log": (0.0, inf)}
_DOMAIN_NAMES = {
    "arcsin": "[-1, 1]",
    "arccos": "[-1, 1]",
    "sqrt": "numbers from 0",
    "log": "numbers above 0",
}


def domain_error(name: str, *args: Any) -> str | None:
    """What is wrong with the arguments of `name`, or None. Takes NumPy arrays.

    The text names the function and the value: "`arccos` of 1.5, outside its domain [-1, 1]".
    """
    first = np.asarray(args[0], dtype=np.float64)
    match name:
        case "arcsin" | "arccos" | "sqrt" | "log":
            low, high = _DOMAINS[name]
            slack = tolerance(np.float64) if name != "log" else 0.0
            inside = (first >= low - slack) & (first <= high + slack)
            if name == "log":
                inside &= first > 0
            if not inside.all():
                domain = _DOMAIN_NAMES[name]
                return f"`{name}` of {first[~inside][0]:g}, outside its domain {domain}"
        case "normalize":
            if not np.any(first):
                return "`normalize` of a zero vector"
        case "div":
            if np.any(np.asarray(args[1]) == 0):
                return "division by 0"
        case "pow":
            base, power = np.broadcast_arrays(first, np.asarray(args[1], dtype=np.float64))
            bad = ((base < 0) & (power != np.round(power))) | ((base == 0) & (power < 0))
            if bad.any():
                return f"{base[bad][0]:g} to the power {power[bad][0]:g} is not a real number"
    return None
