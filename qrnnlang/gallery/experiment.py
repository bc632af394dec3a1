"""One experiment by its seeds: what a worker does."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .results import chosen_by

if TYPE_CHECKING:
    from ..runtime.data import Dataset
    from ..runtime.model import Model
    from ..runtime.training.run import Run

#: No more points of a learning curve than this are kept.
CURVE = 200


def measure(
    file: str,
    seeds: Sequence[int],
    hyper: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    below: float | None = None,
) -> list[dict[str, Any]]:
    """Trains a file by its own blocks; one result for each seed, as JSON can hold it.

    `metrics` by part, the learning curve as `epoch`, `loss` and `val_loss` thinned out, `reached`
    the first epoch whose training loss is under `below` (None: never), the `parameters` trained,
    and its share of the `seconds` that all took together, loading and compiling included. The seed
    of the best validation loss (training, where there is none) has its `forecast` too. Seeds
    whose loss did not stay finite are left out. Raises what loading and training raise.
    """
    from ..runtime.load import load

    started = time.monotonic()
    model = load(Path(file), set=dict(hyper or {}))
    data = model.data()
    run = model.fit(data=data, seeds=list(seeds), progress=False, **(train or {}))
    runs = run.runs or (run,)
    share = (time.monotonic() - started) / len(runs)
    found = [{**_result(model, one, below), "seed": one.seed, "seconds": share} for one in runs]
    best = min(range(len(runs)), key=lambda i: chosen_by(found[i]))
    found[best]["forecast"] = _forecast(model, runs[best], data)
    return found


def quantity(
    file: str,
    seeds: Sequence[int],
    name: str,
    hyper: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """A quantity of `qrnnlang.analysis` in place of training, of one draw for each seed.

    Its values are the metrics of a part that is called as the quantity.
    """
    from ..analysis import analyze
    from ..runtime.load import load

    model = load(Path(file), set=dict(hyper or {}))
    found = []
    for seed in seeds:
        started = time.monotonic()
        given = {**(options or {}), "seeds": 1, "seed": seed}
        finding = analyze(model, [name], options={name: given}).findings[name]
        values = {key: estimate.value for key, estimate in finding.values.items()}
        found.append(
            {
                "metrics": {name: values},
                "curve": {"epoch": []},
                "epochs": 0,
                "reached": None,
                "parameters": _trained(model, model.init(seed)),
                "seed": seed,
                "seconds": time.monotonic() - started,
            }
        )
    return found


def _trained(model: Model, params: Mapping[str, Any]) -> int:
    return int(sum(params[name].size for name in model.trained))


def _forecast(model: Model, run: Run, data: Dataset) -> dict[str, Any] | None:
    """The last `CURVE` rows of a forecast, to six digits."""
    from ..runtime.forecasts import forecast

    found = forecast(model, run.params, data)
    if found is None:
        return None
    lists = {
        "truth": (found.at_truth, found.truth),
        "predicted": (found.at_predicted, found.predicted),
    }
    return {"part": found.part} | {
        name: [rows[-CURVE:].tolist(), [float(f"{v:.6g}") for v in values[-CURVE:]]]
        for name, (rows, values) in lists.items()
    }


def _result(model: Model, run: Run, below: float | None) -> dict[str, Any]:
    losses = np.asarray(run.history["loss"], float)
    under = np.flatnonzero(losses < below) if below is not None else np.array([], int)
    return {
        "metrics": run.metrics,
        "curve": _thinned(run.history),
        "epochs": len(losses),
        "reached": int(run.history["epoch"][under[0]]) if len(under) else None,
        "parameters": _trained(model, run.params),
    }


def _thinned(history: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """At most `CURVE` points, the last one among them, to six digits."""
    count = len(history["epoch"])
    at = np.unique(np.linspace(0, count - 1, min(count, CURVE)).round().astype(int))
    kept = [name for name in ("epoch", "loss", "val_loss") if name in history]
    return {name: [float(f"{history[name][i]:.6g}") for i in at] for name in kept}
