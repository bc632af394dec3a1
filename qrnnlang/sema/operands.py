"""The operands of a gate: controls, how many there are, and how often the gate is applied."""

from __future__ import annotations

from dataclasses import dataclass

from ..diagnostics import Label, Span
from ..syntax.tree import GateStmt
from .closed import Wire
from .modifiers import Modify
from .scope import Env
from .values import Register, count, describe


@dataclass(frozen=True, slots=True)
class Operand:
    """Qubits that a gate is applied to, and where they are written."""

    register: Register
    span: Span


def take_controls(
    env: Env, mods: list[Modify], operands: list[Operand], controls: int, wanted: int, span: Span
) -> tuple[list[Wire], list[Operand]]:
    """The controls, and the `wanted` operands that should be left for the gate."""
    wires: list[Wire] = []
    rest = list(operands)
    for mod in mods:
        taken = 0
        surplus = mod.name in ("ctrl", "negctrl") and len(rest) > wanted
        if surplus and mod.controls == 0 and not rest[0].register.wires:
            rest.pop(0)  # `ctrl(len(c)) @ x c, q;` with an empty `c`: it has its place
        while taken < mod.controls:
            if not rest:
                env.report.fail(
                    "E0403",
                    f"needs {count(controls, 'control')} before the operands of the gate",
                    span,
                    f"found {count(len(wires), 'control')}",
                )
            operand = rest.pop(0)
            width = len(operand.register.wires)
            if width > mod.controls - taken or (width == 0 and mod.controls > 0):
                env.report.fail(
                    "E0309",
                    f"expected {count(mod.controls - taken, 'control qubit')}",
                    operand.span,
                    f"found {describe(operand.register)}",
                    labels=(Label(mod.span, f"takes {count(mod.controls, 'control')}"),)
                    if mod.span is not None
                    else (),
                    help=f"`ctrl({width}) @` takes {count(width, 'control')}" if width > 1 else "",
                )
            wires += operand.register.wires
            taken += width
    return wires, rest


def operand_count(
    env: Env, name: str, wanted: int, operands: list[Operand], statement: GateStmt
) -> None:
    if len(operands) != wanted:
        env.report.fail(
            "E0403",
            f"`{name}` acts on {count(wanted, 'operand')}, not {len(operands)}",
            statement.gate.span,
            f"needs {count(wanted, 'operand')}",
        )


def length_of(env: Env, name: str, operands: list[Operand], span: Span) -> int:
    """How often a gate is applied: registers of one length go together, qubits are repeated."""
    long = [o for o in operands if len(o.register.wires) != 1]
    lengths = {len(o.register.wires) for o in long}
    if len(lengths) > 1:
        env.report.fail(
            "E0309",
            f"`{name}` on registers of different lengths",
            span,
            "registers must have the same length, or be single qubits",
            labels=tuple(Label(o.span, describe(o.register)) for o in long),
        )
    return lengths.pop() if lengths else 1


def element(register: Register, i: int) -> Wire:
    return register.wires[0] if len(register.wires) == 1 else register.wires[i]


def check_distinct(
    env: Env, wires: tuple[Wire, ...], operands: list[Operand], statement: GateStmt
) -> None:
    if len(set(wires)) == len(wires):
        return
    twice = next(w for w in wires if wires.count(w) > 1)
    assert env.cell is not None
    places = [o for o in operands if twice in o.register.wires]
    env.report.fail(
        "E0401",
        f"the same qubit twice in one gate: {env.cell.wire_name(twice)}",
        places[-1].span if places else statement.span,
        "used again here",
        labels=(Label(places[0].span, "first used here"),) if len(places) > 1 else (),
        help="operands of a gate must be different qubits",
    )
