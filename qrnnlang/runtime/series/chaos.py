"""Chaotic series: maps and flows."""

from __future__ import annotations

import numpy as np

from .numerics import Array, Columns, finite, integrated, times


def mackey_glass(
    points: int = 1000,
    delay: float = 17.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    power: float = 10.0,
    start: float = 1.2,
    washout: int = 100,
    spacing: float = 1.0,
) -> Columns:
    """x′ = beta·x(t−delay)/(1 + x(t−delay)^power) − gamma·x (Mackey and Glass, Science 197 (1977)

    287), x = `start` up to t = 0, read every `spacing` after the first `washout` points. Columns
    `v`, `t`. Runge–Kutta of fourth order with steps of about spacing/20 that divide the delay; the
    delayed value between two steps is interpolated linearly.
    """
    if delay <= 0 or spacing <= 0:
        raise ValueError("`delay` and `spacing` are above 0")
    per_point = 20
    step = spacing / per_point
    count = (points + washout) * per_point
    x = np.empty(count + 1)
    x[0] = start

    def past(position: float) -> float:
        """x at a time given in steps."""
        if position <= 0:
            return start
        i = int(position)
        share = position - i
        return float(x[i] if share == 0 else (1 - share) * x[i] + share * x[i + 1])

    lag = delay / step
    if lag < 1:
        raise ValueError(f"`delay` is at least {step:g}, a twentieth of `spacing`")

    def slope(value: float, delayed: float) -> float:
        return float(beta * delayed / (1 + delayed**power) - gamma * value)

    for i in range(count):
        a, b, c = past(i - lag), past(i + 0.5 - lag), past(i + 1 - lag)
        k1 = slope(x[i], a)
        k2 = slope(x[i] + step / 2 * k1, b)
        k3 = slope(x[i] + step / 2 * k2, b)
        k4 = slope(x[i] + step * k3, c)
        x[i + 1] = x[i] + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    v = x[washout * per_point :: per_point][:points]
    t = (washout + np.arange(points, dtype=np.float64)) * spacing
    return finite({"v": v, "t": t}, "mackey_glass")


def lorenz(
    points: int = 1000,
    spacing: float = 0.02,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8.0 / 3.0,
    x: float = 1.0,
    y: float = 1.0,
    z: float = 1.0,
) -> Columns:
    """x′ = sigma(y − x), y′ = x(rho − z) − y, z′ = xy − beta·z (Lorenz, J. Atmos. Sci. 20 (1963)

    130). Columns `v` and `x`, `y`, `z`, `t`.
    """
    t = times(points, spacing * (points - 1))

    def slope(s: Array) -> Array:
        return np.array(
            [sigma * (s[1] - s[0]), s[0] * (rho - s[2]) - s[1], s[0] * s[1] - beta * s[2]]
        )

    with np.errstate(over="ignore", invalid="ignore"):
        path = integrated(slope, (x, y, z), t, 4)
    return finite(
        {"v": path[:, 0], "x": path[:, 0], "y": path[:, 1], "z": path[:, 2], "t": t}, "lorenz"
    )


def henon(
    points: int = 1000, a: float = 1.4, b: float = 0.3, x: float = 0.0, y: float = 0.0
) -> Columns:
    """x ← 1 − a·x² + y, y ← b·x (Hénon, Commun. Math. Phys. 50 (1976) 69).

    Columns `v` and `x`, `y`; the first row is the start.
    """
    rows = np.empty((points, 2))
    with np.errstate(over="ignore", invalid="ignore"):
        state = np.array([x, y])
        for i in range(points):
            rows[i] = state
            state = np.array([1 - a * state[0] ** 2 + state[1], b * state[0]])
    return finite({"v": rows[:, 0], "x": rows[:, 0], "y": rows[:, 1]}, "henon")


def logistic(points: int = 1000, r: float = 3.9, x: float = 0.5) -> Columns:
    """x ← r·x·(1 − x) (May, Nature 261 (1976) 459), beginning with the start. Column `v`."""
    v = np.empty(points)
    with np.errstate(over="ignore", invalid="ignore"):
        value = np.float64(x)
        for i in range(points):
            v[i] = value
            value = r * value * (1 - value)
    return finite({"v": v}, "logistic")
