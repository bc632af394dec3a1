"""`format_source`: the canonical layout of a source.

Four blanks of indentation, at most 100 columns, at most one blank line, one statement on a line.
A block of one statement that was written on one line stays on it. The tokens are those of the
source but for a comma before a closing bracket, so the meaning cannot change.
"""

from __future__ import annotations

from ..diagnostics.errors import CompileError
from ..diagnostics.source import Source
from .compare import same_tree
from .format_statement import commands_of, flat
from .layout import INDENT, WIDTH, layout
from .parser import parse
from .pieces import Piece, collect

_BLOCK_ITEMS = frozenset({"cell", "model", "gate"})


def format_source(source: Source) -> str:
    """The formatted text of a source; raises CompileError if it has syntax errors."""
    file, errors = parse(source)
    if errors or file is None:
        raise CompileError(errors)
    text = _Formatter(source, collect(source, file)).run()
    again, errors = parse(Source(source.name, text))
    if errors or again is None or not same_tree(file, again):
        return source.text  # a layout that would change the program is never handed out
    return text


class _Formatter:
    def __init__(self, source: Source, pieces: list[Piece]):
        self.source = source
        self.pieces = pieces
        self.lines: list[str] = []
        self.depth = 0
        self.at_block_start = True
        self.after_item = False  # a blank line belongs here, between items

    def run(self) -> str:
        position = 0
        while self.pieces[position].text:
            position = self.statement(position)
        end = self.pieces[position]
        self.leading(end, False)
        return "\n".join(self.lines).rstrip("\n") + "\n" if self.lines else ""

    # --- statements ------------------------------------------------------------------------------

    def statement(self, begin: int) -> int:
        """Write a statement, or the head or the end of a block; the position of the next."""
        pieces, piece = self.pieces, self.pieces[begin]
        closing = piece.text == "}"
        one_line = None if closing else self.on_one_line(begin)
        end = self.head_end(begin) if one_line is None else one_line
        part = pieces[begin : end + 1]
        item = self.depth == 0 and piece.text in _BLOCK_ITEMS and one_line is None
        self.leading(piece, item, closing)
        if closing:
            self.depth -= 1
        indent = INDENT * self.depth
        text = flat(part) if one_line is not None else layout(commands_of(part), indent, WIDTH)
        after = "".join("  " + r.text for r in part[-1].after)
        self.lines.append(" " * indent + text + after)
        if part[-1].text == "{":
            self.depth += 1
        self.at_block_start = part[-1].text == "{"
        self.after_item = self.depth == 0 and (closing or item or piece.text == "qrnn")
        return end + 1

    def head_end(self, begin: int) -> int:
        """The position of the last piece of the line group that begins at `begin`."""
        pieces, k = self.pieces, begin
        if pieces[k].text == "}":
            if pieces[k + 1].text != "else" or pieces[k].after or pieces[k + 1].before:
                return k
            k += 1
        while pieces[k].text not in (";", "{"):
            k += 1
        nothing = pieces[k].text == "{" and pieces[k + 1].text == "}"
        if nothing and not pieces[k].after and not pieces[k + 1].before:
            return self.empty_end(k + 1)
        return k

    def empty_end(self, close: int) -> int:
        """After `{}`: an `else` goes on, anything else does not."""
        pieces = self.pieces
        if pieces[close + 1].text == "else" and not pieces[close].after:
            return self.head_end(close)
        return close

    def on_one_line(self, begin: int) -> int | None:
        """The end of a block statement that was written on one line and may stay there."""
        pieces, k = self.pieces, begin
        counts: list[int] = []  # the statements so far in each open block
        if pieces[begin].text in ("data", "train") and self.depth:
            return None
        while True:
            piece = pieces[k]
            last = False
            if not piece.text or (k > begin and piece.before):
                return None
            if piece.text == "{":
                counts.append(0)
            elif piece.text == "}":
                counts.pop()
                last = not counts and pieces[k + 1].text != "else"
            if piece.text == ";" or (piece.text == "}" and pieces[k + 1].text != "else"):
                if not counts and not last:
                    return None
                if counts:
                    counts[-1] += 1
                    if counts[-1] > 1:
                        return None
            if last:
                break
            if piece.after:
                return None
            k += 1
        if "\n" in self.source.text[pieces[begin].start : pieces[k].end]:
            return None
        length = len(flat(pieces[begin : k + 1])) + INDENT * self.depth
        return k if length <= WIDTH else None

    # --- comments and blank lines ----------------------------------------------------------------

    def leading(self, piece: Piece, item: bool, closing: bool = False) -> None:
        """The blank line and the comments before a statement."""
        wanted = piece.blank or (self.depth == 0 and (self.after_item or item) and bool(piece.text))
        if wanted and not self.at_block_start and not (closing and not piece.before):
            self.lines.append("")
        indent = " " * (INDENT * self.depth)
        inline = ""
        for n, remark in enumerate(piece.before):
            last = n == len(piece.before) - 1
            if not remark.text:
                if not closing:
                    self.lines.append("")
                continue
            if remark.blank and not inline:
                self.lines.append("")
            if remark.inline and not last:
                inline += remark.text + " "
                continue
            self.lines.append(indent + inline + remark.text)
            inline = ""
        self.at_block_start = False
