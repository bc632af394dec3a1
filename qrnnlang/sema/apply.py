"""Applying gates: operands, broadcast, user gates, `apply(U)` and noise channels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..diagnostics import Label, Span
from ..syntax.tree import Expr, GateItem, GateStmt, Variable
from .cell import touched
from .closed import ApplyUnitary, Channel, Gate, Postselect, QuantumOp, Reset, Scalar, Wire
from .gates import GATES
from .limits import check_gate_depth, check_operations
from .modifiers import WHAT, Modify, modifier, modify
from .modules import CHANNELS, Module
from .scope import Env
from .signature import (
    Given,
    bind_sizes,
    call_key,
    convert,
    expected_shape,
    match_arguments,
    shape_of_argument,
)
from .unrolled import within
from .values import Array, Register, UnitaryValue, Value, count, describe
from .values import Parameter as ParameterValue


@dataclass(frozen=True, slots=True)
class Operand:
    register: Register
    span: Span


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
    control_wires, rest = _take_controls(env, mods, operands, controls, wanted, statement.span)
    with env.builder.at(statement.span):
        if user is not None:
            _user_gate(env, statement, user[0], user[1], mods, control_wires, rest)
        elif name == "apply":
            _unitary(env, statement, mods, control_wires, rest)
        elif name in CHANNELS:
            _channel(env, statement, name, mods, rest)
        else:
            _standard(env, statement, name, mods, control_wires, rest)
    touched(env, tuple(w for o in operands for w in o.register.wires))


def _operands_of(user: tuple[GateItem, Module] | None, name: str) -> int:
    return len(user[0].operands) if user is not None else GATES[name].qubits


def _take_controls(
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
    _operand_count(env, name, info.qubits, operands, statement)
    length = _length(env, name, operands, statement.span)
    angles = [_angles(env, a.value, length, operands) for a in statement.args]
    check_operations(env, length, statement.span)
    for i in range(length):
        targets = tuple(_element(o.register, i) for o in operands)
        _distinct(env, (*controls, *targets), operands, statement)
        gate = Gate(name, tuple(a[i] for a in angles), targets)
        _emit(env, modify(env, [gate], mods, controls, statement.span))


def _as_operands(statement: GateStmt, name: str, params: int) -> str:
    """The help for `ry(x, q);`: qubits stand behind the parentheses."""
    if statement.operands or len(statement.args) <= params:
        return ""
    texts = [argument.value.span.text for argument in statement.args]
    angles = f"({', '.join(texts[:params])})" if params else ""
    return f"write `{name}{angles} {', '.join(texts[params:])};`"


def _operand_count(
    env: Env, name: str, wanted: int, operands: list[Operand], statement: GateStmt
) -> None:
    if len(operands) != wanted:
        env.report.fail(
            "E0403",
            f"`{name}` acts on {count(wanted, 'operand')}, not {len(operands)}",
            statement.gate.span,
            f"needs {count(wanted, 'operand')}",
        )


def _length(env: Env, name: str, operands: list[Operand], span: Span) -> int:
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


def _element(register: Register, i: int) -> Wire:
    return register.wires[0] if len(register.wires) == 1 else register.wires[i]


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


def _distinct(
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


def _emit(env: Env, ops: list[QuantumOp]) -> None:
    assert env.cell is not None
    span = env.builder.span
    if span is not None:
        check_operations(env, len(ops), span)
    if span is not None and env.cell.usable is not None:
        wrong = next((op for op in ops if isinstance(op, Reset | Postselect | Channel)), None)
        if wrong is not None:
            env.report.fail(
                "E0405",
                "a carried register is prepared by unitary gates",
                span,
                f"holds {WHAT[type(wrong)]}",
            )
    env.builder.quantum_all(ops)


# --- user gates ---------------------------------------------------------------------------------


def _user_gate(
    env: Env,
    statement: GateStmt,
    item: GateItem,
    module: Module,
    mods: list[Modify],
    controls: list[Wire],
    operands: list[Operand],
) -> None:
    from .expr import evaluate

    name = item.name.text
    if env.kind != "gate":
        check_operations(env, within(item, module).calls, statement.span)
    inner = env.callee("gate", module)
    check_gate_depth(inner, name, statement.span)
    args = [(a, evaluate(env, a.value)) for a in statement.args]
    given = match_arguments(env, name, item.params, args, statement.span)
    _operand_count(env, name, len(item.operands), operands, statement)
    singles = [o for o, p in zip(operands, item.operands, strict=True) if p.type.dims is None]
    length = _length(env, name, singles, statement.span)
    for i in range(length):
        turn = env.callee("gate", module)
        views = [
            Register((_element(o.register, i),), True)
            if p.type.dims is None
            else Register(o.register.wires)  # a qubit stands for a `qubit[1]`
            for o, p in zip(operands, item.operands, strict=True)
        ]
        _distinct(env, (*controls, *(w for v in views for w in v.wires)), operands, statement)
        _bind(env, turn, item, given, views, operands, i, length)
        ops = _expanded(turn, item, views)
        _emit(env, modify(env, ops, mods, controls, statement.span, item, module))


def _expanded(turn: Env, item: GateItem, views: list[Register]) -> list[QuantumOp]:
    """The operations of a gate whose names are bound; the same call is unrolled once."""
    from .statements import gate_body

    key = call_key(item, turn, [p.name.text for p in (*item.params, *item.operands)])
    known = turn.builder.expanded.get(key) if key is not None else None
    if known is not None:
        return list(known)
    with turn.builder.collect() as ops:
        gate_body(turn, item)
    if key is not None:
        turn.builder.expanded[key] = tuple(ops)
    return ops


def _bind(
    env: Env,
    turn: Env,
    item: GateItem,
    given: list[Given],
    views: list[Register],
    operands: list[Operand],
    i: int,
    length: int,
) -> None:
    from .expr import evaluate

    chosen: list[Given] = []
    for g in given:
        if g.param.type.name.text in ("real", "angle") and g.param.type.dims is None:
            shape = shape_of_argument(g.value)
            if shape is not None and shape not in ((), (1,)) and shape == (length,):
                g = replace(g, value=_entry(env, g.value, i))
        chosen.append(g)
    as_given = [Given(p, v, o.span) for p, v, o in zip(item.operands, views, operands, strict=True)]
    bind_sizes(turn, [*chosen, *as_given])
    for g in chosen:
        turn.bind(g.param.name.text, convert(env, turn, g))
    for p in item.params:
        if p.name.text not in turn.scope.names and p.default is not None:
            turn.bind(p.name.text, evaluate(turn, p.default))
    for g, register in zip(as_given, views, strict=True):
        _check_length(env, turn, g, register)
        turn.bind(g.param.name.text, g.value)


def _entry(env: Env, value: Value, i: int) -> Value:
    if isinstance(value, Array | ParameterValue):
        view = env.builder.read(value)
        return Array(view.owner, view.ref, np.asarray(view.index[i]))
    return float(np.asarray(value)[i])


def _check_length(env: Env, turn: Env, g: Given, register: Register) -> None:
    if g.param.type.dims is None:
        return
    shape = expected_shape(turn, g.param.type)
    if shape != (len(register.wires),):
        labels = [Label(g.param.span, f"declared as `qubit[{', '.join(map(str, shape))}]`")]
        for dim in g.param.type.dims:
            if isinstance(dim, Variable) and dim.name in turn.sizes_bound_at:
                where = turn.sizes_bound_at[dim.name]
                if where != g.span:
                    labels.append(Label(where, f"`{dim.name}` is {shape[0]} because of this"))
        env.report.fail(
            "E0305",
            f"`{g.param.name.text}` needs {count(shape[0] if shape else 1, 'qubit')}",
            g.span,
            f"found {describe(g.value)}",
            labels=tuple(labels),
        )


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
    _distinct(env, (*controls, *wires), operands, statement)
    _emit(env, modify(env, [ApplyUnitary(value.name, wires)], mods, controls, statement.span))


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
    _operand_count(env, name, 1, operands, statement)
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
        _emit(env, [Channel(name, here, (wire,))])
