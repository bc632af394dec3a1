"""One experiment by its seeds: what a worker does."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
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
    and its share of the `seconds` that all took together, loading and compiling included.
    Seeds whose loss did not stay finite are left out. Raises what loading and training raise.
    """
    from ..runtime.load import load

    started = time.monotonic()
    model = load(Path(file), set=dict(hyper or {}))
    run = model.fit(data=model.data(), seeds=list(seeds), progress=False, **(train or {}))
    runs = run.runs or (run,)
    share = (time.monotonic() - started) / len(runs)
    return [{**_result(model, one, below), "seed": one.seed, "seconds": share} for one in runs]


def _result(model: Model, run: Run, below: float | None) -> dict[str, Any]:
    losses = np.asarray(run.history["loss"], float)
    under = np.flatnonzero(losses < below) if below is not None else np.array([], int)
    return {
        "metrics": run.metrics,
        "curve": _thinned(run.history),
        "epochs": len(losses),
        "reached": int(run.history["epoch"][under[0]]) if len(under) else None,
        "parameters": int(sum(run.params[name].size for name in model.trained)),
    }


def _thinned(history: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """At most `CURVE` points, the last one among them, to six digits."""
    count = len(history["epoch"])
    at = np.unique(np.linspace(0, count - 1, min(count, CURVE)).round().astype(int))
    kept = [name for name in ("epoch", "loss", "val_loss") if name in history]
    return {name: [float(f"{history[name][i]:.6g}") for i in at] for name in kept}
