"""Comments: blanked out before lexing, kept for the formatter, read as documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Source, Span
from .tree import Comment

# A string may hold the marks of a comment, so strings are stepped over; one that does not end on
# its line is left to the lexer.
_START = re.compile(r'"[^"\r\n]*"?|//[^\r\n]*|/\*')
_BLOCK = re.compile(r"/\*|\*/")
_NOT_BREAK = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Trivia:
    """`text` has blanks for comments, offsets unchanged; `docs` maps an offset to the
    documentation that ends before it."""

    text: str
    comments: tuple[Comment, ...]
    docs: dict[int, str]
    errors: tuple[Diagnostic, ...]


def scan(source: Source) -> Trivia:
    """Find the comments of a source."""
    text = source.text
    comments: list[Comment] = []
    errors: list[Diagnostic] = []
    pieces: list[str] = []
    done = position = 0
    while found := _START.search(text, position):
        start, position = found.span()
        if found[0].startswith('"'):
            continue
        if found[0] == "/*":
            closed, position, inner = _block_end(text, position)
            if not closed:
                errors.append(_unterminated(Span(source, start, start + 2), inner))
        comments.append(Comment(Span(source, start, position), text[start:position]))
        pieces += [text[done:start], _NOT_BREAK.sub(" ", text[start:position])]
        done = position
    pieces.append(text[done:])
    blanked = "".join(pieces)
    return Trivia(blanked, tuple(comments), _docs(blanked, comments), tuple(errors))


def _block_end(text: str, position: int) -> tuple[bool, int, bool]:
    """Where the block comment whose `/*` ends at `position` ends, and whether others nest in it."""
    depth, nested = 1, False
    while found := _BLOCK.search(text, position):
        position = found.end()
        depth += 1 if found[0] == "/*" else -1
        nested |= depth > 1
        if depth == 0:
            return True, position, nested
    return False, len(text), nested


def _unterminated(span: Span, nested: bool) -> Diagnostic:
    notes = ("block comments nest: every `/*` inside needs its own `*/`",) if nested else ()
    return Diagnostic(
        "E0105",
        "block comment without an end",
        span,
        label="this comment is never closed",
        notes=notes,
        help="close the comment with `*/`",
    )


def is_doc(comment: Comment) -> bool:
    """Whether a comment documents the next declaration: `///`, but not a ruler of slashes."""
    return comment.text.startswith("///") and not comment.text.startswith("////")


def _docs(blanked: str, comments: list[Comment]) -> dict[int, str]:
    docs: dict[int, list[str]] = {}
    following = re.compile(r"\S")
    for comment in comments:
        if not is_doc(comment):
            continue
        found = following.search(blanked, comment.span.end)
        if found:
            line = comment.text[3:].rstrip()
            docs.setdefault(found.start(), []).append(line.removeprefix(" "))
    return {offset: "\n".join(lines) for offset, lines in docs.items()}
