"""Tables of columns: from CSV files, from NPZ files, from generated series."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError
from ...sema.report import suggestion
from ..files import read_bytes

Array: TypeAlias = npt.NDArray[np.float64]
Key: TypeAlias = str | int

SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Table:
    """Columns of equal length, by name and in order; cells of a file are text until they are read.

    `source` names the table in messages. `lines[i]` is what row i is called in messages, and
    `first_row` what the first one would be: 1 without a header, 2 with one, 0 where rows count from
    0.
    """

    source: str
    columns: Mapping[str, Array | Sequence[str]]
    first_row: int = 0
    lines: Sequence[int] | None = None

    @property
    def rows(self) -> int:
        return min((len(c) for c in self.columns.values()), default=0)

    def line(self, row: int) -> int:
        """What row `row`, from 0, is called in messages."""
        return self.lines[row] if self.lines is not None else self.first_row + row

    def column(self, key: Key) -> tuple[str, Array]:
        """A column by name or position, and its name.

        Raises DataError when there is none, or when it holds something else than finite numbers.
        """
        names = list(self.columns)
        if isinstance(key, int):
            if not 0 <= key < len(names):
                raise DataError(f"{self.source}: no column {key}, it has {len(names)} (from 0)")
            key = names[key]
        elif self.first_row == 1:
            raise DataError(
                f"{self.source}: no column `{key}`, the file has no header; "
                "write `column(0)` for the first"
            )
        elif key not in self.columns:
            hint = suggestion(key, names) or "columns: " + ", ".join(f"`{n}`" for n in names[:12])
            raise DataError(f"{self.source}: no column `{key}`; {hint}")
        found = self.columns[key]
        if isinstance(found, np.ndarray):
            return key, self._finite(key, found)
        cells = [self._number(cell, key, row) for row, cell in enumerate(found)]
        return key, np.array(cells, dtype=np.float64)

    def _finite(self, key: str, values: Array) -> Array:
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            row = self.line(int(wrong[0][0]))
            raise DataError(
                f"{self.source}, column `{key}`, row {row}: is {values[tuple(wrong[0])]:g}"
            )
        return values

    def _number(self, cell: str, key: str, row: int) -> float:
        where = f"{self.source}, column `{key}`, row {self.line(row)}"
        shown = cell.strip()
        if not shown:
            raise DataError(f"{where}: is empty")
        try:
            value = float(shown)
        except ValueError:
            raise DataError(f"{where}: is `{shown[:80]}`, not a number") from None
        if not isfinite(value):
            raise DataError(f"{where}: is {shown[:80]}")
        return value


def read_csv(path: str | Path, shown: str | None = None) -> Table:
    """A CSV file. Only columns that are used must hold numbers.

    Cells are separated by commas, or by semicolons or tabs where the first line has no comma. The
    first line is a header unless all of its cells are numbers; then columns are called by number.
    Blank lines are left out; rows are called by their line in the file, from 1. Raises DataError.
    """
    shown = shown or str(path)
    rows, lines = _cells(_text(path, shown), shown)
    if not rows:
        raise DataError(f"{shown}: the file is empty")
    width, first = len(rows[0]), 1
    names = [str(i) for i in range(width)]
    if not all(is_number(cell) for cell in rows[0]):
        names, first = [cell.strip() for cell in rows[0]], 2
        rows, lines = rows[1:], lines[1:]
        if not rows:
            raise DataError(f"{shown}: no rows below the header")
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{shown}: two columns are called `{name}`")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            raise DataError(f"{shown}, row {line}: {len(row)} cells where the first has {width}")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Table(shown, columns, first, tuple(lines))


def read_npz(path: str | Path, shown: str | None = None) -> Table:
    """Arrays of an NPZ file by name, their first axis the rows, counted from 0.

    Nothing is ever unpickled. Raises DataError.
    """
    shown = shown or str(path)
    content = read_bytes(path, shown)
    arrays = {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DataError(f"{shown}: not an NPZ file of plain arrays") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise DataError(f"{shown}: `{name}` holds {array.dtype}, not real numbers")
    columns = {k: np.asarray(a, dtype=np.float64) for k, a in arrays.items() if a.ndim}
    if not columns:
        raise DataError(f"{shown}: the file holds no arrays with rows")
    return Table(shown, columns)


def _text(path: str | Path, shown: str) -> str:
    try:
        return read_bytes(path, shown).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{shown}: not UTF-8 text (byte {error.start})") from None


def _cells(text: str, shown: str) -> tuple[list[list[str]], list[int]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = next((s for s in SEPARATORS if s in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{shown}, row {reader.line_num}: {error}") from None
    return rows, lines


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
