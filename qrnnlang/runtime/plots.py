"""Figures of a run. matplotlib is imported only here, with a backend that needs no screen."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: One colour a run or output, then round again.
_COLORS = ("#1b6ca8", "#d1495b", "#2e8b57", "#8d6a9f", "#c17817")
_TRUTH = "#4a4a4a"


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _png(figure: Any) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def curves(histories: Mapping[str, Mapping[str, Sequence[float]]], title: str) -> bytes:
    """Learning curves as PNG: training loss solid, validation loss dashed, one colour a run."""
    figure, axes = _figure(7, 4)
    for color, (name, history) in zip(cycle(_COLORS), histories.items(), strict=False):
        prefix = f"{name}, " if name else ""
        axes.plot(history["epoch"], history["loss"], color=color, label=f"{prefix}training")
        if "val_loss" in history:
            label = f"{prefix}validation"
            axes.plot(history["epoch"], history["val_loss"], "--", color=color, label=label)
    values = [v for h in histories.values() for v in h["loss"]]
    if values and min(values) > 0:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel="loss", title=title)
    axes.legend(frameon=False)
    return _png(figure)


def forecast(
    time: NDArray[Any],
    truth: NDArray[Any],
    predictions: Mapping[str, NDArray[Any]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    at: NDArray[Any] | None = None,
) -> bytes:
    """Forecasts against the truth as PNG, along one time axis; `at`: the times of the forecasts."""
    figure, axes = _figure(9, 4)
    axes.plot(*_broken(time, truth), color=_TRUTH, lw=2.2, alpha=0.55, label="observed")
    times = time if at is None else at
    for color, (name, values) in zip(cycle(_COLORS), predictions.items(), strict=False):
        axes.plot(*_broken(times, values), color=color, lw=1.4, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.legend(frameon=False, ncols=min(4, 1 + len(predictions)))
    return _png(figure)


def _broken(time: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """With a gap in the line where times are missing."""
    if len(time) < 2:
        return time, values
    step = np.min(np.diff(time))
    gaps = np.flatnonzero(np.diff(time) > 1.5 * step) + 1
    return np.insert(time.astype(float), gaps, np.nan), np.insert(
        values.astype(float), gaps, np.nan
    )
