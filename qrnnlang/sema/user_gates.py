"""Gates of a program, applied: arguments bound, the body unrolled for each element."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..diagnostics import Label
from ..syntax.tree import GateItem, GateStmt, Variable
from .closed import QuantumOp, Wire
from .limits import check_gate_depth, check_operations
from .modifiers import Modify, emit, modify
from .modules import Module
from .operands import Operand, check_distinct, element, length_of, operand_count
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
from .values import Array, Register, Value, count, describe
from .values import Parameter as ParameterValue


def user_gate(
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
    operand_count(env, name, len(item.operands), operands, statement)
    singles = [o for o, p in zip(operands, item.operands, strict=True) if p.type.dims is None]
    length = length_of(env, name, singles, statement.span)
    for i in range(length):
        turn = env.callee("gate", module)
        views = [
            Register((element(o.register, i),), True)
            if p.type.dims is None
            else Register(o.register.wires)  # a qubit stands for a `qubit[1]`
            for o, p in zip(operands, item.operands, strict=True)
        ]
        check_distinct(env, (*controls, *(w for v in views for w in v.wires)), operands, statement)
        _bind(env, turn, item, given, views, operands, i, length)
        ops = _expanded(turn, item, views)
        emit(env, modify(env, ops, mods, controls, statement.span, item, module))


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
