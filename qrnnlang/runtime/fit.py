"""`model.fit`: data and options from its arguments, or from the blocks of the file."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

from ..diagnostics import DataError
from . import arrays
from .data import Dataset, Part, Scale, dataset
from .data.source import is_frame
from .data.stream import Samples, Stream
from .files import as_path
from .running import Batch
from .training.callbacks import Callbacks
from .training.checkpoint import EVERY, Checkpoint
from .training.options import TrainOptions, from_block, overridden
from .training.progress import Progress
from .training.run import Run, TrainingError, chosen

if TYPE_CHECKING:
    from .executor import Executor
    from .model import Model
    from .training.frozen import Frozen
    from .training.methods import Method
    from .training.ridge import Ridge

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
    every: float = EVERY
    callbacks: Iterable[Any] = ()


@dataclass(frozen=True)
class OnBackend:
    """Where circuits run while training; see `Model.fit`."""

    backend: Any
    shots: int = 1024
    jobs: str | Path | None = None
    budget: int | None = None
    executor: Executor | None = None


def fit(
    model: Model,
    given: Given,
    params: Mapping[str, Any] | None,
    options: Mapping[str, Any],
    seeds: int | Iterable[int] | None,
    place: Place,
    device: OnBackend | None = None,
) -> Run:
    """See `Model.fit`."""
    model.need_loss()
    _check_place(place)
    callbacks = Callbacks(place.callbacks)
    folder = Path(place.checkpoint) if place.checkpoint is not None else None
    if place.resume:
        resumable(folder, device is not None)
    settings = overridden(from_block(model.closed.train), options)
    data = given.data
    if data is not None and not isinstance(data, Dataset):
        raise TypeError(
            f"`data` is a Dataset, as `model.data()` gives it, not {data!r:.60}; a file goes into "
            "`model.data(path)`"
        )
    if given.x is None and given.y is None and data is None:
        data = block_data(model)
    if data is not None and settings.shuffle is None:
        settings = replace(settings, shuffle=data.shuffle)
    parts = _parts(model, given, data)
    chosen_seeds = _seeds(seeds, settings.seed)
    start = arrays.checked_params(model.closed, {} if params is None else params, partial=True)
    starts = [{**model.init(seed), **start} for seed in chosen_seeds]
    report = place.progress if callable(place.progress) else None
    show = Progress(settings.epochs, place.progress is True, report, callbacks)
    shown = settings.as_json() if seeds is None else {**settings.as_json(), "seeds": chosen_seeds}
    if model.noise is not None:
        shown["noise_from"] = model.noise
    callbacks.start(_info(model, parts, shown, folder))
    try:
        _refuse_streams(parts, settings.optimizer.name, device is not None)
        if device is not None:
            if seeds is not None:
                raise ValueError("on a backend training is from one seed: leave out seeds=")
            run = _on_device(model, starts[0], parts, settings, show, shown, place, device)
        elif settings.optimizer.name == "ridge":
            run = _ridges(model, starts, parts, settings, chosen_seeds, show)
        else:
            run = _descent(model, starts, parts, settings, chosen_seeds, show, shown, folder, place)
        run = replace(run, settings=shown)
        if folder is not None:
            from .results import write_run

            write_run(folder, model, run, data)
    except BaseException as error:
        callbacks.error(error)
        raise
    callbacks.end(run)
    return run


def _check_place(place: Place) -> None:
    """Raises TypeError, ValueError or DataError for what cannot be a place of a run."""
    if not (isinstance(place.progress, bool) or callable(place.progress)):
        raise TypeError(f"`progress` is True, False or a function, not {place.progress!r}")
    if place.checkpoint is not None:
        path = as_path("checkpoint", place.checkpoint, "a folder")
        for folder in (path, *path.parents):
            if folder.exists() and not folder.is_dir():
                raise DataError(f"{folder}: a file, where `checkpoint` needs a folder")
    if isinstance(place.every, str) or not isinstance(place.every, SupportsFloat):
        raise TypeError(f"`checkpoint_every` is a number of seconds, not {place.every!r}")
    if not float(place.every) >= 0:
        raise ValueError(f"`checkpoint_every` is at least 0, not {place.every}")


def _seeds(seeds: int | Iterable[int] | None, first: int) -> list[int]:
    """The seeds to train from: a number of them from the first, or those given."""
    if seeds is None:
        return [first]
    if isinstance(seeds, str | Mapping):
        raise TypeError(f"`seeds` is a number of seeds or a list of them, not {seeds!r}")
    if not isinstance(seeds, Iterable):
        return [first + i for i in range(arrays.whole("`seeds`", seeds))]
    found = [arrays.whole("a seed", seed, 0) for seed in seeds]
    if not found or len(set(found)) < len(found):
        raise ValueError("`seeds` are different numbers, at least one")
    return found


def _descent(
    model: Model,
    starts: list[dict[str, Any]],
    parts: Mapping[str, Samples],
    options: TrainOptions,
    seeds: list[int],
    progress: Progress,
    shown: Mapping[str, Any],
    folder: Path | None,
    place: Place,
) -> Run:
    """Training step by step, with a checkpoint if there is a folder."""
    from .training.identity import record
    from .training.loop import train

    saved, made_of = None, None
    if folder is not None:
        saved = Checkpoint(folder / CHECKPOINT, place.resume, place.every)
        made_of = record(model.program, shown, parts, model.precision)
    try:
        return train(model.runner, starts, parts, options, seeds, progress, saved, made_of)
    except TrainingError as error:
        if folder is not None:  # the last good state is kept
            model.save(folder / "model.qrnnz", error.params)
        raise


def _refuse_streams(parts: Mapping[str, Samples], name: str, on_backend: bool) -> None:
    """ValueError for ways to train that need the whole set in memory, if that is too large."""
    if not (on_backend or name in ("ridge", "lbfgs")):
        return
    if any(isinstance(p, Stream) for p in parts.values()):
        what = "training on a backend" if on_backend else f"`{name}`"
        raise ValueError(
            f"{what} takes all windows at once, which need more memory than is used for data: "
            "take fewer, with `stride`, or train with `adam`"
            + (" on the simulator" if on_backend else "")
        )


def _in_memory(parts: Mapping[str, Samples]) -> dict[str, Batch]:
    return {part: data for part, data in parts.items() if not isinstance(data, Stream)}


def _info(
    model: Model,
    parts: Mapping[str, Samples],
    settings: Mapping[str, Any],
    folder: Path | None,
) -> dict[str, Any]:
    """What callbacks are told at the start."""
    from .training.loop import samples_of

    return {
        "model": model.closed.name,
        "source": model.program.text,
        "settings": dict(settings),
        "parameters": sum(math.prod(s.shape) for s in model.closed.params if s.trained),
        "samples": {name: samples_of(batch) for name, batch in parts.items()},
        "folder": None if folder is None else str(folder),
    }


def _on_device(
    model: Model,
    start: dict[str, Any],
    parts: Mapping[str, Samples],
    options: TrainOptions,
    show: Progress,
    shown: Mapping[str, Any],
    place: Place,
    device: OnBackend,
) -> Run:
    from .sampled import device_of, machine, named, samples_noise, workers_for
    from .training.again import begun
    from .training.device import same_steps, train_on_device
    from .training.identity import record

    seqs = [p.name for p in model.closed.inputs if p.seq]
    batches = _in_memory(parts)
    steps = batches["train"][0][seqs[0]].shape[1] if seqs else 1
    same_steps(steps, batches, seqs)
    jobs = device.jobs
    if jobs is None and place.checkpoint is not None:
        jobs = Path(place.checkpoint) / "jobs"
    shots = arrays.whole("shots", device.shots)
    backend = named(device.backend)
    if jobs is not None:
        said = {**shown, "shots": shots, "backend": str(getattr(backend, "name", "own"))}
        made_of = record(model.program, said, parts, model.precision)
        begun(Path(jobs), made_of, place.resume)
    return train_on_device(
        model.runner,
        machine(model, start, steps, "reuse", noise=samples_noise(backend)),
        device_of(
            backend, options.seed, jobs, place=workers_for(device.backend, backend, device.executor)
        ),
        start,
        batches,
        options,
        shots,
        show,
        None if device.budget is None else arrays.whole("shot_budget", device.budget),
    )


def resumable(folder: Path | None, on_backend: bool = False) -> None:
    """Raises ValueError without a folder, DataError without a checkpoint in it.

    A run on a backend has its jobs in the place of a checkpoint; see `training.again`.
    """
    if folder is None:
        raise ValueError("`resume` needs the folder of the run: `checkpoint=`")
    if on_backend:
        return
    if not (folder / CHECKPOINT).is_file():
        raise DataError(f"{folder}: no checkpoint to go on from; start without resuming")


def block_data(model: Model, source: str | Path | None = None) -> Dataset:
    """The data of the file's `data` block; `source` takes the place of its file.

    The model keeps the scales, for predictions in the unit of the data. Raises ValueError without
    a block.
    """
    if model.closed.data is None:
        raise ValueError(f"`{model.closed.name}` has no `data` block: give x and y")
    if source is not None and not is_frame(source):
        source = as_path("source", source)
    made = dataset(model.closed, model.closed.data, model.folder or Path(), source=source)
    model.scales = made.scales
    return made


def scales_of(model: Model) -> dict[str, Scale]:
    """See `Model.known_scales`."""
    from .data.scaling import rule

    block = model.closed.data
    if not model.scales and block is not None and rule(dict(block.options)) is not None:
        try:
            block_data(model)
        except DataError as error:
            warnings.warn(
                f"the scaling of the data is not known and not saved: {error}", stacklevel=4
            )
    return model.scales


def _batch(model: Model, part: Part) -> Samples:
    """A part of the data, checked; a stream was when it was read."""
    if part.stream is None:
        return model.batch(part.inputs, part.targets, part.lengths)
    for port in (*model.closed.inputs, *model.closed.targets):
        if port.name not in part.stream.names:
            raise ValueError(f"the data have no column for `{port.name}`")
    return part.stream


def _parts(model: Model, given: Given, data: Dataset | None) -> dict[str, Samples]:
    """Train, validation and test; arguments go before the data block's parts."""
    found: dict[str, Samples] = {}
    if data is not None:
        named = {"train": data.train, "validation": data.validation, "test": data.test}
        found = {k: _batch(model, p) for k, p in named.items() if len(p)}
    else:
        found["train"] = model.batch(given.x, given.y, given.lengths)
    for name, held in (("validation", given.validation), ("test", given.test)):
        if held is not None:
            if not isinstance(held, tuple | list) or len(held) not in (2, 3):
                raise TypeError(f"{name} is a pair (x, y), or (x, y, lengths)")
            found[name] = model.batch(*held)
    return found


