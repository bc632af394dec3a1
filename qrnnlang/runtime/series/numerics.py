"""Small numerical helpers of the generators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError

Array: TypeAlias = npt.NDArray[np.float64]
Columns: TypeAlias = dict[str, Array]


def times(points: int, duration: float) -> Array:
    """`points` equally spaced times from 0 to `duration`, both included."""
    return np.linspace(0.0, duration, points)


def integrated(
    slope: Callable[[Array], Array], start: tuple[float, ...], t: Array, substeps: int = 20
) -> Array:
    """The solution of y′ = slope(y) at the equally spaced times `t`, (len(t), len(start)).

    Classical Runge–Kutta of fourth order, `substeps` steps between two times.
    """
    y = np.array(start, dtype=np.float64)
    step = (t[1] - t[0]) / substeps if len(t) > 1 else 0.0
    rows = [y]
    for _ in range(len(t) - 1):
        for _ in range(substeps):
            k1 = slope(y)
            k2 = slope(y + step / 2 * k1)
            k3 = slope(y + step / 2 * k2)
            k4 = slope(y + step * k3)
            y = y + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        rows.append(y)
    return np.array(rows)


def finite(columns: Columns, name: str) -> Columns:
    """The columns, unless one has left the finite numbers: DataError then."""
    for column, values in columns.items():
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise DataError(
                f"`series.{name}` grows without bound with these arguments: "
                f"column `{column}` is not finite from row {wrong[0]}"
            )
    return columns
