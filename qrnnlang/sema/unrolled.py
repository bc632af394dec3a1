"""How many calls an item unrolls to, at least: told from the text, so that a bomb fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from ..diagnostics import Span
from ..syntax.tree import (
    CallExpr,
    CellItem,
    DefItem,
    Expr,
    ForStmt,
    GateItem,
    GateStmt,
    IfStmt,
    ListExpr,
    UseDecl,
    Variable,
)
from .modules import Module

Callable = CellItem | DefItem | GateItem


def calls_within(item: Callable, module: Module) -> int:
    """Calls of cells, functions and gates of the program in one of this item, of theirs, and so on.

    What a loop or an `if` may leave out does not count, nor what calls itself: its depth is limited
    elsewhere. Items are many and may call each other in a long line, so this does not recurse.
    """
    known: dict[int, int] = {}
    within: dict[int, list[tuple[Callable, Module]]] = {}
    todo = [(item, module)]
    while todo:
        here, its_module = todo[-1]
        if id(here) not in within:
            within[id(here)] = list(_called(here, its_module))
            todo += [c for c in within[id(here)] if id(c[0]) not in within]
            continue
        todo.pop()
        known.setdefault(
            id(here), sum(1 + known.get(id(called), 0) for called, _ in within[id(here)])
        )
    return known[id(item)]


def _called(item: Callable, module: Module) -> Iterator[tuple[Callable, Module]]:
    instances = {}
    nodes: list[object] = [item.body if isinstance(item, DefItem) else item.body.statements]
    while nodes:
        node = nodes.pop()
        match node:
            case IfStmt() | ForStmt():
                continue
            case CallExpr(clauses=(_, *_)) | ListExpr(clauses=(_, *_)):
                continue
            case UseDecl(name=name, cell=cell):
                instances[name.text] = module.find_cell(cell)
            case CallExpr(callee=callee):
                found = _function(callee, module, instances)
                if found is not None:
                    yield found
            case GateStmt(gate=gate):
                user = module.find_gate(gate)
                if user is not None:
                    yield user
        if isinstance(node, tuple):
            nodes.extend(reversed(node))
        elif is_dataclass(node) and not isinstance(node, Span | type):
            nodes.extend(getattr(node, f.name) for f in reversed(fields(node)))


def _function(
    callee: Expr, module: Module, instances: dict[str, tuple[CellItem, Module] | None]
) -> tuple[Callable, Module] | None:
    if isinstance(callee, Variable) and callee.name in instances:
        return instances[callee.name]
    found = module.find_value(callee)
    return (found[0], found[1]) if found is not None and isinstance(found[0], DefItem) else None
