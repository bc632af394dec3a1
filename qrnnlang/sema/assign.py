"""`output` and `next`: whole, or entry by entry, each once."""

from __future__ import annotations

import numpy as np

from ..diagnostics import Label, Span
from ..syntax.tree import MeasureExpr, NextStmt, OutputStmt, PostselectExpr
from .cell import BitNext, Branch, CellState, Slot
from .closed import BitConst, BitExpr
from .declarations import cell_of, expect_type, shape_of_type
from .report import Skip, suggestion
from .scope import Env
from .values import Array, Bits, Numeric, Register, Value, count, describe, type_name


def output_stmt(env: Env, statement: OutputStmt) -> None:
    """`output y = …;`, `output z: real[n];`, `output z[k, ..] = …;`."""
    from .expr import evaluate, numeric, shape_of

    state = cell_of(env)
    name = statement.name.text
    slot = state.outputs.get(name)
    if name in state.broken:
        raise Skip
    filled = slot is not None and (slot.whole is not None or bool(slot.entries))
    if slot is not None and statement.indices is None and (filled or statement.value is None):
        _again(env, "output", name, statement.span, slot.first, "" if filled else "declared")
    if statement.type is not None:
        expect_type(env, statement.type, ("real", "angle"), "an output")
        shape = shape_of_type(env, statement.type)
        slot = Slot(name, statement.span, shape, doc=statement.doc)
        state.outputs[name] = slot
        if statement.value is None:
            return
    assert statement.value is not None
    value = evaluate(env, statement.value)
    number = numeric(env, value, statement.value.span)
    if statement.indices is None:
        whole = env.builder.array(env.builder.ref(number), shape_of(number))
        if slot is not None and slot.shape is not None:
            if slot.shape != whole.shape and {slot.shape, whole.shape} != {(), (1,)}:
                _misfit(env, name, slot, whole.shape, statement.value.span)
            slot.whole = Array(whole.owner, whole.ref, whole.index.reshape(slot.shape))
            slot.filled = statement.span
            _readable(env, name, slot.whole)
        else:
            state.outputs[name] = Slot(name, statement.span, None, whole=whole, doc=statement.doc)
            _readable(env, name, whole)
        return
    if slot is not None and slot.whole is not None:
        _again(env, "output", name, statement.span, slot.first)
    if slot is None:
        if env.report.is_lost(name, env.report.item(statement.span)):
            raise Skip
        env.report.fail(
            "E0406",
            f"the output `{name}` is filled entry by entry but not declared",
            statement.span,
            "its shape is not known",
            help=f"declare it first: `output {name}: real[…];`",
        )
    _entries(env, slot, statement, number)


def _readable(env: Env, name: str, whole: Array) -> None:
    """An output may be read below, as a `let` may, unless its name is taken."""
    if env.scope.find(name) is None:
        env.scope.top().names[name] = whole


def _misfit(env: Env, name: str, slot: Slot, shape: tuple[int, ...], span: Span) -> None:
    env.report.fail(
        "E0305",
        f"`{name}` needs `{type_name(slot.shape or ())}`",
        span,
        f"found `{type_name(shape)}`",
        labels=(Label(slot.span, "declared here"),),
    )


def _entries(env: Env, slot: Slot, statement: OutputStmt | NextStmt, number: Numeric) -> None:
    from .expr import shape_of
    from .indexing import place

    assert slot.shape is not None and statement.indices is not None and statement.value is not None
    positions = place(env, slot.shape, statement.indices, statement.span)
    actual = shape_of(number)
    where = statement.value.span
    if actual != positions.shape and {actual, positions.shape} != {(), (1,)}:
        _misfit_entry(env, slot, positions.shape, actual, where)
    scalars = env.builder.scalars(number)
    for position, scalar in zip(positions.ravel().tolist(), scalars, strict=True):
        if position in slot.entries:
            kind = "output" if isinstance(statement, OutputStmt) else "next"
            _again(env, kind, slot.name, statement.span, slot.places[position])
        slot.entries[position] = scalar
        slot.places[position] = statement.span
    slot.filled = slot.filled or statement.span


def _misfit_entry(
    env: Env, slot: Slot, wanted: tuple[int, ...], actual: tuple[int, ...], span: Span
) -> None:
    env.report.fail(
        "E0301",
        f"these entries of `{slot.name}` are `{type_name(wanted)}`",
        span,
        f"found `{type_name(actual)}`",
        labels=(Label(slot.declared or slot.span, f"declared as `{type_name(slot.shape or ())}`"),),
    )


def _again(env: Env, what: str, name: str, span: Span, first: Span, how: str = "") -> None:
    how = how or "assigned"
    env.report.fail(
        "E0407",
        f"`{what} {name}` is {how} twice",
        span,
        f"{how} again" if span != first else f"{how} again in another turn of the loop",
        labels=(Label(first, f"first {how} here"),) if span != first else (),
        help="fill an array entry by entry: `output z: real[n]; … output z[i] = …;`"
        if what == "output" and how == "assigned"
        else "",
    )


# --- next -----------------------------------------------------------------------------------------


