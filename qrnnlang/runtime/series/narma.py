"""Nonlinear autoregressive moving averages."""

from __future__ import annotations

import numpy as np

from ..init import generator
from .numerics import Columns, finite


def narma(
    points: int = 2000, order: int = 10, low: float = 0.0, high: float = 0.5, seed: int = 0
) -> Columns:
    """The NARMA task (Atiya and Parlos, IEEE Trans. Neural Netw. 11 (2000) 697).

    Columns `u`, uniform on [low, high], and `y` (also `v`), with y = 0 before it has a past:
    order 2: y[t+1] = 0.4 y[t] + 0.4 y[t] y[t−1] + 0.6 u[t]³ + 0.1;
    order n: y[t+1] = 0.3 y[t] + 0.05 y[t] Σ_{i<n} y[t−i] + 1.5 u[t−n+1] u[t] + 0.1.
    `y` stands in the row of the input it follows from, so `x = column("u"); y = column("y")`.
    """
    if order < 2:
        raise ValueError(f"`order` is at least 2, not {order}")
    u = generator(seed, "series.narma").uniform(low, high, points)
    y = np.zeros(points + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(points):
            if order == 2:
                past = y[t - 1] if t else 0.0
                y[t + 1] = 0.4 * y[t] + 0.4 * y[t] * past + 0.6 * u[t] ** 3 + 0.1
            else:
                old = u[t - order + 1] if t >= order - 1 else 0.0
                total = y[max(0, t - order + 1) : t + 1].sum()
                y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * total + 1.5 * old * u[t] + 0.1
    return finite({"v": y[1:], "u": u, "y": y[1:]}, "narma")
