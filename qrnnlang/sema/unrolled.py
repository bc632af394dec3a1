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


def calls_within(item: Callable, module: Module, known: dict[int, int] | None = None) -> int:
    """Calls of cells, functions and gates of the program in one of this item, of theirs, and so on.

    What a loop or an `if` may leave out does not count; `known` are the results by item.
    """
    known = {} if known is None else known
    if id(item) not in known:
        known[id(item)] = 0  # what calls itself is refused by its depth
        within = _called(item, module)
        known[id(item)] = sum(1 + calls_within(*called, known) for called in within)
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
