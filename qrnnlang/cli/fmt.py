"""`qrnnc fmt`: the canonical layout, in place or from standard input to standard output."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from ..diagnostics import CompileError, DataError, Source
from .errors import OK, WRONG_INPUT, wrong_usage
from .output import write_atomically
from .streams import fail, say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="`-` is standard input")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a change")
    parser.add_argument("--diff", action="store_true", help="write nothing; show the changes")


def run(args: argparse.Namespace) -> int:
    if "-" in args.files and len(args.files) > 1:
        raise wrong_usage("`-` stands alone: standard input is one source")
    code = OK
    for name in args.files:
        try:
            changed = _one(name, args.check, args.diff)
        except CompileError as error:
            show(error.diagnostics)
            code = WRONG_INPUT
        except DataError as error:
            fail(str(error))
            code = WRONG_INPUT
        else:
            if changed and args.check:
                code = WRONG_INPUT
    return code


def _one(name: str, check: bool, diff: bool) -> bool:
    """Format one source; whether that changes it."""
    from ..syntax.format import format_source

    source = _read(name)
    text = format_source(source)
    changed = text != source.text
    if diff:
        sys.stdout.write(_diff(source, text))
    if check:
        if changed:
            say(f"would reformat {source.name}")
    elif not diff:
        if name == "-":
            sys.stdout.write(text)
        elif changed:
            write_atomically(Path(name), text.encode())
    return changed


def _read(name: str) -> Source:
    from ..sema import read_source

    if name != "-":
        return read_source(name)
    try:
        return Source("<stdin>", sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"<stdin>: not UTF-8 text (byte {error.start})") from None


def _diff(source: Source, text: str) -> str:
    lines = difflib.unified_diff(
        source.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        source.name,
        f"{source.name} (formatted)",
    )
    ended = (s if s.endswith("\n") else f"{s}\n\\ No newline at end of file\n" for s in lines)
    return "".join(ended)
