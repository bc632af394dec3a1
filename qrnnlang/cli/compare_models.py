"""`qrnnc compare-models`: models against each other, fairly."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .analyze import text_of
from .arguments import add_output, positive
from .errors import OK, values_of_the_user, wrong_usage
from .output import deliver, write_atomically
from .streams import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="parameters match the first's")
    parser.add_argument("--data", metavar="D", help="takes the place of the data blocks' file")
    parser.add_argument("--seeds", metavar="N", type=positive, default=10)
    parser.add_argument("--epochs", metavar="N", type=positive, default=100)
    parser.add_argument("--batch", metavar="N", type=positive)
    parser.add_argument(
        *("--rates",), metavar="R,R,…", type=_rates, help="learning rates, the same for each model"
    )
    parser.add_argument(
        *("--size",),
        metavar="MODEL=NAME",
        action="append",
        default=[],
        help="the hyperparameter that sets a model's size; default: the first that does",
    )
    parser.add_argument("--no-match", action="store_true", help="leave sizes as they are")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_output(parser, "DIR", "a folder for comparison.json and comparison.svg")


def run(args: argparse.Namespace) -> int:
    from ..analysis.compare import RATES, compare
    from ..analysis.plots import picture
    from ..runtime.load import load
    from ..runtime.progress import Bar

    models = {}
    for file in args.files:
        name = Path(file).stem
        if name in models:
            raise wrong_usage(f"two files are called `{name}`: their results need two names")
        models[name] = load(file)
        show(models[name].program.warnings)
    sizes = {}
    for pair in args.size:
        name, equals, hyper = pair.partition("=")
        if not equals:
            raise wrong_usage(f"`--size {pair}`: expected `--size MODEL=NAME`")
        sizes[name] = hyper
    bar = Bar("epoch", 0, not args.quiet, lines=False)
    with values_of_the_user(), bar:
        found = compare(
            models,
            data=args.data,
            seeds=args.seeds,
            epochs=args.epochs,
            batch=args.batch,
            rates=args.rates or RATES,
            sizes=sizes,
            match=not args.no_match,
            tell=lambda done, total, text: bar.at(done, text, total),
        )
    data = json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n"
    if args.output is not None:
        folder = Path(args.output)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "comparison.json", data.encode())
        write_atomically(folder / "comparison.svg", picture(found))
    deliver(data if args.json else "\n".join(text_of(found)) + "\n", None)
    return OK


def _rates(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(r) for r in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) <= 0:
        raise argparse.ArgumentTypeError(f"expected numbers above 0 like 0.01,0.1, not {text!r}")
    return found
