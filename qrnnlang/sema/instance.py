"""An instance of a cell: `use f = Vqc(n = 4);`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..syntax.tree import (
    Block,
    CarryDecl,
    CellItem,
    FreshDecl,
    IfStmt,
    Statement,
    UseDecl,
    Variable,
)
from .modules import Module
from .values import Value


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """A cell with its hyperparameters; `path` prefixes the names of its parameters."""

    item: CellItem
    module: Module
    hyper: Mapping[str, Value] = field(default_factory=dict)
    path: str = ""


def statements(block: Block) -> list[Statement]:
    """The statements of a body, those in the branches of an `if` included."""
    found: list[Statement] = []
    for statement in block.statements:
        found.append(statement)
        if isinstance(statement, IfStmt):
            found += statements(statement.body)
            found += statements(statement.orelse) if statement.orelse else []
    return found


def carries_state(item: CellItem, module: Module) -> bool:
    """Whether a cell carries anything, itself or through a cell it uses."""
    return "carry" in held(item, module)


def has_qubits(item: CellItem, module: Module) -> bool:
    """Whether a cell has a quantum register, itself or through a cell it uses."""
    return "qubit" in held(item, module)


def held(item: CellItem, module: Module) -> frozenset[str]:
    """Which of `carry` and `qubit` a cell declares, itself or through a cell it uses.

    Remembered in the module of each cell on the way, so a line of cells is walked once.
    """
    if (known := module.held.get(id(item))) is not None:
        return known
    found: dict[int, set[str]] = {}
    cells: dict[int, tuple[CellItem, Module]] = {}
    users: dict[int, list[int]] = {}
    todo = [(item, module)]
    while todo:
        here, its_module = todo.pop()
        if id(here) in found:
            continue
        cells[id(here)] = (here, its_module)
        found[id(here)] = set(its_module.held.get(id(here)) or _declared(here))
        if id(here) in its_module.held:
            continue
        for statement in statements(here.body):
            if isinstance(statement, UseDecl) and (used := its_module.find_cell(statement.cell)):
                users.setdefault(id(used[0]), []).append(id(here))
                todo.append(used)
    changed = [key for key, kinds in found.items() if kinds]
    while changed:
        key = changed.pop()
        for user in users.get(key, ()):
            if not found[key] <= found[user]:
                found[user] |= found[key]
                changed.append(user)
    for key, (_, its_module) in cells.items():
        its_module.held[key] = frozenset(found[key])
    return module.held[id(item)]


def _declared(item: CellItem) -> set[str]:
    kinds: set[str] = set()
    for statement in statements(item.body):
        match statement:
            case CarryDecl(type=kind):
                kinds |= {"carry", "qubit"} if kind.name.text == "qubit" else {"carry"}
            case FreshDecl():
                kinds.add("qubit")
    return kinds


def cell_name(expr: object) -> str:
    """The name of a cell as written in a `use`: `Vqc`, `b.Vqc`."""
    if isinstance(expr, Variable):
        return expr.name
    span = getattr(expr, "span", None)
    return span.text if span is not None else "?"
