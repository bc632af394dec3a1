"""Declarations in a cell: inputs, carried state, fresh registers, parameters, instances."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from ..diagnostics import Label as Place
from ..diagnostics import Span
from ..syntax.tree import (
    CarryDecl,
    Drawn,
    Expr,
    FreshDecl,
    InputDecl,
    ParamDecl,
    Parameter,
    TypeExpr,
    UseDecl,
)
from .cell import CellState
from .closed import (
    Alloc,
    Bit,
    CarryIn,
    Input,
    ParamSpec,
    Port,
    RegisterInfo,
    Shape,
)
from .instance import Instance, cell_name
from .limits import check_elements, check_qubits
from .report import Skip, suggestion
from .scope import Env, Scope
from .signature import TYPES, Given, compile_time, expected_shape, fit, match_arguments
from .values import Array, Bits, Label, Register, UnitaryValue, Value, describe, type_name
from .values import Parameter as ParameterValue

_DISTRIBUTIONS = {"uniform": 2, "normal": 2, "haar": 0}


def cell_of(env: Env) -> CellState:
    assert env.cell is not None
    return env.cell


def shape_of_type(env: Env, kind: TypeExpr) -> Shape:
    shape = expected_shape(env, kind)
    check_elements(env, shape, kind.span)
    return shape


def expect_type(env: Env, kind: TypeExpr, allowed: tuple[str, ...], what: str) -> str:
    """The name of a type, which must be one of `allowed`."""
    name = kind.name.text
    if name not in TYPES:
        raise Skip  # resolve.py has reported it
    if name not in allowed:
        choices = ", ".join(f"`{a}`" for a in allowed)
        env.report.fail(
            "E0302", f"{what} cannot be `{name}`", kind.span, f"expected one of {choices}"
        )
    if kind.seq:
        env.report.fail(
            "E0302", "`seq` belongs in a model", kind.span, "a cell is one step of a sequence"
        )
    return name


def input_decl(env: Env, decl: InputDecl) -> Value:
    """`input x: real[d];`: this step's value, or the argument of a call."""
    name = decl.name.text
    state = cell_of(env)
    kind = expect_type(env, decl.type, ("real", "angle", "class"), "an input")
    labels = classes(env, decl.type) if kind == "class" else None
    shape = () if kind == "class" else shape_of_type(env, decl.type)
    if state.args is None:
        state.root.inputs.append(Port(name, shape, labels, True, decl.doc))
        ref = env.builder.emit(Input(name, shape, labels), shape)
        return env.builder.array(ref, shape) if labels is None else Label(env.builder, ref, labels)
    value, span = state.args[name]
    if labels is not None:
        if isinstance(value, Label) and value.classes <= labels:
            return value
        env.report.fail(
            "E0302", f"`{name}` is a `class[{labels}]`", span, f"found {describe(value)}"
        )
    from .expr import numeric

    g = Given(Parameter(decl.span, decl.name, decl.type), value, span)
    return fit(env, numeric(env, value, span), shape, g, env)


def classes(env: Env, kind: TypeExpr) -> int:
    """k of `class[k]`."""
    from .expr import integer

    if kind.dims is None or len(kind.dims) != 1:
        env.report.fail(
            "E0307", "`class` needs its number of labels", kind.span, "write `class[k]`"
        )
    k = integer(env, kind.dims[0], "a number of labels")
    if k < 1:
        env.report.fail(
            "E0306", "a class needs at least one label", kind.dims[0].span, f"found {k}"
        )
    return k


def carry_decl(env: Env, decl: CarryDecl) -> Value:
    kind = expect_type(env, decl.type, ("qubit", "real", "angle", "bit"), "carried state")
    if kind == "qubit":
        return _carry_qubits(env, decl)
    if decl.body is not None:
        env.report.fail("E0405", "only qubits are prepared by statements", decl.body.span)
    if kind == "bit":
        return _carry_bits(env, decl)
    return _carry_reals(env, decl)


