"""Carried numbers and bits that no `next` sets (W0401)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..diagnostics import Diagnostic
from ..syntax.tree import CarryDecl, CellItem, ForStmt, IfStmt, ModelItem, NextStmt, Statement
from .modules import Module
from .report import Reporter


def check_carried(item: CellItem | ModelItem, module: Module, report: Reporter) -> None:
    """Warn of reals and bits without a `next` in any branch of the cell, taken or not."""
    if module.source.name.startswith("<std") or report.is_lost("next", item.span):
        return
    every = list(_within(item.body.statements))
    is_set = {s.name.text for s in every if isinstance(s, NextStmt)}
    for decl in every:
        if not isinstance(decl, CarryDecl) or decl.type.name.text not in ("real", "angle", "bit"):
            continue
        name = decl.name.text
        if name not in is_set and not name.startswith("_"):
            report.add(
                Diagnostic(
                    "W0401",
                    f"`{name}` is carried but never set: it stays as it begins",
                    decl.name.span,
                    "has no `next`",
                    help=f"set it: `next {name} = …;`; if it is meant to stay, call it `_{name}`",
                )
            )


def _within(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Statements and those of their blocks."""
    stack = list(statements)
    while stack:
        statement = stack.pop()
        yield statement
        match statement:
            case ForStmt(body=body):
                stack += body.statements
            case IfStmt(body=body, orelse=orelse):
                stack += [*body.statements, *(orelse.statements if orelse is not None else ())]
