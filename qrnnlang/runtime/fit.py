"""`model.fit`: data and options from its arguments, or from the blocks of the file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import DataError
from . import arrays
from .data import Dataset, dataset
from .running import Batch
from .training.callbacks import Callbacks
from .training.checkpoint import Checkpoint
from .training.options import TrainOptions, from_block, overridden
from .training.progress import Progress
from .training.run import Run

if TYPE_CHECKING:
    from .model import Model

#: The file in a run's folder to resume from.
CHECKPOINT = "checkpoint.safetensors"


#: Arguments of `Model.fit` that go before the options of the `train` block.
OPTIONS = frozenset(
    ("epochs", "batch", "optimizer", "lr", "schedule", "seed", "clip", "clip_value", "patience")
) | {"shuffle"}


@dataclass(frozen=True)
class Given:
    """The data that `fit` was given."""

    x: Any = None
    y: Any = None
    lengths: Any = None
    validation: Any = None
    test: Any = None
    data: Dataset | None = None


@dataclass(frozen=True)
class Place:
    """Where a run is seen and kept."""

    progress: bool | Callable[[dict[str, float]], None] = True
    checkpoint: str | Path | None = None
    resume: bool = False
    callbacks: Iterable[Any] = ()


def fit(
    model: Model,
    given: Given,
    params: Mapping[str, Any] | None,
    options: Mapping[str, Any],
    place: Place,
) -> Run:
    """See `Model.fit`."""
    from .training.loop import train

    model.need_loss()
    callbacks = Callbacks(place.callbacks)
    folder = Path(place.checkpoint) if place.checkpoint is not None else None
    if place.resume:
        resumable(folder)
    chosen = overridden(from_block(model.closed.train), options)
    data = given.data
    if given.x is None and given.y is None and data is None:
        data = block_data(model)
    if data is not None and chosen.shuffle is None:
        chosen = replace(chosen, shuffle=data.shuffle)
    parts = _parts(model, given, data)
    start = model.init(chosen.seed)
    start.update(arrays.checked_params(model.closed, params or {}, partial=True))
    report = place.progress if callable(place.progress) else None
    show = Progress(chosen.epochs, place.progress is True, report, callbacks)
    callbacks.start(_info(model, parts, chosen, folder))
    try:
        if chosen.optimizer.name == "ridge":
            run = _ridge(model, start, parts, chosen, show)
        else:
            saved = Checkpoint(folder / CHECKPOINT, place.resume) if folder is not None else None
            run = train(model.runner, start, parts, chosen, show, saved)
        run = replace(run, settings=chosen.as_json())
        if folder is not None:
            from .results import write_run

            write_run(folder, model, run, data)
    except BaseException as error:
        callbacks.error(error)
        raise
    callbacks.end(run)
    return run


def _info(
    model: Model, parts: Mapping[str, Batch], options: TrainOptions, folder: Path | None
) -> dict[str, Any]:
    """What callbacks are told at the start."""
    return {
        "model": model.closed.name,
        "source": model.program.text,
        "settings": options.as_json(),
        "parameters": sum(math.prod(s.shape) for s in model.closed.params if s.trained),
        "samples": {name: _samples(batch) for name, batch in parts.items()},
        "folder": None if folder is None else str(folder),
    }


def _samples(batch: Batch) -> int:
    return next((len(a) for arrays in batch[:2] for a in arrays.values()), 0)


def resumable(folder: Path | None) -> None:
    """Raises ValueError without a folder, DataError without a checkpoint in it."""
    if folder is None:
        raise ValueError("`resume` needs the folder of the run: `checkpoint=`")
    if not (folder / CHECKPOINT).is_file():
        raise DataError(f"{folder}: no checkpoint to go on from; start without resuming")


def block_data(model: Model, source: str | Path | None = None) -> Dataset:
    """The data of the file's `data` block; `source` takes the place of its file.

    The model keeps the scales, for predictions in the unit of the data. Raises ValueError without
    a block.
    """
    if model.closed.data is None:
        raise ValueError(f"`{model.closed.name}` has no `data` block: give x and y")
    made = dataset(model.closed, model.closed.data, model.folder or Path(), source=source)
    model.scales = made.scales
    return made


def _parts(model: Model, given: Given, data: Dataset | None) -> dict[str, Batch]:
    """Train, validation and test; arguments go before the data block's parts."""
    found: dict[str, Batch] = {}
    if data is not None:
        named = {"train": data.train, "validation": data.validation, "test": data.test}
        found = {k: model.batch(p.inputs, p.targets) for k, p in named.items() if len(p)}
    else:
        found["train"] = model.batch(given.x, given.y, given.lengths)
    for name, held in (("validation", given.validation), ("test", given.test)):
        if held is not None:
            if not isinstance(held, tuple | list) or len(held) not in (2, 3):
                raise TypeError(f"{name} is a pair (x, y), or (x, y, lengths)")
            found[name] = model.batch(*held)
    return found


def _ridge(
    model: Model,
    start: dict[str, Any],
    parts: dict[str, Batch],
    options: TrainOptions,
    progress: Progress,
) -> Run:
    """The closed form, then one evaluation of it as the only epoch."""
    from .training.ridge import solve

    started = time.monotonic()

    def build(closed: Any) -> Any:
        from ..engine import build as make

        return make(closed, precision=model.precision, externs=model.externs)

    made = {**start, **solve(model.closed, build, start, parts["train"], options.optimizer)}
    metrics = {part: model.runner.judge({}, made, data) for part, data in parts.items()}
    for part, values in metrics.items():
        if not math.isfinite(values["loss"]):
            model.runner.explain(made, parts[part], f"the loss is {values['loss']:g}")
    values = dict(metrics["train"])
    values |= {f"val_{k}": v for k, v in metrics.get("validation", {}).items()}
    with progress:
        progress.epoch(1, values)
    history = {"epoch": [1.0], **{k: [v] for k, v in values.items()}}
    return Run(made, history, metrics, 1, "epochs", time.monotonic() - started)
