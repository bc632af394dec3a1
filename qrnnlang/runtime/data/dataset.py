"""From a `data` block to arrays: shift, window, split, scale, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError
from ...sema.closed import ClosedModel, DataBlock, Port
from ...sema.dataset import Pick, shuffle
from .columns import Binding, bindings, check_labels, joined, span_of_shifts
from .scaling import Rule, Scale, rule
from .source import open_file, open_source
from .tables import Array, Key, Table
from .windows import Windows, counts, windows


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the windows: arrays (n, window, *shape), (n, *shape) for what is no sequence.

    `rows`, (n, window), says which rows of the source they stand in, counted from 0.
    """

    inputs: dict[str, Array]
    targets: dict[str, Array]
    rows: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
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
) -> Dataset:
    """The data of a `data` block: shifted, cut into windows, split and scaled.

    Args:
        folder: what paths in the block are relative to.
        source: a CSV or NPZ file to read instead of the block's source.
        scales: scales to use instead of fitting them.

    Inputs and targets that the block does not bind are left out. Raises CompileError for wrong
    options, DataError for data that cannot be read or do not fit.
    """
    options = dict(block.options)
    cut, how = windows(options), rule(options)
    shuffled = shuffle(options)
    table = open_file(source) if source is not None else open_source(block.source, Path(folder))
    ports = {p.name: p for p in (*model.inputs, *model.targets)}
    if cut.window is None and not any(p.seq for p in ports.values()):
        cut = Windows(1, 1, cut.split)  # without any sequence every row is a sample of its own
    laid = _laid(table, bindings(block.columns, ports), cut)
    if cut.split is not None and max(cut.split) < 1 and laid.size == 1 and cut.window is None:
        raise DataError(
            f"{table.source}: the whole series is one window, which cannot be split; "
            "set `window` (and `stride`)"
        )
    sizes = counts(laid.size, cut.split, table.source)
    fitted = _fitted(laid, how, sizes["train"]) if scales is None else dict(scales)
    values = {
        name: fitted[name].apply(array) if name in fitted else array
        for name, array in laid.values.items()
    }
    parts, first = [], 0
    for size in sizes.values():
        parts.append(_part(model, values, laid.rows, slice(first, first + size)))
        first += size
    train, validation, test = parts
    return Dataset(train, validation, test, fitted, shuffled)


# --- laying windows -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Laid:
    """Windows before the split, unscaled; `rows` are those of the source."""

    columns: Mapping[Key, Array]
    bound: Sequence[Binding]
    values: dict[str, Array]
    rows: npt.NDArray[np.int64]
    ready: bool = False  # the source holds whole sequences, one a row

    @property
    def size(self) -> int:
        return len(self.rows)


def _laid(table: Table, bound: Sequence[Binding], cut: Windows) -> _Laid:
    columns = {p.key: table.column(p.key)[1] for b in bound for p in b.picks}
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"`{k}` {n}" for k, n in lengths.items())
        raise DataError(f"{table.source}: the columns have different lengths: {shown}")
    total = next(iter(lengths.values()), 0)
    if cut.window is None and _holds_sequences(bound, columns):
        return _ready(table, bound, columns)
    least, most = span_of_shifts(bound)
    usable = total - most + least
    if usable < 1:
        raise DataError(f"{table.source}: {total} rows are too few for a shift of {most - least}")
    starts = cut.starts(usable, table.source)
    rows = starts[:, None] + np.arange(cut.window or usable)
    values = {}
    for b in bound:
        parts = [columns[p.key][-least + p.shift :][:usable] for p in b.picks]
        whole = joined(b, parts, 1, table)
        check_labels(whole, b, table, b.picks[0].shift - least)
        values[b.port.name] = whole[rows] if b.port.seq else whole[rows[:, -1]]
    return _Laid(columns, bound, values, rows - least)


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
    return _Laid(columns, bound, values, rows, ready=True)


def _part(
    model: ClosedModel, values: Mapping[str, Array], rows: npt.NDArray[np.int64], chosen: slice
) -> Part:
    def take(ports: Sequence[Port]) -> dict[str, Array]:
        return {p.name: values[p.name][chosen] for p in ports if p.name in values}

    return Part(take(model.inputs), take(model.targets), rows[chosen])


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
