"""Diagnostics as text for people and as JSON for tools."""

from __future__ import annotations

import json
from itertools import groupby

from .cells import clean
from .errors import Diagnostic
from .snippet import Mark, Row, Style, snippet
from .source import Span

_COLORS: dict[str, dict[Style, str]] = {
    "error": {"primary": "1;31", "secondary": "1;34", "gutter": "1;34", "strong": "1"},
    "warning": {"primary": "1;33", "secondary": "1;34", "gutter": "1;34", "strong": "1"},
}


def render(diagnostic: Diagnostic, color: bool = False) -> str:
    """A diagnostic with the lines it speaks of; ends with a line break."""
    colors = _COLORS[diagnostic.severity] if color else {}
    blocks = _blocks(diagnostic)
    numbers = [gutter for _, rows in blocks for gutter, _ in rows if gutter != "..."]
    width = max((len(n) for n in numbers), default=1)
    blank = " " * (width + 1)
    severity = _paint(f"{diagnostic.severity}[{diagnostic.code}]", "primary", colors)
    lines = [severity + _paint(f": {clean(diagnostic.message)}", "strong", colors)]
    for n, (where, rows) in enumerate(blocks):
        arrow = "-->" if n == 0 else ":::"
        if n:
            lines.append(blank + _paint("|", "gutter", colors))
        lines.append(f"{blank[1:]}{_paint(arrow, 'gutter', colors)} {where}")
        lines.append(blank + _paint("|", "gutter", colors))
        lines.extend(_row(gutter, row, width, colors) for gutter, row in rows)
    remarks = [("note", text) for text in diagnostic.notes]
    if diagnostic.help:
        remarks.append(("help", diagnostic.help))
    if remarks and blocks:
        lines.append(blank + _paint("|", "gutter", colors))
    for kind, text in remarks:
        parts = [clean(part) for part in text.split("\n")]
        head = f"{blank}{_paint('=', 'gutter', colors)} {_paint(kind + ':', 'strong', colors)} "
        lines.append(head + parts[0])
        lines.extend(blank + " " * (len(kind) + 4) + part for part in parts[1:])
    return "\n".join(lines) + "\n"


def render_json(diagnostic: Diagnostic) -> str:
    """One JSON object on one line. `notes` begin with what the marks of the excerpt say."""
    span = diagnostic.span
    end_line, end_column = span.source.position(span.end)
    marked = [diagnostic.label] if diagnostic.label else []
    marked += [f"{_where(label.span)}: {label.text}" for label in diagnostic.labels]
    return json.dumps(
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "file": diagnostic.file,
            "line": diagnostic.line,
            "column": diagnostic.column,
            "end_line": end_line,
            "end_column": end_column,
            "help": diagnostic.help,
            "notes": [*marked, *diagnostic.notes],
        }
    )


def _blocks(diagnostic: Diagnostic) -> list[tuple[str, list[tuple[str, Row]]]]:
    """For every file, its place and its rows; the file of the diagnostic itself first.

    A place in something without a text (a model that was made in memory) cannot be shown.
    """
    marks = [Mark(diagnostic.span, diagnostic.label, True)]
    marks += [Mark(label.span, label.text, False) for label in diagnostic.labels]
    marks = [m for m in marks if m.span.source.text or not m.span.source.name.startswith("<")]
    order: dict[int, int] = {}
    for mark in marks:
        order.setdefault(id(mark.span.source), len(order))
    marks.sort(key=lambda m: order[id(m.span.source)])
    blocks = []
    for _, group in groupby(marks, key=lambda m: id(m.span.source)):
        here = list(group)
        blocks.append((_where(here[0].span), snippet(here[0].span.source, here)))
    return blocks


def _where(span: Span) -> str:
    line, column = span.source.position(span.start)
    return f"{clean(span.source.name)}:{line}:{column}"


def _row(gutter: str, row: Row, width: int, colors: dict[Style, str]) -> str:
    if gutter == "...":
        return (_paint("...", "gutter", colors) + " " * (width - 1) + _cells(row, colors)).rstrip()
    head = _paint(f"{gutter:>{width}} |", "gutter", colors)
    body = _cells(row, colors)
    return f"{head} {body}" if body else head


def _cells(row: Row, colors: dict[Style, str]) -> str:
    end = len(row.cells)
    while end and row.cells[end - 1] == " ":
        end -= 1
    pairs = zip(row.styles[:end], row.cells[:end], strict=True)
    runs = groupby(pairs, key=lambda pair: pair[0])
    return "".join(_paint("".join(c for _, c in run), style, colors) for style, run in runs)


def _paint(text: str, style: Style, colors: dict[Style, str]) -> str:
    return f"\x1b[{colors[style]}m{text}\x1b[0m" if style in colors else text
