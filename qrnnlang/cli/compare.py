"""`qrnnc compare`: finished runs side by side."""

from __future__ import annotations

import argparse
import json
import sys

from .errors import OK, wrong_usage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", help="folders that `train` has written")
    parser.add_argument(
        "--sort", metavar="NAME", help="by a loss or metric, the least first: validation.loss"
    )
    parser.add_argument("--json", action="store_true", help="a list of objects")


def run(args: argparse.Namespace) -> int:
    from ..runtime.comparing import finished, to_text

    runs = [finished(folder) for folder in args.runs]
    if args.sort:
        known = list(dict.fromkeys(name for run in runs for name in run.scores))
        if args.sort not in known:
            raise wrong_usage(f"no run has `{args.sort}`; there are {', '.join(known)}")
        last = float("inf")
        runs.sort(key=lambda run: last if (v := run.scores.get(args.sort)) is None else v)
    if args.json:
        sys.stdout.write(json.dumps([run.as_json() for run in runs], indent=2) + "\n")
    else:
        sys.stdout.write(to_text(runs))
    return OK