def _carry_qubits(env: Env, decl: CarryDecl) -> Register:
    from .statements import block

    state = cell_of(env)
    if decl.start is not None:
        env.report.fail(
            "E0302",
            "a carried register is prepared by gates",
            decl.start.span,
            "not a value",
            help=f"write `carry {decl.name.text}: {decl.type.span.text} {{ h {decl.name.text}; }}`",
        )
    register = new_register(env, decl.type, decl.name.text, "carry")
    state.qubit_carries[decl.name.text] = (register.wires, decl.span)
    state.carried_at[decl.name.text] = decl.span
    if decl.body is not None:
        inner = replace(env, builder=state.root.init, scope=Scope(env.scope))
        inner.bind(decl.name.text, register)
        state.usable = set(register.wires)
        state.zero |= state.usable
        try:
            block(inner, decl.body)
        finally:
            state.usable = None
            state.zero -= set(register.wires)
    return register


def _carry_bits(env: Env, decl: CarryDecl) -> Bits:
    state = cell_of(env)
    if decl.start is not None:
        env.report.fail(
            "E0302", "carried bits are 0 before the first step", decl.start.span, "not needed"
        )
    single = decl.type.dims is None
    n = 1 if single else _length(env, decl.type)
    ids = env.builder.new_bits(n)
    state.bit_carries[decl.name.text] = ids
    state.carried_at[decl.name.text] = decl.span
    return Bits(tuple(Bit(i) for i in ids), single)


def _carry_reals(env: Env, decl: CarryDecl) -> Array:
    from .expr import evaluate, numeric, shape_of

    state = cell_of(env)
    shape = shape_of_type(env, decl.type)
    init = state.root.init
    inner = replace(env, builder=init)
    if decl.start is None:
        initial = init.const(np.zeros(shape))
    else:
        value = numeric(inner, evaluate(inner, decl.start), decl.start.span)
        if shape_of(value) == ():
            one = init.read(value)
            initial = init.ref(Array(init, one.ref, np.broadcast_to(one.index, shape).copy()))
        else:
            param = Parameter(decl.span, decl.name, decl.type)
            g = Given(param, value, decl.start.span)
            initial = init.ref(fit(inner, value, shape, g, inner))
    carried = env.builder.emit(CarryIn(env.full(decl.name.text), shape), shape)
    state.real_carries[decl.name.text] = (shape, initial, carried)
    state.carried_at[decl.name.text] = decl.span
    return env.builder.array(carried, shape)


def fresh_decl(env: Env, decl: FreshDecl) -> Register:
    expect_type(env, decl.type, ("qubit",), "a fresh register")
    return new_register(env, decl.type, decl.name.text, "fresh")


def new_register(env: Env, kind: TypeExpr, name: str, role: Literal["carry", "fresh"]) -> Register:
    """A register of new wires; fresh ones are allocated here and now."""
    state = cell_of(env)
    single = kind.dims is None
    n = 1 if single else _length(env, kind)
    check_qubits(env, n, kind.span)
    wires = env.builder.new_wires(n)
    for i, wire in enumerate(wires):
        state.wires[wire] = name if single else f"{name}[{i}]"
    state.root.registers.append(RegisterInfo(env.full(name), role, wires))
    if role == "fresh":
        state.zero |= set(wires)
        if wires:
            env.builder.emit(Alloc(wires, env.full(name)))
    return Register(wires, single)


def _length(env: Env, kind: TypeExpr) -> int:
    shape = expected_shape(env, kind)
    if len(shape) != 1:
        env.report.fail("E0307", "a register has one length", kind.span, f"{len(shape)} given")
    return shape[0]


# --- parameters -----------------------------------------------------------------------------------


def param_decl(env: Env, decl: ParamDecl) -> Value:
    """`param w: angle[l, k] ~ uniform(a, b);`, `fixed U: unitary[n] ~ haar;`."""
    root = cell_of(env).root
    what = "a parameter" if decl.trained else "a fixed value"
    allowed = ("real", "angle") if decl.trained else ("real", "angle", "unitary")
    kind = expect_type(env, decl.type, allowed, what)
    name = env.full(decl.name.text)
    if kind == "unitary":
        n = _length(env, decl.type)
        check_elements(env, (4 ** min(n, 32), 2), decl.type.span)
        shape: Shape = (2**n, 2**n, 2)
        if not isinstance(decl.start, Drawn) or decl.start.name.text != "haar":
            env.report.fail(
                "E0302",
                "a unitary is drawn from the Haar measure",
                decl.span,
                help="write `~ haar`",
            )
        root.params.setdefault(
            name, ParamSpec(name, shape, False, "unitary", ("haar",), decl.doc, decl.span)
        )
        return UnitaryValue(name, n)
    shape = shape_of_type(env, decl.type)
    start = _start(env, decl, kind, shape)
    named: Literal["real", "angle"] = "angle" if kind == "angle" else "real"
    spec = ParamSpec(name, shape, decl.trained, named, start, decl.doc, decl.span)
    root.params.setdefault(name, spec)
    return ParameterValue(name, shape)


