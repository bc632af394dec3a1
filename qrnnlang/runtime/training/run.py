"""What training gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


class TrainingError(ValueError):
    """Training cannot go on; `params` holds the last good state."""

    def __init__(self, message: str, params: dict[str, NDArray[np.float64]]):
        super().__init__(message)
        self.params = params


@dataclass(frozen=True)
class Run:
    """A finished training run.

    `params`: those of the epoch with the best validation loss (of the last epoch without
    validation). `history`: lists by `epoch, loss, val_loss, METRIC, val_METRIC`. `metrics`: of
    `params` on "train", "validation" and "test", each {"loss", METRIC}.

    Of several seeds it is the run of the best one, by its loss on the validation part, else on the
    training part; `runs` are those of all seeds that came to an end, and `summary` says how their
    metrics spread: {part: {METRIC: {"median", "q25", "q75", "min", "max"}}}.
    """

    params: dict[str, NDArray[np.float64]]
    history: dict[str, list[float]]
    metrics: dict[str, dict[str, float]]
    best_epoch: int = 0
    stopped: str = "epochs"  # "epochs", "patience", "budget" or "interrupted"
    seconds: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    runs: tuple[Run, ...] = ()
    summary: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)  # by seed: why there is no run of it
    device: dict[str, int] = field(default_factory=dict)  # circuits, jobs and shots it took

    @property
    def failed(self) -> int:
        """How many seeds did not end with numbers."""
        return len(self.failures)


def chosen(runs: Sequence[Run], failures: Mapping[int, str] | None = None) -> Run:
    """The best of the runs of several seeds, with the others and how they spread."""
    part = "validation" if "validation" in runs[0].metrics else "train"

    def score(run: Run) -> float:
        loss = run.metrics[part]["loss"]
        return math.inf if math.isnan(loss) else loss

    best = min(runs, key=score)
    return replace(best, runs=tuple(runs), summary=_summary(runs), failures=dict(failures or {}))


def _summary(runs: Sequence[Run]) -> dict[str, dict[str, dict[str, float]]]:
    return {
        part: {name: _spread([r.metrics[part][name] for r in runs]) for name in values}
        for part, values in runs[0].metrics.items()
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, q25, median, q75, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return {"median": median, "q25": q25, "q75": q75, "min": low, "max": high}
