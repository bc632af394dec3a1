"""From a `data` block to arrays: shift, window, split, scale, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError
from ...sema.closed import ClosedModel, DataBlock, Port
from ...sema.dataset import Pick, shuffle
from . import stream
from .columns import Binding, bindings, check_labels, joined, span_of_shifts
from .scaling import Rule, Scale, rule
from .source import open_file, open_source
from .tables import Array, Key, Table
from .windows import Windows, counts, windows


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the windows: arrays (n, window, *shape), (n, *shape) for what is no sequence.

    `rows`, (n, window), says which rows of the source they stand in, counted from 0. `lengths`,
    (n,): how many steps of each count, where not all do; the others repeat the last one. Windows
    that are too many for the memory are a `stream`, in place of arrays.
    """

    inputs: dict[str, Array]
    targets: dict[str, Array]
    rows: npt.NDArray[np.int64] | None = None
    lengths: npt.NDArray[np.int64] | None = None
    stream: stream.Stream | None = None

    def __len__(self) -> int:
        if self.stream is not None:
            return len(self.stream)
        return next((len(a) for a in (*self.inputs.values(), *self.targets.values())), 0)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The parts of a `data` block, any but the first possibly empty; `scales` by input or target.

    `shuffle` None: the block does not say.
    """

    train: Part
    validation: Part
    test: Part
    scales: dict[str, Scale] = field(default_factory=dict)
    shuffle: bool | None = None


def dataset(
    model: ClosedModel,
    block: DataBlock,
    folder: str | Path = ".",
    *,
    source: str | Path | None = None,
    scales: Mapping[str, Scale] | None = None,
    rest: bool = False,
) -> Dataset:
    """The data of a `data` block: shifted, cut into windows, split and scaled.

    Args:
        folder: what paths in the block are relative to.
        source: a CSV or NPZ file to read instead of the block's source.
        scales: scales to use instead of fitting them.
        rest: rows after the last full window make a shorter one.

    Inputs and targets that the block does not bind are left out. Raises CompileError for wrong
    options, DataError for data that cannot be read or do not fit.
    """
    options = dict(block.options)
    cut, how = windows(options), rule(options)
    shuffled = shuffle(options)
    ports = {p.name: p for p in (*model.inputs, *model.targets)}
    if cut.window is None and not any(p.seq for p in ports.values()):
        cut = Windows(1, 1, cut.split)  # without any sequence every row is a sample of its own
    bound = bindings(block.columns, ports)
    keys = [p.key for b in bound for p in b.picks]
    if source is not None:
        table = open_file(source, keys)
    else:
        table = open_source(block.source, Path(folder), keys)
    if not rest and (streamed := _streamed(model, table, bound, cut)) is not None:
        return _split_stream(streamed, cut, how, scales, shuffled)
    laid = _laid(table, bound, cut, rest)
    whole = cut.split is not None and cut.window is None and not laid.ready and laid.size == 1
    sizes = counts(laid.rows.shape[1] if whole else laid.size, cut.split, table.source)
    # Of one long series the rows are split, in time: each part is one sequence.
    each = [_rows_of(laid, first, size) if whole else laid for first, size in _spans(sizes)]
    fitted = dict(scales or {})
    if scales is None:
        fitted = _fitted(each[0], how, 1 if whole else sizes["train"])
    parts = []
    for of, (first, size) in zip(each, _spans(sizes), strict=True):
        chosen = slice(0, min(size, 1)) if whole else slice(first, first + size)
        parts.append(_part(model, of, fitted, chosen))
    train, validation, test = parts
    return Dataset(train, validation, test, fitted, shuffled)


def _spans(sizes: Mapping[str, int]) -> list[tuple[int, int]]:
    """Where each part begins, and its size."""
    found, first = [], 0
    for size in sizes.values():
        found.append((first, size))
        first += size
    return found


# --- windows that stay where they are -------------------------------------------------------------


def _streamed(
    model: ClosedModel, table: Table, bound: Sequence[Binding], cut: Windows
) -> stream.Stream | None:
    """All windows as a stream, unscaled, if they are larger than what is held in memory."""
    if cut.window is None:
        return None
    columns = _columns(table, bound)
    least, most = span_of_shifts(bound)
    usable = len(next(iter(columns.values()), ())) - most + least
    if usable < cut.window:
        return None  # which is said where windows are laid
    starts, _ = cut.starts(usable, table.source)
    made = stream.Stream(model, table, columns, bound, starts, cut.window, least, {})
    if made.bytes_each * len(made) <= stream.LIMIT:
        return None
    for b in bound:
        if b.port.labels is not None:
            check_labels(columns[b.picks[0].key], b, table)
    made.take(starts[:1] * 0)  # shapes that do not fit are told now
    return made


def _split_stream(
    whole: stream.Stream,
    cut: Windows,
    how: Rule | None,
    scales: Mapping[str, Scale] | None,
    shuffled: bool | None,
) -> Dataset:
    spans = _spans(counts(len(whole), cut.split, whole.table.source))
    fitted = dict(scales or {})
    if scales is None and how is not None:
        first, last = whole.starts[0], whole.starts[spans[0][1] - 1] + whole.window
        if cut.stride <= whole.window:
            rows = np.arange(first, last)
        else:
            rows = np.unique(whole.starts[: spans[0][1], None] + np.arange(whole.window))
        columns, bound = whole.columns, whole.bound
        laid = _Laid(whole.table, columns, bound, {}, (rows - whole.least)[None])
        fitted = _fitted(laid, how, 1)
    scaled = replace(whole, scales=fitted)
    train, validation, test = (
        Part({}, {}, stream=scaled.part(slice(first, first + size))) for first, size in spans
    )
    return Dataset(train, validation, test, fitted, shuffled)


# --- laying windows -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Laid:
    """Windows before the split, unscaled; `rows` are those of the source."""

    table: Table
    columns: Mapping[Key, Array]
    bound: Sequence[Binding]
    values: dict[str, Array]
    rows: npt.NDArray[np.int64]
    ready: bool = False  # the source holds whole sequences, one a row
    lengths: npt.NDArray[np.int64] | None = None

    @property
    def size(self) -> int:
        return len(self.rows)


def _laid(table: Table, bound: Sequence[Binding], cut: Windows, rest: bool) -> _Laid:
    columns = _columns(table, bound)
    total = len(next(iter(columns.values()), ()))
    if cut.window is None and _holds_sequences(bound, columns):
        return _ready(table, bound, columns)
    least, most = span_of_shifts(bound)
    usable = total - most + least
    if usable < 1:
        raise DataError(f"{table.source}: {total} rows are too few for a shift of {most - least}")
    starts, counted = cut.starts(usable, table.source, rest)
    rows = starts[:, None] + np.arange(cut.window or usable)
    if counted is not None:
        rows = np.minimum(rows, (starts + counted - 1)[:, None])
    values = {}
    for b in bound:
        parts = [columns[p.key][-least + p.shift :][:usable] for p in b.picks]
        whole = joined(b, parts, 1, table)
        check_labels(whole, b, table, b.picks[0].shift - least)
        values[b.port.name] = whole[rows] if b.port.seq else whole[rows[:, -1]]
    return _Laid(table, columns, bound, values, rows - least, lengths=counted)


def _rows_of(laid: _Laid, first: int, size: int) -> _Laid:
    """Of a series that is one window: some rows of it, as one window."""
    rows = laid.rows[:, first : first + size]
    values = {}
    for b in laid.bound:
        if b.port.seq:
            values[b.port.name] = laid.values[b.port.name][:, first : first + size]
        else:
            parts = [laid.columns[p.key][rows[:, -1:] + p.shift][:, 0] for p in b.picks if size]
            empty = np.zeros((0, *b.port.shape))
            values[b.port.name] = joined(b, parts, 1, laid.table) if size else empty
    return replace(laid, values=values, rows=rows)


def _columns(table: Table, bound: Sequence[Binding]) -> dict[Key, Array]:
    """The columns that are used, all of one length."""
    columns = {p.key: table.column(p.key)[1] for b in bound for p in b.picks}
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"`{k}` {n}" for k, n in lengths.items())
        raise DataError(f"{table.source}: the columns have different lengths: {shown}")
    return columns


def _holds_sequences(bound: Sequence[Binding], columns: Mapping[Key, Array]) -> bool:
    """Whether every sequence's column has an axis for steps beside the one for samples.

    Only asked where there is no `window`. A last axis of length 1 is a component, not steps.
    """
    found = False
    for b in bound:
        if not b.port.seq:
            continue
        shape = columns[b.picks[0].key].shape
        if len(b.picks) > 1 or shape[1:] == b.port.shape or shape[1:] in ((), (1,)):
            return False
        found = True
    return found


def _ready(table: Table, bound: Sequence[Binding], columns: Mapping[Key, Array]) -> _Laid:
    """Whole sequences, one a row of the source: (samples, steps, *shape)."""
    values, steps = {}, 1
    for b in bound:
        if any(p.shift for p in b.picks):
            raise DataError(f"{table.source} holds whole sequences: `shift` needs rows in time")
        array = columns[b.picks[0].key]
        if b.port.seq and array.ndim == 2:
            array = array[:, :, None]
        whole = joined(b, [array], 2 if b.port.seq else 1, table)
        check_labels(whole, b, table)
        values[b.port.name] = whole
        steps = whole.shape[1] if b.port.seq else steps
    count = len(next(iter(values.values())))
    rows = np.repeat(np.arange(count)[:, None], steps, axis=1)
    return _Laid(table, columns, bound, values, rows, ready=True)


def _part(model: ClosedModel, laid: _Laid, scales: Mapping[str, Scale], chosen: slice) -> Part:
    """Some of the windows, scaled."""

    def take(ports: Sequence[Port]) -> dict[str, Array]:
        found = {p.name: laid.values[p.name][chosen] for p in ports if p.name in laid.values}
        return {n: scales[n].apply(a) if n in scales else a for n, a in found.items()}

    lengths = None if laid.lengths is None else laid.lengths[chosen]
    return Part(take(model.inputs), take(model.targets), laid.rows[chosen], lengths)


# --- scaling --------------------------------------------------------------------------------------


def _fitted(laid: _Laid, how: Rule | None, training: int) -> dict[str, Scale]:
    """The scale of every port that is no label, fitted on the rows of the training windows.

    Ports that read the same column share it: it is fitted once, on every value of that column that
    a training window holds, each once, whatever the shift it is read with.
    """
    if how is None:
        return {}
    rows = np.unique(laid.rows[:training])
    bound = [b for b in laid.bound if b.port.labels is None]
    read: dict[Key, list[Pick]] = {}
    for b in bound:
        for pick in b.picks:
            read.setdefault(pick.key, []).append(pick)
    fitted = {key: how.fit(_values(laid, key, picks, rows)) for key, picks in read.items()}
    scales = {}
    for b in bound:
        pairs = [fitted[p.key] for p in b.picks]
        factor, offset = (np.concatenate([np.ravel(pair[i]) for pair in pairs]) for i in (0, 1))
        size = int(np.prod(b.port.shape))
        scales[b.port.name] = Scale(
            np.broadcast_to(factor, (size,)).reshape(b.port.shape),
            np.broadcast_to(offset, (size,)).reshape(b.port.shape),
        )
    return scales


def _values(laid: _Laid, key: Key, picks: list[Pick], rows: npt.NDArray[np.int64]) -> Array:
    """The values of a column that training windows hold, (n, *component shape)."""
    column = laid.columns[key]
    if not laid.ready:
        shifted = [rows + pick.shift for pick in picks]
        return column[np.unique(np.concatenate(shifted))]
    shape = next(b.port.shape for b in laid.bound if any(p.key == key for p in b.picks))
    return column[rows].reshape(-1, *shape)
