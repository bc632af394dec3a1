"""What a measurement gives: numbers with their error, pictures as data, and the conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[Any]


class NotDefined(ValueError):
    """A quantity that has no meaning for this model, and why."""


@dataclass(frozen=True)
class Estimate:
    """A number with a 95 % interval.

    `method` says where the interval comes from: "student" (over `n` independent repeats),
    "bootstrap", "quantiles" (a spread, not an error of the mean) or "exact" (none).
    """

    value: float
    low: float
    high: float
    method: Literal["student", "bootstrap", "quantiles", "exact"] = "exact"
    n: int = 1
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.method == "exact":
            return f"{self.value:.4g}{unit}"
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]{unit}"


def exact(value: float, unit: str = "") -> Estimate:
    """A number without an error: computed, not sampled."""
    return Estimate(float(value), float(value), float(value), unit=unit)


@dataclass(frozen=True)
class Curve:
    """Points of a picture, with an optional band from `low` to `high`."""

    label: str
    x: Numbers
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    style: Literal["line", "dashed", "points", "bars"] = "line"


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    xlabel: str
    ylabel: str
    curves: tuple[Curve, ...]
    logx: bool = False
    logy: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of numbers and words under headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Finding:
    """One quantity, measured.

    `values`: the headline numbers by name. `conditions`: what was held fixed (seeds, samples,
    inputs), enough to repeat it. `notes`: what the numbers do and do not say.
    """

    name: str
    title: str
    values: Mapping[str, Estimate]
    conditions: Mapping[str, Any]
    panels: tuple[Panel, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; numbers that JSON does not have become null."""
        found = plain(self)
        assert isinstance(found, dict)
        return found


def plain(value: Any) -> Any:
    """Dataclasses, arrays and mappings as what `json` writes."""
    match value:
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case str() | None:
            return value
        case np.ndarray():
            return plain(value.tolist())
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
    return {k: plain(getattr(value, k)) for k in value.__dataclass_fields__}
