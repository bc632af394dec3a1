"""Oscillators: solutions of small differential equations."""

from __future__ import annotations

import numpy as np

from .numerics import Array, Columns, finite, integrated, times


def damped_pendulum(
    points: int = 240,
    duration: float = 20.0,
    damping: float = 0.15,
    gravity: float = 9.81,
    angle: float = 0.0,
    velocity: float = 3.0,
) -> Columns:
    """θ″ = −damping·θ′ − gravity·sin θ, from θ = `angle`, θ′ = `velocity`.

    Columns `v` (θ′), `angle` (θ), `t`. The defaults are the series of Chen et al., arXiv
    2009.01783.
    """
    t = times(points, duration)

    def slope(y: Array) -> Array:
        return np.array([y[1], -damping * y[1] - gravity * np.sin(y[0])])

    y = integrated(slope, (angle, velocity), t)
    return finite({"v": y[:, 1], "angle": y[:, 0], "t": t}, "damped_pendulum")


def van_der_pol(
    points: int = 1150,
    duration: float = 115.0,
    mu: float = 2.0,
    x: float = 0.25,
    velocity: float = 0.0,
) -> Columns:
    """x″ = mu·(1 − x²)·x′ − x (van der Pol, Phil. Mag. 2 (1926) 978).

    Columns `v` (x), `velocity` (x′), `t`.
    """
    t = times(points, duration)

    def slope(y: Array) -> Array:
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    with np.errstate(over="ignore", invalid="ignore"):
        y = integrated(slope, (x, velocity), t)
    return finite({"v": y[:, 0], "velocity": y[:, 1], "t": t}, "van_der_pol")
