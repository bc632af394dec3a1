"""Text to tokens. What cannot be a token is reported and replaced, so that the parser goes on."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Source, Span
from .table import Table, load, token_pattern
from .words import MAX_ERRORS, TooMany

_SPACE = re.compile(r"[ \t\r\n\f\ufeff]+")
_BAD_NUMBER = re.compile(r"(?:\.?[0-9](?:[A-Za-z0-9_]|\.(?!\.)|(?<=[eE])[+-](?=[0-9]))*)")
_TEXT = re.compile(r"""(?P<quote>["'“”‘’])[^"'“”‘’\r\n]*["'“”‘’]?""")
_UNKNOWN = re.compile(r"""[^\sA-Za-z0-9_"'“”‘’!%&()*+,\-./:;<=>@\[\]^{|}~]+""")
_CLEAN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")

_LOOKALIKES = {
    "π": ("pi", "NAME"),
    "τ": ("tau", "NAME"),
    "−": ("-", "-"),
    "–": ("-", "-"),
    "×": ("*", "*"),
    "·": ("*", "*"),
    "÷": ("/", "/"),
    "≤": ("<=", "<="),
    "≥": (">=", ">="),
    "≠": ("!=", "!="),
    "…": ("..", ".."),
    "→": ("->", "->"),
    "&": ("&&", "&&"),
    "|": ("||", "||"),
}


class Token(NamedTuple):
    """`kind` is a terminal number; for a word that may be a keyword, the number of that keyword."""

    kind: int
    text: str
    start: int
    end: int


class Lexer:
    """One pass over a blanked text. `errors` are in order of place."""

    def __init__(self, source: Source, text: str):
        self.source = source
        self.text = text
        self.table: Table = load()
        self.tokens: list[Token] = []
        self.errors: list[Diagnostic] = []
        self.mended: list[Diagnostic] = []  # those after which the tokens are what was meant

    def run(self) -> list[Token]:
        """All tokens, the end of the file as the last."""
        text, tokens, number = self.text, self.tokens, self.table.number
        words, match, space = self.table.words, token_pattern().match, _SPACE.match
        name, numeral = number["NAME"], number["NUMBER"]
        position, end = 0, len(text)
        while position < end:
            if blank := space(text, position):
                position = blank.end()
                continue
            found = match(text, position)
            if found is None:
                position = self.unexpected(position)
                if len(self.errors) > MAX_ERRORS:
                    raise TooMany(self.errors)
                continue
            kind, word, stop = found.lastgroup, found[0], found.end()
            if kind in ("NAME", "WORD"):
                tokens.append(Token(words.get(word, name), word, position, stop))
            elif kind == "NUMBER":
                if stop < end and (text[stop].isalnum() or text[stop] in "_."):
                    stop = self.number(position, stop)
                else:
                    tokens.append(Token(numeral, word, position, stop))
            elif word == "." and text[stop : stop + 1].isdigit():
                stop = self.number(position, stop)
            else:
                tokens.append(
                    Token(number["STRING" if kind == "STRING" else word], word, position, stop)
                )
            position = stop
        tokens.append(Token(0, "", end, end))
        return tokens

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def number(self, position: int, stop: int) -> int:
        """A number that something follows at once: fine before a range, else a mistake."""
        numeral = self.table.number["NUMBER"]
        rest = self.text[stop : stop + 2]
        if self.text[position] != "." and rest == "..":
            self.tokens.append(Token(numeral, self.text[position:stop], position, stop))
            return stop
        found = _BAD_NUMBER.match(self.text, position)
        end = found.end() if found else stop
        if end == stop and self.text[position] != ".":
            self.tokens.append(Token(numeral, self.text[position:stop], position, stop))
            return stop
        written = self.text[position:end]
        self.errors.append(_bad_number(written, self.span(position, end)))
        self.tokens.append(Token(numeral, "1", position, end))
        return end

    def unexpected(self, position: int) -> int:
        """Report what no token starts with; the offset to go on at."""
        text, number = self.text, self.table.number
        if found := _TEXT.match(text, position):
            stop = found.end()
            self.errors.append(self.bad_text(position, stop, found["quote"]))
            if self.errors[-1].code == "E0103":
                self.mended.append(self.errors[-1])
            self.tokens.append(Token(number["STRING"], f'"{found[0][1:-1]}"', position, stop))
            return stop
        character = text[position]
        if known := _LOOKALIKES.get(character):
            word, kind = known
            self.tokens.append(Token(number[kind], word, position, position + 1))
            stop, suggestion = position + 1, f"write `{word}`"
        else:
            more = _UNKNOWN.match(text, position)
            stop = position + 1
            if more:
                stop = more.end()
            suggestion = _advice(text[position:stop])
            if character == "#" and self.opens_comment(position):
                return self.comment(position)
        shown = text[position:stop]
        plural = "s" if stop - position > 1 else ""
        name = f"`{shown}`" if shown.isprintable() else f"U+{ord(shown[0]):04X}"
        self.errors.append(
            Diagnostic(
                "E0103",
                f"unexpected character{plural} {name}",
                self.span(position, stop),
                label="not part of the language",
                help=suggestion,
            )
        )
        if known:
            self.mended.append(self.errors[-1])
        return stop

    def opens_comment(self, start: int) -> bool:
        """Whether what follows a `#` is no part of a statement."""
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start].rstrip()
        rest = self.text[start:].partition("\n")[0]
        return not line or line[-1] in ";{}" or ";" not in rest

    def comment(self, start: int) -> int:
        """A comment as Python writes it: the rest of the line."""
        end = self.text.find("\n", start)
        self.errors.append(
            Diagnostic(
                "E0103",
                "unexpected character `#`",
                self.span(start, start + 1),
                label="not part of the language",
                help="comments begin with `//`",
            )
        )
        self.mended.append(self.errors[-1])
        return len(self.text) if end < 0 else end

    def bad_text(self, start: int, end: int, quote: str) -> Diagnostic:
        span = self.span(start, end)
        written = self.text[start:end]
        closed = end - start > 1 and written[-1] in "\"'“”‘’"
        if quote == '"' or not closed:
            return Diagnostic(
                "E0104",
                "string without an end",
                self.span(start, start + 1),
                label="this string is not closed on its line",
                help='close the string with `"`; a string stays on one line',
            )
        return Diagnostic(
            "E0103",
            f"unexpected character `{quote}`",
            span,
            label="a string stands in double quotes",
            help=f'write `"{written[1:-1]}"`',
        )


