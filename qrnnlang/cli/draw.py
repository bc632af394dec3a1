"""`qrnnc draw`: a picture of the cell."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from .arguments import add_output, add_source
from .errors import OK, wrong_usage
from .output import deliver
from .streams import show
from .values import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    add_output(parser, "OUT", "a file .svg, .png or .txt; default: text on standard output")


def run(args: argparse.Namespace) -> int:
    from ..sema import load_program
    from ..targets import draw

    suffix = ".txt" if args.output in (None, "-") else Path(args.output).suffix.lower()
    if suffix not in (".svg", ".png", ".txt"):
        raise wrong_usage(f"cannot draw into `{args.output}`: expected a file .svg, .png or .txt")
    program = load_program(args.file, args.entry, settings(args.set))
    show(program.warnings)
    data: str | bytes
    match suffix:
        case ".svg":
            data = draw.svg(program.model)
        case ".png":
            data = draw.png(program.model)
        case _:
            terminal = args.output is None and sys.stdout.isatty()
            width = shutil.get_terminal_size((100, 24)).columns if terminal else 100
            data = draw.text(program.model, width)
    deliver(data, args.output)
    return OK
