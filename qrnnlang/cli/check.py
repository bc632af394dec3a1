"""`qrnnc check`: every diagnostic of some files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from ..diagnostics import DataError, Diagnostic
from .errors import OK, WRONG_INPUT
from .streams import fail, say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument(
        "--message-format",
        choices=("text", "json"),
        default="text",
        help="json: one object a line on standard output",
    )


def run(args: argparse.Namespace) -> int:
    from ..sema import check_path

    found: dict[tuple[str, str, int, int, str], Diagnostic] = {}  # an imported file is met twice
    unreadable = False
    for name in args.files:
        try:
            diagnostics = check_path(name)
        except DataError as error:
            fail(str(error))
            unreadable = True
            continue
        for d in diagnostics:
            found.setdefault((d.file, d.code, d.span.start, d.span.end, d.message), d)
    _report(list(found.values()), args.message_format)
    wrong = unreadable or any(d.severity == "error" for d in found.values())
    return WRONG_INPUT if wrong else OK


def _report(diagnostics: list[Diagnostic], message_format: str) -> None:
    if message_format == "json":
        from ..diagnostics.render import render_json

        sys.stdout.writelines(render_json(d) + "\n" for d in diagnostics)
        return
    show(diagnostics)
    if diagnostics:
        say(_count(diagnostics))


def _count(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    counts = {"error": 0, "warning": 0}
    for d in diagnostics:
        counts[d.severity] += 1
    return ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in counts.items() if n)
