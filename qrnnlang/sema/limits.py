"""The limits of the language (section 10), checked before the work is done."""

from __future__ import annotations

import math

from ..diagnostics import Span
from .closed import BitExpr, BitNot, BitOp
from .report import Stop
from .scope import Env

MAX_ELEMENTS = 10_000_000
MAX_OPERATIONS = 1_000_000
MAX_QUBITS = 1_000
MAX_GATE_DEPTH = 64
MAX_CELL_DEPTH = 64
MAX_DEF_DEPTH = 64
MAX_BIT_OPERATIONS = 10_000
MAX_BIT_DEPTH = 200


def check_elements(env: Env, shape: tuple[int, ...], span: Span) -> None:
    """E0706: an array larger than a cell may hold."""
    if math.prod(shape) > MAX_ELEMENTS:
        env.report.fail(
            "E0706",
            f"an array of {math.prod(shape):,} elements",
            span,
            f"at most {MAX_ELEMENTS:,}",
        )


def check_turns(env: Env, turns: int, span: Span) -> None:
    """E0705: a loop that alone, or with those before it, exceeds the operations of a cell."""
    env.loop_turns[0] += turns
    if env.loop_turns[0] > MAX_OPERATIONS or len(env.builder.ops) > MAX_OPERATIONS:
        env.report.fail(
            "E0705",
            f"more than {MAX_OPERATIONS:,} operations in one step",
            span,
            "this loop goes too far",
        )


def check_operations(env: Env, more: int, span: Span) -> None:
    """E0705, once: `more` operations than a cell may have. Counted before they are made."""
    if env.builder.full:
        raise Stop
    if env.builder.pending + more > MAX_OPERATIONS:
        env.builder.full = True
        env.report.fail(
            "E0705",
            f"more than {MAX_OPERATIONS:,} operations in one step",
            span,
            "goes too far here",
        )


def check_terms(env: Env, terms: int, span: Span) -> None:
    """E0705: an observable of more terms than a cell may have operations."""
    if terms > MAX_OPERATIONS:
        env.report.fail(
            "E0705",
            f"an observable of more than {MAX_OPERATIONS:,} terms",
            span,
            "multiplied out, it is too long",
        )


def check_bits(env: Env, expr: BitExpr, span: Span) -> None:
    """E0705: an expression of bits that grows without end; it is written out where it is used."""
    _, operations, depth = _bit_size(env, expr)
    if operations > MAX_BIT_OPERATIONS or depth > MAX_BIT_DEPTH:
        env.report.fail(
            "E0705",
            f"a bit of more than {MAX_BIT_OPERATIONS:,} operations"
            if operations > MAX_BIT_OPERATIONS
            else f"a bit of operations nested more than {MAX_BIT_DEPTH} deep",
            span,
            "written out, it is too long",
        )


def _bit_size(env: Env, expr: BitExpr) -> tuple[BitExpr, int, int]:
    """An expression with its number of operations and their depth. Parts are looked up."""
    sizes = env.builder.bit_sizes
    found = sizes.get(id(expr))
    if found is not None:
        return found
    made: tuple[BitExpr, int, int]
    match expr:
        case BitNot(a=a):
            _, n, depth = _bit_size(env, a)
            made = (expr, n + 1, depth + 1)
        case BitOp(a=a, b=b):
            _, n, left = _bit_size(env, a)
            _, m, right = _bit_size(env, b)
            made = (expr, n + m + 1, max(left, right) + 1)
        case _:
            return (expr, 0, 0)
    sizes[id(expr)] = made  # with the expression itself, so that its id stays its own
    return made


def check_qubits(env: Env, more: int, span: Span) -> None:
    """E0707: more qubits than a cell may have."""
    if env.builder.wires + more > MAX_QUBITS:
        env.report.fail(
            "E0707",
            f"a cell of {env.builder.wires + more:,} qubits",
            span,
            f"at most {MAX_QUBITS:,}",
        )


def check_gate_depth(env: Env, name: str, span: Span) -> None:
    """E0704: a gate that calls itself too often."""
    if env.depth > MAX_GATE_DEPTH:
        env.report.fail(
            "E0704",
            f"`{name}` is nested more than {MAX_GATE_DEPTH} deep",
            span,
            "calls itself here",
            help="end the recursion with a compile-time `if`",
        )