def _advice(shown: str) -> str:
    if shown.startswith("?"):
        return "there is no conditional expression; use `if (…) { … } else { … }`"
    if any(c.isalpha() for c in shown):
        return "names are made of the letters `A-Z` and `a-z`, digits and `_`"
    return ""


def _bad_number(written: str, span: Span) -> Diagnostic:
    message, label, suggestion = f"`{written}` is not a number", "not a number", ""
    if written.startswith("."):
        message, label = (
            f"`{written}` has no digit before the point",
            "a digit is missing before the point",
        )
        suggestion = f"write `0{written}`" if _CLEAN_NUMBER.fullmatch("0" + written) else ""
    elif written.endswith(".") and _CLEAN_NUMBER.fullmatch(written + "0"):
        message, label = (
            f"`{written}` has no digit after the point",
            "a digit is missing after the point",
        )
        suggestion = f"write `{written}0`"
    elif re.fullmatch(r"[0-9]+\.[eE][+-]?[0-9]+", written):
        message, label = (
            f"`{written}` has no digit after the point",
            "a digit is missing after the point",
        )
        suggestion = "write `" + written.replace(".", ".0") + "`"
    elif "_" in written and re.fullmatch(r"[0-9_]+(\.[0-9_]+)?", written):
        suggestion = "a `_` stands between two digits"
        label = "a `_` is not between two digits"
    elif re.fullmatch(r"0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+", written):
        suggestion = f"numbers are decimal: write `{int(written, 0)}`"
    elif re.fullmatch(r"[0-9.]+[eE]", written):
        label, suggestion = "the exponent has no digits", f"write `{written}0` or another exponent"
    elif mixed := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z_][A-Za-z0-9_]*)", written):
        label = "a number is directly followed by a name"
        suggestion = (
            f"for a product write `{mixed[1]} * {mixed[2]}`; a name starts with a letter or `_`"
        )
    return Diagnostic("E0106", message, span, label=label, help=suggestion)
