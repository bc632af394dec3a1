"""Training at every point of a grid, by every seed, through an executor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..arrays import whole
from ..artefact import finite
from ..executor import Executor, Result, Store, Task, connect, fingerprint, run_tasks
from ..files import write_text
from ..load import load
from ..model import Model
from ..training.options import from_block, overridden
from .grid import Grid, Point
from .table import Row, Summary, best, summaries, to_csv, to_text
from .work import DataFile

#: Called as runs end: how many have, of how many, and the last one.
Report = Callable[[int, int, Row], None]


@dataclass(frozen=True)
class Sweep:
    """A finished sweep: its runs, point by point and seed by seed."""

    rows: Sequence[Row]

    @property
    def points(self) -> list[Summary]:
        """What the seeds of each point have in common."""
        return summaries(self.rows)

    @property
    def best(self) -> Row | None:
        """The run with the least loss on the validation part, else the test part, else training."""
        return best(self.rows)

    @property
    def failed(self) -> int:
        return sum(row.error is not None for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Plain values: `runs`, `points` and the `best` run."""
        chosen = self.best
        made: dict[str, Any] = finite(
            {
                "runs": [row.as_json() for row in self.rows],
                "points": [point.as_json() for point in self.points],
                "best": chosen.as_json() if chosen is not None else None,
            }
        )
        return made

    def to_csv(self) -> str:
        """A row a run."""
        return to_csv(self.rows)

    def __str__(self) -> str:
        return to_text(self.points)


def sweep(
    path: str | Path,
    set: Mapping[str, Iterable[Any]] | None = None,
    *,
    seeds: int | Iterable[int] = 1,
    settings: Mapping[str, Iterable[Any]] | None = None,
    entry: str | None = None,
    data: str | Path | None = None,
    precision: str = "float64",
    workers: int | None = None,
    cluster: str | None = None,
    executor: Executor | None = None,
    folder: str | Path | None = None,
    report: Report | None = None,
) -> Sweep:
    """Trains the model of a file, by its own blocks, at every point of a grid and by every seed.

    Args:
        set: lists of values by hyperparameter.
        seeds: how many, from 0, or which.
        settings: lists of values of `fit`'s `optimizer lr epochs batch clip clip_value patience`.
        data: a file that takes the place of the data block's.
        workers, cluster: as for `executor.connect`; or an `executor` that is there.
        folder: where `results.csv`, `summary.json` and each run's result go. Runs whose results are
            there already, by the same source, data and version, are not done again.
        report: called with (done, of how many, row) as runs end.

    A run that fails, a loss that diverges say, is a row with an error. Raises CompileError for what
    is wrong in the source or a value, DataError for data that cannot be read, ValueError for wrong
    arguments, ExecutorError when the executor cannot go on.
    """
    grid = Grid(
        {k: list(v) for k, v in (set or {}).items()},
        {k: list(v) for k, v in (settings or {}).items()},
    )
    chosen = _seeds(seeds)
    models = [load(path, entry=entry, set=hyper) for hyper in grid.lines()]
    for point in grid.points():  # wrong values are better known before the first run
        overridden(from_block(models[0].closed.train), point.settings)
    file = _file(models[0], data)
    if file is not None:
        models[0].data(data)
    runs = [(point, seed) for point in grid.points() for seed in chosen]
    tasks = [_task(models[0], precision, file, point, seed) for point, seed in runs]
    places = {task.key: place for task, place in zip(tasks, runs, strict=True)}
    store = None
    if folder is not None:  # that it cannot be is better known now than after the first run
        store = Store(Path(folder) / "results")
        Path(store.folder).mkdir(parents=True, exist_ok=True)
    rows: dict[str, Row] = {}
    with connect(workers, cluster) if executor is None else executor as carrier:
        for result in run_tasks(tasks, carrier, store):
            rows[result.key] = _row(*places[result.key], result)
            if report is not None:
                report(len(rows), len(tasks), rows[result.key])
    made = Sweep([rows[task.key] for task in tasks])
    if folder is not None:
        write_text(Path(folder) / "results.csv", made.to_csv())
        write_text(Path(folder) / "summary.json", json.dumps(made.as_json(), indent=2) + "\n")
    return made


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    if isinstance(seeds, Iterable):
        found = [whole("a seed", seed, 0) for seed in seeds]
    else:
        found = list(range(whole("seeds", seeds)))
    if not found or len({*found}) < len(found):
        raise ValueError("seeds are one or more different whole numbers")
    return found


def _file(model: Model, data: str | Path | None) -> DataFile | None:
    """The file that is trained on, if there is one. Raises ValueError without a data block."""
    from ...sema.dataset import path

    model.need_loss()
    block = model.closed.data
    if block is None:
        raise ValueError(
            f"`{model.closed.name}` has no `data` block, which says what its inputs are"
        )
    if data is not None:
        return DataFile.of(Path(data))
    if block.source.call not in ("csv", "npz"):
        return None
    return DataFile.of((model.folder or Path()) / path(block.source))


def _task(model: Model, precision: str, file: DataFile | None, point: Point, seed: int) -> Task:
    from ... import __version__

    program = model.program
    arguments: dict[str, Any] = {
        "source": program.text,
        "imports": dict(program.imports),
        "entry": program.entry,
        "hyper": dict(point.hyper),
        "precision": precision,
        "seed": seed,
        "settings": dict(point.settings),
    }
    digest = None if file is None else file.digest
    key = fingerprint(__version__, digest, arguments)
    arguments["data"] = None if file is None else vars(file)
    return Task(key, f"{__package__}.work:train", arguments)


def _row(point: Point, seed: int, result: Result) -> Row:
    if result.error is not None:
        return Row(point, seed, {}, error=result.error)
    return Row(point, seed, **result.value)
