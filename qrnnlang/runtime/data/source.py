"""The source of a `data` block: `csv(path)`, `npz(path)` or `series.NAME(…)`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ...diagnostics import DataError
from ...sema import settings
from ...sema.closed import Setting
from ...sema.dataset import path, series
from .large import read
from .tables import Key, Table


def open_source(source: Setting, folder: Path, keys: Iterable[Key]) -> Table:
    """The table a source names, with the columns `keys`; paths are relative to `folder`.

    Raises CompileError for wrong arguments and DataError for what cannot be read.
    """
    match source.call:
        case "csv" | "npz":
            name = path(source)
            _must_be_there(folder / name, name)
            return read(folder / name, name, keys, source.call)
        case str(call) if call.startswith("series."):
            return _series(source)
    settings.fail(settings.WRONG_VALUE, "not a source of data", source)


def _must_be_there(file: Path, name: str) -> None:
    """A file that a block names and that is missing: where it was looked for, and what to do."""
    if "\0" in name or os.path.lexists(file):
        return  # what else may be wrong with it is said where it is read
    raise DataError(
        f"{name}: no such file or directory: a `data` block's path is relative to the source or "
        f"the .qrnnz, so {file.absolute()} was looked for; where it lies elsewhere, give its "
        f'path, `model.data("{name}")`, or `--data` on the command line'
    )


def is_frame(source: object) -> bool:
    """Whether this is a frame of pandas, which need not be installed."""
    return hasattr(source, "columns") and hasattr(source, "iloc")


def open_file(file: Any, keys: Iterable[Key]) -> Table:
    """A file given in place of the block's: `.npz`, and anything else as CSV; or a frame of pandas.

    Raises DataError.
    """
    if is_frame(file):
        return _frame(file)
    return read(Path(file), str(file), keys, "npz" if str(file).lower().endswith(".npz") else "csv")


def _frame(frame: Any) -> Table:
    """The columns of a frame; what is no number is text, as in a file. Rows count from 0."""
    columns = {}
    for name in frame.columns:
        values = frame[name].to_numpy()
        number = values.dtype.kind in "fiub"
        columns[str(name)] = values.astype(np.float64) if number else [str(v) for v in values]
    return Table("the frame", columns)


def _series(call: Setting) -> Table:
    from ..series import SERIES

    name, values = series(call)
    try:
        columns = SERIES[name](**values)
    except DataError:
        raise
    except ValueError as error:
        settings.fail(settings.WRONG_VALUE, str(error), call)
    return Table(f"series.{name}", columns)
