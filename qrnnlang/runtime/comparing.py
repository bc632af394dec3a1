"""Finished runs side by side: what was trained, for how long, and what came of it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..diagnostics import DataError
from .artefact import read
from .files import read_bytes

#: What a run is known by.
ARTEFACT, HISTORY, METRICS = "model.qrnnz", "history.csv", "metrics.json"


@dataclass(frozen=True)
class Finished:
    """A run as its folder tells of it. `parameters`: how many numbers were trained."""

    run: str
    model: str
    hyper: Mapping[str, Any]
    parameters: int
    epochs: int
    metrics: Mapping[str, Mapping[str, float | None]]

    @property
    def scores(self) -> dict[str, float | None]:
        """Losses and metrics, `test.loss`."""
        return {f"{part}.{k}": v for part, found in self.metrics.items() for k, v in found.items()}

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "hyper": dict(self.hyper)}


def finished(folder: str | Path) -> Finished:
    """The run in a folder. Raises DataError where there is none, or a damaged one."""
    folder = Path(folder)
    if not (folder / ARTEFACT).is_file():
        missing = "a file, not a run's folder" if folder.exists() else "no such folder"
        raise DataError(f"{folder}: {'no finished run' if folder.is_dir() else missing}")
    artefact = read(folder / ARTEFACT)
    return Finished(
        str(folder),
        artefact.entry,
        artefact.hyper,
        _trained(folder / ARTEFACT),
        _epochs(folder / HISTORY),
        _metrics(folder / METRICS),
    )


def _trained(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("manifest.json"))["parameters"]
    return sum(prod(spec["shape"]) for spec in found.values() if spec["trained"])


def _epochs(path: Path) -> int:
    content = read_bytes(path)
    try:
        epochs = [row["epoch"] for row in csv.DictReader(io.StringIO(content.decode()))]
        if not epochs and b"epoch" not in content:
            raise KeyError("epoch")
        return int(epochs[-1]) if epochs else 0
    except (KeyError, ValueError, TypeError):
        raise DataError(f"{path}: damaged, or no history of a run") from None


def _metrics(path: Path) -> dict[str, dict[str, float | None]]:
    try:
        return {
            str(part): {str(k): None if v is None else float(v) for k, v in values.items()}
            for part, values in json.loads(read_bytes(path)).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: damaged, or no metrics of a run") from None


def to_text(runs: Sequence[Finished]) -> str:
    """A line a run; hyperparameters that were set, and every loss and metric that some run has."""
    values = list(dict.fromkeys(name for run in runs for name in run.hyper))
    scores = list(dict.fromkeys(name for run in runs for name in run.scores))
    lines = [["run", "model", *values, "parameters", "epochs", *scores]]
    for run in runs:
        found = run.scores
        lines.append(
            [
                run.run,
                run.model,
                *(str(run.hyper.get(name, "")) for name in values),
                str(run.parameters),
                str(run.epochs),
                *(_number(found.get(name)) for name in scores),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(_line(line, widths) for line in lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    shown = [
        cell.ljust(width) if i < 2 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(shown).rstrip() + "\n"
