"""Names in scope while a body is elaborated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..diagnostics import Span
from .builder import Builder
from .report import Reporter, Skip
from .values import Value

if TYPE_CHECKING:
    from .cell import CellState
    from .modules import Module


class Scope:
    """Names of one block. A name that stands for None could not be elaborated."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Value | None] = {}

    def find(self, name: str) -> Scope | None:
        """The scope that holds the name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope
            scope = scope.parent
        return None

    def visible(self) -> list[str]:
        """All names in scope."""
        return [*self.names, *(self.parent.visible() if self.parent else [])]

    def top(self) -> Scope:
        """The outermost scope: that of the item."""
        return self if self.parent is None else self.parent.top()

    def get(self, name: str) -> Value | None:
        """The value of a name; None if there is none. A name that failed ends the statement."""
        scope = self.find(name)
        if scope is None:
            return None
        value = scope.names[name]
        if value is None:
            raise Skip
        return value


@dataclass(eq=False)
class Env:
    """Where an expression or statement is elaborated. Copies share everything but the scope."""

    kind: Literal["const", "def", "gate", "cell", "model"]
    module: Module
    builder: Builder
    report: Reporter
    scope: Scope = field(default_factory=Scope)
    path: str = ""
    cell: CellState | None = None
    depth: int = 0
    loop_turns: list[int] = field(default_factory=lambda: [0])
    sizes_bound_at: dict[str, Span] = field(default_factory=dict)

    @contextmanager
    def block(self) -> Iterator[None]:
        """A nested block: names bound inside end with it."""
        outer = self.scope
        self.scope = Scope(outer)
        try:
            yield
        finally:
            self.scope = outer

    def bind(self, name: str, value: Value | None) -> None:
        self.scope.names[name] = value

    def full(self, name: str) -> str:
        """The path of a name that belongs to this instance: `forget.w`."""
        return f"{self.path}.{name}" if self.path else name

    def callee(self, kind: Literal["def", "gate"], module: Module) -> Env:
        """The environment of a called function or gate: its own names, the same operations.

        `depth` counts calls of one kind within each other: a gate applied in a cell is the first.
        """
        return Env(
            kind,
            module,
            self.builder,
            self.report,
            Scope(),
            self.path,
            self.cell,
            self.depth + 1 if kind == self.kind else 1,
            self.loop_turns,
        )

    def at(self, span: Span) -> object:
        return self.builder.at(span)
