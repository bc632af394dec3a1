"""One statement, or the head of a block, as layout commands."""

from __future__ import annotations

from dataclasses import dataclass, field

from .layout import INDENT, Begin, Break, BrokenComma, Command, End, Put, put
from .pieces import Piece, Remark

# How loosely binds what a long line may be broken at: the `for` of a comprehension, commas that
# do not separate the elements of a bracket, operators.
_FOR, _COMMA = 0, 1
_LEVELS = {"||": 2, "&&": 3, "^": 4, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5}
_LEVELS |= {"+": 6, "-": 6, "*": 7, "/": 7, "%": 7, "@": 7}
_CLOSING = frozenset({")", "]"})
_TIGHT_BEFORE = frozenset({",", ";", ")", "]", ":", "."})
_TIGHT_AFTER = frozenset({"(", "[", ".", ".."})


def spaced(left: Piece, right: Piece) -> bool:
    """Whether a blank stands between two pieces on one line."""
    if right.text in _TIGHT_BEFORE:
        return right.text == "." and left.role == "number"
    if left.text in _TIGHT_AFTER or left.role == "unary":
        return False
    if right.role in ("call", "index"):
        return False
    if right.text == "..":
        return not left.is_operand
    return not (left.text == "{" and right.text == "}")


def flat(pieces: list[Piece]) -> str:
    """The pieces on one line, without comments and without commas before a closing bracket."""
    out: list[str] = []
    previous: Piece | None = None
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        if piece.text == "," and following is not None and following.text in _CLOSING:
            continue
        if previous is not None and spaced(previous, piece):
            out.append(" ")
        out.append(piece.text)
        previous = piece
    return "".join(out)


@dataclass(slots=True)
class _Frame:
    """What stands directly in a bracket, or in the statement itself."""

    opener: Piece | None
    levels: list[set[int]] = field(default_factory=lambda: [set()])  # of each element
    commas: int = 0
    repeats: bool = False  # a `for` stands in it
    numbers: bool = True  # nothing but numbers and commas
    last: str = ""  # the last piece in it

    @property
    def splits(self) -> bool:
        """Whether commas separate elements that get lines of their own."""
        return self.opener is not None and not self.repeats

    @property
    def hugs(self) -> bool:
        """Whether the brackets stay around their one element, a plain call or list."""
        return not (self.commas or self.levels[0] or self.repeats) and self.last in _CLOSING

    @property
    def trailing_comma(self) -> bool:
        return self.splits and self.opener is not None and self.opener.role in ("call", "list")


def behind(remarks: list[Remark]) -> list[Command]:
    """Comments at the end of a line: one that runs to its end breaks it, and has no width."""
    commands: list[Command] = []
    for remark in remarks:
        if remark.text.startswith("//") or "\n" in remark.text:
            commands += [Put("  " + remark.text, 0), Break("", hard=True)]
        elif remark.text:
            commands.append(put(" " + remark.text))
    return commands


