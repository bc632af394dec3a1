"""What experiments gave, in the `results.json` of their example."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from statistics import median
from typing import Any

from .. import __version__
from ..runtime.files import write_text
from .spec import Example, Experiment

RESULTS = "results.json"


def load(example: Example) -> dict[str, dict[str, Any]]:
    """Results by experiment; empty where there are none."""
    try:
        found: dict[str, dict[str, Any]] = json.loads((example.folder / RESULTS).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def save(example: Example, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes them, whole or not at all. Raises OSError."""
    text = json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_text(example.folder / RESULTS, text)


def together(experiment: Experiment, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The results of all seeds of an experiment, with what they were computed by."""
    ordered = sorted(rows, key=lambda row: int(row["seed"]))
    finals = [_final(experiment, row) for row in ordered]
    best = min(range(len(ordered)), key=lambda i: chosen_by(ordered[i]))
    return {
        "seeds": [row["seed"] for row in ordered],
        "values": finals,
        "median": median(finals),
        "low": min(finals),
        "high": max(finals),
        "reached": [row["reached"] for row in ordered],
        "curves": [row["curve"] for row in ordered],
        "forecast": next((row["forecast"] for row in ordered if row.get("forecast")), None),
        "best": best,
        "metrics": ordered[best]["metrics"],
        "parameters": ordered[0]["parameters"],
        "epochs": max(row["epochs"] for row in ordered),
        "seconds": round(sum(row["seconds"] for row in ordered), 1),
        "by": {
            "qrnnlang": __version__,
            "jax": version("jax"),
            "numpy": version("numpy"),
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        },
    }


def without_curves(result: Mapping[str, Any]) -> dict[str, Any]:
    """For tables of hundreds of experiments: the numbers alone."""
    return {**result, "curves": [], "forecast": None}


def part_of(metrics: Mapping[str, Any]) -> str:
    """The part that counts: the test part, else training, else the quantity there is."""
    return next((name for name in ("test", "train") if name in metrics), next(iter(metrics)))


def _part(row: Mapping[str, Any]) -> Mapping[str, float]:
    metrics: Mapping[str, Mapping[str, float]] = row["metrics"]
    return metrics[part_of(metrics)]


def _final(experiment: Experiment, row: Mapping[str, Any]) -> float:
    """The experiment's number: of the test part, or of training where there is none."""
    return float(_part(row)[experiment.metric])


def chosen_by(row: Mapping[str, Any]) -> float:
    """The loss that a seed is chosen by: validation, or training; never the test part."""
    metrics = row["metrics"]
    part = metrics.get("validation") or metrics.get("train") or {"loss": 0.0}
    return float(part["loss"])
