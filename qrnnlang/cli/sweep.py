"""`qrnnc sweep`: training over a grid of hyperparameters and settings, by many seeds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import add_executor
from .errors import FAILED_RUN, OK, failed_run, values_of_the_user, wrong_usage
from .streams import say, show
from .values import lists

if TYPE_CHECKING:
    from ..runtime.sweep import Row, Sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--entry", metavar="NAME", help="the model, if there are several")
    parser.add_argument(
        "--set",
        metavar="k=v,v,…",
        action="append",
        default=[],
        help="values of a hyperparameter; may be repeated",
    )
    parser.add_argument(
        "--train",
        metavar="k=v,v,…",
        action="append",
        default=[],
        help="values of optimizer, lr, epochs, batch, clip, clip_value or patience",
    )
    parser.add_argument(
        "--seeds", metavar="N", type=_seeds, default=1, help="how many, from 0; or which: 3,5,8"
    )
    parser.add_argument("--data", metavar="D", help="takes the place of the data block's file")
    parser.add_argument(
        *("-o", "--output"),
        metavar="FOLDER",
        help="default: the next free of sweeps/NAME-1, sweeps/NAME-2, …",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the results in FOLDER")
    parser.add_argument("--json", action="store_true", help="everything as JSON, in place of text")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_executor(parser)


def run(args: argparse.Namespace) -> int:
    from ..runtime.executor import ExecutorError, connect
    from ..runtime.load import load
    from ..runtime.progress import Bar
    from ..runtime.sweep import sweep

    hyper, settings = lists(args.set, "--set"), lists(args.train, "--train")
    if args.resume and not args.output:
        raise wrong_usage("`--resume` needs the folder of the sweep: `-o FOLDER`")
    folder = Path(args.output) if args.output else _next_free(Path(args.file).stem)
    if not args.resume and (folder / "results").exists():
        raise wrong_usage(f"{folder} holds a sweep: `--resume` goes on with it")
    first = {name: values[0] for name, values in hyper.items()}
    show(load(args.file, entry=args.entry, set=first).program.warnings)
    count = args.seeds if isinstance(args.seeds, int) else len(args.seeds)
    for values in (*hyper.values(), *settings.values()):
        count *= len(values)
    try:
        with values_of_the_user(), connect(args.workers, args.cluster) as executor:
            bar = Bar(f"sweep on {executor.name}", count, not args.quiet)

            def report(done: int, total: int, row: Row) -> None:
                bar.one(_told(row))

            with bar:
                made = sweep(
                    args.file,
                    hyper,
                    seeds=args.seeds,
                    settings=settings,
                    entry=args.entry,
                    data=args.data,
                    executor=executor,
                    folder=folder,
                    report=report,
                )
    except KeyboardInterrupt:
        say(f"`--resume -o {folder}` goes on")
        raise
    except ExecutorError as error:
        raise failed_run(f"{error}; `--resume -o {folder}` goes on") from error
    if args.json:
        sys.stdout.write(json.dumps(made.as_json(), indent=2) + "\n")
    else:
        sys.stdout.write(f"{made}{_ending(made)}in {folder}: results.csv, summary.json\n")
    return FAILED_RUN if made.failed == len(made.rows) else OK


def _told(row: Row) -> str:
    name = f"{row.point.label} seed={row.seed}".lstrip()
    if row.error is not None:
        return f"{name}  failed"
    part = next((p for p in ("validation", "train") if p in row.metrics), "train")
    return f"{name}  {part}.loss {row.metrics[part]['loss']:.4g}"


def _ending(made: Sweep) -> str:
    """The best run, and how many failed; why the first did goes to standard error."""
    lines = []
    chosen = made.best
    if chosen is not None:
        lines.append(f"best: {chosen.point.label} seed={chosen.seed}".replace(":  ", ": "))
    if made.failed:
        lines.append(f"{made.failed} of {len(made.rows)} runs failed")
        first = next(row for row in made.rows if row.error is not None)
        say(f"{first.point.label} seed={first.seed}: {first.error}".lstrip())
    return "".join(f"{line}\n" for line in lines)


def _next_free(stem: str) -> Path:
    number = 1
    while (folder := Path("sweeps") / f"{stem}-{number}").exists():
        number += 1
    return folder


def _seeds(text: str) -> int | list[int]:
    """`10`, or `3,5,8`."""
    parts = text.split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise argparse.ArgumentTypeError(f"expected a number, or numbers with commas, not {text!r}")
    numbers = [int(part) for part in parts]
    if len(numbers) == 1 and numbers[0] == 0:
        raise argparse.ArgumentTypeError("at least one seed")
    return numbers[0] if len(numbers) == 1 else numbers