def next_stmt(env: Env, statement: NextStmt) -> None:
    """`next c = …;`, `next c[i] = …;`, of reals, bits or registers."""
    from .statements import bound

    state = cell_of(env)
    name = statement.name.text
    carried = {*state.real_carries, *state.bit_carries, *state.qubit_carries}
    if name not in carried:
        if env.report.is_lost(name, env.report.item(statement.span)):
            raise Skip
        env.scope.get(name)  # a declaration that failed has been reported
        known = env.scope.find(name) is not None
        env.report.fail(
            "E0408",
            f"`{name}` is not carried" if known else f"there is no carried `{name}`",
            statement.name.span,
            "`next` sets a carried value",
            help=suggestion(name, carried) if not known else f"declare it: `carry {name}: …;`",
        )
    if name not in state.bit_carries and env.builder.when is not None:
        env.report.fail(
            "E0410",
            "only bits can be carried under a condition on bits",
            statement.span,
            "differs from run to run",
        )
    if isinstance(statement.value, MeasureExpr | PostselectExpr) and name not in state.bit_carries:
        env.report.fail(
            "E0302",
            f"`{name}` cannot take the result of a measurement",
            statement.value.span,
            "only carried bits can",
        )
    value = bound(env, statement.value, name)
    if name in state.qubit_carries:
        _next_wires(env, state, statement, value)
    elif name in state.bit_carries:
        _next_bits(env, state, statement, value)
    else:
        _next_real(env, state, statement, value)


def _declared(env: Env, name: str) -> tuple[Label, ...]:
    """Where a carried value is declared."""
    return (Label(cell_of(env).carried_at[name], "declared here"),)


def _next_real(env: Env, state: CellState, statement: NextStmt, value: Value) -> None:
    from .expr import numeric

    name = statement.name.text
    shape = state.real_carries[name][0]
    number = numeric(env, value, statement.value.span)
    slot = state.next_reals.get(name)
    if slot is None:
        slot = state.next_reals[name] = Slot(
            name, statement.span, shape, declared=state.carried_at[name]
        )
    elif statement.indices is None or slot.whole is not None:
        _again(env, "next", name, statement.span, slot.span)
    if statement.indices is not None:
        _entries(env, slot, statement, number)
        return
    from .expr import shape_of

    actual = shape_of(number)
    if actual == () and shape != ():
        data = env.builder.read(number)
        spread = np.broadcast_to(data.index, shape).copy() if shape == (1,) else None
        if spread is not None:
            slot.whole = Array(env.builder, data.ref, spread)
            return
    if actual == (1,) and shape == ():
        data = env.builder.read(number)
        slot.whole = Array(env.builder, data.ref, data.index.reshape(()))
        return
    if actual != shape:
        env.report.fail(
            "E0305",
            f"`{name}` is carried as `{type_name(shape)}`",
            statement.value.span,
            f"found `{type_name(actual)}`",
            labels=_declared(env, name),
        )
    slot.whole = env.builder.read(number)


def _next_wires(env: Env, state: CellState, statement: NextStmt, value: Value) -> None:
    name = statement.name.text
    wires, _ = state.qubit_carries[name]
    if statement.indices is not None:
        env.report.fail(
            "E0408",
            "a carried register continues as a whole",
            statement.span,
            help=f"write `next {name} = […];`",
        )
    if name in state.next_wires:
        _again(env, "next", name, statement.span, state.next_wires[name][1])
    if not isinstance(value, Register):
        env.report.fail(
            "E0302",
            f"`{name}` continues on qubits",
            statement.value.span,
            f"found {describe(value)}",
        )
    if len(value.wires) != len(wires):
        env.report.fail(
            "E0305",
            f"`{name}` has {count(len(wires), 'qubit')}",
            statement.value.span,
            f"found {describe(value)}",
            labels=_declared(env, name),
        )
    from .statements import no_repeats

    no_repeats(env, value.wires, statement.value.span)
    state.next_wires[name] = (value.wires, statement.value.span)


def _next_bits(env: Env, state: CellState, statement: NextStmt, value: Value) -> None:
    from .indexing import place

    name = statement.name.text
    bits = state.bit_carries[name]
    positions = list(range(len(bits)))
    if statement.indices is not None:
        positions = place(env, (len(bits),), statement.indices, statement.span).ravel().tolist()
    exprs = _as_bits(env, value, len(positions), statement.value.span, _declared(env, name))
    made = state.next_bits.setdefault(name, {})
    for position, expr in zip(positions, exprs, strict=True):
        entry = made.setdefault(position, BitNext())
        for _, branch, _, span in entry.assignments:
            if not _exclusive(branch, state.branch):
                _again(env, "next", name, statement.span, span)
        entry.assignments.append((env.builder.when, state.branch, expr, statement.span))


def _as_bits(
    env: Env, value: Value, wanted: int, span: Span, labels: tuple[Label, ...]
) -> tuple[BitExpr, ...]:
    match value:
        case Bits(exprs=exprs) if len(exprs) == wanted:
            return exprs
        case bool() if wanted == 1:
            return (BitConst(value),)
        case int() if not isinstance(value, bool) and 0 <= value < 2**wanted:
            return tuple(BitConst(bool(value >> i & 1)) for i in range(wanted))
    env.report.fail(
        "E0302",
        f"expected {count(wanted, 'bit')}",
        span,
        f"found {describe(value)}",
        labels=labels,
    )


def _exclusive(a: Branch, b: Branch) -> bool:
    """Whether two branches exclude each other: they take different sides of the same `if`."""
    sides = dict(a)
    return any(sides.get(key, side) != side for key, side in b)
