"""The epochs of a training, as they end: shown, and told to a function and to callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

from ..progress import Bar
from .callbacks import Callbacks


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
        self.enabled = enabled
        self.report = report
        self.callbacks = callbacks or Callbacks()
        self._bar = Bar("epoch", epochs, enabled, first="compiling")
        self._shown = "compiling"

    def __enter__(self) -> Progress:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, trace)

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
        self._bar.at(done, self._shown)
