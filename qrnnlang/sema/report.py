"""Collecting diagnostics: every independent error of a program in one run."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from typing import NoReturn

from ..diagnostics import Diagnostic, Label, Source, Span
from ..syntax.tree import ANY, Lost

#: Warnings that say nothing new of a name that is never used.
_IDLE = ("W0301", "W0401")


class Skip(Exception):
    """The statement at hand cannot be elaborated; its error has been reported."""


class Stop(Skip):
    """A limit is reached: what is being unrolled is left whole, or it would be reached again."""


class Reporter:
    """Keeps diagnostics in order of appearance, each code once per place."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span], Diagnostic] = {}
        #: Items that a syntax error left out: a use of them is not another error.
        self.broken: set[str] = set()
        #: Files with an import that failed: what it should have brought is not known.
        self.short: set[Source] = set()
        #: What syntax errors left out of items that are kept.
        self.lost: list[Lost] = []
        self._items: list[Span] = []
        self._unknown: set[tuple[Span | None, str]] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        self._found.setdefault((diagnostic.code, diagnostic.span), diagnostic)

    def found(self, code: str, span: Span) -> bool:
        """Whether this was reported of this place."""
        return (code, span) in self._found

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
        """Report and leave the statement; at a limit, all that is being unrolled."""
        self.error(code, message, span, label, labels=labels, notes=notes, help=help)
        raise Stop if code.startswith("E07") else Skip

    # --- what follows from what ---------------------------------------------------------------

    def enter(self, item: Span) -> None:
        """An item whose names are checked from here on."""
        self._items.append(item)

    def item(self, span: Span) -> Span | None:
        """The item that a place lies in."""
        return next((i for i in self._items if _inside(span, i)), None)

    def first_unknown(self, name: str, span: Span) -> bool:
        """Whether an unknown name was not met in this item before; it is reported once."""
        key = (self.item(span), name)
        if key in self._unknown:
            return False
        self._unknown.add(key)
        return True

    def is_unknown(self, name: str, span: Span) -> bool:
        """Whether the name was reported as unknown in this item."""
        return (self.item(span), name) in self._unknown

    def is_lost(self, word: str, item: Span | None) -> bool:
        """Whether a word stood in what a syntax error left out of an item."""
        return item is not None and any(
            (word in lost.words or ANY in lost.words) and _inside(lost.span, item)
            for lost in self.lost
        )

    def failed_in(self, item: Span) -> bool:
        """Whether there is an error within an item."""
        return any(d.severity == "error" and _inside(d.span, item) for d in self._found.values())

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In order of their place in the text, file by file as they were met.

        Without warnings that may only follow from an error: of unused names in an item that has
        one, and of parameters without effect anywhere. What is never used has no effect either, and
        need not be set. An error about a list of lists has the help of the warning, in its place.
        """
        failed = self.failed
        found = [d for d in self._found.values() if not (failed and self._follows(d))]
        unused = [d.span for d in found if d.code == "W0201"]
        found = [d for d in found if d.code not in _IDLE or not _declares(d.span, unused)]
        found = _with_rows(found)
        files = {d.span.source: None for d in found}
        order = {source: i for i, source in enumerate(files)}
        return tuple(sorted(found, key=lambda d: (order[d.span.source], d.span.start)))

    def _follows(self, d: Diagnostic) -> bool:
        if d.code in ("W0201", "W0401"):
            item = self.item(d.span)
            return item is not None and self.failed_in(item)
        return d.code == "W0301"

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self._found.values())


def _with_rows(found: list[Diagnostic]) -> list[Diagnostic]:
    """One word on each list of lists: the outermost warning, or the help of an error about it."""
    rows = [d for d in found if d.code == "W0302"]
    for row in rows:
        outer = any(r is not row and _inside(row.span, r.span) for r in rows)
        wrong = [d for d in found if d.severity == "error" and row.span in _places(d)]
        if outer or wrong:
            found = [d for d in found if d is not row]
        found = [replace(d, help=row.help) if d in wrong and not d.help else d for d in found]
    return found


def _places(d: Diagnostic) -> list[Span]:
    return [d.span, *(label.span for label in d.labels)]


def _inside(span: Span, item: Span) -> bool:
    return item.source is span.source and item.start <= span.start < max(item.end, item.start + 1)


def _declares(declaration: Span, names: list[Span]) -> bool:
    return any(_inside(name, declaration) for name in names)


def suggestion(name: str, known: Iterable[str]) -> str:
    """A help line with the nearest known name, or the empty string."""
    names = list(known)
    near = [n for n in names if n.lower() == name.lower()]
    near += difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
