"""Applying an instance of a cell: inlined where it stands, or run along a sequence."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import replace

from ..diagnostics import Label as Place
from ..diagnostics import Span
from ..syntax.tree import CallExpr, CellItem, InputDecl
from .builder import Builder
from .cell import CellState, Root, close, finish, record
from .closed import CellOutput, ClosedCell, Port, RunCell
from .declarations import bind_hyper
from .instance import Instance, carries_state, has_qubits, statements
from .lightcone import check_light_cone
from .limits import MAX_CELL_DEPTH, check_operations
from .report import Skip, suggestion
from .scope import Env, Scope
from .statements import execute
from .unrolled import within
from .values import Array, Label, Record, Value, count, describe, type_name


def invoke(env: Env, instance: Instance, expr: CallExpr) -> Value:
    """The value of `f(…)`: its one output, or a record of several."""
    if env.cell is None:
        env.report.fail("E0405", "a cell cannot be applied here", expr.span)
    if env.builder.when is not None:
        env.report.fail("E0410", "a cell cannot be applied under a condition on bits", expr.span)
    if expr.clauses:
        env.report.fail("E0302", "a cell is applied to values, not to `… for …`", expr.span)
    stateful = carries_state(instance.item, instance.module)
    _once(env, instance, stateful, expr.span)
    inputs = [s for s in statements(instance.item.body) if isinstance(s, InputDecl)]
    args = _match(env, instance, inputs, expr)
    if env.kind == "model" and (stateful or has_qubits(instance.item, instance.module)):
        return _run(env, instance, args, expr.span)
    value = inline(env, instance, args, expr.span)
    # Applied to a sequence an output is one, though it read nothing that moves.
    if any(_moves(v) for v, _ in args.values()) and not _moves(value):
        return _run(env, instance, args, expr.span)
    return value


def _moves(value: Value) -> bool:
    """Whether a value, or every field of a record, has one value a step."""
    match value:
        case Array(owner=owner, ref=ref) | Label(owner=owner, ref=ref):
            return owner.types[ref].seq
        case Record(fields=fields):
            return all(_moves(v) for v in fields.values())
    return False


def _once(env: Env, instance: Instance, stateful: bool, span: Span) -> None:
    state = env.cell
    assert state is not None
    before = state.called.get(instance.path)
    state.called[instance.path] = span
    if stateful and before is not None:
        name = instance.path.rpartition(".")[2]
        env.report.fail(
            "E0409",
            f"`{name}` carries state and is applied twice",
            span,
            "applied again" if before != span else "applied again in another turn of the loop",
            labels=(Place(before, "first applied here"),) if before != span else (),
            help="an instance has one state: declare a second instance with `use`",
        )


def _match(
    env: Env, instance: Instance, inputs: list[InputDecl], expr: CallExpr
) -> dict[str, tuple[Value, Span]]:
    from .expr import evaluate

    name = instance.item.name.text
    names = [i.name.text for i in inputs]
    if env.report.is_lost("input", instance.item.span):
        raise Skip  # not all inputs are known
    found: dict[str, tuple[Value, Span]] = {}
    for position, argument in enumerate(expr.args):
        if argument.name is not None:
            key = argument.name.text
            if key not in names:
                env.report.fail(
                    "E0206",
                    f"`{name}` has no input `{key}`",
                    argument.name.span,
                    "unknown input",
                    help=suggestion(key, names) or "inputs: " + ", ".join(f"`{n}`" for n in names),
                )
        elif position < len(names):
            key = names[position]
        else:
            env.report.fail(
                "E0208",
                f"`{name}` has {count(len(names), 'input')}, not {len(expr.args)}",
                argument.span,
                "one too many",
                help=_joined(expr) if len(names) == 1 else "",
            )
        if key in found:
            env.report.fail("E0206", f"the input `{key}` is given twice", argument.span, "again")
        found[key] = (evaluate(env, argument.value), argument.value.span)
    missing = [i for i in inputs if i.name.text not in found]
    if missing:
        env.report.fail(
            "E0207",
            f"`{name}` needs the input " + ", ".join(f"`{i.name.text}`" for i in missing),
            expr.span,
            "missing",
            labels=(Place(missing[0].span, "declared here"),),
        )
    return found


def _joined(expr: CallExpr) -> str:
    """How several values are given to one input."""
    if any(argument.name is not None for argument in expr.args):
        return ""
    given = ", ".join(argument.value.span.text for argument in expr.args)
    return f"join them: `{expr.callee.span.text}([{given}])`"


def inline(env: Env, instance: Instance, args: dict[str, tuple[Value, Span]], span: Span) -> Value:
    """The operations of a cell, put into the line at hand."""
    outer = env.cell
    assert outer is not None
    line = (*outer.line, instance.item)
    state = CellState(instance.item.name.text, outer.root, args, line=line)
    inner = replace(
        env,
        kind="cell",
        module=instance.module,
        scope=Scope(),
        path=instance.path,
        cell=state,
        depth=env.depth + 1,
        sizes_bound_at={},
    )
    if env.depth == 0:
        check_operations(env, within(instance.item, instance.module).calls, span)
    _check_depth(inner, instance, outer.line)
    scope_before, env.builder.scope = env.builder.scope, instance.path
    try:
        bind_hyper(inner, instance)
        for statement in instance.item.body.statements:
            execute(inner, statement)
        found = finish(inner, state)
        _check_sound(env, instance, state, found)
        return record(state, found)
    finally:
        env.builder.scope = scope_before


def _check_depth(env: Env, instance: Instance, line: tuple[CellItem, ...]) -> None:
    """E0704: cells within cells within cells, told from the text before the first is unrolled."""
    item = instance.item
    found = within(item, instance.module) if env.depth == 1 else None
    if env.depth + (found.depth if found else 0) <= MAX_CELL_DEPTH:
        return
    if found is None and any(item is above for above in line):
        env.report.fail(
            "E0704",
            f"`{item.name.text}` uses itself",
            item.name.span,
            "cells cannot be recursive",
        )
    env.report.fail(
        "E0704",
        f"cells are nested more than {MAX_CELL_DEPTH} deep",
        ((found and found.too_deep) or item).name.span,
        "this one is used by another, and one too many",
        help="apply one cell after the other, or share what they do as gates",
    )


def _check_sound(env: Env, instance: Instance, state: CellState, outputs: Sized) -> None:
    """Leave a cell whose outputs, or the lack of them, go back to an error within it."""
    item = instance.item.span
    lost = env.report.is_lost("output", item)
    if state.broken or lost or (not len(outputs) and env.report.failed_in(item)):
        raise Skip


def close_cell(env: Env, instance: Instance) -> ClosedCell:
    """A cell on its own, as it is run along time."""
    root = Root(env.report)
    state = CellState(instance.item.name.text, root, line=(instance.item,))
    inner = Env("cell", instance.module, Builder(), env.report, Scope(), instance.path, state)
    bind_hyper(inner, instance)
    for statement in instance.item.body.statements:
        execute(inner, statement)
    cell = close(inner, state, instance.item.doc)
    _check_sound(env, instance, state, cell.outputs)
    if not env.report.failed:
        check_light_cone(cell, env.report)
    return cell


def _run(env: Env, instance: Instance, args: dict[str, tuple[Value, Span]], span: Span) -> Value:
    """`RunCell` and its outputs, in a model."""
    state = env.cell
    assert state is not None
    if instance.path not in state.root.closed:
        state.root.closed[instance.path] = close_cell(env, instance)
    cell = state.root.closed[instance.path]
    for spec in cell.params:
        state.root.params.setdefault(spec.name, spec)
    declared = {
        s.name.text: s.span for s in statements(instance.item.body) if isinstance(s, InputDecl)
    }
    refs = tuple(
        _argument(env, port, *args[port.name], declared[port.name]) for port in cell.inputs
    )
    kinds = [env.builder.types[r] for r in refs]
    seq = any(k.seq for k in kinds) or not kinds
    if cell.carries and not seq:
        env.report.fail(
            "E0503",
            f"`{state.root.closed[instance.path].name}` carries state and needs a sequence",
            span,
            "every argument is a single value",
            help="declare the input as `seq …`",
        )
    batch = any(k.batch for k in kinds)
    run = env.builder.emit(RunCell(instance.path, cell, refs), (), seq, batch)
    found: dict[str, Array] = {}
    for output in cell.outputs:
        ref = env.builder.emit(CellOutput(run, output.name), output.shape, seq, batch)
        found[output.name] = env.builder.array(ref, output.shape)
    if len(found) == 1:
        ((name, value),) = found.items()
        return replace(value, output=(cell.name, name))
    return Record(cell.name, dict(found))


def _argument(env: Env, port: Port, value: Value, span: Span, declared: Span) -> int:
    from .expr import numeric, shape_of

    if port.labels is not None:
        if not isinstance(value, Label):
            env.report.fail(
                "E0302",
                f"`{port.name}` is a label",
                span,
                f"found {describe(value)}",
                labels=(Place(declared, "declared here"),),
            )
        return value.ref
    number = numeric(env, value, span)
    actual = shape_of(number)
    if actual != port.shape and {actual, port.shape} != {(), (1,)}:
        env.report.fail(
            "E0305",
            f"the input `{port.name}` needs `{type_name(port.shape)}`",
            span,
            f"found `{type_name(actual)}`",
            labels=(Place(declared, "declared here"),),
        )
    view = env.builder.read(number)
    return env.builder.ref(Array(view.owner, view.ref, view.index.reshape(port.shape)))
