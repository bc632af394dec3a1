"""`qrnnc report`: one HTML file about a run or a model."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from .analyze import add_questions, measured, opened
from .arguments import add_output, positive
from .compile import steps_of
from .errors import OK, values_of_the_user, wrong_input
from .output import deliver
from .values import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="RUN_OR_MODEL", help="a run's folder, a .qrnnz, or a source"
    )
    add_questions(parser)
    parser.add_argument(
        "--steps", metavar="T", type=positive, help="of the circuit that is counted"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_output(parser, "OUT.html", "default: report.html in the run's folder, or NAME.html")


def run(args: argparse.Namespace) -> int:
    from ..analysis.page import report

    place = Path(args.file)
    folder = place if place.is_dir() else None
    model_file = place / "model.qrnnz" if folder else place
    if folder and not model_file.is_file():
        raise wrong_input(f"{folder}: no run, it has no model.qrnnz")
    model, params = opened(str(model_file), args.entry, settings(args.set))
    found = measured(args, model, params)
    with values_of_the_user():
        text = report(
            model,
            found,
            history=_history(folder) if folder else None,
            metrics=_metrics(folder) if folder else None,
            seed=args.seed,
            steps=steps_of(model.closed, args.steps),
        )
    target = args.output or str(folder / "report.html" if folder else f"{place.stem}.html")
    deliver(text, target)
    if not args.quiet and target != "-":
        sys.stdout.write(f"{target}\n")
    return OK


def _history(folder: Path) -> dict[str, list[float]] | None:
    """The columns of a run's `history.csv`; None without one."""
    path = folder / "history.csv"
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file))
            return {k: [float(row[i]) for row in rows] for i, k in enumerate(head)}
    except (ValueError, IndexError):
        raise wrong_input(f"{path}: damaged") from None


def _metrics(folder: Path) -> dict[str, Any] | None:
    path = folder / "metrics.json"
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise wrong_input(f"{path}: damaged") from None
    return found
