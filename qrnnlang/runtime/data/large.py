"""Files larger than what is read at once: only the columns that are used, kept on the disk."""

from __future__ import annotations

import csv
import struct
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from ...diagnostics import DataError
from .stream import Spool
from .tables import SEPARATORS, Array, Key, Table, is_number, read_csv, read_npz

#: Bytes of a file above which it is read piece by piece.
LARGE = 1 << 26
#: Cells of a piece: as text each takes some 60 bytes.
PIECE = 1 << 19


def read(path: Path, shown: str, keys: Iterable[Key], kind: str) -> Table:
    """A file of a kind, "csv" or "npz", with at least the columns `keys`. Raises DataError."""
    npz = kind == "npz"
    try:
        large = path.stat().st_size > LARGE
    except (OSError, ValueError):
        large = False  # it cannot be read, which is said where it is tried
    if not large:
        return (read_npz if npz else read_csv)(path, shown)
    if npz:
        return _mapped(path, shown)
    return _spooled(path, shown, dict.fromkeys(keys))


# --- CSV ------------------------------------------------------------------------------------------


def _spooled(path: Path, shown: str, keys: Iterable[Key]) -> Table:
    """The columns `keys` of a CSV file, by the rules of `read_csv`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            head = next((line for line in file if line.strip()), "")
            file.seek(0)
            separator = next((s for s in SEPARATORS if s in head), ",")
            return _columns(csv.reader(file, delimiter=separator), shown, keys)
    except UnicodeDecodeError as error:
        raise DataError(f"{shown}: not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise DataError(f"{shown}: {(error.strerror or 'cannot be read').lower()}") from None


def _columns(reader: Any, shown: str, keys: Iterable[Key]) -> Table:
    rows = _rows(reader, shown)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{shown}: the file is empty")
    line, cells = first
    header = not all(is_number(cell) for cell in cells)
    names = [cell.strip() for cell in cells] if header else [str(i) for i in range(len(cells))]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{shown}: two columns are called `{name}`")
    empty = Table(shown, {name: np.zeros(0) for name in names}, 2 if header else 1)
    used = list(dict.fromkeys(empty.column(key)[0] for key in keys))  # all of them are there
    lines = _Lines()
    with Spool(used) as spool:
        for piece in _pieces(rows if header else chain([(line, cells)], rows)):
            spool.add(_numbers(piece, names, used, lines, shown))
        columns = {**empty.columns, **{str(k): v for k, v in spool.arrays().items()}}
    if not lines:
        raise DataError(f"{shown}: no rows below the header")
    return Table(shown, columns, empty.first_row, lines)


def _numbers(
    piece: list[tuple[int, list[str]]], names: list[str], used: list[str], lines: _Lines, shown: str
) -> dict[Key, Array]:
    """The numbers of some rows by column; their lines are added to `lines`."""
    for at, row in piece:
        if len(row) != len(names):
            n = len(names)
            raise DataError(f"{shown}, row {at}: {len(row)} cells where the first has {n}")
        lines.append(at)
    places = [at for at, _ in piece]
    found: dict[Key, Array] = {}
    for name in used:
        i = names.index(name)
        text = Table(shown, {name: [row[i] for _, row in piece]}, 0, places)
        found[name] = text.column(name)[1]
    return found


def _rows(reader: Any, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with their line."""
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{shown}, row {reader.line_num}: {error}") from None


def _pieces(rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    piece: list[tuple[int, list[str]]] = []
    cells = 0
    for line, row in rows:
        piece.append((line, row))
        cells += len(row)
        if cells >= PIECE:
            yield piece
            piece, cells = [], 0
    if piece:
        yield piece


class _Lines(Sequence[int]):
    """The line of every row, as the rows after which lines are left out."""

    def __init__(self) -> None:
        self.size = 0
        self.rows: list[int] = []
        self.offsets: list[int] = []

    def append(self, line: int) -> None:
        if not self.offsets or line - self.size != self.offsets[-1]:
            self.rows.append(self.size)
            self.offsets.append(line - self.size)
        self.size += 1

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, row: int) -> int: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[int]: ...
    def __getitem__(self, row: int | slice) -> int | Sequence[int]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self.size))]
        return row + self.offsets[bisect_right(self.rows, row) - 1]


# --- NPZ ------------------------------------------------------------------------------------------


def _mapped(path: Path, shown: str) -> Table:
    """The arrays of an archive, mapped where they stand; it is read whole if one is packed."""
    found: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                array = _where_it_stands(archive, info, path)
                if array is None:
                    return read_npz(path, shown)
                if array.ndim:
                    found[info.filename.removesuffix(".npy")] = array
    except (ValueError, OSError, EOFError, struct.error, zipfile.BadZipFile):
        raise DataError(f"{shown}: not an NPZ file of plain arrays") from None
    if not found:
        raise DataError(f"{shown}: the file holds no arrays with rows")
    return Table(shown, found)


def _where_it_stands(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array | None:
    """The array as a part of the file; None if it is packed, or no array of float64."""
    if info.compress_type != zipfile.ZIP_STORED:
        return None
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            return None
        shape, fortran, dtype = read_header(member)
        header = member.tell()
    if dtype != np.float64:
        return None
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
    start = info.header_offset + 30 + name + extra + header
    order: Literal["F", "C"] = "F" if fortran else "C"
    if not shape or 0 in shape:
        return np.zeros(shape)
    return np.memmap(path, np.float64, "r", start, shape, order)
