"""`prepare(v) q;`: amplitude encoding on qubits that are known to be |0…0⟩."""

from __future__ import annotations

import numpy as np

from ..diagnostics import Label, Span
from ..syntax.tree import Argument, Expr
from .cell import touched
from .closed import Prepare
from .scope import Env
from .values import Array, Parameter, count, describe


def prepare(env: Env, args: tuple[Argument, ...], operands: tuple[Expr, ...], span: Span) -> None:
    """Real amplitudes, or real and imaginary parts."""
    from .expr import evaluate, numeric, register, shape_of

    if env.cell is None or env.kind != "cell":
        env.report.fail("E0405", "`prepare` stands only in a cell", span)
    if not 1 <= len(args) <= 2 or len(operands) != 1:
        env.report.fail(
            "E0403", "`prepare` takes one or two vectors and one register", span, "`prepare(v) q;`"
        )
    from .statements import no_repeats

    wires = register(env, operands[0]).wires
    no_repeats(env, wires, operands[0].span)
    dirty = [w for w in wires if w not in env.cell.zero]
    if dirty:
        env.report.fail(
            "E0411",
            f"{env.cell.wire_name(dirty[0])} is not known to be |0⟩ here",
            operands[0].span,
            "`prepare` needs fresh or just reset qubits",
            help=f"put `reset {operands[0].span.text};` before it",
        )
    values = [numeric(env, evaluate(env, a.value), a.span) for a in args]
    for value, argument in zip(values, args, strict=True):
        if shape_of(value) != (2 ** len(wires),):
            env.report.fail(
                "E0305",
                f"`prepare` of {count(len(wires), 'qubit')} needs {2 ** len(wires)} amplitudes",
                argument.span,
                f"found {describe(value)}",
                labels=(Label(operands[0].span, count(len(wires), "qubit")),),
            )
    if all(not isinstance(v, Array | Parameter) and not np.any(v) for v in values):
        env.report.fail("E0308", "`prepare` of a zero vector", span, "has no direction")
    re, *im = (env.builder.ref(v) for v in values)
    env.builder.quantum(Prepare(wires, re, im[0] if im else None))
    touched(env, wires)
