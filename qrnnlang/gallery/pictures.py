"""Pictures of what an example's experiments gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..runtime import plots
from .spec import Example


def curves(example: Example, results: Mapping[str, Mapping[str, Any]]) -> bytes | None:
    """The curve of each experiment's seed of median loss; None without curves of several epochs."""
    chosen = {}
    for experiment in example.experiments:
        result = results.get(experiment.name)
        if result is None or not result["curves"] or len(result["curves"][0]["epoch"]) < 2:
            continue
        order = sorted(range(len(result["values"])), key=lambda i: result["values"][i])
        chosen[experiment.name] = result["curves"][order[len(order) // 2]]
    return plots.curves(chosen, example.title) if chosen else None


def forecast(example: Example, results: Mapping[str, Mapping[str, Any]]) -> bytes | None:
    """What the chosen seed of the first experiment that forecasts something says, beside the truth.

    None where there is none.
    """
    for experiment in example.experiments:
        found = (results.get(experiment.name) or {}).get("forecast")
        if found is None:
            continue
        at, truth = map(np.array, found["truth"])
        at_predicted, predicted = map(np.array, found["predicted"])
        return plots.forecast(
            at,
            truth,
            {example.title: predicted},
            title=f"{experiment.name}: the {found['part']} part, the seed chosen by validation",
            xlabel="row",
            ylabel="value",
            at=at_predicted,
        )
    return None
