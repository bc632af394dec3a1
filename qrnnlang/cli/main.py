"""`qrnnc`: the verbs and their dispatch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from .errors import OK, WRONG_USAGE, wrong_usage
from .guard import guarded
from .streams import prepare

#: A verb's module has `add_arguments(parser)` and `run(args) -> exit code`.
VERBS = {
    "check": "report everything that is wrong in sources",
    "fmt": "bring sources into the canonical layout",
    "compile": "write a circuit, or what the compiler makes on the way to it",
    "info": "count parameters, qubits, depth, gates and circuits; show the plan",
    "draw": "draw the cell as SVG, PNG or text, carried wires looped back",
    "run": "run a model on inputs",
    "train": "train a model by its data and train blocks",
    "sweep": "train at every point of a grid, by many seeds",
    "gallery": "train the examples by their seeds, beside what was published",
    "compare": "show finished runs side by side",
    "predict": "apply a trained model to data",
    "analyze": "measure gradients, trainability, representation and cost of a model",
    "compare-models": "train models of as many parameters against each other",
    "report": "write one HTML file about a run or a model",
    "explain": "explain the code of a diagnostic",
    "new": "make a project to start from",
    "doctor": "show versions and optional parts",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code (0 ok, 1 wrong input, 2 wrong usage, 3 failed, 70 bug)."""
    given = list(sys.argv[1:] if argv is None else argv)
    prepare()

    def run() -> int:
        args = _parser(given).parse_args(given)
        if args.verb is None:
            _parser(given).print_help(sys.stderr)
            return WRONG_USAGE
        _refuse_no_names(args)
        code: int = import_module(module(args.verb), __package__).run(args)
        return code

    try:
        return guarded(run, given)
    except SystemExit as stop:  # argparse: help, version, wrong usage
        return stop.code if isinstance(stop.code, int) else OK


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the verb that is asked for gets its arguments, which keeps it fast."""
    parser = argparse.ArgumentParser(
        prog="qrnnc", description="The qrnn language: quantum recurrent neural networks."
    )
    parser.add_argument("--version", action="version", version=f"qrnnc {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, text in VERBS.items():
        sub = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name in given:
            import_module(module(name), __package__).add_arguments(sub)
    return parser


def _refuse_no_names(args: argparse.Namespace) -> None:
    """CliError for an argument that is empty, as of a variable that is not set, or holds a NUL."""
    for name, given in vars(args).items():
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, str) and (not value or "\0" in value):
                raise wrong_usage(f"`{name}` is {value!r}: give a name, or leave it away")


def module(verb: str) -> str:
    return f".{verb.replace('-', '_')}"
