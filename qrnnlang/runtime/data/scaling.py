"""Scaling of columns: fitted on training rows, inverted for predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...sema.closed import Setting
from ...sema.dataset import scale
from .tables import Array


@dataclass(frozen=True, eq=False)
class Scale:
    """scaled = factor · value + offset, per component: both of the port's shape."""

    factor: Array
    offset: Array

    def apply(self, values: Array) -> Array:
        """Scaled values; leading axes are free."""
        return values * self.factor + self.offset

    def undo(self, values: Array) -> Array:
        """Values in the unit of the data."""
        return (values - self.offset) / self.factor

    def to_json(self) -> dict[str, Any]:
        return {"factor": self.factor.tolist(), "offset": self.offset.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], shape: tuple[int, ...]) -> Scale:
        """Of components of `shape`. Raises ValueError for anything but finite numbers."""
        factor, offset = (np.array(data[k], dtype=np.float64) for k in ("factor", "offset"))
        for found in (factor, offset):
            if found.shape != shape or not np.isfinite(found).all():
                raise ValueError(f"a scale needs finite numbers of shape {shape}")
        if not np.all(factor):
            raise ValueError("a scale has a factor of 0")
        return cls(factor, offset)


@dataclass(frozen=True)
class Rule:
    """How a column is scaled: "minmax" onto [low, high], or "standard" to mean 0 and variance 1."""

    name: str
    low: float = 0.0
    high: float = 1.0

    def fit(self, rows: Array) -> tuple[Array, Array]:
        """Factor and offset for each component of rows (n, *shape).

        A component that is the same in all rows is only moved: to `low`, or to 0.
        """
        if self.name == "minmax":
            least, most = rows.min(axis=0), rows.max(axis=0)
            width = most - least
            factor = np.where(width > 0, (self.high - self.low) / np.where(width > 0, width, 1), 1)
            return factor, self.low - least * factor
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        factor = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 1)
        return factor, -mean * factor


def rule(options: Mapping[str, Setting]) -> Rule | None:
    """The `scale` option. Raises CompileError."""
    found = scale(options)
    return None if found is None else Rule(*found)
