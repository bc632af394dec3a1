"""The folder of a run: the artefact, its history and metrics, the figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .artefact import finite
from .data import Dataset, Part
from .files import write_bytes, write_text
from .predict import in_units, target_of
from .training.run import Run

if TYPE_CHECKING:
    from .model import Model

#: Windows of a part that is larger than the memory of which a picture is made.
_SHOWN = 200


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
    figure = _forecast(model, run, data) if data is not None else None
    if figure is not None:
        names.append("forecast.png")
        write_bytes(folder / names[-1], figure)
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


def _forecast(model: Model, run: Run, data: Dataset) -> bytes | None:
    """The first component of the first output that predicts a target, along the data's rows."""
    from .plots import forecast

    kind, part = ("test", data.test) if len(data.test) else ("validation", data.validation)
    part = _beginning(part)
    for output in model.closed.outputs:
        target = target_of(model, output.name)
        if target is None or not len(part) or part.rows is None or target not in part.targets:
            continue
        predicted = in_units(model, output.name, model(run.params, part.inputs)[output.name])
        truth = in_units(model, output.name, part.targets[target])
        seq = next(t.seq for t in model.closed.targets if t.name == target)
        found = _along_rows(predicted, output.seq, part)
        return forecast(
            *_along_rows(truth, seq, part),
            {output.name: found[1]},
            title=f"{model.closed.name} on the {kind} data",
            xlabel="row",
            ylabel=target,
            at=found[0],
        )
    return None


def _beginning(part: Part) -> Part:
    """Of a part that is too large for the memory, the first windows."""
    if part.stream is None:
        return part
    index = np.arange(min(len(part), part.stream.at_a_time, _SHOWN))
    inputs, targets = part.stream.take(index)
    return Part(inputs, targets, part.stream.rows(index))


def _along_rows(
    values: NDArray[np.float64], seq: bool, part: Part
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The first component by row; where windows overlap, the latest one, which has seen most."""
    assert part.rows is not None
    flat = values.reshape(*values.shape[: 2 if seq else 1], -1)[..., 0]
    flat = flat if seq else flat[:, None]
    rows = part.rows[:, -flat.shape[1] :]
    found = {
        r: v for row, value in zip(rows, flat, strict=True) for r, v in zip(row, value, strict=True)
    }
    ordered = sorted(found)
    return np.array(ordered), np.array([found[r] for r in ordered])
