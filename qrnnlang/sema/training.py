"""What a `train` block may say: optimisers, schedules, their arguments, and the other options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ..diagnostics import CompileError, Diagnostic, Span
from . import settings
from .closed import ClosedModel, LossFn, Setting, TrainBlock

#: Arguments of each optimiser, with their defaults.
METHODS: dict[str, dict[str, Any]] = {
    "adam": {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
    "adamw": {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
    "sgd": {"lr": 1e-2, "momentum": 0.0, "nesterov": False},
    "rmsprop": {"lr": 1e-2, "decay": 0.99, "eps": 1e-8, "momentum": 0.0},
    "adagrad": {"lr": 1e-2, "eps": 1e-10},
    "lbfgs": {"memory": 10},
    "spsa": {"lr": 0.1, "c": 0.1, "alpha": 0.602, "gamma": 0.101, "stability": 0.0},
    "ridge": {"l2": 1e-6},
}

#: Arguments of each schedule; the step is one update, `epochs` count from the start.
SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {},
    "cosine": {"end": 0.0},
    "exponential": {"rate": 0.99},
    "step": {"every": 30, "rate": 0.1},
    "warmup_cosine": {"warmup": 10, "end": 0.0},
}

_COUNTS = ("epochs", "batch", "patience")
_BOUNDS = ("clip", "clip_value")
_CALLS = {"optimizer": METHODS, "schedule": SCHEDULES}
KEYS = ("optimizer", *_COUNTS[:2], "seed", *_BOUNDS, "patience", "schedule", "shuffle")

NOT_A_READOUT = "E0511"


def option(key: str, setting: Setting) -> Any:
    """The value of an option, a method as its name and arguments. Raises CompileError."""
    if key in _COUNTS:
        return settings.whole(setting, f"`{key}`", 1)
    if key == "seed":
        return settings.whole(setting, "`seed`")
    if key in _BOUNDS:
        return settings.number(setting, f"`{key}`", 0, open_low=True)
    if key == "shuffle":
        return settings.switch(setting, "`shuffle`")
    return method(key, setting)


def method(key: str, setting: Setting) -> tuple[str, dict[str, Any]]:
    """The name of an optimizer or schedule, and the arguments that are given."""
    known: Mapping[str, Mapping[str, Any]] = _CALLS[key]
    name = setting.call or ""
    if name not in known:
        shown = name or setting.span.text
        raise CompileError(
            [
                Diagnostic(
                    "E0508",
                    f"there is no {key} `{shown}`",
                    setting.span,
                    f"unknown {key}",
                    help=_no_quotes(setting, known) or settings.suggestion(shown, known),
                )
            ]
        )
    defaults = known[name]
    values: dict[str, Any] = {}
    for argument, given in settings.arguments(setting, defaults).items():
        what = f"`{argument}` of `{name}`"
        if isinstance(defaults[argument], bool):
            values[argument] = settings.switch(given, what)
        elif isinstance(defaults[argument], int):
            values[argument] = settings.whole(given, what, 0)
        else:
            values[argument] = settings.number(given, what, 0)
    return name, values


def _no_quotes(setting: Setting, known: Mapping[str, object]) -> str:
    return (
        f"without quotes: `{setting.value}()`"
        if isinstance(setting.value, str) and setting.value in known
        else ""
    )


# --- ridge ----------------------------------------------------------------------------------------


def check_ridge(model: ClosedModel, train: TrainBlock) -> None:
    """Raises CompileError for `ridge` with a model that has no linear read-out to solve for."""
    optimizer = dict(train.options).get("optimizer")
    if optimizer is not None and optimizer.call == "ridge":
        readout(model, optimizer.span)
        readout_loss(model, optimizer.span)


def readout(model: ClosedModel, span: Span | None) -> tuple[str, str | None]:
    """The paths of the weight and the bias that `ridge` solves for.

    Raises CompileError, or ValueError without a place, if there are other trained parameters.
    """
    shapes = {s.name: s.shape for s in model.params if s.trained}
    matrices = [n for n, shape in shapes.items() if len(shape) == 2]
    weight = next((n for n in matrices if n.rpartition(".")[2] == "W"), None)
    weight = weight or next(iter(matrices), None)
    rest = [n for n in shapes if n != weight]
    if weight is None:
        refuse(
            span,
            "it has no `Linear` with trained parameters",
            "end in one: `use head = Linear(inputs = …, outputs = …);`, or train with "
            "`adam(lr = 0.01)`",
        )
    if len(rest) > 1 or (rest and shapes[rest[0]] != shapes[weight][:1]):
        others = [n for n in rest if n.rpartition(".")[0] != weight.rpartition(".")[0]] or rest
        shown = ", ".join(f"`{n}`" for n in others[:3]) + (", …" if len(others) > 3 else "")
        refuse(
            span,
            f"it has other trained parameters: {shown}",
            "make the others `fixed`, or train with `adam(lr = 0.01)`",
        )
    return weight, rest[0] if rest else None


def readout_loss(model: ClosedModel, span: Span | None) -> LossFn:
    """The loss, which compares a prediction with a target. Raises as `readout`."""
    op = model.ops[model.loss] if model.loss is not None else None
    if not isinstance(op, LossFn) or op.fn not in ("mse", "rmse", "nmse"):
        refuse(
            span,
            "its loss is not `mse(prediction, target)`",
            "use `mse`, `rmse` or `nmse` alone, whose minimum is the same, or train with "
            "`adam(lr = 0.01)`",
        )
    return op


def refuse(span: Span | None, why: str, advice: str) -> NoReturn:
    """E0511 at a place, or ValueError where the method was no part of a source."""
    message = "`ridge` needs one final `Linear`, trained alone, and a mean squared error"
    if span is None:
        raise ValueError(f"{message}: {why}; {advice}")
    raise CompileError([Diagnostic(NOT_A_READOUT, message, span, why, help=advice)])
