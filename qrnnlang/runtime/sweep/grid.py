"""The points of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

#: What of training may vary; the rest of `fit`'s options is no plain value, or is swept by seeds.
SETTINGS = ("optimizer", "lr", "epochs", "batch", "clip", "clip_value", "patience")


@dataclass(frozen=True)
class Point:
    """Values of hyperparameters and of training settings."""

    hyper: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        return {**self.hyper, **self.settings}

    @property
    def label(self) -> str:
        """`memory=2 lr=0.01`."""
        return " ".join(f"{name}={value}" for name, value in self.values.items())


@dataclass(frozen=True)
class Grid:
    """Lists of values by name; the last name varies fastest.

    Raises ValueError for settings that there are not, names that are both, and empty lists.
    """

    hyper: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    settings: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.settings:
            if name not in SETTINGS:
                raise ValueError(
                    f"no setting of training is called `{name}`; there are {', '.join(SETTINGS)}"
                )
            if name in self.hyper:
                raise ValueError(f"`{name}` is given as a hyperparameter and as a setting")
        for name, values in {**self.hyper, **self.settings}.items():
            if not values:
                raise ValueError(f"`{name}` has no value")
            if len(set(map(repr, values))) < len(values):
                raise ValueError(f"`{name}` has a value twice")

    def points(self) -> list[Point]:
        return [
            Point(hyper, settings) for hyper in _all(self.hyper) for settings in _all(self.settings)
        ]

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """Hyperparameters with each value once, beside the first ones of the others."""
        first = {name: values[0] for name, values in self.hyper.items()}
        yield first
        for name, values in self.hyper.items():
            yield from ({**first, name: value} for value in values[1:])


def _all(lists: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
