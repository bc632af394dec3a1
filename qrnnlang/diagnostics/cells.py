"""Text as terminal cells: tabs, wide characters, and what must not reach a terminal.

A row is a list of cells, one for each column; the second cell of a wide character is empty, and
a combining mark shares the cell of the character before it.
"""

from __future__ import annotations

import unicodedata

TAB = 4
_REPLACED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, bidi marks, lone surrogates
_JOINERS = frozenset("\u200c\u200d")


def clean(text: str) -> str:
    """`text` on one line, with every character that could steer a terminal made visible."""
    return "".join(" " if c in "\t\n\r" else _visible(c) for c in text)


def to_cells(line: str) -> tuple[list[str], list[int]]:
    """The cells of a line, and the column at which each of its characters starts (and the end)."""
    if line.isascii() and line.isprintable():
        return list(line), list(range(len(line) + 1))
    cells: list[str] = []
    columns: list[int] = []
    for c in line:
        columns.append(len(cells))
        if c == "\t":
            cells.extend(" " * (TAB - len(cells) % TAB))
        elif c in _JOINERS or unicodedata.combining(c):
            if cells:
                columns[-1] = len(cells) - 1
                cells[-1] += c
            else:
                cells.append(" " + c)
        else:
            cells.append(_visible(c))
            if unicodedata.east_asian_width(c) in "WF":
                cells.append("")
    columns.append(len(cells))
    return cells, columns


def _visible(c: str) -> str:
    return "\ufffd" if unicodedata.category(c) in _REPLACED else c
