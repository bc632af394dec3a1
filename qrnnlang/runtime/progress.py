"""How far a piece of work is: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Any

#: Seconds between two plain lines.
EVERY = 2.0
#: Seconds within which what an earlier run has done is there again.
AT_ONCE = 0.2


class Bar:
    """Work of `total` pieces, on standard error, with the time that is left.

    `what` is said before the numbers: "sweep on 4 processes". `first`: what goes on before the
    first piece and only then, such as compiling; it is no measure of the time that is left. With
    `lines` False nothing is said where there is no terminal.
    """

    def __init__(
        self, what: str, total: float, enabled: bool = True, *, lines: bool = True, first: str = ""
    ):
        self.what, self.total, self.enabled = what, total, enabled
        self.done = 0.0
        self._lines, self._first = lines, first
        self._entered = self._started = self._said = time.monotonic()
        self._before = 0.0  # done when the clock started
        self._waits = bool(first)
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        self._entered = self._started = self._said = time.monotonic()
        if self.enabled and _terminal():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description} {task.fields[count]}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[text]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(
                self.what, total=self.total, count=self._count, text=self._first
            )
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

    def one(self, text: str = "") -> None:
        """One more piece has ended; `text` says which and how."""
        self.at(self.done + 1, text)

    def at(self, done: float, text: str = "", total: float | None = None) -> None:
        """So much is done, the last piece perhaps in part; fewer than before: a new round."""
        if not self.enabled:
            return
        now = time.monotonic()
        if self._waits or done < self.done or now - self._entered < AT_ONCE:
            self._started, self._before, self._waits = now, done, False
        self.done = done
        self.total = self.total if total is None else total
        left = self._left(now)
        if self._bar is not None:
            shown = "  ".join(part for part in (text, left) if part)
            self._bar.update(
                self._task, completed=done, total=self.total, count=self._count, text=shown
            )
        elif self._lines and left and now - self._said >= EVERY:
            parts = (f"{self.what} {self._count}", text, left)
            print("  ".join(part for part in parts if part), file=sys.stderr, flush=True)
            self._said = now

    @property
    def _count(self) -> str:
        whole = self.done == int(self.done)
        return f"{int(self.done) if whole else format(self.done, '.2f')}/{self.total:.0f}"

    def _left(self, now: float) -> str:
        """In words; empty as long as nothing tells."""
        made = self.done - self._before
        if made <= 0:
            return ""
        pace = (now - self._started) / made
        return f"{duration(pace * (self.total - self.done))} left"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
