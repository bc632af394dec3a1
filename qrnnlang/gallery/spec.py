"""What `gallery.toml` says: an example and its experiments."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from . import grid as grids
from .grid import Grid

#: Of experiments that the tests leave out.
NOT_QUICK = {"epochs": 0, "falls": 0}
#: The file that makes a folder an example.
SPEC = "gallery.toml"


class GalleryError(ValueError):
    """A gallery that cannot be read or is asked for what it has not."""


@dataclass(frozen=True)
class Experiment:
    """Files trained by their own blocks, by several seeds.

    `set`: hyperparameters; `train`: what goes before the `train` block (`epochs`, `lr`, …);
    `metric`: of the test part, the number that counts; `below`: a training loss that counts as
    converged. `published`: the published figure, as text. `quick`: what the tests do, a number of
    epochs and the share of the first loss that the last one must fall below.
    """

    name: str
    file: str
    metric: str = "loss"
    seeds: int = 10
    set: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    below: float | None = None
    published: str = ""
    classical: bool = False
    quantity: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, float] = field(default_factory=lambda: {"epochs": 3, "falls": 1.0})


@dataclass(frozen=True)
class Example:
    """A folder of the gallery."""

    folder: Path
    title: str
    source: str
    experiments: tuple[Experiment, ...]
    grid: Grid | None = None

    @property
    def name(self) -> str:
        return self.folder.name


def folder() -> Path:
    """The examples: in the package once installed, else in the repository. Raises GalleryError."""
    here = Path(__file__).resolve().parents[1]
    for place in (here / "examples", here.parent / "examples"):
        if next(place.glob(f"*/{SPEC}"), None) is not None:
            return place
    raise GalleryError("the examples are not installed")


def examples(place: Path | None = None) -> list[Example]:
    """All examples, by name."""
    return [read(spec.parent) for spec in sorted((place or folder()).glob(f"*/{SPEC}"))]


def read(place: Path) -> Example:
    """The example of a folder. Raises GalleryError."""
    path = place / SPEC
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise GalleryError(f"{path}: {error}") from None
    known = {f.name for f in fields(Experiment)}
    found = []
    for entry in table.get("experiment", []):
        unknown = sorted(set(entry) - known)
        if unknown or not {"name", "file"} <= set(entry):
            wrong = f"unknown key `{unknown[0]}`" if unknown else "`name` or `file` is missing"
            raise GalleryError(f"{path}: {wrong} in an experiment")
        found.append(Experiment(**entry))
    try:
        grid = grids.read(table["grid"]) if "grid" in table else None
    except (KeyError, TypeError, AttributeError) as error:
        raise GalleryError(f"{path}: `grid`: {error}") from None
    if grid is not None:
        found += _of(grid)
    if not found or not {"title", "source"} <= set(table):
        raise GalleryError(f"{path}: needs `title`, `source` and experiments")
    return Example(place, table["title"], table["source"], tuple(found), grid)


def _of(grid: Grid) -> list[Experiment]:
    return [
        Experiment(
            name,
            series.file,
            grid.metric,
            1 if row.fixed else grid.seeds,
            {**row.set, "points": points},
            row.train,
            classical=row.classical,
            quick=NOT_QUICK,
        )
        for name, row, series, points in grids.places(grid)
    ]
