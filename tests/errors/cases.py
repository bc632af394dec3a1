"""The golden cases, and how a source is judged.

`tests/errors/TOPIC/CASE.qrnn` is wrong, `CASE.expected` what is said of it, `CASE.ok.qrnn` its right
twin. Folders within a topic hold what the cases import. Programs in `entry` are loaded as a model is,
which needs an entry; all others are checked.
"""

from __future__ import annotations

import os
from pathlib import Path

from qrnnlang.diagnostics import CompileError, Diagnostic
from qrnnlang.sema import check_path, load_program

ROOT = Path(__file__).parent
ACCEPT = bool(os.environ.get("QRNNLANG_ACCEPT"))
CASES = sorted(
    str(path.relative_to(ROOT).with_suffix(""))
    for path in ROOT.glob("*/*.qrnn")
    if not path.name.endswith(".ok.qrnn")
)


def diagnostics(name: str, *, load: bool = False) -> tuple[Diagnostic, ...]:
    """Everything that is said of a file, by its name relative to the current folder."""
    found = check_path(name)
    if not load or any(d.severity == "error" for d in found):
        return found
    try:
        return load_program(name).warnings
    except CompileError as error:
        return error.diagnostics


def of_case(name: str) -> tuple[Diagnostic, ...]:
    return diagnostics(name, load=name.startswith("entry"))
