"""Operators on values of either stage, on observables and on bits."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..diagnostics import Label, Span
from . import observables
from .closed import BitConst, BitExpr, BitNot, BitOp, Shape
from .limits import check_bits, check_elements
from .scope import Env
from .values import Array, Bits, ConstArray, Observables, Parameter, Value, describe, type_name

_NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONST: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
}


def unary(env: Env, op: str, value: Value, span: Span) -> Value:
    """`-a` and `!a`."""
    if op == "!":
        if isinstance(value, bool):
            return not value
        if isinstance(value, Bits) and len(value.exprs) == 1:
            made = BitNot(value.exprs[0])
            check_bits(env, made, span)
            return Bits((made,), True)
        env.report.fail("E0302", "`!` needs a bit or a boolean", span, f"found {describe(value)}")
    if isinstance(value, Observables):
        return observables.scale(env, -1.0, value, span)
    from .expr import numeric

    number = numeric(env, value, span)
    if isinstance(number, Array | Parameter):
        return env.builder.call("neg", [number], number.shape)
    return -number


def binary(
    env: Env, op: str, left: Value, right: Value, span: Span, left_span: Span, right_span: Span
) -> Value:
    """`left op right`."""
    if isinstance(left, Bits) or isinstance(right, Bits):
        return _bits(env, op, left, right, span, left_span, right_span)
    if op in ("&&", "||", "^"):
        return _logic(env, op, left, right, span, left_span, right_span)
    if isinstance(left, Observables) or isinstance(right, Observables):
        return observables.combine(env, op, left, right, span, (left_span, right_span))
    if op in ("==", "!=") and isinstance(left, str | bool) and isinstance(right, str | bool):
        return bool(_COMPARE[op](left, right))
    from .expr import numeric, shape_of

    a, b = numeric(env, left, left_span), numeric(env, right, right_span)
    runtime = isinstance(a, Array | Parameter) or isinstance(b, Array | Parameter)
    if op in _COMPARE:
        if runtime:
            env.report.fail(
                "E0303",
                f"`{op}` compares values that are known only when the model runs",
                span,
                "not known at compile time",
                help="a smooth step is `sigmoid(k * (a - b))`; a condition may read measured bits",
            )
        return bool(np.all(_COMPARE[op](a, b)))
    sa, sb = shape_of(a), shape_of(b)
    if op == "@":
        shape = _matmul_shape(env, sa, sb, span, left_span, right_span)
        check_elements(env, shape, span)
        if runtime:
            return env.builder.call("matmul", [a, b], shape)
        product: ConstArray = np.matmul(np.asarray(a), np.asarray(b))
        return product if shape else float(product)
    shape = broadcast(env, sa, sb, op, span, left_span, right_span)
    check_elements(env, shape, span)
    if op == "%" and (runtime or not (isinstance(a, int) and isinstance(b, int))):
        env.report.fail("E0302", "`%` needs two whole numbers known at compile time", span)
    if runtime:
        return env.builder.call(_NAMES[op], [a, b], shape)
    return _fold(env, op, a, b, span)


def _fold(env: Env, op: str, a: Any, b: Any, span: Span) -> Value:
    if op in ("/", "%") and np.any(np.asarray(b) == 0):
        env.report.fail("E0308", "division by zero", span, "the divisor is 0")
    if op == "**":
        size = np.max(np.abs(np.asarray(a, dtype=np.float64)), initial=0.0)
        power = np.max(np.abs(np.asarray(b, dtype=np.float64)), initial=0.0)
        if size > 1 and power * np.log2(size) > 1023:
            env.report.fail("E0308", "the power is too large", span, "does not fit in a number")
        if np.any((np.asarray(a) == 0) & (np.asarray(b) < 0)):
            env.report.fail("E0308", "0 to a negative power", span, "has no value")
        if np.any((np.asarray(a) < 0) & (np.asarray(b) != np.round(b))):
            env.report.fail("E0308", "a negative number to a fractional power", span, "is not real")
        if isinstance(a, np.ndarray | int) and np.any(np.asarray(b) < 0):
            a = np.asarray(a, dtype=np.float64) if isinstance(a, np.ndarray) else float(a)
    with np.errstate(over="ignore", invalid="ignore"):
        result = _CONST[op](a, b)
    if isinstance(result, float | np.ndarray | np.generic) and not np.all(np.isfinite(result)):
        env.report.fail("E0308", f"`{op}` gives too large a number", span, "does not fit")
    if isinstance(result, np.generic):
        result = result.item()
    if isinstance(result, int) and not isinstance(result, bool) and abs(result) >= 2**63:
        env.report.fail("E0308", "the whole number is too large", span, "needs more than 64 bits")
    return result  # type: ignore[no-any-return]


def broadcast(
    env: Env, a: Shape, b: Shape, op: str, span: Span, a_span: Span, b_span: Span
) -> Shape:
    """The common shape of two operands: scalars against arrays, or agreement from the right."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        env.report.fail(
            "E0301",
            f"shapes do not fit: `{type_name(a)}` {op} `{type_name(b)}`",
            span,
            "shapes must be equal, or agree from the right",
            labels=(Label(a_span, f"`{type_name(a)}`"), Label(b_span, f"`{type_name(b)}`")),
        )


