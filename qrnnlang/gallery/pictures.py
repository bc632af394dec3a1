"""Learning curves of all seeds of an example's experiments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..runtime.plots import curves
from .spec import Example


def picture(example: Example, results: Mapping[str, Mapping[str, Any]]) -> bytes | None:
    """The curve of each experiment's seed of median loss; None without curves of several epochs."""
    chosen = {}
    for experiment in example.experiments:
        result = results.get(experiment.name)
        if result is None or len(result["curves"][0]["epoch"]) < 2:
            continue
        order = sorted(range(len(result["values"])), key=lambda i: result["values"][i])
        chosen[experiment.name] = result["curves"][order[len(order) // 2]]
    return curves(chosen, example.title) if chosen else None
