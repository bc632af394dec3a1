"""The cell magic `%%qrnn`."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.display import display

from ..cli.errors import CliError
from ..cli.values import settings
from ..diagnostics import CompileError
from ..runtime.load import Precision, load_parts
from ..runtime.model import Model

#: What an error says of a program that is fine but that nothing was picked from, or whose entry
#: waits for hyperparameters.
_OPEN = frozenset(["E0215", "E0216"])


class _Arguments(argparse.ArgumentParser):
    """Errors are IPython's, not the end of the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%%qrnn: {message}")


def _arguments() -> _Arguments:
    parser = _Arguments(prog="%%qrnn", add_help=False, allow_abbrev=False)
    parser.add_argument("name", help="the name that the model gets")
    parser.add_argument("--entry", metavar="NAME")
    parser.add_argument("--set", metavar="k=v", action="append", default=[])
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="show no picture")
    return parser


@magics_class
class Magic(Magics):  # type: ignore[misc,unused-ignore]
    """`%%qrnn name`: the program below becomes a model of that name."""

    def __init__(self, shell: Any):
        super().__init__(shell)
        #: The cells that were run, as the files that later ones may import.
        self.files: dict[str, str] = {}

    @cell_magic
    def qrnn(self, line: str, cell: str) -> Model | None:
        """%%qrnn NAME [--entry ITEM] [--set k=v]… [--float32] [--quiet]

        Compiles the cell; its model, or its only cell, is bound to NAME and shown. A later cell may
        `import "NAME.qrnn";`. A program of several parts without a model is only kept for that, and
        NAME is its text. What is wrong is told as on the command line.
        """
        try:
            given = _arguments().parse_args(shlex.split(line))
            hyper = settings(given.set)
        except (ValueError, CliError) as error:
            raise UsageError(f"%%qrnn: {error}") from None
        if not given.name.isidentifier():
            raise UsageError(f"%%qrnn: `{given.name}` is no name")
        source = _complete(cell)
        others = {name: text for name, text in self.files.items() if name != f"{given.name}.qrnn"}
        precision: Precision = "float32" if given.float32 else "float64"
        try:
            model = load_parts(source, others, given.entry, hyper, precision, f"{given.name}.qrnn")
        except CompileError as error:
            codes = {d.code for d in error.diagnostics if d.severity == "error"}
            if given.entry is not None or given.set or not codes <= _OPEN:
                raise
            self._bind(given.name, source, source)
            return None
        self._bind(given.name, source, model)
        for warning in model.program.warnings:
            display(warning)
        return None if given.quiet else model

    def _bind(self, name: str, source: str, value: Any) -> None:
        self.files[f"{name}.qrnn"] = source
        self.shell.user_ns[name] = value


def _complete(cell: str) -> str:
    """With the line that every file starts with, which a notebook may leave out.

    It goes in front of the first line, so that lines keep their numbers.
    """
    return cell if "qrnn 1.0" in cell else f"qrnn 1.0; {cell}"