def _start(env: Env, decl: ParamDecl, kind: str, shape: Shape) -> tuple[object, ...]:
    match decl.start:
        case None:
            if kind == "angle":
                return ("uniform", -math.pi, math.pi)
            bound = 1 / math.sqrt(max(shape[-1], 1)) if shape else 1.0
            return ("uniform", -bound, bound)
        case Drawn():
            return _drawn(env, decl.start)
        case expr:
            return _constant(env, expr, shape, decl.type.span)


def _drawn(env: Env, drawn: Drawn) -> tuple[object, ...]:
    from .expr import compile_time_number

    name = drawn.name.text
    if name not in _DISTRIBUTIONS or name == "haar":
        env.report.fail(
            "E0204",
            f"there is no distribution `{name}` of reals",
            drawn.name.span,
            "unknown distribution",
            help=suggestion(name, ("uniform", "normal"))
            or "distributions: `uniform(a, b)`, `normal(mean, std)`",
        )
    if len(drawn.args) != 2 or any(a.name for a in drawn.args):
        env.report.fail(
            "E0207" if len(drawn.args) < 2 else "E0208",
            f"`{name}` takes 2 numbers, not {len(drawn.args)}",
            drawn.span,
            help="every parameter is drawn from one seed: `train { seed = …; }`"
            if any(a.name is not None and a.name.text == "seed" for a in drawn.args)
            else "",
        )
    a, b = (compile_time_number(env, arg.value) for arg in drawn.args)
    if name == "uniform" and a > b:
        env.report.fail("E0308", f"the interval [{a:g}, {b:g}) is empty", drawn.span)
    if name == "normal" and b < 0:
        env.report.fail(
            "E0308", f"a standard deviation of {b:g}", drawn.args[1].span, "is negative"
        )
    return (name, a, b)


def _constant(env: Env, expr: Expr, shape: Shape, declared: Span) -> tuple[object, ...]:
    from .expr import evaluate, numeric

    where = expr.span
    value = numeric(env, evaluate(env, expr), where)
    if isinstance(value, Array | ParameterValue):
        env.report.fail(
            "E0303", "a parameter starts from a compile-time value", where, describe(value)
        )
    data = np.asarray(value, dtype=np.float64)
    if data.shape == shape or data.size == 1:
        return ("values", tuple(data.ravel().tolist()))
    try:
        return ("values", tuple(np.broadcast_to(data, shape).ravel().tolist()))
    except ValueError:
        env.report.fail(
            "E0305",
            "the start does not fit the parameter",
            where,
            f"found {describe(value)}",
            labels=(Place(declared, f"declared as `{type_name(shape)}`"),),
        )


# --- instances ------------------------------------------------------------------------------------


def use_decl(env: Env, decl: UseDecl) -> Instance:
    """`use f = Vqc(n = 4);`"""
    found = env.module.find_cell(decl.cell)
    if found is None:
        from .names import unknown_cell

        unknown_cell(env.report, decl.cell, env.module)
    item, module = found
    from .expr import evaluate

    args = [(a, evaluate(env, a.value)) for a in decl.args]
    given = match_arguments(env, cell_name(decl.cell), item.params, args, decl.span)
    hyper: dict[str, Value] = {g.param.name.text: compile_time(env, g) for g in given}
    return Instance(item, module, hyper, env.full(decl.name.text))


def bind_hyper(env: Env, instance: Instance) -> None:
    """The hyperparameters of an instance, given or default, in its own scope."""
    from .expr import evaluate

    for p in instance.item.params:
        name = p.name.text
        if name in instance.hyper:
            env.bind(name, instance.hyper[name])
        elif p.default is not None:
            value = evaluate(env, p.default)
            env.bind(name, compile_time(env, Given(p, value, p.default.span)))
