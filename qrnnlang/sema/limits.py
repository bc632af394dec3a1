"""The limits of the language (section 10), checked before the work is done."""

from __future__ import annotations

import math

from ..diagnostics import Span
from .scope import Env

MAX_ELEMENTS = 10_000_000
MAX_OPERATIONS = 1_000_000
MAX_QUBITS = 1_000
MAX_GATE_DEPTH = 64


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
    if env.depth >= MAX_GATE_DEPTH:
        env.report.fail(
            "E0704",
            f"`{name}` is nested more than {MAX_GATE_DEPTH} deep",
            span,
            "calls itself here",
            help="end the recursion with a compile-time `if`",
        )
