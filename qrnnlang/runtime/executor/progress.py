"""Live progress of many tasks: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from ..training.progress import EVERY, duration

#: Seconds within which the results of an earlier run come.
AT_ONCE = 0.2


class Tally:
    """Counts tasks as they end, on standard error, with the time that is left.

    `what` is said before the numbers: "sweep on 4 processes".
    """

    def __init__(self, total: int, what: str, enabled: bool = True):
        self.total, self.what, self.enabled = total, what, enabled
        self.done = 0
        self._first = 0  # done by an earlier run: no measure of the time that is left
        self._started = self._said = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Tally:
        self._started = self._said = time.monotonic()
        if self.enabled and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description} {task.completed:.0f}/{task.total:.0f}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[shown]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self.what, total=self.total, shown="")
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

    def one(self, text: str) -> None:
        """One more has ended; `text` says which and how."""
        self.done += 1
        if not self.enabled:
            return
        now = time.monotonic()
        if now - self._started < AT_ONCE:
            self._first = self.done
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, shown=text)
        elif now - self._said >= EVERY:
            made = self.done - self._first
            left = (now - self._started) / max(made, 1) * (self.total - self.done)
            line = f"{self.what} {self.done}/{self.total}  {text}  {duration(left)} left"
            print(line, file=sys.stderr, flush=True)
            self._said = now
