"""Live progress: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from .callbacks import Callbacks

#: Seconds between two plain lines.
EVERY = 2.0


class Progress:
    """Shows epochs on standard error as they end.

    `report` and the callbacks get every epoch's losses and metrics, whether they are shown or not.
    """

    def __init__(
        self,
        epochs: int,
        enabled: bool,
        report: Callable[[dict[str, float]], None] | None = None,
        callbacks: Callbacks | None = None,
    ):
        self.epochs = epochs
        self.enabled = enabled
        self.report = report
        self.callbacks = callbacks or Callbacks()
        self._started = self._said = time.monotonic()
        self._first: float | None = None  # what was done when the first block ended
        self._shown = ""
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        self._started = self._said = time.monotonic()
        if self.enabled and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("epoch {task.completed:.5g}/{task.total:.0f}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[shown]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self.epochs, shown="compiling")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    @property
    def every_epoch(self) -> bool:
        """Whether somebody has to be told of every epoch as soon as it ends."""
        return self.report is not None or bool(self.callbacks.given)

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Epoch `number`, from 1, has ended with these losses and metrics."""
        if self.report is not None:
            self.report({"epoch": number, **values})
        self.callbacks.epoch(number, values)
        self._shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        self.within(number)

    def within(self, done: float) -> None:
        """So many epochs are done, the last of them perhaps in part."""
        if not self.enabled:
            return
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, shown=self._shown or "compiling")
        elif self._first is None:
            # The first call includes compiling: the time left is reckoned from its end.
            self._first, self._started = done, now
        elif now - self._said >= EVERY and done > self._first:
            left = (now - self._started) / (done - self._first) * (self.epochs - done)
            shown = f"{done:g}" if done == int(done) else f"{done:.2f}"
            line = f"epoch {shown}/{self.epochs}  {self._shown}  {duration(left)} left"
            print(line, file=sys.stderr, flush=True)
            self._said = now


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
