"""What training gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """

    params: dict[str, NDArray[np.float64]]
    history: dict[str, list[float]]
    metrics: dict[str, dict[str, float]]
    best_epoch: int = 0
    stopped: str = "epochs"  # "epochs", "patience" or "interrupted"
    seconds: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
