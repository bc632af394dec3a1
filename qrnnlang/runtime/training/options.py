"""What `fit` is told: the `train` block, overridden by arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, SupportsFloat

from ...sema.closed import Setting, TrainBlock
from .. import settings
from ..arrays import whole
from .methods import METHODS, SCHEDULES, Method

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
    given = dict(block.options) if block else {}
    found: dict[str, Any] = {}
    for key in ("epochs", "batch", "patience"):
        if key in given:
            found[key] = settings.whole(given[key], f"`{key}`", 1)
    if "seed" in given:
        found["seed"] = settings.whole(given["seed"], "`seed`")
    for key in ("clip", "clip_value"):
        if key in given:
            found[key] = settings.number(given[key], f"`{key}`", 0, open_low=True)
    if "shuffle" in given:
        found["shuffle"] = settings.switch(given["shuffle"], "`shuffle`")
    if "optimizer" in given:
        found["optimizer"] = _method(given["optimizer"], METHODS, "optimizer")
    if "schedule" in given:
        found["schedule"] = _method(given["schedule"], SCHEDULES, "schedule")
    return TrainOptions(**found)


def overridden(options: TrainOptions, given: Mapping[str, Any]) -> TrainOptions:
    """The options with the arguments of `fit` that are not None. Raises ValueError or TypeError."""
    changes = {k: v for k, v in given.items() if v is not None and k != "lr"}
    for key in ("epochs", "batch", "patience"):
        if key in changes:
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


def _method(setting: Setting, known: Mapping[str, Mapping[str, Any]], what: str) -> Method:
    name = setting.call or ""
    if name not in known:  # elaboration has checked it; a program built by hand may not have been
        settings.fail(
            settings.WRONG_VALUE,
            f"there is no {what} `{name}`",
            setting,
            help=settings.suggestion(name, known),
        )
    defaults = known[name]
    values: dict[str, Any] = {}
    for key, given in settings.arguments(setting, defaults).items():
        what = f"`{key}` of `{name}`"
        if isinstance(defaults[key], bool):
            values[key] = settings.switch(given, what)
        elif isinstance(defaults[key], int):
            values[key] = settings.whole(given, what, 0)
        else:
            values[key] = settings.number(given, what, 0)
    return Method(name, tuple(sorted(values.items())), span=setting.span)
