"""Many cells on many series: what `[grid]` in a `gallery.toml` says, and the table of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True)
class Row:
    """A cell: hyperparameters, what goes before the `train` block, the heading it stands under."""

    name: str
    group: str
    set: Mapping[str, Any]
    train: Mapping[str, Any] = field(default_factory=dict)
    classical: bool = False
    fixed: bool = False  # nothing random in it: one seed is enough


@dataclass(frozen=True)
class Series:
    """A file, trained on its first `points` rows for each origin."""

    name: str
    file: str
    points: tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """Every row on every series from every origin, by `seeds` seeds; `metric` of the test part."""

    series: tuple[Series, ...]
    rows: tuple[Row, ...]
    metric: str
    seeds: int = 10


def read(table: Mapping[str, Any]) -> Grid:
    """The grid of a `[grid]` table. Raises KeyError and TypeError for what it does not know."""
    series = tuple(
        Series(name, entry["file"], tuple(entry["points"]))
        for name, entry in table["series"].items()
    )
    rows = tuple(Row(**row) for row in table["rows"])
    return Grid(series, rows, table["metric"], table.get("seeds", 10))


def places(grid: Grid) -> Iterator[tuple[str, Row, Series, int]]:
    """Every experiment: its name, then what it is made of."""
    for series in grid.series:
        for row in grid.rows:
            for points in series.points:
                yield f"{series.name}-{row.name}-{points}", row, series, points


def markdown(grid: Grid, results: Mapping[str, Mapping[str, Any]]) -> str:
    """A table for each group: a row a cell, a column a series; quartiles over origins and seeds.

    The best median of a column, over all groups, is bold. A cell without results is a dash.
    """
    values = {
        (row.name, series.name): _pooled(results, series, row)
        for row in grid.rows
        for series in grid.series
    }
    best = {
        series.name: min((median(v) for (_, s), v in values.items() if s == series.name and v))
        for series in grid.series
        if any(v for (_, s), v in values.items() if s == series.name)
    }
    parts = []
    for group in dict.fromkeys(row.group for row in grid.rows):
        parts.append(f"**{group}**\n\n")
        parts.append(f"| cell | parameters | {' | '.join(s.name for s in grid.series)} |\n")
        parts.append(f"|---|---|{'---|' * len(grid.series)}\n")
        for row in (r for r in grid.rows if r.group == group):
            shown = [_shown(values[row.name, s.name], best.get(s.name)) for s in grid.series]
            count = _parameters(results, grid, row)
            parts.append(f"| {row.name} | {count} | {' | '.join(shown)} |\n")
        parts.append("\n")
    return "".join(parts)


def _pooled(results: Mapping[str, Mapping[str, Any]], series: Series, row: Row) -> Sequence[float]:
    names = [f"{series.name}-{row.name}-{points}" for points in series.points]
    return [value for name in names if name in results for value in results[name]["values"]]


def _parameters(results: Mapping[str, Mapping[str, Any]], grid: Grid, row: Row) -> str:
    found = [results[n]["parameters"] for n, r, *_ in places(grid) if r == row and n in results]
    return str(found[0]) if found else "–"


def _shown(values: Sequence[float], best: float | None) -> str:
    if not values:
        return "–"
    middle = median(values)
    text = f"**{middle:.3g}**" if middle == best else f"{middle:.3g}"
    if len(values) < 2 or min(values) == max(values):
        return text
    low, _, high = quantiles(values, n=4, method="inclusive")
    return f"{text} ({low:.3g}–{high:.3g})"
