"""Training a file as `qrnnc train` does: data, fit, a folder with everything the run leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .data import Dataset
from .load import load
from .model import Model
from .results import write_run
from .training.run import Run


def train_file(
    path: str | Path,
    *,
    entry: str | None = None,
    hyper: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    folder: str | Path | None = None,
    params: Mapping[str, Any] | None = None,
    progress: bool = True,
    **options: Any,
) -> tuple[Model, Run, Dataset, list[Path]]:
    """Train by the file's `data` and `train` blocks.

    Args:
        data: a file that takes the place of the block's.
        folder: where the run's files go (`model.qrnnz`, `history.csv`, …); none: nothing written.
        options: as for `fit`.
    """
    model = load(path, entry=entry, set=hyper or {})
    model.need_loss()
    windows = model.data(data)
    run = model.fit(data=windows, params=params, progress=progress, **options)
    written = write_run(Path(folder), model, run, windows) if folder is not None else []
    return model, run, windows, written
