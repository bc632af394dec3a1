"""The training loop: blocks of updates as compiled calls; between them, what a user sees."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...diagnostics import DataError
from ..arrays import Arrays
from ..data.stream import Samples, Stream
from ..init import generator
from ..running import Batch, Runner
from .block import Form, compiled
from .checkpoint import Checkpoint, Saved, same
from .course import Course, begin
from .failure import explain, training_error
from .interrupt import interruptible
from .objective import follower, learning_rate
from .options import TrainOptions
from .progress import Progress
from .run import Run, TrainingError, chosen

#: Seconds that a block of updates should take: an interrupt is heard that soon.
BLOCK = 0.2


@dataclass
class Stand:
    """Where training stands: `course` on the device, what has been seen of it here."""

    course: Course
    update: int
    histories: list[dict[str, list[float]]]
    seconds: float = 0.0
    best: tuple[float, ...] = ()


def train(
    runner: Runner,
    starts: Sequence[Arrays],
    data: Mapping[str, Samples],
    options: TrainOptions,
    seeds: Sequence[int],
    progress: Progress,
    checkpoint: Checkpoint | None = None,
    record: Mapping[str, Any] | None = None,
) -> Run:
    """Trains on `data["train"]` from each of `starts`, the parameters by seed, all at once.

    With `data["validation"]` the best epoch's parameters are kept. Losses and metrics of the
    history are those of the whole set after the epoch. An interrupt from the keyboard ends training
    in good order. Raises TrainingError, with the last good parameters, when no loss is finite any
    more.
    """
    kind: type[Training] = Training
    if isinstance(data["train"], Stream):
        from .streaming import Streaming

        kind = Streaming
    return kind(runner, starts, data, options, seeds, progress, checkpoint, record or {}).run()


class Training:
    def __init__(
        self,
        runner: Runner,
        starts: Sequence[Arrays],
        data: Mapping[str, Samples],
        options: TrainOptions,
        seeds: Sequence[int],
        progress: Progress,
        checkpoint: Checkpoint | None,
        record: Mapping[str, Any],
    ) -> None:
        self.runner, self.starts, self.data = runner, starts, data
        self.options, self.seeds, self.progress = options, seeds, progress
        self.checkpoint, self.record = checkpoint, record
        self.started = time.monotonic()
        samples = samples_of(data["train"])
        whole = options.optimizer.name == "lbfgs"
        names = ["loss", *(name for name, _ in runner.closed.metrics)]
        held = "validation" in data
        self.columns = [c for n in names for c in ((n, f"val_{n}") if held else (n,))]
        drawn = [
            name
            for name in starts[0]
            if name not in runner.trained
            and any(not np.array_equal(starts[0][name], other[name]) for other in starts[1:])
        ]
        watched = 1 if held else (0 if options.patience is not None else -1)
        self.form = Form(
            size=samples if whole else min(options.batch, samples),
            samples=samples,
            watched=watched,
            seeds=len(seeds) > 1,
            drawn=frozenset(drawn),
            shuffled=bool(options.shuffle) and not whole,
        )
        self.fixed = {
            name: np.stack([s[name] for s in starts]) if name in drawn else value
            for name, value in starts[0].items()
            if name not in runner.trained
        }
        self.total = options.epochs * self.form.updates
        self._place()

    def _place(self) -> None:
        """The data where they are computed with, and the compiled block."""
        import jax

        self.block = compiled(self.runner, self.options, self.form)
        self.given = jax.device_put((self.data["train"], self.data.get("validation")))

    def run(self) -> Run:
        if "test" in self.data:  # better now than after the training
            self._explain(self.starts[0], "test")
        stand = self._resumed() or self._begun()
        if self.checkpoint is not None:
            self.checkpoint.write(self._saved(stand))
        stopped = "epochs"
        with self.progress, interruptible(self.progress.enabled) as asked:
            try:
                self._train(stand, asked)
                stopped = "interrupted" if asked() else stopped
            except KeyboardInterrupt:
                if asked():  # for the second time
                    raise
                stopped = "interrupted"
        if self.checkpoint is not None:
            self.checkpoint.write(self._saved(stand))
        return self._made(stand, stopped)

    def _train(self, stand: Stand, asked: Callable[[], bool]) -> None:
        """Blocks of updates until the last epoch has ended or all runs have stopped."""
        pace, first = 1, True
        while stand.update < self.total and np.any(stand.course["alive"]) and not asked():
            started = time.monotonic()
            done = self._advance(stand, pace)
            passed = time.monotonic() - started
            if not first:  # which was compiled
                wanted = int(pace * BLOCK / max(passed, 1e-9))
                # A block ends with its epoch, however many updates it was allowed.
                pace = max(1, min(8 * pace, wanted, self.total))
            first = False
            self._show(stand, done)
            if self.checkpoint is not None:
                scores = tuple(np.atleast_1d(stand.course["best_score"]).tolist())
                better = self.form.watched >= 0 and scores != stand.best
                if self.checkpoint.due(better):
                    self.checkpoint.write(self._saved(stand))
                    stand.best = scores

    def _advance(self, stand: Stand, pace: int) -> int:
        """A block of at most `pace` updates. Gives how many epochs ended in it."""
        updates, before = self.form.updates, stand.update
        epoch = before // updates
        stop = min(before + pace, self.total, (epoch + self.form.epochs) * updates)
        if self.progress.every_epoch:
            stop = min(stop, (epoch + 1) * updates)
        orders = self._orders(epoch, stop) if self.form.shuffled else None
        stand.course, number, rows = self.block(
            stand.course,
            self.fixed,
            *self.given,
            orders,
            np.int64(before),
            np.int64(stop),
            learning_rate(self.options),
        )
        stand.update = int(number)
        found = np.asarray(rows).reshape(-1, *rows.shape[-2:])
        ended = np.atleast_1d(stand.course["epoch"]).tolist()
        for history, values, now in zip(stand.histories, found, ended, strict=True):
            old = len(history["epoch"])
            for i in range(now - old):
                history["epoch"].append(old + i + 1)
                for name, value in zip(self.columns, values[i].tolist(), strict=True):
                    history[name].append(value)
        return stand.update // updates - epoch

    def _orders(self, epoch: int, stop: int) -> Any:
        """The orders of the samples, a row for each epoch; each has its own stream of numbers."""
        samples, rows = self.form.samples, self.form.epochs
        last = -(-stop // self.form.updates)
        found = np.zeros((len(self.seeds), rows, samples), np.int64)
        for i, seed in enumerate(self.seeds):
            for k in range(last - epoch):
                stream = generator(seed, f"order of epoch {epoch + k + 1}")
                found[i, k] = stream.permutation(samples)
        return found if self.form.seeds else found[0]

    def _show(self, stand: Stand, done: int) -> None:
        """Tells progress and callbacks: of several seeds, the medians of those that go on."""
        if not done:
            self.progress.within(stand.update / self.form.updates)
            return
        epoch = max(len(h["epoch"]) for h in stand.histories)
        going = [h for h in stand.histories if len(h["epoch"]) == epoch]
        if not epoch:
            return
        values = {name: float(np.median([h[name][-1] for h in going])) for name in self.columns}
        held = stand.histories[0]
        if "val_loss" in values and len(held["epoch"]) == 1:
            self._look_at_validation(values["val_loss"])
        self.progress.epoch(epoch, values)
        if self.progress.callbacks.follow_parameters:
            self.progress.callbacks.parameters(epoch, self._standing(stand))

    def _standing(self, stand: Stand) -> list[Arrays]:
        """The parameters of every seed after the last good update."""
        found = []
        for i, start in enumerate(self.starts):
            trained = {
                name: np.asarray(value)[i] if self.form.seeds else value
                for name, value in stand.course["trained"].items()
            }
            made = {**start, **trained}
            found.append({k: np.array(made[k], dtype=np.float64) for k in start})
        return found

    def _look_at_validation(self, loss: float) -> None:
        """DataError if it is the data that keep the first validation from being finite."""
        if not math.isfinite(loss):
            self._explain(self.starts[0], "validation")

    def _explain(self, params: Any, part: str) -> None:
        """DataError if the loss of a part is not finite."""
        explain(self.runner, params, self._batch(part))

    def _blame(self, params: Any) -> None:
        """DataError if it is known to be the training data that make an output not finite."""
        self.runner.blame(params, self._batch("train"))

    def _judged(self, params: Any, part: str) -> dict[str, float]:
        return self.runner.judge(params, {}, self._batch(part))

    def _batch(self, part: str) -> Batch:
        found = self.data[part]
        assert not isinstance(found, Stream)
        return found

    # --- beginning, keeping and resuming ----------------------------------------------------------

    def _begun(self) -> Stand:
        import jax

        follow = follower(self.options, self.form.updates)
        courses = [
            begin(self._trained(start), follow, seed, len(self.columns))
            for start, seed in zip(self.starts, self.seeds, strict=True)
        ]
        course = courses[0]
        if self.form.seeds:
            course = jax.tree.map(lambda *leaves: np.stack(leaves), *courses)
        empty: list[dict[str, list[float]]] = [
            {name: [] for name in ("epoch", *self.columns)} for _ in self.seeds
        ]
        return Stand(course, 0, empty)

    def _trained(self, params: Arrays) -> Arrays:
        return {k: v for k, v in params.items() if k in self.runner.trained}

    def _saved(self, stand: Stand) -> Saved:
        arrays = {path: np.asarray(leaf) for path, leaf in _leaves(stand.course)}
        seconds = stand.seconds + time.monotonic() - self.started
        return Saved(stand.update, arrays, stand.histories, self.record, seconds)

    def _resumed(self) -> Stand | None:
        """Where a checkpoint stands; DataError if it is of another run."""
        saved = self.checkpoint.read() if self.checkpoint is not None else None
        if saved is None or self.checkpoint is None:
            return None
        import jax

        shown = str(self.checkpoint.path)
        same(saved, self.record, shown)
        stand = self._begun()
        wanted = {path: (np.shape(leaf), leaf.dtype) for path, leaf in _leaves(stand.course)}
        if {path: (a.shape, a.dtype) for path, a in saved.arrays.items()} != wanted:
            raise DataError(f"{shown}: the checkpoint belongs to a run with another optimizer")
        if [set(h) for h in saved.histories] != [{"epoch", *self.columns}] * len(self.seeds):
            raise DataError(f"{shown}: the checkpoint belongs to a run with other metrics or data")
        form = jax.tree.structure(stand.course)
        course = jax.tree.unflatten(form, [saved.arrays[path] for path in wanted])
        # A loss that was not finite is met again, or not, if there is something else now.
        course["alive"] = course["alive"] | (course["failed"] > 0)
        course["failed"] = np.zeros_like(course["failed"])
        return Stand(course, saved.update, saved.histories, saved.seconds)

    # --- the result -------------------------------------------------------------------------------

    def _made(self, stand: Stand, stopped: str) -> Run:
        """The run, that of the best seed. Raises TrainingError if none has gone well."""
        import jax

        seconds = stand.seconds + time.monotonic() - self.started
        runs: list[Run] = []
        errors: dict[int, Exception] = {}
        for i, (seed, start) in enumerate(zip(self.seeds, self.starts, strict=True)):
            pick = (lambda a, i=i: np.asarray(a)[i]) if self.form.seeds else np.asarray
            course = jax.tree.map(pick, stand.course)
            fixed = {k: v for k, v in start.items() if k not in self.runner.trained}
            if course["failed"]:
                try:
                    if not course["epoch"]:  # never any good: perhaps it is the data
                        self._explain(start, "train")
                    failure = training_error(course, self.form, {**start, **fixed}, self.options)
                    self._blame(failure.params)
                    raise failure
                except (TrainingError, DataError) as error:
                    if not self.form.seeds:
                        raise
                    errors[seed] = error
                continue
            why = stopped
            if stopped == "epochs" and not course["alive"]:
                why = "patience"
            made = {**fixed, **course["best"]}
            if not course["epoch"]:  # interrupted before the first epoch ended
                made = {**fixed, **course["trained"]}
            params = {k: np.asarray(made[k], dtype=np.float64) for k in start}
            metrics = self._metrics(course, params)
            best = int(course["best_epoch"])
            runs.append(Run(params, stand.histories[i], metrics, best, why, seconds, seed=seed))
        if not runs:
            raise next(iter(errors.values()))
        why_not = {seed: str(error) for seed, error in errors.items()}
        return chosen(runs, why_not) if self.form.seeds else runs[0]

    def _metrics(self, course: Course, params: Arrays) -> dict[str, dict[str, float]]:
        """Of the parameters that are kept, on every part of the data."""
        found: dict[str, dict[str, float]] = {}
        values = dict(zip(self.columns, course["best_values"].tolist(), strict=True))
        for part in self.data:
            if part == "test" or not course["epoch"]:
                found[part] = self._judged(params, part)
                continue
            val = part == "validation"
            found[part] = {
                name.removeprefix("val_") if val else name: value
                for name, value in values.items()
                if name.startswith("val_") == val
            }
        return found


def samples_of(data: Samples) -> int:
    """How many samples there are."""
    if isinstance(data, Stream):
        return len(data)
    return next((len(a) for arrays in data[:2] for a in arrays.values()), 0)


def _leaves(course: Course) -> list[tuple[str, Any]]:
    """The arrays of a course by path, in the order of its tree."""
    import jax

    found = jax.tree_util.tree_flatten_with_path(course)[0]
    return [(jax.tree_util.keystr(path, simple=True, separator="/"), leaf) for path, leaf in found]
