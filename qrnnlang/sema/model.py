"""Models: inputs and targets along time, outputs, loss and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..diagnostics import CompileError, Span
from ..diagnostics import Label as Place
from ..syntax.tree import (
    CallExpr,
    DataStmt,
    Expr,
    InputDecl,
    LossStmt,
    MetricStmt,
    Statement,
    TargetDecl,
    TrainStmt,
    TypeExpr,
)
from .builder import Builder
from .cell import CellState, Root, outputs_of
from .closed import (
    CellOutput,
    ClosedModel,
    DataBlock,
    Input,
    ModelOutput,
    Port,
    Ref,
    RunCell,
    Shape,
    TrainBlock,
)
from .declarations import bind_hyper, classes, shape_of_type
from .instance import Instance
from .invoke import close_cell
from .modules import Module
from .report import Reporter, Skip
from .scope import Env, Scope
from .signature import TYPES
from .training import check_ridge
from .values import Array, Label, Value, describe


@dataclass(eq=False)
class ModelState:
    """What a model has besides what every cell has."""

    targets: list[Port] = field(default_factory=list)
    loss: tuple[Ref, Span] | None = None
    metrics: list[tuple[str, Ref]] = field(default_factory=list)
    data: tuple[DataBlock, Span] | None = None
    train: tuple[TrainBlock, Span] | None = None


def model_statement(env: Env, statement: Statement) -> bool:
    """A statement that means something of its own in a model; False leaves it to cells' rules."""
    assert env.cell is not None and env.cell.model is not None
    model = env.cell.model
    match statement:
        case InputDecl(name=name, type=kind, doc=doc):
            env.bind(name.text, _port(env, name.text, kind, doc, env.cell.root.inputs))
        case TargetDecl(name=name, type=kind, doc=doc):
            env.bind(name.text, _port(env, name.text, kind, doc, model.targets))
        case LossStmt(value=value, span=span):
            if model.loss is not None:
                _twice(env, "loss", span, model.loss[1])
            model.loss = (_number(env, value, "the loss"), span)
        case MetricStmt(value=value):
            metric = _metric_name(value, [n for n, _ in model.metrics])
            model.metrics.append((metric, _number(env, value, "a metric")))
        case DataStmt(span=span):
            from .blocks import data_block

            if model.data is not None:
                _twice(env, "data", span, model.data[1])
            model.data = (data_block(env, statement), span)
        case TrainStmt(span=span):
            from .blocks import train_block

            if model.train is not None:
                _twice(env, "train", span, model.train[1])
            model.train = (train_block(env, statement), span)
        case _:
            return False
    return True


def _twice(env: Env, what: str, span: Span, first: Span) -> None:
    env.report.fail(
        "E0504",
        f"a model has one `{what}`",
        span,
        "a second one",
        labels=(Place(first, "the first one"),),
        help="add the terms: `loss a + b;`" if what == "loss" else "",
    )


def _port(env: Env, name: str, kind: TypeExpr, doc: str, ports: list[Port]) -> Value:
    type_ = kind.name.text
    if type_ not in TYPES:
        raise Skip  # resolve.py has reported it
    if type_ not in ("real", "angle", "class"):
        env.report.fail(
            "E0302",
            f"an input or target of a model cannot be `{type_}`",
            kind.span,
            "expected `real`, `angle` or `class`, or a `seq` of one",
        )
    labels = classes(env, kind) if type_ == "class" else None
    shape: Shape = () if labels is not None else shape_of_type(env, kind)
    ports.append(Port(name, shape, labels, kind.seq, doc))
    ref = env.builder.emit(Input(name, shape, labels), shape, kind.seq, True)
    return env.builder.array(ref, shape) if labels is None else Label(env.builder, ref, labels)


def _number(env: Env, expr: Expr, what: str) -> Ref:
    """A loss or metric: a scalar, with one value for the whole sequence."""
    from .expr import evaluate, numeric, shape_of

    value = numeric(env, evaluate(env, expr), expr.span)
    if shape_of(value) not in ((), (1,)):
        env.report.fail(
            "E0301",
            f"{what} is one number",
            expr.span,
            f"found {describe(value)}",
            help="reduce it with `sum(…)` or `mean(…)`",
        )
    view = env.builder.read(value)
    ref = env.builder.ref(Array(view.owner, view.ref, view.index.reshape(())))
    if env.builder.types[ref].seq:
        env.report.fail(
            "E0301",
            f"{what} has one value a step",
            expr.span,
            "needs one number",
            help="average it over time with `mean(…)`, or take `last(…)`",
        )
    return ref


def _metric_name(expr: Expr, taken: list[str]) -> str:
    base = expr.callee.span.text if isinstance(expr, CallExpr) else "metric"
    name, k = base, 2
    while name in taken:
        name, k = f"{base}_{k}", k + 1
    return name


# --- closing --------------------------------------------------------------------------------------


def close_model(report: Reporter, instance: Instance) -> ClosedModel:
    """The closed model of a `model` item with its hyperparameters."""
    from .statements import execute

    item = instance.item
    state = CellState(item.name.text, Root(report), model=ModelState())
    env = Env("model", instance.module, Builder(), report, Scope(), "", state)
    bind_hyper(env, instance)
    for statement in item.body.statements:
        execute(env, statement)
    assert state.model is not None
    found = outputs_of(env, state)
    builder = env.builder
    outputs = []
    for name, value in found.items():
        ref = builder.ref(value)
        outputs.append(ModelOutput(name, value.shape, builder.types[ref].seq, ref))
    if state.model.train is not None and state.model.loss is None and not report.failed:
        report.error(
            "E0501",
            "a model with a `train` block needs a loss",
            state.model.train[1],
            "nothing to train for",
            help="for instance `loss mse(prediction, target);`",
        )
    closed = ClosedModel(
        name=item.name.text,
        inputs=tuple(state.root.inputs),
        targets=tuple(state.model.targets),
        params=tuple(state.root.params.values()),
        ops=tuple(builder.ops),  # type: ignore[arg-type]
        types=tuple(builder.types),
        outputs=tuple(outputs),
        loss=state.model.loss[0] if state.model.loss else None,
        metrics=tuple(state.model.metrics),
        data=state.model.data[0] if state.model.data else None,
        train=state.model.train[0] if state.model.train else None,
        doc=item.doc,
    )
    if closed.train is not None and not report.failed:
        try:
            check_ridge(closed, closed.train)
        except CompileError as error:
            for diagnostic in error.diagnostics:
                report.add(diagnostic)
    return closed


def cell_as_model(report: Reporter, instance: Instance) -> ClosedModel:
    """A bare cell as entry: the model that applies it to its inputs and has its outputs."""
    module: Module = instance.module
    env = Env("cell", module, Builder(), report)
    cell = close_cell(env, instance)
    builder = Builder()
    refs = tuple(
        builder.emit(Input(p.name, p.shape, p.labels), p.shape, True, True) for p in cell.inputs
    )
    run = builder.emit(RunCell("", cell, refs), (), True, True)
    outputs = tuple(
        ModelOutput(
            o.name,
            o.shape,
            True,
            builder.emit(CellOutput(run, o.name), o.shape, True, True),
        )
        for o in cell.outputs
    )
    return ClosedModel(
        name=cell.name,
        inputs=cell.inputs,
        targets=(),
        params=cell.params,
        ops=tuple(builder.ops),  # type: ignore[arg-type]
        types=tuple(builder.types),
        outputs=outputs,
        doc=cell.doc,
    )
