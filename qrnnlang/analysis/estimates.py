"""Error bars: Student intervals over repeats, the bootstrap, rates fitted to decays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .finding import Estimate

#: Of every interval.
LEVEL = 0.95
#: Resamples of a bootstrap: the quantiles of an interval then scatter by about 1 % of its width.
RESAMPLES = 2000

Floats = NDArray[np.float64]


def student(values: ArrayLike, unit: str = "") -> Estimate:
    """The mean of independent repeats with its Student interval; one repeat has none."""
    from scipy.stats import t

    found = np.asarray(values, dtype=np.float64)
    if len(found) and (found == -np.inf).all():
        return Estimate(-np.inf, -np.inf, -np.inf, "student", len(found), unit)
    found = found[np.isfinite(found)]
    if len(found) == 0:
        return Estimate(np.nan, np.nan, np.nan, "student", 0, unit)
    mean, n = float(found.mean()), len(found)
    if n == 1:
        return Estimate(mean, -np.inf, np.inf, "student", 1, unit)
    half = float(t.ppf((1 + LEVEL) / 2, n - 1) * found.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, "student", n, unit)


def bootstrap(
    values: ArrayLike,
    statistic: Callable[[Floats], Any],
    seed: int = 0,
    unit: str = "",
    resamples: int = RESAMPLES,
) -> Estimate:
    """A statistic of the rows of `values` with its percentile bootstrap interval.

    The interval is moved by the bootstrap's own bias: resampling makes a divergence larger, say.
    """
    found = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng([seed, 1_618])
    n = len(found)
    drawn = [float(statistic(found[rng.integers(n, size=n)])) for _ in range(resamples)]
    value = float(statistic(found))
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(drawn, ends) + value - np.mean(drawn)
    return Estimate(value, float(low), float(high), "bootstrap", n, unit)


def spread(values: ArrayLike, unit: str = "") -> Estimate:
    """The median with the quartiles: how much runs differ, not how well the median is known."""
    low, mid, high = np.quantile(np.asarray(values, dtype=np.float64), [0.25, 0.5, 0.75])
    return Estimate(
        float(mid), float(low), float(high), "quantiles", len(np.atleast_1d(values)), unit
    )


def slope(x: ArrayLike, y: ArrayLike) -> float:
    """The least-squares slope of y over x, over the finite points; NaN for fewer than three."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    kept = np.isfinite(a) & np.isfinite(b)
    a, b = a[kept], b[kept]
    if len(a) < 3:
        return float("nan")
    a = a - a.mean()
    return float(a @ (b - b.mean()) / (a @ a))


def rate(x: ArrayLike, rows: ArrayLike, floor: float = 1e-13) -> Estimate:
    """The factor by which rows of positive numbers change per unit of x, e^slope of their log.

    Each row is an independent repeat, fitted by itself; the interval is Student's over the logs.
    Points below `floor` times the row's largest are left out: there rounding is all there is.
    """
    slopes = []
    for row in np.atleast_2d(np.asarray(rows, dtype=np.float64)):
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(row > floor * np.nanmax(row), np.log(row), np.nan)
        slopes.append(slope(x, logs))
    found = student(slopes)
    low, value, high = np.exp([found.low, found.value, found.high])
    return Estimate(float(value), float(low), float(high), "student", found.n, "per step")
