"""The version line, `qrnn 1.0;`, which every file starts with."""

from __future__ import annotations

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Source, Span
from .table import load
from .tokens import Token

VERSION = "1.0"


def check_version(
    source: Source, tokens: list[Token], errors: list[Diagnostic]
) -> tuple[list[Token], bool]:
    """Report a missing or foreign version line. The tokens with a version line in any case, and
    whether it is no use to read on."""
    number = load().number
    first = tokens[0]
    span = Span(source, first.start, first.end)

    def supplied(rest: int) -> list[Token]:
        place = first.start
        line = (("qrnn", "qrnn"), ("NUMBER", VERSION), (";", ";"))
        return [*(Token(number[k], t, place, place) for k, t in line), *tokens[rest:]]

    if first.text != "qrnn":
        foreign = first.text.upper() == "OPENQASM"
        errors.append(
            Diagnostic(
                "E0101",
                "the file does not start with its version",
                span,
                label="expected `qrnn 1.0;` before this" if first.kind else "expected `qrnn 1.0;`",
                notes=("this is an OpenQASM version line",) if foreign else (),
                help=f"start the file with `qrnn {VERSION};`",
            )
        )
        end = next((k for k, t in enumerate(tokens) if t.text == ";" or t.kind == 0), 0)
        return supplied(end + 1 if foreign and tokens[end].kind else 0), False
    second = tokens[1]
    if second.kind != number["NUMBER"]:
        # `qrnn;` and the like: the word is there, its number is not.
        errors.append(
            Diagnostic(
                "E0101",
                "the version line has no number",
                Span(source, second.start, second.end),
                label="expected a version number",
                help=f"write `qrnn {VERSION};`",
            )
        )
        return supplied(2 if second.text == ";" else 1), False
    if second.text != VERSION and not any(e.span.start == second.start for e in errors):
        errors.append(
            Diagnostic(
                "E0102",
                f"version {second.text} of the language is not known",
                Span(source, second.start, second.end),
                label=f"this compiler knows version {VERSION}",
                help=f"write `qrnn {VERSION};`",
            )
        )
        return tokens, True
    return tokens, False
