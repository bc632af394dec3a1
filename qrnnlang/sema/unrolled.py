"""How many calls an item unrolls to, at least: told from the text, so that a bomb fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

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
from .limits import MAX_CELL_DEPTH
from .modules import Module

Callable = CellItem | DefItem | GateItem


@dataclass(frozen=True, slots=True)
class Within:
    """What an item calls: how many times in all, and how deep cells are applied within it.

    `too_deep` is a cell at the limit of that depth which another one applies nevertheless.
    """

    calls: int = 0
    depth: int = 0
    too_deep: CellItem | None = None


def within(item: Callable, module: Module) -> Within:
    """Calls of cells, functions and gates of the program in one of this item, of theirs, and so on.

    What a loop or an `if` may leave out does not count, nor what calls itself: its depth is limited
    elsewhere. Items are many and may call each other in a long line, so this does not recurse, and
    what is found is remembered in the modules.
    """
    called: dict[int, list[tuple[Callable, Module]]] = {}
    todo = [(item, module)]
    while todo:
        here, its_module = todo[-1]
        if id(here) not in called and id(here) not in its_module.within:
            called[id(here)] = list(_called(here, its_module))
            todo += [c for c in called[id(here)] if id(c[0]) not in called]
            continue
        todo.pop()
        if id(here) not in its_module.within:
            its_module.within[id(here)] = _together(called[id(here)])
    return module.within[id(item)]


def _together(called: list[tuple[Callable, Module]]) -> Within:
    calls, depth, too_deep = 0, 0, None
    for item, module in called:
        below = module.within.get(id(item), Within())
        calls += 1 + below.calls
        if isinstance(item, CellItem):
            depth = max(depth, 1 + below.depth)
            too_deep = too_deep or below.too_deep or (item if depth > MAX_CELL_DEPTH else None)
    return Within(calls, depth, too_deep)


def calls_itself(item: Callable, module: Module) -> bool:
    """Whether an item is called by what it calls, in a loop or an `if` too."""
    seen: set[int] = set()
    todo = list(_called(item, module, everywhere=True))
    while todo:
        here, its_module = todo.pop()
        if here is item:
            return True
        if id(here) not in seen:
            seen.add(id(here))
            todo += _called(here, its_module, everywhere=True)
    return False


def _called(
    item: Callable, module: Module, everywhere: bool = False
) -> Iterator[tuple[Callable, Module]]:
    instances = {}
    nodes: list[object] = [item.body if isinstance(item, DefItem) else item.body.statements]
    while nodes:
        node = nodes.pop()
        match node:
            case IfStmt() | ForStmt() if not everywhere:
                continue
            case CallExpr(clauses=(_, *_)) | ListExpr(clauses=(_, *_)) if not everywhere:
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
