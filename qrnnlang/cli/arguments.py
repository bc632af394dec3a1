"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runtime.executor import Executor


def add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--entry", metavar="NAME", help="the cell or model, if there are several")
    parser.add_argument(
        "--set",
        metavar="k=v",
        action="append",
        default=[],
        help="a hyperparameter; may be repeated",
    )


def add_executor(parser: argparse.ArgumentParser) -> None:
    """Where many tasks, or the jobs of a simulator, are carried out."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", metavar="N", type=positive, help="processes on this machine, a thread each"
    )
    where.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, tcp://HOST:PORT")


def executor_of(args: argparse.Namespace) -> AbstractContextManager[Executor | None]:
    """What `--workers` and `--cluster` say; None is this process, with what it has."""
    from ..runtime.executor import connect

    if args.workers is None and args.cluster is None:
        return nullcontext()
    return connect(args.workers, args.cluster)


def add_output(parser: argparse.ArgumentParser, metavar: str, text: str) -> None:
    parser.add_argument("-o", "--output", metavar=metavar, help=text)


def positive(text: str) -> int:
    """A whole number from 1, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 1{' to 2147483647' if number > 0 else ''}, not {text!r}"
        )
    return number


def seconds(text: str) -> float:
    """A number from 0, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number from 0, not {text!r}")
    return number


def seed(text: str) -> int:
    """A whole number from 0, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, not {text!r}")
    return number


def scales(text: str) -> tuple[int, ...]:
    """Scales of noise, `1,3,5`, for argparse."""
    from ..runtime.shots.folding import checked_scales

    try:
        return checked_scales([int(part) for part in text.split(",")])
    except ValueError:
        raise argparse.ArgumentTypeError(
            "expected two or more different odd numbers with 1 among them, such as 1,3, not "
            f"{text!r}"
        ) from None
