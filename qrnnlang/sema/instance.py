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
    return _any_declaration(item, module, CarryDecl)


def has_qubits(item: CellItem, module: Module) -> bool:
    """Whether a cell has a quantum register, itself or through a cell it uses."""
    return _any_declaration(item, module, FreshDecl) or any(
        isinstance(s, CarryDecl) and s.type.name.text == "qubit" for s in statements(item.body)
    )


def _any_declaration(item: CellItem, module: Module, kind: type[CarryDecl | FreshDecl]) -> bool:
    seen: set[int] = set()
    todo = [(item, module)]
    while todo:
        item, module = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        for statement in statements(item.body):
            if isinstance(statement, kind):
                return True
            if isinstance(statement, UseDecl) and (used := module.find_cell(statement.cell)):
                todo.append(used)
    return False


def cell_name(expr: object) -> str:
    """The name of a cell as written in a `use`: `Vqc`, `b.Vqc`."""
    if isinstance(expr, Variable):
        return expr.name
    span = getattr(expr, "span", None)
    return span.text if span is not None else "?"
