"""Diagnostics, and the exceptions that carry what a user did wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .source import Span


@dataclass(frozen=True, slots=True)
class Label:
    """A secondary place, with what it has to do with the matter."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `message` is lower case without a full stop; `label` stands at the caret."""

    code: str
    message: str
    span: Span
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""

    @property
    def severity(self) -> Literal["error", "warning"]:
        return "warning" if self.code.startswith("W") else "error"

    @property
    def file(self) -> str:
        return self.span.source.name

    @property
    def line(self) -> int:
        """Line of the first character, from 1."""
        return self.span.source.position(self.span.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, from 1, in code points."""
        return self.span.source.position(self.span.start)[1]

    @property
    def length(self) -> int:
        return self.span.end - self.span.start

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from .html import to_html

        return to_html([self])


class CompileError(Exception):
    """Something is wrong in a source; `diagnostics` says what, errors and warnings alike."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from .render import render

        return "\n".join(render(d) for d in self.diagnostics)

    def _repr_html_(self) -> str:
        """What a notebook shows of it as a value."""
        from .html import to_html

        return to_html(self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows when it is raised: the diagnostics, and no traceback."""
        from .render import render

        color = not os.environ.get("NO_COLOR")
        return "\n".join(render(d, color) for d in self.diagnostics).splitlines()


class DataError(ValueError):
    """Something is wrong in the data; the message names file and row, or input, sample and step."""
