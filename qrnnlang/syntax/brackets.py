"""Brackets are balanced before parsing, so that recovery can step over whole blocks.

Braces never stand inside parentheses or brackets, and neither does `;`: so an unclosed `(` is
found at the end of its own statement. A missing or surplus `}` is placed by indentation.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..diagnostics.errors import Diagnostic, Label
from ..diagnostics.source import Source, Span
from .limits import MAX_DEPTH, TooDeep
from .table import Table
from .tokens import Token
from .words import ITEM_WORDS, MAX_ERRORS, RESERVED, STATEMENT_WORDS, TooMany

_CLOSER = {"(": ")", "[": "]", "{": "}"}
_OPENER = {close: opener for opener, close in _CLOSER.items()}
_WORDS = ITEM_WORDS | STATEMENT_WORDS - RESERVED


@dataclass
class Balanced:
    """`tokens` with every bracket matched; inserted tokens are empty. `errors` in order found."""

    tokens: list[Token]
    errors: list[Diagnostic]


def balance(table: Table, source: Source, tokens: list[Token]) -> Balanced:
    """Match the brackets; raises TooDeep when they nest deeper than MAX_DEPTH."""
    plain = _Balancer(table, source)
    plain.run(tokens)
    if not plain.braces_wrong:
        return Balanced(plain.out, plain.errors)
    guided = _Balancer(table, source, by_indentation=True)
    guided.run(tokens)
    return Balanced(guided.out, guided.errors)


class _Balancer:
    def __init__(self, table: Table, source: Source, by_indentation: bool = False):
        self.table = table
        self.source = source
        self.by_indentation = by_indentation
        self.out: list[Token] = []
        self.open: list[Token] = []
        self.errors: list[Diagnostic] = []
        self.braces_wrong = False

    def run(self, tokens: list[Token]) -> None:
        for token, following in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
            if len(self.errors) > MAX_ERRORS:
                raise TooMany(self.errors)
            if token.text in _CLOSER:
                self.opener(token)
            elif token.text in _OPENER:
                self.closer(token)
            else:
                self.other(token, following.text)
                self.out.append(token)

    def opener(self, token: Token) -> None:
        if token.text == "{":
            self.close_inner(token)
        self.open.append(token)
        if len(self.open) > MAX_DEPTH:
            raise TooDeep(self.span(token))
        self.out.append(token)

    def other(self, token: Token, following: str) -> None:
        """A token that is no bracket, but may show that what is open should have ended."""
        if not self.open:
            return
        if token.text == ";":
            self.close_inner(token)
        elif token.kind == 0:
            self.close_all(token)
        elif token.text not in _WORDS or not (self.by_indentation or self.open[-1].text != "{"):
            return
        elif self.first_on_line(token):
            if self.by_indentation and token.text in ITEM_WORDS and self.column(token) == 1:
                self.close_all(token)
            elif (
                self.open[-1].text != "{"
                and following[:1].isidentifier()
                and following not in RESERVED
            ):
                # Two words in a row never stand in brackets: a new statement begins here.
                self.close_inner(token)

    def close_all(self, at: Token) -> None:
        while self.open:
            self.unclosed(self.open[-1], at)

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)

    def column(self, token: Token) -> int:
        return self.source.position(token.start)[1]

    def indentation(self, token: Token) -> int:
        """The number of blanks that the line of a token starts with."""
        line = self.source.line(self.source.position(token.start)[0])
        return len(line) - len(line.lstrip())

    def first_on_line(self, token: Token) -> bool:
        return self.indentation(token) == self.column(token) - 1

    def close_inner(self, at: Token) -> None:
        """What is open since the last brace ends here at the latest."""
        while self.open and self.open[-1].text != "{":
            self.unclosed(self.open[-1], at)

    def unclosed(self, opener: Token, at: Token) -> None:
        close = _CLOSER[opener.text]
        self.open.pop()
        self.out.append(Token(self.table.number[close], close, at.start, at.start))
        self.braces_wrong |= opener.text == "{"
        labels: tuple[Label, ...] = ()
        if at.kind != 0:
            labels = (Label(self.span(at), f"a `{close}` is missing before this"),)
        self.errors.append(
            Diagnostic(
                "E0109",
                f"unclosed `{opener.text}`",
                self.span(opener),
                label="this is never closed",
                labels=labels,
                help=f"add the missing `{close}`",
            )
        )

    def closer(self, token: Token) -> None:
        opener = _OPENER[token.text]
        if token.text == "}":
            self.close_inner(token)
            if self.by_indentation and self.misplaced(token):
                return
        else:
            since = [t.text for t in self.open]
            if "{" in since:
                since = since[len(since) - since[::-1].index("{") :]
            if since and opener not in since:
                self.mismatch(self.open.pop(), token)
                return
            while since and since.pop() != opener:
                self.unclosed(self.open[-1], token)
        if self.open and self.open[-1].text == opener:
            self.open.pop()
            self.out.append(token)
            return
        self.surplus(token)

    def misplaced(self, token: Token) -> bool:
        """Whether a `}` at the start of its line was surplus, going by its indentation; one that
        closes an outer block first closes the inner ones."""
        if not self.open or not self.first_on_line(token):
            return False
        here = self.indentation(token)
        if here > self.indentation(self.open[-1]):
            self.surplus(token)
            return True
        while len(self.open) > 1 and here < self.indentation(self.open[-1]):
            self.unclosed(self.open[-1], token)
        return False

    def mismatch(self, opener: Token, token: Token) -> None:
        close = _CLOSER[opener.text]
        self.out.append(Token(self.table.number[close], close, token.start, token.end))
        self.errors.append(
            Diagnostic(
                "E0110",
                f"`{token.text}` does not close `{opener.text}`",
                self.span(token),
                label=f"expected `{close}`",
                labels=(Label(self.span(opener), "opened here"),),
                help=f"write `{close}`",
            )
        )

    def surplus(self, token: Token) -> None:
        self.braces_wrong |= token.text == "}"
        self.errors.append(
            Diagnostic(
                "E0110",
                f"`{token.text}` closes nothing",
                self.span(token),
                label=f"there is no open `{_OPENER[token.text]}` here",
                help=f"remove the `{token.text}`, or open a `{_OPENER[token.text]}` before it",
            )
        )
