"""Standard output for results, standard error for everything said about them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from ..diagnostics import Diagnostic


def prepare() -> None:
    """Results are UTF-8 with plain line breaks on every system; no character stops a message.

    A stream that the caller closed (`>&-`) is None; what goes to it is dropped. Without that,
    `print` would send messages for a closed standard error to standard output.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")


def colored(stream: TextIO) -> bool:
    """Color on terminals, unless `NO_COLOR` is set to anything or the terminal cannot."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def say(text: str) -> None:
    """One message on standard error."""
    print(text, file=sys.stderr)


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics on standard error, each followed by an empty line."""
    from ..diagnostics.render import render

    color = colored(sys.stderr)
    for diagnostic in diagnostics:
        print(render(diagnostic, color), file=sys.stderr)


def fail(message: str) -> None:
    """A message that has no place in a source."""
    from ..diagnostics.cells import clean

    head = "\x1b[1;31merror\x1b[0m" if colored(sys.stderr) else "error"
    say(f"{head}: {clean(message)}")
