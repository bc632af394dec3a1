"""Names and values as loggers want them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def scalars(metrics: Mapping[str, float]) -> dict[str, float]:
    """`loss` and `val_loss` as `loss/train` and `loss/validation`, which are drawn together."""
    return {
        f"{name.removeprefix('val_')}/{'validation' if name.startswith('val_') else 'train'}": value
        for name, value in metrics.items()
    }


def judged(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Losses and metrics of the run's parameters: `test.loss`. What is not finite is left out."""
    found = {f"{part}.{k}": v for part, values in metrics.items() for k, v in values.items()}
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def settings(info: Mapping[str, Any]) -> dict[str, Any]:
    """Model, size and options in one level: `optimizer.name`, `batch`, …; unset ones left out."""
    found: dict[str, Any] = {"model": info["model"], "parameters": info["parameters"]}
    for name, value in info["settings"].items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": v for key, v in value.items()}
        elif value is not None:
            found[name] = value
    return found
