"""A scene on paper: columns get widths, long cells wrap into systems, carried wires loop back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from .scene import Glyph, Item, Role, Row, Scene, Tone
from .shapes import Circle, Line, Picture, Rect, Shape, Text, width

INK, FAINT, WIRE = "#343a40", "#868e96", "#adb5bd"
ROLE = {"carry": "#3b5bdb", "fresh": "#087f5b"}
BAND = {"carry": "#edf2ff", "fresh": "#e6fcf5"}
#: Fill, edge and text of a gate by what it depends on.
TONES: dict[Tone, tuple[str, str, str]] = {
    "plain": ("#ffffff", "#495057", "#343a40"),
    "param": ("#f3f0ff", "#7048e8", "#5f3dc4"),
    "input": ("#fff4e6", "#e8590c", "#d9480f"),
    "feedback": ("#fff0f6", "#c2255c", "#a61e4d"),
    "read": ("#c2255c", "#a61e4d", "#ffffff"),
    "noise": ("#f1f3f5", "#868e96", "#495057"),
}
TAGS = {
    "input": "#d9480f",
    "param": "#5f3dc4",
    "fixed": "#5f3dc4",
    "carry": "#3b5bdb",
    "next": "#3b5bdb",
    "output": "#c2255c",
    "let": "#495057",
    "note": "#868e96",
}
LEGEND: tuple[tuple[Tone, str], ...] = (
    ("input", "input"),
    ("param", "parameter"),
    ("feedback", "measured or carried value"),
    ("plain", "fixed gate"),
    ("read", "read"),
    ("noise", "noise"),
)

PITCH, BOX, GAP, EDGE = 46.0, 32.0, 12.0, 24.0
BIG, SMALL, LABEL = 12.0, 8.5, 12.0
WIDEST = 1180.0
LOOP = 14.0  # between two loops


def picture(scene: Scene) -> Picture:
    """The picture of one cell, at most `WIDEST` wide unless one column is wider."""
    return _Page(scene).picture()


def stacked(pictures: list[Picture]) -> Picture:
    """Several pictures, one below the other."""
    if len(pictures) == 1:
        return pictures[0]
    shapes: list[Shape] = []
    top = 0.0
    for p in pictures:
        shapes += [_moved(s, top) for s in p.shapes]
        top += p.height
    title = ", ".join(p.title for p in pictures)
    return Picture(max(p.width for p in pictures), top, tuple(shapes), title)


def _moved(shape: Shape, dy: float) -> Shape:
    match shape:
        case Line(points=points):
            return replace(shape, points=tuple((x, y + dy) for x, y in points))
        case _:
            return replace(shape, y=shape.y + dy)


@dataclass(frozen=True)
class _System:
    """Columns from `first` to before `last`, with their left edges; rows begin at `top`."""

    first: int
    last: int
    top: float
    lefts: dict[int, float]
    right: float


class _Page:
    def __init__(self, scene: Scene):
        self.scene = scene
        self.shapes: list[Shape] = []
        self.widths = [22.0] * scene.columns
        for item in scene.items:
            self.widths[item.column] = max(self.widths[item.column], _item_width(item))
        labels = [width(r.label, LABEL) for r in scene.rows]
        self.margin = EDGE + LOOP * len(scene.loops)
        self.start = self.margin + 56 + max(labels, default=0)
        leads = [width("→ " + r.leads, SMALL + 1.5) for r in scene.rows if r.leads]
        self.tail = 14 + max(leads, default=0)
        self.limit = WIDEST - self.margin - self.tail

    def picture(self) -> Picture:
        scene = self.scene
        y = EDGE
        head = [Text(EDGE, y + 4, scene.title, 15, INK, "start", True)]
        right = max(360.0, EDGE * 2 + width(scene.title, 15) + 10)
        y += 26
        if scene.doc:
            most = 120
            doc = scene.doc if len(scene.doc) <= most else scene.doc[: most - 1].rstrip() + "…"
            head.append(Text(EDGE, y, doc, 10, FAINT, "start"))
            right = max(right, 2 * EDGE + width(doc, 10))
            y += 18
        systems: list[_System] = []
        if scene.rows:
            y += 10 + LOOP * len(scene.loops)
            for first, last in self._broken():
                lefts, x = {}, self.start + 8
                for c in range(first, last):
                    lefts[c] = x
                    x += self.widths[c] + GAP
                systems.append(_System(first, last, y, lefts, x))
                y += PITCH * len(scene.rows) + 18
            end = max(s.right for s in systems)
            systems = [_System(s.first, s.last, s.top, s.lefts, end) for s in systems]
            right = max(right, end + self.tail + self.margin)
            for system in systems:
                self._system(system, system is systems[0], system is systems[-1])
            self._loops(systems)
            legend, wide = self._legend(y + 4)
            y, right = y + legend, max(right, wide + EDGE)
        y = self._classical(y + 8, right)
        return Picture(self.page_right(right), y + 8, (*head, *self.shapes), scene.title)

    def page_right(self, right: float) -> float:
        return max(right, self.text_right)

    def _broken(self) -> Iterator[tuple[int, int]]:
        first, x = 0, self.start
        for c, w in enumerate(self.widths):
            x += w + GAP
            if x > self.limit and c > first:
                yield first, c
                first, x = c, self.start + w + GAP
        yield first, len(self.widths)

    # --- wires --------------------------------------------------------------------------------

    def _y(self, system: _System, row: int) -> float:
        return system.top + PITCH * (row + 0.5)

    def _system(self, system: _System, first: bool, last: bool) -> None:
        rows = list(enumerate(self.scene.rows))
        for (_, role), group in groupby(rows, key=lambda r: (r[1].register, r[1].role)):
            members = [i for i, _ in group]
            if not all(_gone(self.scene.rows[i], system) for i in members):
                self._band(system, members, role)
        for i, row in rows:
            y = self._y(system, i)
            colour = ROLE[row.role]
            label = Text(self.start - 8, y, row.label, LABEL, colour, "end", True)
            if _gone(row, system):
                continue
            self.shapes.append(label)
            stop = system.right
            ends = row.end is not None and row.end <= system.last
            if ends and row.end is not None:
                stop = system.lefts.get(row.end, system.right) - GAP / 2
            self.shapes.append(Line(((self.start, y), (stop, y)), WIRE, 1.6))
            if ends:
                self.shapes.append(Line(((stop, y - 6), (stop, y + 6)), FAINT, 2.0))
            elif last and row.leads:
                text = f"→ {row.leads}"
                place = system.right + 4
                self.shapes.append(Text(place, y - 9, text, SMALL + 1.5, ROLE["carry"], "start"))
        for column, lo, hi in self.scene.barriers:
            if system.first < column <= system.last or (column == 0 and first):
                x = system.lefts.get(column, system.right) - GAP / 2
                top, bottom = self._y(system, lo) - 18, self._y(system, hi) + 18
                self.shapes.append(Line(((x, top), (x, bottom)), FAINT, 1.2, "4 4"))
        for item in self.scene.items:
            if system.first <= item.column < system.last:
                middle = system.lefts[item.column] + self.widths[item.column] / 2
                self._item(item, system, middle)

    def _band(self, system: _System, members: list[int], role: Role) -> None:
        top = self._y(system, members[0]) - PITCH / 2 + 2
        height = PITCH * len(members) - 4
        left = self.margin + 4
        self.shapes.append(Rect(left, top, system.right - left, height, BAND[role], radius=8))
        middle = top + height / 2
        self.shapes.append(Text(left + 6, middle, role, 9, ROLE[role], "start"))

    def _loops(self, systems: list[_System]) -> None:
        """Carried registers: out on the right, over the top, in again on the left."""
        first, last = systems[0], systems[-1]
        colour = ROLE["carry"]
        for k, (name, enter, leave) in enumerate(self.scene.loops):
            left = self.margin - 8 - LOOP * k
            right = last.right + self.tail + LOOP * k
            top = first.top - 6 - LOOP * k
            bus = [(right, self._y(last, max(leave))), (right, top), (left, top)]
            bus.append((left, self._y(first, max(enter))))
            self.shapes.append(Line(tuple(bus), colour, 2.4, radius=9))
            for row in leave:
                y = self._y(last, row)
                self.shapes.append(Line(((last.right, y), (right, y)), colour, 2.0))
            for row in enter:
                y = self._y(first, row)
                x = self.margin + 3
                self.shapes.append(Line(((left, y), (x, y)), colour, 2.0))
                self.shapes.append(Line(((x - 4, y - 4), (x, y), (x - 4, y + 4)), colour, 2.0))
            size = len(leave)
            text = name if size == 1 else f"{name}: {size} qubits"
            w = width(text, 9.5) + 12
            middle = (left + right) / 2
            self.shapes.append(Rect(middle - w / 2, top - 8, w, 16, "#ffffff", colour, 8, 1.2))
            self.shapes.append(Text(middle, top, text, 9.5, colour))

    # --- operations ---------------------------------------------------------------------------

    def _item(self, item: Item, system: _System, x: float) -> None:
        fill, edge, ink = TONES[item.tone]
        lo, hi = item.rows
        if item.link and hi > lo:
            ends = (x, self._y(system, lo)), (x, self._y(system, hi))
            self.shapes.append(Line(ends, edge, 1.6))
        for g in item.glyphs:
            self._glyph(g, self._y(system, g.row), x, system, (fill, edge, ink))
        if item.when:
            y = self._y(system, lo) - 19
            w = width(item.when, SMALL) + 8
            pink = TONES["read"][1]
            self.shapes.append(Rect(x - w / 2, y - 6, w, 12, "#fff0f6", pink, 6, 0.8))
            self.shapes.append(Text(x, y, item.when, SMALL, TONES["read"][1]))

    def _glyph(
        self, g: Glyph, y: float, x: float, system: _System, tone: tuple[str, str, str]
    ) -> None:
        fill, edge, ink = tone
        put = self.shapes.append
        match g.kind:
            case "dot":
                put(Circle(x, y, 4.2, edge, edge))
            case "open":
                put(Circle(x, y, 4.2, "#ffffff", edge))
            case "plus":
                put(Circle(x, y, 10, "#ffffff", edge, 1.6))
                put(Line(((x - 10, y), (x + 10, y)), edge, 1.6))
                put(Line(((x, y - 10), (x, y + 10)), edge, 1.6))
            case "cross":
                put(Line(((x - 6, y - 6), (x + 6, y + 6)), edge, 2.0))
                put(Line(((x - 6, y + 6), (x + 6, y - 6)), edge, 2.0))
            case "state":
                w = _glyph_width(g)
                put(Rect(x - w / 2, y - 11, w, 22, "#ffffff", edge, 3))
                put(Text(x, y, g.text, BIG - 1, INK))
            case _:
                w = _glyph_width(g)
                bottom = y if g.last is None else self._y(system, g.last)
                top, h = y - BOX / 2, bottom - y + BOX
                put(Rect(x - w / 2, top, w, h, fill, edge, 15 if g.kind == "read" else 5))
                middle = (y + bottom) / 2
                if g.sub:
                    put(Text(x, middle - 6, g.text, BIG, ink, bold=True))
                    put(Text(x, middle + 8, g.sub, SMALL, ink))
                else:
                    put(Text(x, middle, g.text, BIG, ink, bold=True))

    # --- the parts below ----------------------------------------------------------------------

    def _legend(self, y: float) -> tuple[float, float]:
        """What the colours mean; the height it takes and where it ends."""
        used = {i.tone for i in self.scene.items}
        x = self.margin + 4
        for tone, text in LEGEND:
            if tone in used:
                fill, edge, _ = TONES[tone]
                self.shapes.append(Rect(x, y - 5, 14, 10, fill, edge, 3, 1.0))
                self.shapes.append(Text(x + 19, y, text, 9, FAINT, "start"))
                x += 19 + width(text, 9) + 18
        return (18.0 if used else 0.0), x

    def _classical(self, y: float, right: float) -> float:
        self.text_right = 0.0
        if not self.scene.lines:
            return y
        left, size, step = EDGE, 10.5, 17.0
        text_left = left + 66
        room = int((max(right, 560.0) - text_left - EDGE - LOOP) / (size * 0.602))
        lines = [
            (tag if i == 0 else "", part)
            for tag, text in _grouped(self.scene.lines)
            for i, part in enumerate(_wrapped(text, room))
        ]
        longest = max(width(text, size) for _, text in lines)
        end = max(right - EDGE, text_left + longest + 14)
        height = step * len(lines) + 14
        if self.scene.looped:
            end = max(end, left + 300)
        self.shapes.append(Rect(left, y, end - left, height, "#f8f9fa", "#dee2e6", 8, 1.0))
        for i, (tag, text) in enumerate(lines):
            at = y + 7 + step * (i + 0.5)
            colour = TAGS.get(tag, INK)
            self.shapes.append(Text(left + 12, at, tag, 9, colour, "start", True))
            self.shapes.append(Text(text_left, at, text, size, INK, "start"))
        y += height
        if self.scene.looped:
            y = self._classical_loop(y, left, end, height)
        self.text_right = end + EDGE
        return y + 8

    def _classical_loop(self, y: float, left: float, end: float, height: float) -> float:
        colour, low, middle = ROLE["carry"], y + 14, y - height / 2
        outside = (end, middle), (end + 12, middle), (end + 12, low), (left - 12, low)
        bus = (*outside, (left - 12, middle), (left, middle))
        for wide, paint in ((4.2, colour), (1.8, "#ffffff")):  # a double line is classical
            self.shapes.append(Line(bus, paint, wide, radius=8))
        arrow = (left - 6, middle - 5), (left, middle), (left - 6, middle + 5)
        self.shapes.append(Line(arrow, colour, 2.0))
        text = ", ".join(self.scene.looped)
        w, x = width(text, 9.5) + 12, (left + end) / 2
        self.shapes.append(Rect(x - w / 2, low - 8, w, 16, "#ffffff", colour, 8, 1.2))
        self.shapes.append(Text(x, low, text, 9.5, colour))
        return low + 12


def _gone(row: Row, system: _System) -> bool:
    return row.end is not None and row.end <= system.first > 0


def _grouped(lines: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """Declarations of one kind on one line; formulas each on their own."""
    for tag, group in groupby(lines, key=lambda line: line[0]):
        texts = [text for _, text in group]
        if tag in ("input", "param", "fixed", "carry"):
            yield tag, ",  ".join(texts)
        else:
            yield from ((tag, text) for text in texts)


def _wrapped(text: str, room: int) -> Iterator[str]:
    while len(text) > room:
        cut = text.rfind(" ", room // 2, room)
        cut = room if cut < 0 else cut
        yield text[:cut]
        text = "  " + text[cut:].lstrip()
    yield text


def _glyph_width(g: Glyph) -> float:
    match g.kind:
        case "dot" | "open":
            return 10.0
        case "plus" | "cross":
            return 20.0
        case "state":
            return width(g.text, BIG - 1) + 8
        case _:
            padding = 18 if g.kind == "read" else 12
            return max(30.0, max(width(g.text, BIG), width(g.sub, SMALL)) + padding)


def _item_width(item: Item) -> float:
    found = max(_glyph_width(g) for g in item.glyphs)
    return max(found, width(item.when, SMALL) + 10 if item.when else 0.0)
