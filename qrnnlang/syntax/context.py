"""What the builders of the rules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Source, Span


@dataclass
class Context:
    """State of one parse besides the stack. `tuples` are tuples not yet seen inside a `data` or
    `train` block, the only places where they mean something."""

    source: Source
    docs: dict[int, str]
    errors: list[Diagnostic] = field(default_factory=list)
    tuples: list[Span] = field(default_factory=list)

    def doc(self, span: Span) -> str:
        return self.docs.get(span.start, "")


Builder = Callable[[Context, Span, list[Any]], Any]

BUILDERS: dict[str, Builder] = {}


def rule(builder: Builder) -> Builder:
    """Register a function as the builder of the grammar's alias of the same name."""
    BUILDERS[builder.__name__.rstrip("_")] = builder
    return builder
