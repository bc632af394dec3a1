"""Which statement may stand where (E0405), without sizes."""

from __future__ import annotations

from ..diagnostics import Diagnostic
from ..syntax.tree import (
    BarrierStmt,
    Block,
    CarryDecl,
    CellItem,
    DataStmt,
    EvolveStmt,
    ForStmt,
    FreshDecl,
    GateItem,
    GateStmt,
    IfStmt,
    InputDecl,
    Item,
    LetStmt,
    LossStmt,
    MeasureExpr,
    MeasureStmt,
    MetricStmt,
    ModelItem,
    NextStmt,
    OutputStmt,
    ParamDecl,
    PostselectExpr,
    PostselectStmt,
    PrepareStmt,
    ResetStmt,
    Statement,
    TargetDecl,
    TrainStmt,
    UseDecl,
)
from .report import Reporter

_FLOW = (ForStmt, IfStmt, LetStmt)
_QUANTUM = (GateStmt, ResetStmt, BarrierStmt, PostselectStmt, EvolveStmt)
_DECLARATIONS = (InputDecl, TargetDecl, CarryDecl, FreshDecl, ParamDecl, UseDecl)
_MODEL_ONLY = (TargetDecl, LossStmt, MetricStmt, DataStmt, TrainStmt)
_ALLOWED: dict[str, tuple[type, ...]] = {
    "gate": (*_FLOW, *_QUANTUM),
    "cell": (
        *(*_FLOW, *_QUANTUM, MeasureStmt, PrepareStmt, NextStmt, OutputStmt),
        *(InputDecl, CarryDecl, FreshDecl, ParamDecl, UseDecl),
    ),
    "preparation": (*_FLOW, GateStmt, PrepareStmt, EvolveStmt, BarrierStmt),
    "model": (*_FLOW, *_MODEL_ONLY, InputDecl, ParamDecl, UseDecl, OutputStmt),
}
_WORDS: dict[type, str] = {
    InputDecl: "input",
    TargetDecl: "target",
    CarryDecl: "carry",
    FreshDecl: "fresh",
    ParamDecl: "param",
    UseDecl: "use",
    NextStmt: "next",
    OutputStmt: "output",
    GateStmt: "a gate",
    ResetStmt: "reset",
    BarrierStmt: "barrier",
    MeasureStmt: "measure",
    PostselectStmt: "postselect",
    EvolveStmt: "evolve",
    PrepareStmt: "prepare",
    LossStmt: "loss",
    MetricStmt: "metric",
    DataStmt: "data",
    TrainStmt: "train",
}
_HELP = {
    "gate": "a gate holds gates, `for`, `let`, `if`, `reset`, `postselect`, `evolve`, `barrier`",
    "preparation": "a carried register is prepared once, by gates, `evolve` and `prepare`",
    "cell": "losses, targets, data and training belong in a `model`",
    "model": "qubits and carried state live in a `cell`: declare one and `use` it here",
}


def check_placement(item: Item, report: Reporter) -> None:
    """Every statement of an item, in blocks too."""
    match item:
        case GateItem(body=body):
            _block(body, "gate", False, report)
        case CellItem(body=body):
            _block(body, "cell", False, report)
        case ModelItem(body=body):
            _block(body, "model", False, report)


def _block(body: Block, kind: str, looped: bool, report: Reporter) -> None:
    for statement in body.statements:
        _statement(statement, kind, looped, report)
        match statement:
            case CarryDecl(body=Block() as inner):
                _block(inner, "preparation", False, report)
            case ForStmt(body=inner):
                _block(inner, kind, True, report)
            case IfStmt(body=inner, orelse=orelse):
                _block(inner, kind, looped, report)
                if orelse is not None:
                    _block(orelse, kind, looped, report)


def _statement(statement: Statement, kind: str, looped: bool, report: Reporter) -> None:
    word = _WORDS.get(type(statement), "")
    if not isinstance(statement, _ALLOWED[kind]):
        said = word if word == "a gate" else f"`{word}`"
        report.add(
            Diagnostic(
                "E0405",
                f"{said} cannot stand in a {kind}",
                statement.span,
                "not here",
                help=_HELP[kind],
            )
        )
    elif looped and isinstance(statement, _DECLARATIONS):
        report.add(
            Diagnostic(
                "E0405",
                f"`{word}` cannot stand in a loop",
                statement.span,
                "would be declared again in every turn",
                help="declare an array or a register once, before the loop",
            )
        )
    elif kind != "cell" and isinstance(statement, LetStmt) and _reads_out(statement):
        what = "measure" if isinstance(statement.value, MeasureExpr) else "postselect"
        report.add(
            Diagnostic(
                "E0405",
                f"`let … = {what} …` cannot stand in a {kind}",
                statement.value.span,
                "not here",
                help=_HELP[kind],
            )
        )


def _reads_out(statement: LetStmt) -> bool:
    return isinstance(statement.value, MeasureExpr | PostselectExpr)