def _matmul_shape(env: Env, a: Shape, b: Shape, span: Span, a_span: Span, b_span: Span) -> Shape:
    labels = (Label(a_span, f"`{type_name(a)}`"), Label(b_span, f"`{type_name(b)}`"))
    if not 1 <= len(a) <= 2 or not 1 <= len(b) <= 2:
        env.report.fail(
            "E0301",
            "`@` multiplies matrices and vectors",
            span,
            "needs one or two axes",
            labels=labels,
        )
    if a[-1] != b[0]:
        env.report.fail(
            "E0301",
            f"shapes do not fit: `{type_name(a)}` @ `{type_name(b)}`",
            span,
            f"{a[-1]} columns against {b[0]} rows",
            labels=labels,
        )
    return (*a[:-1], *b[1:])


# --- bits ---------------------------------------------------------------------------------------


def _logic(
    env: Env, op: str, left: Value, right: Value, span: Span, left_span: Span, right_span: Span
) -> Value:
    for value, where in ((left, left_span), (right, right_span)):
        if not isinstance(value, bool):
            env.report.fail(
                "E0302", f"`{op}` needs bits or booleans", where, f"found {describe(value)}"
            )
    if op == "&&":
        return bool(left and right)
    return bool(left or right) if op == "||" else left != right


def _bits(
    env: Env, op: str, left: Value, right: Value, span: Span, left_span: Span, right_span: Span
) -> Value:
    if op in ("==", "!="):
        equal = _equal(env, left, right, span, left_span, right_span)
        check_bits(env, equal, span)
        return Bits((equal if op == "==" else BitNot(equal),), True)
    names = {"&&": "and", "||": "or", "^": "xor"}
    if op not in names:
        env.report.fail(
            "E0302",
            f"`{op}` does not work on bits",
            span,
            "a bit is not a number",
            help="bits combine with `! && || ^ == !=`",
        )
    a, b = _one_bit(env, left, span), _one_bit(env, right, span)
    made: BitExpr = BitOp(names[op], a, b)  # type: ignore[arg-type]
    check_bits(env, made, span)
    return Bits((made,), True)


def _one_bit(env: Env, value: Value, span: Span) -> BitExpr:
    if isinstance(value, bool):
        return BitConst(value)
    if isinstance(value, Bits) and len(value.exprs) == 1:
        return value.exprs[0]
    env.report.fail("E0302", "expected a single bit", span, f"found {describe(value)}")


def _equal(
    env: Env, left: Value, right: Value, span: Span, left_span: Span, right_span: Span
) -> BitExpr:
    if not isinstance(left, Bits):
        left, right, left_span, right_span = right, left, right_span, left_span
    assert isinstance(left, Bits)
    bits = left.exprs
    match right:
        case Bits(exprs=others) if len(others) == len(bits):
            wanted: list[BitExpr] = list(others)
        case bool() if len(bits) == 1:
            wanted = [BitConst(right)]
        case int() if not isinstance(right, bool) and 0 <= right < 2 ** len(bits):
            wanted = [BitConst(bool(right >> i & 1)) for i in range(len(bits))]
        case str() if len(right) == len(bits) and set(right) <= {"0", "1"}:
            wanted = [BitConst(c == "1") for c in reversed(right)]
        case int() if not isinstance(right, bool):
            env.report.fail(
                "E0301",
                f"{len(bits)} bits cannot equal {right}",
                span,
                f"at most {2 ** len(bits) - 1}",
            )
        case _:
            env.report.fail(
                "E0302",
                f"cannot compare {describe(left)} with {describe(right)}",
                span,
                labels=(Label(left_span, describe(left)), Label(right_span, describe(right))),
            )
    result: BitExpr = BitConst(True)
    for bit, want in zip(bits, wanted, strict=True):
        match want:
            case BitConst(value=True):
                same: BitExpr = bit
            case BitConst(value=False):
                same = BitNot(bit)
            case _:
                same = BitNot(BitOp("xor", bit, want))
        result = same if result == BitConst(True) else BitOp("and", result, same)
    return result


def choose_bit(condition: BitExpr, then: BitExpr, otherwise: BitExpr) -> BitExpr:
    """The bit that is `then` where the condition holds, else `otherwise`."""
    return BitOp("or", BitOp("and", condition, then), BitOp("and", BitNot(condition), otherwise))
