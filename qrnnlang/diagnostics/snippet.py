"""One source excerpt: its lines, the marks under them, and the labels of the marks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from .cells import clean, to_cells
from .source import Source, Span

Style = Literal["", "primary", "secondary", "gutter", "strong"]

WIDTH = 140  # wider source lines are cut around their marks
CONTEXT = 4  # a multi-line span of up to this many lines is shown whole


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to underline."""

    span: Span
    text: str
    primary: bool


@dataclass(slots=True)
class Row:
    """One line of output: cells with a style each."""

    cells: list[str] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)

    def put(self, column: int, text: str | list[str], style: Style) -> None:
        """Write cells from a column on; those already written there are replaced."""
        missing = column + len(text) - len(self.cells)
        if missing > 0:
            self.cells.extend(" " * missing)
            self.styles.extend([""] * missing)
        self.cells[column : column + len(text)] = list(text)
        self.styles[column : column + len(text)] = [style] * len(text)


@dataclass(frozen=True, slots=True)
class _Place:
    """A mark in lines and characters: from 0 within a line, the end not included."""

    mark: Mark
    line: int
    start: int
    last_line: int
    end: int

    @property
    def style(self) -> Style:
        return "primary" if self.mark.primary else "secondary"

    @property
    def sign(self) -> str:
        return "^" if self.mark.primary else "-"


@dataclass(frozen=True, slots=True)
class _Sign:
    """What stands under one source line: columns, and the label if it belongs here."""

    place: _Place
    start: int
    end: int
    text: str


def snippet(source: Source, marks: Iterable[Mark]) -> list[tuple[str, Row]]:
    """Rows with what the gutter shows before each: a line number, `...`, or nothing."""
    places = sorted((_place(mark) for mark in marks), key=lambda p: (p.line, p.start, p.end))
    long = [p for p in places if p.line != p.last_line]
    left = 2 * len(long)
    rows: list[tuple[str, Row]] = []
    before = 0
    for number in _lines(places):
        if before and number > before + 1:
            rows.append(("...", _margin(long, before + 1, left)))
        rows.extend(_line(source, number, places, long, left))
        before = number
    return rows


def _place(mark: Mark) -> _Place:
    """Where a mark stands; one that ends behind a line break ends at that line's end."""
    source, start, end = mark.span.source, mark.span.start, mark.span.end
    while end > start + 1 and source.text[end - 1 : end] in ("\n", "\r"):
        end -= 1
    line, column = source.position(start)
    last, stop = source.position(end)
    if last > line and stop == 1:
        last, stop = line, len(source.line(line)) + 1
    return _Place(mark, line, column - 1, last, stop - 1)


def _lines(places: list[_Place]) -> list[int]:
    """The lines shown: both ends of every mark, and what lies between if it is little."""
    shown: set[int] = set()
    for p in places:
        short = p.last_line - p.line < CONTEXT
        shown.update(range(p.line, p.last_line + 1) if short else (p.line, p.last_line))
    # A single hidden line costs as much room as the dots that would replace it.
    shown.update(n + 1 for n in list(shown) if n + 2 in shown)
    return sorted(shown)


def _margin(long: list[_Place], number: int, left: int) -> Row:
    """The vertical strokes of the multi-line marks that are open at the start of a line."""
    row = Row()
    row.put(0, " " * left, "")
    for k, p in enumerate(long):
        if p.line < number <= p.last_line:
            row.put(2 * k, "|", p.style)
    return row


def _line(
    source: Source, number: int, places: list[_Place], long: list[_Place], left: int
) -> list[tuple[str, Row]]:
    """A source line, then the signs and labels under it."""
    cells, columns = to_cells(source.line(number))
    signs: list[_Sign] = []
    for p in places:
        if p.line == p.last_line == number:
            start = columns[min(p.start, len(columns) - 1)]
            end = columns[min(p.end, len(columns) - 1)]
            signs.append(_Sign(p, start, max(end, start + 1), clean(p.mark.text)))
    near = [s.start for s in signs if s.place.mark.primary] or [s.start for s in signs] or [0]
    cells, offset = _cut(cells, near[0])
    signs = [_shifted(s, offset, len(cells)) for s in signs]
    row = _margin(long, number, left)
    row.put(left, cells, "")
    rows = [(str(number), row)]
    rows.extend(("", r) for r in _under(signs, _margin(long, number, left), left))
    for k, p in enumerate(long):
        if p.line == number:
            column = columns[min(p.start, len(columns) - 1)] - offset
            rows.append(("", _reach(long, number, left, k, column, "")))
        elif p.last_line == number:
            column = columns[min(max(p.end - 1, 0), len(columns) - 1)] - offset
            rows.append(("", _reach(long, number, left, k, column, clean(p.mark.text))))
    return rows


def _reach(long: list[_Place], number: int, left: int, k: int, column: int, text: str) -> Row:
    """The stroke from the margin to the first or the last character of a multi-line mark."""
    place = long[k]
    row = _margin(long, number, left)
    opens = place.line == number
    if not opens:
        row.put(2 * k, "|", place.style)
    column = left + min(max(column, 0), WIDTH)
    row.put(2 * k + 1, "_" * (column - 2 * k - 1), place.style)
    row.put(column, place.sign, place.style)
    if text:
        row.put(column + 2, text, place.style)
    return row


def _cut(cells: list[str], start: int) -> tuple[list[str], int]:
    """At most WIDTH cells around `start`, and how many were cut off on the left."""
    if len(cells) <= WIDTH:
        return cells, 0
    low = max(0, min(start - WIDTH // 3, len(cells) - WIDTH))
    part = cells[low : low + WIDTH]
    if low:
        part[:3] = list("...")
    if low + WIDTH < len(cells):
        part[-3:] = list("...")
    return part, low


def _shifted(sign: _Sign, offset: int, width: int) -> _Sign:
    start = min(max(sign.start - offset, 0), width)
    end = min(max(sign.end - offset, start + 1), max(width, start + 1))
    return _Sign(sign.place, start, end, sign.text)


def _under(signs: list[_Sign], margin: Row, left: int) -> list[Row]:
    """The underlines; the label of the last beside it, the others below, from right to left."""
    if not signs:
        return []
    first = _copy(margin)
    # Shorter marks are drawn over longer ones, so that both stay visible.
    for s in sorted(signs, key=lambda s: (s.start - s.end, s.place.mark.primary)):
        first.put(left + s.start, s.place.sign * (s.end - s.start), s.place.style)
    rows = [first]
    waiting = sorted((s for s in signs if s.text), key=lambda s: (s.start, s.place.mark.primary))
    if waiting and waiting[-1].end >= max(s.end for s in signs):
        last = waiting.pop()
        first.put(left + last.end + 1, last.text, last.place.style)
    strokes = _copy(margin)
    for s in waiting:
        strokes.put(left + s.start, "|", s.place.style)
    if waiting:
        rows.append(strokes)
    while waiting:
        last = waiting.pop()
        row = _copy(margin)
        for s in waiting:
            row.put(left + s.start, "|", s.place.style)
        row.put(left + last.start, last.text, last.place.style)
        rows.append(row)
    return rows


def _copy(row: Row) -> Row:
    return Row(list(row.cells), list(row.styles))
