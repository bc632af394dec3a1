"""The tokens of a sound file as the formatter needs them: with their role and the comments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from ..diagnostics.source import Source
from . import tree
from .context import Context
from .driver import Driver
from .table import load
from .tokens import Lexer
from .trivia import scan

_OPERAND_WORDS = frozenset({"true", "false"})
_CALLED_WORDS = frozenset({"evolve", "prepare"})


@dataclass(slots=True)
class Remark:
    """A comment; `blank` when a blank line stands before it, `inline` when code follows it on its
    line."""

    text: str
    blank: bool
    inline: bool


@dataclass(slots=True)
class Piece:
    """A token. `role`: name, keyword, number, string, unary, operator, modifier, call (of `(`),
    list (of `[`), index (of `[`), or "" for other marks."""

    text: str
    role: str
    start: int
    end: int
    blank: bool  # a blank line before it, or before its comments
    before: list[Remark] = field(default_factory=list)
    after: list[Remark] = field(default_factory=list)

    @property
    def is_operand(self) -> bool:
        """Whether an operand ends here, so that a following `-` is a difference."""
        return self.role in ("name", "number", "string") or self.text in (")", "]", "true", "false")


def collect(source: Source, file: tree.File) -> list[Piece]:
    """All pieces, the end of the file as the last."""
    trivia = scan(source)
    driver = Driver(load(), Context(source, {}))
    symbols, names = load().symbols, frozenset({"NAME", "NUMBER", "STRING"})
    lists, modifiers = _places(file)
    pieces: list[Piece] = []
    for token in Lexer(source, trivia.text).run():
        kind = symbols[driver.kind(driver.states[-1], token)]
        driver.feed(token)
        role = kind.lower() if kind in names else "keyword" if token.text[:1].isalpha() else ""
        previous = pieces[-1] if pieces else None
        if not role:
            role = _mark_role(token.text, token.start, previous, lists, modifiers)
        pieces.append(Piece(token.text, role, token.start, token.end, False))
    _attach(trivia.text, trivia.comments, pieces)
    return pieces


def _mark_role(
    text: str, start: int, previous: Piece | None, lists: set[int], modifiers: set[int]
) -> str:
    operand = previous is not None and previous.is_operand
    match text:
        case "-" | "!":
            return "operator" if operand else "unary"
        case "@" if start in modifiers:
            return "modifier"
        case "(":
            called = previous is not None and previous.text in _CALLED_WORDS
            return "call" if operand or called else ""
        case "[":
            return "index" if operand and start not in lists else "list"
        case "||" | "&&" | "^" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "*" | "/" | "%":
            return "operator"
        case "@" | "**" | "->" | "~" | "=":
            return "operator"
    return ""


def _places(file: tree.File) -> tuple[set[int], set[int]]:
    """Where lists begin, and where the `@` of modifiers stand."""
    lists: set[int] = set()
    modifiers: set[int] = set()
    for node in nodes(file):
        if isinstance(node, tree.ListExpr):
            lists.add(node.span.start)
        elif isinstance(node, tree.Modifier):
            modifiers.add(node.span.end - 1)
    return lists, modifiers


def nodes(root: Any) -> Iterator[Any]:
    """Every node below and at `root`, in no particular order, without recursion."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
        elif is_dataclass(node) and not isinstance(node, Source):
            yield node
            stack.extend(getattr(node, f.name) for f in fields(node) if f.name != "span")


def _attach(text: str, comments: tuple[tree.Comment, ...], pieces: list[Piece]) -> None:
    """Give every comment to the piece it follows on a line, else to the piece after it."""
    starts = [p.start for p in pieces]
    by_piece: dict[int, list[tree.Comment]] = {}
    for comment in comments:
        by_piece.setdefault(bisect_left(starts, comment.span.end), []).append(comment)
    for k, piece in enumerate(pieces):
        end = pieces[k - 1].end if k else 0
        same_line = k > 0
        first = True
        for comment in by_piece.get(k, ()):
            gap = text[end : comment.span.start]
            broken = "\n" in text[comment.span.end : piece.start] or not piece.text
            if "\n" in gap:
                same_line = False
            inline = not broken and "\n" not in comment.text
            remark = Remark(_clean(comment.text), gap.count("\n") > 1, inline)
            if same_line and broken and pieces[k - 1].text:
                pieces[k - 1].after.append(remark)
            else:
                if first:
                    piece.blank = remark.blank
                    remark.blank = False
                    first = False
                piece.before.append(remark)
            end = comment.span.end
            same_line = same_line and "\n" not in comment.text
        blank = text[end : piece.start].count("\n") > 1
        if piece.before and blank:
            piece.before.append(Remark("", True, False))
        elif not piece.before:
            piece.blank = blank


def _clean(comment: str) -> str:
    if comment.startswith("//"):
        return comment.rstrip()
    return comment.replace("\r\n", "\n").replace("\r", "\n")
