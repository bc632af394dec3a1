"""Applications of instances: inputs in order or by name."""

from __future__ import annotations

from .numbers import number, whole
from .scope import CellSort, Scope


def applied(scope: Scope, name: str, sort: CellSort, depth: int) -> str:
    """`f(x, y = z)`, of expressions of this scope."""
    given = []
    for port, shape in sort.inputs:
        if isinstance(shape, int):
            given.append((port, _label(scope, shape)))
        else:
            given.append((port, number(scope, shape, depth)))
    if scope.chance(0.3):
        scope.rng.shuffle(given)
        return f"{name}({', '.join(f'{port} = {value}' for port, value in given)})"
    return f"{name}({', '.join(value for _, value in given)})"


def _label(scope: Scope, classes: int) -> str:
    fitting = [label for label, k in scope.labels if k <= classes]
    assert fitting, "a cell with a label is used only where there is one"
    return scope.rng.choice(fitting)


def use(scope: Scope, name: str, sort: CellSort) -> str:
    """`use f = Cell(n = 2);`"""
    given = list(sort.arguments)
    given += [argument for argument in sort.optional if scope.chance(0.5)]
    scope.rng.shuffle(given)
    scope.instances.append((name, sort))
    return f"use {name} = {sort.name}{'(' + ', '.join(given) + ')' if given or scope.chance(0.5) else ''};"


__all__ = ["applied", "use", "whole"]
