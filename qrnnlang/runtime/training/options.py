"""What `fit` is told: the `train` block, overridden by arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, SupportsFloat

from ...sema.closed import TrainBlock
from ...sema.training import METHODS, SCHEDULES, option
from ..arrays import whole
from .methods import Method

#: Epochs, batch size and seed where neither the block nor the call says.
EPOCHS, BATCH, SEED = 100, 32, 0


@dataclass(frozen=True)
class TrainOptions:
    """How to train. `clip` is a bound of the global norm, `clip_value` of every element."""

    optimizer: Method = field(default_factory=lambda: Method("adam"))
    schedule: Method | None = None
    epochs: int = EPOCHS
    batch: int = BATCH
    seed: int = SEED
    clip: float | None = None
    clip_value: float | None = None
    patience: int | None = None
    shuffle: bool | None = None  # None: not said, which means no

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the record."""
        named = {k: getattr(self, k) for k in ("optimizer", "schedule")}
        shown = {
            k: None if m is None else {"name": m.name, **dict(m.given)} for k, m in named.items()
        }
        plain = ("epochs", "batch", "seed", "clip", "clip_value", "patience", "shuffle")
        return {**shown, **{k: getattr(self, k) for k in plain}}


def from_block(block: TrainBlock | None) -> TrainOptions:
    """The options a `train` block gives. Raises CompileError for wrong values."""
    found: dict[str, Any] = {}
    for key, setting in block.options if block else ():
        value = option(key, setting)
        if key in ("optimizer", "schedule"):
            name, given = value
            value = Method(name, tuple(sorted(given.items())), span=setting.span)
        found[key] = value
    return TrainOptions(**found)


def overridden(options: TrainOptions, given: Mapping[str, Any]) -> TrainOptions:
    """The options with the arguments of `fit` that are not None. Raises ValueError or TypeError."""
    changes = {k: v for k, v in given.items() if v is not None and k != "lr"}
    for key in ("epochs", "batch", "patience"):
        if key in changes:
            if isinstance(changes[key], bool):
                raise TypeError(f"`{key}` is a whole number, not {changes[key]!r}")
            changes[key] = whole(f"`{key}`", changes[key])
    if "seed" in changes:
        changes["seed"] = whole("`seed`", changes["seed"], 0)
    for key in ("clip", "clip_value"):
        if key in changes:
            changes[key] = _positive(key, changes[key])
    if not isinstance(changes.get("shuffle", True), bool):
        raise TypeError(f"`shuffle` is True or False, not {changes['shuffle']!r}")
    if "optimizer" in changes:
        changes["optimizer"] = Method.of(changes["optimizer"], METHODS, "optimizer")
    if "schedule" in changes:
        changes["schedule"] = Method.of(changes["schedule"], SCHEDULES, "schedule")
    made = replace(options, **changes)
    if (lr := given.get("lr")) is not None:
        made = replace(made, optimizer=made.optimizer.with_rate(_positive("lr", lr)))
    return made


def _positive(key: str, value: Any) -> float:
    if isinstance(value, bool | str) or not isinstance(value, SupportsFloat):
        raise TypeError(f"`{key}` is a number, not {value!r}")
    if not float(value) > 0:
        raise ValueError(f"`{key}` is above 0, not {value}")
    return float(value)