def _ridges(
    model: Model,
    starts: list[dict[str, Any]],
    parts: Mapping[str, Samples],
    options: TrainOptions,
    seeds: list[int],
    progress: Progress,
) -> Run:
    """The closed form for every seed, which draws what is `fixed`."""
    split, ridge = _closed_form(model, options.optimizer)
    batches = _in_memory(parts)
    runs = []
    with progress:
        for seed, start in zip(seeds, starts, strict=True):
            run = replace(_ridge(model, split, ridge, start, batches), seed=seed)
            progress.epoch(1, {k: v[0] for k, v in run.history.items() if k != "epoch"})
            runs.append(run)
    return chosen(runs) if len(runs) > 1 else runs[0]


def _closed_form(model: Model, method: Method) -> tuple[Frozen, Ridge]:
    """What the closed form compiles, kept with the model: fitting it again compiles nothing."""
    from ..engine import build
    from .training.frozen import frozen
    from .training.ridge import Ridge

    kept: dict[Method, tuple[Frozen, Ridge]] = model.runner.readouts
    if method not in kept:
        kept.clear()  # another penalty: one is enough to keep
        split = frozen(model.runner)
        make = partial(build, precision=model.precision, externs=model.externs)
        kept[method] = split, Ridge(split.rest.closed, make, method)
    return kept[method]


def _ridge(
    model: Model,
    split: Frozen,
    ridge: Ridge,
    start: dict[str, Any],
    batches: Mapping[str, Batch],
) -> Run:
    """The closed form, then one evaluation of it as the only epoch."""
    started = time.monotonic()
    given = split.given(start, batches)
    made = {**start, **ridge.solve(start, given["train"])}
    metrics = {part: split.rest.judge({}, made, data) for part, data in given.items()}
    for part, values in metrics.items():
        if not math.isfinite(values["loss"]):
            model.runner.explain(made, batches[part], f"the loss is {values['loss']:g}")
    values = {}
    for name, value in metrics["train"].items():
        values[name] = value
        if "validation" in metrics:
            values[f"val_{name}"] = metrics["validation"][name]
    history = {"epoch": [1.0], **{k: [v] for k, v in values.items()}}
    return Run(made, history, metrics, 1, "epochs", time.monotonic() - started)