class _Writer:
    """Turns pieces into commands: brackets and operators into groups, loosest outside."""

    def __init__(self, pieces: list[Piece]):
        self.pieces = pieces
        self.frames = _frames(pieces)
        self.commands: list[Command] = []
        self.stack: list[_Frame] = []
        self.elements: list[int] = []
        self.open: list[list[int]] = []  # the levels of the operator groups open in each frame
        self.owed: list[Command] = []  # comments to write after a `,` or `;`
        self.separated = True  # a break or a blank has been written after the last piece
        marks = [k for k, piece in enumerate(pieces) if piece.role == "modifier"]
        self.first_mark, self.last_mark = (marks[0], marks[-1]) if marks else (-1, -1)

    def run(self) -> list[Command]:
        self.enter(self.frames[-1])
        for k, piece in enumerate(self.pieces):
            self.step(k, piece)
        self.pay()
        self.leave()
        return self.commands

    def step(self, k: int, piece: Piece) -> None:
        if piece.text in _CLOSING:
            self.close(piece)
        elif piece.text == ",":
            self.comma(k, piece)
            return
        else:
            if piece.text != ";":
                self.pay()
            blank = k > 0 and spaced(self.pieces[k - 1], piece)
            level = self.level(piece)
            if level is not None:
                self.tighten(level, opening=False)
                self.commands.append(Break(" "))
                self.separated = True
            if k:
                self.remarks(piece, blank)
            if level is not None:
                self.commands.append(put(piece.text))
                self.tighten(level, opening=True)
            else:
                if blank and not self.separated:
                    self.commands.append(put(" "))
                self.commands.append(put(piece.text))
            self.separated = False
            if piece.role == "modifier":
                self.after_modifier(k)
            if piece.text in ("(", "["):
                self.enter(self.frames[k])
        if k + 1 < len(self.pieces):
            self.owed += behind(piece.after)

    def after_modifier(self, k: int) -> None:
        """A line may end behind every `@`: what is between the first and the last is a group."""
        if k == self.first_mark:
            self.commands.append(Begin(INDENT, False))
        self.commands.append(Break(" "))
        self.separated = True
        if k == self.last_mark:
            self.commands.append(End())

    def level(self, piece: Piece) -> int | None:
        """The level of an operator, or of a `for` in brackets."""
        frame = self.stack[-1]
        if piece.text == "for" and frame.opener is not None:
            return _FOR
        return _LEVELS.get(piece.text) if piece.role == "operator" else None

    # --- groups ----------------------------------------------------------------------------------

    def enter(self, frame: _Frame) -> None:
        self.stack.append(frame)
        self.elements.append(0)
        self.open.append([])
        if frame.opener is not None and frame.last and not frame.hugs:
            self.commands += [Begin(INDENT, not frame.numbers), Break("")]
            self.separated = True
        self.begin_element()

    def begin_element(self) -> None:
        frame, element = self.stack[-1], self.elements[-1]
        levels = sorted(frame.levels[element])
        for n, level in enumerate(levels):
            first = n == 0 or levels[n - 1] == _FOR
            self.commands.append(
                Begin(0 if level == _FOR or not first else INDENT, level == _FOR, first)
            )
        self.open[-1] = levels

    def end_element(self) -> None:
        self.commands += [End() for _ in self.open[-1]]
        self.open[-1] = []

    def tighten(self, level: int, opening: bool) -> None:
        """End or begin the groups of the operators that bind tighter than `level`."""
        for tighter in self.open[-1]:
            if tighter > level and opening:
                self.commands.append(Begin(INDENT if level == _FOR else 0, False, level == _FOR))
            elif tighter > level:
                self.commands.append(End())

    def leave(self) -> None:
        self.end_element()
        self.stack.pop()
        self.elements.pop()
        self.open.pop()

    def close(self, piece: Piece) -> None:
        frame = self.stack[-1]
        self.leave()
        grouped = bool(frame.last) and not frame.hugs
        self.commands += behind([r for r in piece.before if r.inline])
        if grouped and frame.trailing_comma and not frame.numbers:
            self.commands.append(BrokenComma())
        self.pay()
        self.remarks(piece, inline=False)
        if grouped:
            self.commands += [Break("", -INDENT), End()]
        self.commands.append(put(piece.text))
        self.separated = False

    def comma(self, k: int, piece: Piece) -> None:
        frame = self.stack[-1]
        if self.pieces[k + 1].text in _CLOSING:
            self.commands += behind([r for r in piece.before if r.inline])
            self.owed += behind([r for r in piece.before if not r.inline] + piece.after)
            return
        if frame.splits:
            self.end_element()
        else:
            self.tighten(_COMMA, opening=False)
        self.commands += [*behind([r for r in piece.before if r.inline]), put(",")]
        self.owed += behind([r for r in piece.before if not r.inline] + piece.after)
        self.pay()
        self.commands.append(Break(" "))
        self.separated = True
        if frame.splits:
            self.elements[-1] += 1
            self.begin_element()
        else:
            self.tighten(_COMMA, opening=True)

    # --- comments --------------------------------------------------------------------------------

    def pay(self) -> None:
        """Write the comments that stand behind what is on the line."""
        if self.owed:
            self.commands += self.owed
            self.separated = isinstance(self.owed[-1], Break)
            self.owed = []

    def remarks(self, piece: Piece, blank: bool = False, inline: bool = True) -> None:
        """Write the comments before a piece inside a statement, after a blank if one is due."""
        for remark in piece.before:
            if not remark.text or (remark.inline and not inline):
                continue
            if remark.inline:
                lead = [put(" ")] if blank and not self.separated else []
                self.commands += [*lead, put(remark.text), put(" ")]
            else:
                self.commands += [Break("", hard=True), put(remark.text), Break("", hard=True)]
            self.separated = True


def _frames(pieces: list[Piece]) -> dict[int, _Frame]:
    """The frame of each opening bracket by its position; that of the statement is at -1."""
    frames = {-1: _Frame(None)}
    stack = [-1]
    for k, piece in enumerate(pieces):
        frame = frames[stack[-1]]
        if piece.text in _CLOSING:
            frame.numbers = frame.numbers and not piece.before
            stack.pop()
            frame = frames[stack[-1]]
        elif piece.text in ("(", "["):
            frames[k] = _Frame(piece, numbers=not piece.after)
            stack.append(k)
        elif piece.text == ",":
            frame.numbers = frame.numbers and not (piece.before or piece.after)
            trailing = k + 1 < len(pieces) and pieces[k + 1].text in _CLOSING
            if not trailing:
                frame.commas += 1
                frame.levels.append(set())
            continue
        elif piece.text == "for" and frame.opener is not None:
            frame.repeats = True
            frame.levels[-1].add(_FOR)
        elif piece.role == "operator" and piece.text in _LEVELS:
            frame.levels[-1].add(_LEVELS[piece.text])
        frame.last = piece.text
        if piece.role not in ("number", "unary") or piece.before or piece.after:
            frame.numbers = False
    for frame in frames.values():
        if not frame.splits:
            merged = set().union(*frame.levels)
            if frame.commas:
                merged.add(_COMMA)
            frame.levels = [merged]
    return frames


def commands_of(pieces: list[Piece]) -> list[Command]:
    """The commands of a statement: its pieces up to and with the `;`, `{` or `}` that ends it.
    Comments before the first and after the last piece are left to the caller."""
    return _Writer(pieces).run()
