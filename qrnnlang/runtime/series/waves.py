"""Waves given by a formula."""

from __future__ import annotations

from math import pi

import numpy as np

from .numerics import Array, Columns, times


def sine(
    points: int = 240, duration: float = 20.0, period: float = 5.0, phase: float = 0.0
) -> Columns:
    """v = sin(2πt/period + phase), t from 0 to `duration`. Columns `v`, `t`."""
    t = times(points, duration)
    return {"v": np.sin(2 * pi * t / period + phase), "t": t}


def cosine(
    points: int = 240, duration: float = 20.0, period: float = 5.0, phase: float = 0.0
) -> Columns:
    """v = cos(2πt/period + phase), t from 0 to `duration`. Columns `v`, `t`."""
    t = times(points, duration)
    return {"v": np.cos(2 * pi * t / period + phase), "t": t}


def damped_sine(
    points: int = 240, duration: float = 20.0, period: float = 5.0, decay: float = 0.1
) -> Columns:
    """v = e^(−decay·t) sin(2πt/period). Columns `v`, `t`."""
    t = times(points, duration)
    return {"v": np.exp(-decay * t) * np.sin(2 * pi * t / period), "t": t}


def triangle(points: int = 1000, duration: float = 100.0, period: float = 5.0) -> Columns:
    """A triangle wave from −1 at t = 0 to 1 at period/2 and back. Columns `v`, `t`."""
    t = times(points, duration)
    return {"v": _triangle(t / period), "t": t}


def damped_triangle(
    points: int = 1120,
    duration: float = 112.0,
    period: float = 5.0,
    decay: float = 0.02,
    amplitude: float = 0.75,
) -> Columns:
    """v = amplitude · e^(−decay·t) · triangle(t/period). Columns `v`, `t`.

    With 1,120 points, 1,000 of them have a successor 120 rows ahead: the task of Viqueira et al.,
    arXiv 2310.20671.
    """
    t = times(points, duration)
    return {"v": amplitude * np.exp(-decay * t) * _triangle(t / period), "t": t}


def bessel(points: int = 240, duration: float = 20.0, order: int = 2) -> Columns:
    """The Bessel function v = J_order(t). Columns `v`, `t`.

    Bessel's integral J_n(t) = 1/π ∫₀^π cos(nτ − t sin τ) dτ by the trapezoidal rule, which for a
    periodic integrand is exact to rounding once there are some more points than t + n.
    """
    t = times(points, duration)
    nodes = 2 * (int(abs(duration)) + abs(order)) + 64
    angle = 2 * pi * np.arange(nodes) / nodes
    rows = [np.mean(np.cos(order * angle - value * np.sin(angle))) for value in t]
    return {"v": np.array(rows), "t": t}


def _triangle(cycles: Array) -> Array:
    return np.asarray(1.0 - 4.0 * np.abs(cycles - np.floor(cycles) - 0.5))
