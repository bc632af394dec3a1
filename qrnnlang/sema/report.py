"""Collecting diagnostics: every independent error of a program in one run."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NoReturn

from ..diagnostics import Diagnostic, Label, Span


class Skip(Exception):
    """The statement at hand cannot be elaborated; its error has been reported."""


class Reporter:
    """Keeps diagnostics in order of appearance, each code once per place."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span], Diagnostic] = {}
        #: Items that a syntax error left out: a use of them is not another error.
        self.broken: set[str] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        self._found.setdefault((diagnostic.code, diagnostic.span), diagnostic)

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: str = "",
    ) -> None:
        self.add(Diagnostic(code, message, span, label, labels, notes, help))

    def fail(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: str = "",
    ) -> NoReturn:
        """Report and leave the statement."""
        self.error(code, message, span, label, labels=labels, notes=notes, help=help)
        raise Skip

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In order of their place in the text, file by file as they were met."""
        files = {d.span.source: None for d in self._found.values()}
        order = {source: i for i, source in enumerate(files)}
        return tuple(
            sorted(self._found.values(), key=lambda d: (order[d.span.source], d.span.start))
        )

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self._found.values())


def suggestion(name: str, known: Iterable[str]) -> str:
    """A help line with the nearest known name, or the empty string."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
