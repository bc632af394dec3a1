"""Bit expressions over the classical bits of a circuit."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.operands import bits_in
from ..sema.closed import Bit, BitConst, BitExpr, BitNot, BitOp

TRUE, FALSE = BitConst(True), BitConst(False)


def negate(a: BitExpr) -> BitExpr:
    match a:
        case BitConst(value):
            return BitConst(not value)
        case BitNot(b):
            return b
        case _:
            return BitNot(a)


def combine(op: str, a: BitExpr, b: BitExpr) -> BitExpr:
    """`and`, `or`, `xor` with constants folded away."""
    if isinstance(b, BitConst):
        a, b = b, a
    if isinstance(a, BitConst):
        match op, a.value:
            case ("and", True) | ("or", False) | ("xor", False):
                return b
            case "xor", True:
                return negate(b)
            case _:
                return a
    assert op in ("and", "or", "xor")
    return BitOp(op, a, b)  # type: ignore[arg-type]


def substitute(expr: BitExpr, known: Mapping[int, BitExpr]) -> BitExpr:
    """The expression with each bit replaced by what it is."""
    match expr:
        case Bit(id):
            return known[id]
        case BitConst():
            return expr
        case BitNot(a):
            return negate(substitute(a, known))
        case BitOp(op, a, b):
            return combine(op, substitute(a, known), substitute(b, known))


def assume(expr: BitExpr, bit: int, value: bool) -> BitExpr:
    """The expression where one bit is known."""
    others = {b: Bit(b) for b in bits_in(expr)}
    return substitute(expr, {**others, bit: BitConst(value)})
