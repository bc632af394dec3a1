"""Which columns of a table an input or target takes, and with what shift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...diagnostics import DataError
from ...sema.closed import Port, Setting
from .. import settings
from .tables import Array, Key, Table


@dataclass(frozen=True)
class Pick:
    """A column of the source; row t of it is the source's row t + `shift`."""

    key: Key
    shift: int
    setting: Setting


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
            found.append(Binding(ports[name], tuple(_picks(setting, 0))))
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


def _picks(setting: Setting, shift: int) -> Iterable[Pick]:
    match setting:
        case Setting(value=tuple(items)) if items:
            for item in items:
                yield from _picks(item, shift)
        case Setting(call="column"):
            key = settings.arguments(setting, ["name"], ["name"])["name"]
            if isinstance(key.value, bool) or not isinstance(key.value, str | int):
                settings.fail(
                    settings.WRONG_VALUE,
                    "a column is given by its name, or by its number from 0",
                    key,
                    f"found {settings.describe(key)}",
                )
            yield Pick(key.value, shift, setting)
        case Setting(call="shift"):
            given = settings.arguments(setting, ["column", "steps"], ["column", "steps"])
            steps = settings.whole(given["steps"], "the number of steps")
            yield from _picks(given["column"], shift + steps)
        case _:
            settings.fail(
                settings.WRONG_VALUE,
                "an input or target takes `column(…)`, `shift(column(…), k)` or a list of them",
                setting,
                f"found {settings.describe(setting)}",
            )
