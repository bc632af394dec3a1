"""Objects of the user that follow a run: loggers, early judges, notifications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Run

#: What a callback may have; at least one of them.
METHODS = ("on_start", "on_epoch", "on_parameters", "on_end", "on_error")


class Callbacks:
    """The callbacks of a run, asked in the order in which they were given.

    Each has any of these methods:

    - `on_start(info)`: training begins; `info` is a dict of `model` (its name), `source` (the text
      of the program), `settings` (the options that hold), `parameters` (how many numbers are
      trained), `samples` (by part: "train", "validation", "test") and `folder` (the run's, or
      None).
    - `on_epoch(epoch, metrics)`: epoch `epoch`, from 1, has ended; `metrics` are the losses and
      metrics that the history gets: `loss`, `val_loss`, METRIC, `val_METRIC`.
    - `on_parameters(epoch, parameters)`: where they stand then, a dict of arrays for each seed. Not
      of training on a backend.
    - `on_end(run)`: training has ended, by itself or by an interrupt, and the run's files are
      written; `run` is what `fit` gives back.
    - `on_error(error)`: training was given up with this exception, which is raised afterwards.

    What a callback raises ends the training.
    """

    def __init__(self, given: Iterable[Any] = ()):
        """Raises TypeError for what is no list of objects with one of the methods."""
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise TypeError(f"callbacks is a list of objects, not {given!r:.60}")
        self.given = tuple(given)
        for one in self.given:
            if isinstance(one, type):
                raise TypeError(f"a callback is an object: write `{one.__name__}()`")
            if not any(callable(getattr(one, name, None)) for name in METHODS):
                methods = ", ".join(f"`{name}`" for name in METHODS)
                raise TypeError(f"a callback has one of {methods}; {one!r:.60} has none")

    def start(self, info: Mapping[str, Any]) -> None:
        self._call("on_start", dict(info))

    def epoch(self, number: int, metrics: Mapping[str, float]) -> None:
        self._call("on_epoch", number, dict(metrics))

    @property
    def follow_parameters(self) -> bool:
        return any(hasattr(one, "on_parameters") for one in self.given)

    def parameters(self, number: int, found: Sequence[Mapping[str, Any]]) -> None:
        self._call("on_parameters", number, [dict(one) for one in found])

    def end(self, run: Run) -> None:
        self._call("on_end", run)

    def error(self, error: BaseException) -> None:
        self._call("on_error", error)

    def _call(self, name: str, *arguments: Any) -> None:
        for one in self.given:
            method = getattr(one, name, None)
            if method is not None:
                method(*arguments)
