"""What to say about a token that cannot stand where it does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..diagnostics.errors import Diagnostic, Label
from ..diagnostics.source import Source, Span
from .tokens import Token
from .words import RESERVED

_OPERATORS = frozenset(
    [
        "||",
        "&&",
        "^",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "@",
        "**",
        "..",
        ".",
        "(",
        "[",
    ]
)
_STATEMENT = "a statement"
_ITEM = "an item (`import`, `const`, `def`, `extern def`, `gate`, `cell` or `model`)"


@dataclass(frozen=True)
class Situation:
    """A refused token: `tokens[position]` in the statement that begins at `begin`, in a list of
    `kind` (items, statements or assignments), where `expected` could have stood; the parser was in
    `states`, bottom first."""

    source: Source
    tokens: list[Token]
    begin: int
    position: int
    kind: str
    expected: frozenset[str]
    states: tuple[int, ...]
    missing: str = ""

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    @property
    def previous(self) -> Token:
        return self.tokens[max(self.position - 1, 0)]

    @property
    def opener(self) -> Token:
        return self.tokens[self.begin]

    @property
    def at_start(self) -> bool:
        return self.begin == self.position

    @property
    def line(self) -> list[str]:
        """The texts of the statement's tokens up to the refused one."""
        return [t.text for t in self.tokens[self.begin : self.position]]

    def following(self, k: int = 1) -> str:
        place = self.position + k
        return self.tokens[place].text if place < len(self.tokens) else ""

    def span(self, token: Token | None = None) -> Span:
        token = token or self.token
        return Span(self.source, token.start, token.end)

    def same_line(self) -> bool:
        return "\n" not in self.source.text[self.previous.end : self.token.start]


def explain(s: Situation) -> Diagnostic:
    """The diagnostic for a situation: the first special case that fits, else what was expected."""
    from .hints import HINTS

    if s.missing:
        return missing_semicolon(s)
    for hint in HINTS:
        if diagnostic := hint(s):
            return diagnostic
    return in_words_of_state(s)


def missing_semicolon(s: Situation) -> Diagnostic:
    """Placed right after the last token of the statement, where the `;` belongs."""
    end = s.previous.end
    return Diagnostic(
        "E0108",
        "missing `;`",
        Span(s.source, end, end),
        label="expected `;` here",
        help="end the statement with `;`",
    )


def unexpected(s: Situation, code: str = "E0111", help: str = "") -> Diagnostic:
    """The general case: what was expected, and what is there instead."""
    wanted, found = expectation(s), describe(s, s.token)
    message = f"expected {wanted}, found {found}" if wanted else f"unexpected {found}"
    labels: tuple[Label, ...] = ()
    if s.opener.text.isidentifier() and not s.at_start:
        first_line = s.source.position(s.opener.start)[0]
        if first_line != s.source.position(s.token.start)[0]:
            labels = (Label(s.span(s.opener), "in the statement that begins here"),)
    return Diagnostic(
        code,
        message,
        s.span(),
        label=f"expected {wanted}" if wanted else "not expected here",
        labels=labels,
        help=help,
    )


def in_words_of_state(s: Situation) -> Diagnostic:
    """The general case, with what the state of the parser is about; the texts are read only now."""
    from .states import going_on

    plain = unexpected(s)
    place, part = going_on(list(s.states))
    return replace(plain, label=place, notes=(part,) if part else ())


def describe(s: Situation, token: Token) -> str:
    if token.start >= len(s.source.text) or token.kind == 0:
        return "the end of the file"
    if token.text in RESERVED:
        return f"the reserved word `{token.text}`"
    if token.text.startswith('"'):
        return f"the string `{token.text}`"
    return f"`{token.text}`"


def expectation(s: Situation) -> str:
    """What could have stood there, as a reader would say it."""
    expected = set(s.expected)
    parts: list[str] = []
    if {"cell", "import"} <= expected:
        parts.append(_ITEM)
        expected.clear()
    elif {"let", "carry"} <= expected:
        parts.append(_STATEMENT)
        expected &= {"}", "else"}
    elif "NUMBER" in expected and "NAME" in expected:
        parts.append("an expression")
        expected &= {")", "]"}
    elif {"NAME", "["} <= expected and "+" not in expected:
        parts.append("an operand")
        expected &= {";", "(", "@"} if "(" in expected else {";"}
    elif "NAME" in expected and "input" in expected:
        parts.append("`key = value;`")
        expected &= {"}"}
    elif "NAME" in expected:
        parts.append("a name")
        expected -= {"NAME", "seq"}
    if "NUMBER" in expected:
        parts.append("a number")
    if "STRING" in expected:
        parts.append("a string")
    expected -= {"NUMBER", "STRING", "NAME"}
    if expected - _OPERATORS:
        expected -= _OPERATORS
    if expected & {",", ")", "]"}:
        expected -= {"for"}
    if len(expected) > 6:
        expected &= {";", ",", ")", "]", "}", "{"}
    order = {text: k for k, text in enumerate([";", ",", ")", "]", "}", "{", "=", ":"])}
    for text in sorted(expected, key=lambda t: (order.get(t, 99), t)):
        parts.append("the end of the file" if text == "$END" else f"`{text}`")
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " or " + parts[-1]
