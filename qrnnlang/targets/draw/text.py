"""A scene in letters, for terminals."""

from __future__ import annotations

from collections.abc import Iterator

from .scene import Glyph, Item, Scene

_SIGNS = {"dot": "●", "open": "○", "plus": "⊕", "cross": "╳"}


def text(scene: Scene, columns: int = 100) -> str:
    """The drawing, at most `columns` wide where that is possible.

    Every wire is a line of text; a carried one begins with ↻ and ends with where it goes on.
    """
    return "".join(f"{line.rstrip()}\n" for line in _lines(scene, columns))


def _lines(scene: Scene, columns: int) -> Iterator[str]:
    yield scene.title + (f": {scene.doc}" if scene.doc else "")
    labels = [f"{'↻' if r.role == 'carry' else '⟩'} {r.label} " for r in scene.rows]
    start = max(map(len, labels), default=0)
    widths = [1] * scene.columns
    for item in scene.items:
        widths[item.column] = max(widths[item.column], *(len(s) for s in _signs(item).values()))
    first = 0
    while scene.rows:
        last, used = first, start
        while last < scene.columns and (last == first or used + widths[last] + 1 <= columns - 8):
            used += widths[last] + 1
            last += 1
        yield ""
        yield from _system(scene, labels, start, widths, first, last)
        first = last
        if first >= scene.columns:
            break
    if scene.lines:
        yield ""
        yield from (f"{tag:>7}  {line}" for tag, line in scene.lines)


def _system(
    scene: Scene, labels: list[str], start: int, widths: list[int], first: int, last: int
) -> Iterator[str]:
    grid: dict[tuple[int, int], str] = {}
    between: dict[tuple[int, int], str] = {}
    for item in scene.items:
        if first <= item.column < last:
            signs = _signs(item)
            grid.update(((row, item.column), sign) for row, sign in signs.items())
            lo, hi = item.rows
            joined = item.link and hi > lo
            for row in range(lo, hi) if joined else ():
                between[row, item.column] = "│"
                if row not in signs:
                    grid[row, item.column] = "┼"
            if item.when:
                between.setdefault((lo - 1, item.column), "?")
    for column, lo, hi in scene.barriers:
        if first <= column < last:
            between.update(((row, column), "┊") for row in range(lo, hi))
    for i, wire in enumerate(scene.rows):
        live = wire.end is None or wire.end > first
        line = labels[i].ljust(start) if live or first == 0 else " " * start
        gaps = " " * start
        for c in range(first, last):
            alive = wire.end is None or c < wire.end
            fill = "─" if alive else " "
            line += fill + grid.get((i, c), "").center(widths[c], fill)
            gaps += " " + between.get((i, c), "").center(widths[c])
        if wire.end is None:
            done = last >= scene.columns
            line += "─" + (f" ↻ {wire.leads}".rstrip() if done else "┄")
        yield line
        if i + 1 < len(scene.rows) and gaps.strip():
            yield gaps


def _signs(item: Item) -> dict[int, str]:
    signs: dict[int, str] = {}
    for g in item.glyphs:
        last = g.row if g.last is None else g.last
        for row in range(g.row, last + 1):
            signs[row] = _sign(g, row == g.row)
    if item.when:
        row = next(iter(signs))
        signs[row] = f"{signs[row]}{{{item.when}}}"
    return signs


def _sign(g: Glyph, first: bool) -> str:
    if g.kind in _SIGNS:
        return _SIGNS[g.kind]
    if g.kind == "state":
        return g.text
    if not first:
        return f"[{g.text}]"
    inside = f"{g.text} {g.sub}" if g.sub else g.text
    return f"({inside})" if g.kind == "read" else f"[{inside}]"
