"""`qrnnc explain`: the page of a code."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from .errors import OK, wrong_input

_PACKAGE = Path(__file__).resolve().parent.parent
#: In a wheel the pages lie in the package, in a checkout beside it.
_FOLDERS = (_PACKAGE / "docs" / "errors", _PACKAGE.parent / "docs" / "errors")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="for instance E0301")


def run(args: argparse.Namespace) -> int:
    code = args.code.upper()
    if not re.fullmatch(r"[EW]\d{4}", code):
        raise wrong_input(f"`{args.code}` is not a code; codes look like E0301 or W0201")
    pages = available()
    if code not in pages:
        family = [c for c in pages if c[:3] == code[:3]]
        known = f"; codes near it: {', '.join(family)}" if family else ""
        raise wrong_input(f"there is no code {code}{known}")
    page = pages[code].read_text(encoding="utf-8")
    sys.stdout.write(re.sub(r"^```qrnn .*$", "```", page, flags=re.MULTILINE))
    return OK


def available() -> dict[str, Path]:
    """The pages, by code, in order."""
    folder = next((f for f in _FOLDERS if f.is_dir()), None)
    found = folder.glob("[EW][0-9][0-9][0-9][0-9].md") if folder is not None else ()
    return {path.stem: path for path in sorted(found)}
