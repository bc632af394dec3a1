"""The folder of a run: the artefact, its history and metrics, the figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .artefact import finite
from .data import Dataset
from .files import write_bytes, write_text
from .forecasts import forecast
from .training.run import Run

if TYPE_CHECKING:
    from .model import Model


def write_run(
    folder: str | Path, model: Model, run: Run, data: Dataset | None = None
) -> list[Path]:
    """Writes everything a run leaves, every file whole or not at all. Returns the files.

    `model.qrnnz`, `history.csv`, `metrics.json`, `curves.png`, and with data that have a test part
    (else the validation part) and an output that predicts a target `forecast.png`. Of several seeds
    these are the best one's; `seeds.csv` has a row for each, `seeds.json` their medians and spread.
    Raises OSError.
    """
    folder = Path(folder)
    names = ["model.qrnnz", "history.csv", "metrics.json"]
    model.save(folder / names[0], run.params, metrics=run.metrics)
    write_text(folder / names[1], history_csv(run))
    write_text(folder / names[2], json.dumps(finite(run.metrics), indent=2) + "\n")
    if run.runs:
        names += ["seeds.csv", "seeds.json"]
        write_text(folder / names[-2], seeds_csv(run.runs))
        write_text(folder / names[-1], json.dumps(finite(run.summary), indent=2) + "\n")
    from .plots import curves

    if run.history.get("loss"):
        names.append("curves.png")
        others = {f"seed {r.seed}": r.history for r in run.runs}
        write_bytes(folder / names[-1], curves(others or {"": run.history}, model.closed.name))
    found = forecast(model, run.params, data) if data is not None else None
    if found is not None:
        names.append("forecast.png")
        write_bytes(folder / names[-1], found.picture(model.closed.name))
    return [folder / name for name in names]


def history_csv(run: Run) -> str:
    """One row an epoch; numbers as Python writes them, which loses nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(run.history)
    for number, *values in zip(*run.history.values(), strict=True):
        writer.writerow([int(number), *map(repr, values)])
    return out.getvalue()


def seeds_csv(runs: Sequence[Run]) -> str:
    """One row a seed: its best epoch, why it stopped, and every loss and metric of every part."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [(part, name) for part, values in runs[0].metrics.items() for name in values]
    heads = (f"{part} {name}" for part, name in columns)
    writer.writerow(["seed", "best_epoch", "stopped", *heads])
    for run in runs:
        values = (repr(run.metrics[part][name]) for part, name in columns)
        writer.writerow([run.seed, run.best_epoch, run.stopped, *values])
    return out.getvalue()
