"""Gate statements: standard gates, `apply(U)` and noise channels; others are in `user_gates`."""

from __future__ import annotations

from ..diagnostics import Label
from ..syntax.tree import Expr, GateItem, GateStmt, Variable
from .cell import touched
from .closed import ApplyUnitary, Channel, Gate, Scalar, Wire
from .gates import GATES
from .limits import check_operations
from .modifiers import Modify, emit, modifier, modify
from .modules import CHANNELS, Module
from .operands import (
    Operand,
    check_distinct,
    element,
    length_of,
    operand_count,
    take_controls,
)
from .scope import Env
from .user_gates import user_gate
from .values import UnitaryValue, count, describe


def apply(env: Env, statement: GateStmt) -> None:
    """A gate statement: modifiers, then the gate on its operands, broadcast."""
    from .expr import register

    name = statement.gate.name if isinstance(statement.gate, Variable) else ""
    user = env.module.find_gate(statement.gate)
    if user is None and name not in GATES and name not in CHANNELS and name != "apply":
        from .names import unknown_gate

        unknown_gate(env.report, statement.gate, env.module)
    mods = [modifier(env, m) for m in statement.modifiers]
    operands = [Operand(register(env, o), o.span) for o in statement.operands]
    assert env.cell is not None
    for operand in operands:
        env.cell.check_alive(env, operand.register.wires, operand.span)
    controls = sum(m.controls for m in mods)
    wanted = 1 if user is None and name not in GATES else _operands_of(user, name)
    control_wires, rest = take_controls(env, mods, operands, controls, wanted, statement.span)
    with env.builder.at(statement.span):
        if user is not None:
            user_gate(env, statement, user[0], user[1], mods, control_wires, rest)
        elif name == "apply":
            _unitary(env, statement, mods, control_wires, rest)
        elif name in CHANNELS:
            _channel(env, statement, name, mods, rest)
        else:
            _standard(env, statement, name, mods, control_wires, rest)
    touched(env, tuple(w for o in operands for w in o.register.wires))


def _operands_of(user: tuple[GateItem, Module] | None, name: str) -> int:
    return len(user[0].operands) if user is not None else GATES[name].qubits


# --- standard gates -----------------------------------------------------------------------------


def _standard(
    env: Env,
    statement: GateStmt,
    name: str,
    mods: list[Modify],
    controls: list[Wire],
    operands: list[Operand],
) -> None:
    info = GATES[name]
    if any(a.name is not None for a in statement.args):
        env.report.fail("E0206", f"`{name}` takes its parameters in order", statement.span)
    if len(statement.args) != info.params:
        env.report.fail(
            "E0208" if len(statement.args) > info.params else "E0207",
            f"`{name}` takes {count(info.params, 'parameter')}, not {len(statement.args)}",
            statement.gate.span,
            help=_as_operands(statement, name, info.params)
            or (
                f"write `{name}({', '.join(('theta', 'phi', 'lambda')[: info.params])}) …`"
                if info.params
                else f"write `{name}` without parentheses"
            ),
        )
    operand_count(env, name, info.qubits, operands, statement)
    length = length_of(env, name, operands, statement.span)
    angles = [_angles(env, a.value, length, operands) for a in statement.args]
    check_operations(env, length, statement.span)
    for i in range(length):
        targets = tuple(element(o.register, i) for o in operands)
        check_distinct(env, (*controls, *targets), operands, statement)
        gate = Gate(name, tuple(a[i] for a in angles), targets)
        emit(env, modify(env, [gate], mods, controls, statement.span))


def _as_operands(statement: GateStmt, name: str, params: int) -> str:
    """The help for `ry(x, q);`: qubits stand behind the parentheses."""
    if statement.operands or len(statement.args) <= params:
        return ""
    texts = [argument.value.span.text for argument in statement.args]
    angles = f"({', '.join(texts[:params])})" if params else ""
    return f"write `{name}{angles} {', '.join(texts[params:])};`"


def _angles(env: Env, expr: Expr, length: int, operands: list[Operand]) -> list[Scalar]:
    """One angle per application: a scalar for all, or a vector elementwise."""
    from .expr import evaluate, numeric, shape_of

    number = numeric(env, evaluate(env, expr), expr.span)
    shape = shape_of(number)
    if shape in ((), (1,)):
        return env.builder.scalars(number) * length
    if shape != (length,):
        env.report.fail(
            "E0309",
            f"{count(length, 'application')} of the gate, but a parameter of shape "
            f"[{', '.join(map(str, shape))}]",
            expr.span,
            f"needs a scalar or {count(length, 'entry').replace('entrys', 'entries')}",
            labels=tuple(
                Label(o.span, describe(o.register))
                for o in operands
                if len(o.register.wires) == length
            ),
        )
    return env.builder.scalars(number)


# --- unitaries and channels ---------------------------------------------------------------------


def _unitary(
    env: Env, statement: GateStmt, mods: list[Modify], controls: list[Wire], operands: list[Operand]
) -> None:
    from .expr import evaluate

    if len(statement.args) != 1:
        env.report.fail("E0207", "`apply` takes one unitary: `apply(U) q;`", statement.span)
    value = evaluate(env, statement.args[0].value)
    if not isinstance(value, UnitaryValue):
        env.report.fail(
            "E0302",
            "`apply` needs a unitary",
            statement.args[0].span,
            f"found {describe(value)}",
            help="declare one with `fixed U: unitary[n] ~ haar;`",
        )
    wires = tuple(w for o in operands for w in o.register.wires)
    if len(wires) != value.qubits:
        env.report.fail(
            "E0309",
            f"a unitary of {count(value.qubits, 'qubit')} on {count(len(wires), 'qubit')}",
            statement.span,
            "lengths differ",
            labels=(
                Label(statement.args[0].span, describe(value)),
                *(Label(o.span, describe(o.register)) for o in operands),
            ),
        )
    check_distinct(env, (*controls, *wires), operands, statement)
    emit(env, modify(env, [ApplyUnitary(value.name, wires)], mods, controls, statement.span))


def _channel(
    env: Env, statement: GateStmt, name: str, mods: list[Modify], operands: list[Operand]
) -> None:
    if mods:
        env.report.fail(
            "E0404", f"`{name}` is a noise channel: modifiers need a unitary", statement.span
        )
    wanted = CHANNELS[name]
    if len(statement.args) != wanted:
        env.report.fail(
            "E0208" if len(statement.args) > wanted else "E0207",
            f"`{name}` takes {count(wanted, 'rate')}, not {len(statement.args)}",
            statement.span,
        )
    operand_count(env, name, 1, operands, statement)
    wires = operands[0].register.wires
    rates = [_angles(env, a.value, len(wires), operands) for a in statement.args]
    for i, wire in enumerate(wires):
        here = tuple(r[i] for r in rates)
        known = [r for r in here if isinstance(r, int | float)]
        if any(not 0 <= r <= 1 for r in known) or sum(known) > 1 + 1e-12:
            env.report.fail(
                "E0308",
                f"the rate of `{name}` must lie in [0, 1]",
                statement.args[0].span,
                f"found {', '.join(f'{r:g}' for r in known)}",
            )
        emit(env, [Channel(name, here, (wire,))])
