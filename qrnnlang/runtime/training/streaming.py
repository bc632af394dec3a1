"""Training on windows that stay in a file: a block of updates at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data.stream import Stream
from ..init import generator
from ..running import Batch, Runner
from .block import Form, essential
from .course import Course, settled, updated
from .failure import explain
from .judging import Judge
from .loop import Stand, Training
from .objective import direction, follower
from .options import TrainOptions


class Streaming(Training):
    """As `Training`, with the same batches in the same order, and losses of the whole set."""

    def _place(self) -> None:
        """What is compiled, and how many batches are in memory at a time."""
        if self.form.seeds:
            raise ValueError("`seeds` needs data that fit into the memory: train one by one")
        stream = self.data["train"]
        assert isinstance(stream, Stream)
        self.stream = stream
        self.most = max(1, stream.at_a_time // self.form.size)
        runner, kept = self.runner, self.runner.epochs
        key = ("stream", essential(self.options), self.form)
        if key not in kept:
            kept[key] = (
                _updates(runner, self.options, self.form, self.form.size),
                _updates(runner, self.options, self.form, self.form.rest or self.form.size),
                _settle(self.options, self.form),
                Judge(runner.closed, runner.executable),
            )
        self.full, self.last, self.settle, self.judge = kept[key]
        self.order: tuple[int, Any] = (-1, None)

    def _advance(self, stand: Stand, pace: int) -> int:
        updates, before = self.form.updates, stand.update
        epoch, k = divmod(before, updates)
        size, full = self.form.size, self.form.full
        if k < full:
            count, block, wide = (
                min(pace, self.most, full - k, self.total - before),
                self.full,
                size,
            )
        else:
            count, block, wide = 1, self.last, self.form.rest
        first = k * size
        index = self._index(epoch, first, first + count * wide)
        padded = np.resize(index, (self.most if k < full else 1) * wide)
        data = (*self.stream.take(padded), None)
        course, number = block(
            stand.course, self.fixed, data, np.int64(before), np.int64(before + count)
        )
        stand.course, stand.update = course, int(number)
        if stand.update % updates or not bool(course["alive"]):
            return 0
        self._end(stand)
        return 1

    def _end(self, stand: Stand) -> None:
        """The end of an epoch: it is judged on every part."""
        params = {**self.fixed, **stand.course["trained"]}
        found = {part: self._judged(params, part) for part in self.data if part != "test"}
        values = [
            found["validation" if column.startswith("val_") else "train"][
                column.removeprefix("val_")
            ]
            for column in self.columns
        ]
        stand.course = self.settle(stand.course, np.array(values), np.int64(stand.update))
        history = stand.histories[0]
        if int(stand.course["epoch"]) > len(history["epoch"]):
            history["epoch"].append(int(stand.course["epoch"]))
            for name, value in zip(self.columns, values, strict=True):
                history[name].append(value)

    def _index(self, epoch: int, first: int, stop: int) -> Any:
        """The windows of some batches of an epoch."""
        if not self.form.shuffled:
            return np.arange(first, stop)
        if self.order[0] != epoch:
            stream = generator(self.seeds[0], f"order of epoch {epoch + 1}")
            self.order = (epoch, stream.permutation(self.form.samples))
        return self.order[1][first:stop]

    def _judged(self, params: Any, part: str) -> dict[str, float]:
        data = self.data[part]
        if isinstance(data, Stream):
            judge: Judge = self.judge
            return judge(params, data)
        return self.runner.judge(params, {}, data)

    def _explain(self, params: Any, part: str) -> None:
        """DataError for the first windows whose loss is not finite."""
        data = self.data[part]
        chunks = data.chunks() if isinstance(data, Stream) else [data[:2]]
        for inputs, targets in chunks:
            batch: Batch = (inputs, targets, None)
            explain(self.runner, params, batch)

    def _blame(self, params: Any) -> None:
        for inputs, targets in self.stream.chunks():
            self.runner.blame(params, (inputs, targets, None))


def _updates(runner: Runner, options: TrainOptions, form: Form, size: int) -> Any:
    """(course, fixed, data, first, stop) ↦ (course, next update); batch i of the data is update

    `first` + i.
    """
    import jax

    look, follow = direction(options), follower(options, form.updates)

    def run(course: Course, fixed: Any, data: Any, first: Any, stop: Any) -> Any:
        def body(carry: Any) -> Any:
            number, course = carry
            start = (number - first) * size
            cut: Callable[[Any], Any] = lambda a: jax.lax.dynamic_slice_in_dim(a, start, size)  # noqa: E731
            picked = jax.tree.map(cut, data)

            def loss(trained: Any) -> Any:
                return runner.executable.loss({**fixed, **trained}, *picked)

            return number + 1, updated(course, loss, look, follow, number)

        def going(carry: Any) -> Any:
            return (carry[0] < stop) & carry[1]["alive"]

        number, course = jax.lax.while_loop(going, body, (first, course))
        return course, number

    return jax.jit(run)


def _settle(options: TrainOptions, form: Form) -> Any:
    import jax

    return jax.jit(
        lambda course, values, number: settled(
            course, values, form.watched, options.patience, number
        )
    )
