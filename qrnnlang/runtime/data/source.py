"""The source of a `data` block: `csv(path)`, `npz(path)` or `series.NAME(…)`."""

from __future__ import annotations

import inspect
from pathlib import Path

from ...diagnostics import DataError
from ...sema.closed import Setting
from .. import settings
from .tables import Table, read_csv, read_npz

# Far above any series that is windowed and trained on; the language's own limit of an array.
_MOST_POINTS = 10_000_000


def open_source(source: Setting, folder: Path) -> Table:
    """The table a source names; paths are relative to `folder`.

    Raises CompileError for wrong arguments and DataError for what cannot be read.
    """
    match source.call:
        case "csv" | "npz" as call:
            path = settings.arguments(source, ["path"], ["path"])["path"]
            name = settings.text(path, "the path of a file")
            return (read_csv if call == "csv" else read_npz)(folder / name, name)
        case str(call) if call.startswith("series."):
            return _series(call.removeprefix("series."), source)
    settings.fail(settings.WRONG_VALUE, "not a source of data", source)


def open_file(path: str | Path) -> Table:
    """A file given in place of the block's: `.npz`, and anything else as CSV. Raises DataError."""
    return (read_npz if str(path).lower().endswith(".npz") else read_csv)(path)


def _series(name: str, call: Setting) -> Table:
    from ..series import SERIES

    if name not in SERIES:
        settings.fail(
            settings.WRONG_ARGUMENT,
            f"there is no generator `series.{name}`",
            call,
            "unknown series",
            settings.suggestion(name, SERIES),
        )
    generator = SERIES[name]
    defaults = {p.name: p.default for p in inspect.signature(generator).parameters.values()}
    values: dict[str, float] = {}
    for key, setting in settings.arguments(call, defaults).items():
        what = f"`{key}` of `series.{name}`"
        if not isinstance(defaults[key], int):
            values[key] = settings.number(setting, what)
            continue
        least = 1 if key == "points" else None
        values[key] = settings.whole(setting, what, least)
        if key == "points" and values[key] > _MOST_POINTS:
            settings.fail(
                settings.WRONG_VALUE, f"a series has at most {_MOST_POINTS:,} points", setting
            )
    try:
        columns = generator(**values)
    except DataError:
        raise
    except ValueError as error:
        settings.fail(settings.WRONG_VALUE, str(error), call)
    return Table(f"series.{name}", columns)
