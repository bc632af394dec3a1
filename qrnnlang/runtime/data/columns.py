"""Which columns of a table an input or target takes, and with what shift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...diagnostics import DataError
from ...sema.closed import Port, Setting
from ...sema.dataset import Pick, picks
from .tables import Array, Table


@dataclass(frozen=True)
class Binding:
    """The columns of an input or target, one after the other along its one axis if several."""

    port: Port
    picks: tuple[Pick, ...]


def bindings(columns: Iterable[tuple[str, Setting]], ports: Mapping[str, Port]) -> list[Binding]:
    """What the block binds, for the ports that are given. Raises CompileError."""
    found = []
    for name, setting in columns:
        if name in ports:
            found.append(Binding(ports[name], tuple(picks(setting))))
    return found


def span_of_shifts(bound: Iterable[Binding]) -> tuple[int, int]:
    """The least shift, at most 0, and the largest, at least 0: rows they reach past are dropped."""
    shifts = [0, *(p.shift for b in bound for p in b.picks)]
    return min(shifts), max(shifts)


def joined(binding: Binding, parts: list[Array], leading: int, table: Table) -> Array:
    """The values of a binding's columns as one array of (…leading axes, *port.shape).

    Raises DataError when the components do not fit the port.
    """
    port = binding.port
    axes = parts[0].shape[:leading]
    if len(parts) == 1 and parts[0].shape[leading:] == port.shape:
        whole = parts[0]
    else:
        flat = [p.reshape(*axes, -1) for p in parts]
        whole = np.concatenate(flat, axis=-1)
        if whole.shape[leading:] != (int(np.prod(port.shape)),) or len(port.shape) > 1:
            found = whole.shape[-1] if len(parts) > 1 else parts[0].shape[leading:]
            raise DataError(
                f"{table.source}: `{port.name}` has shape {port.shape}, its columns give {found}"
            )
        whole = whole.reshape(*axes, *port.shape)
    return whole


def check_labels(values: Array, binding: Binding, table: Table, first: int = 0) -> None:
    """Raises DataError unless all values are labels of the port's class.

    `first` is the row of the table that the first value stands in.
    """
    k = binding.port.labels
    if k is None:
        return
    wrong = np.argwhere(~np.isin(values, np.arange(k)))
    if len(wrong):
        at = tuple(wrong[0])
        row = table.line(int(at[0]) + first)
        raise DataError(
            f"{table.source}, column `{binding.picks[0].key}`, row {row}: "
            f"is {values[at]:g}, not a label of `class[{k}]`"
        )
