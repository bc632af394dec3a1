"""Optimisers and learning-rate schedules by name, with their arguments and defaults.

The defaults are PyTorch's, as the published runs that models are compared with used it: RMSprop
with decay 0.99 and ε outside the root, Adagrad from an empty accumulator, AdamW with decay 0.01.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...diagnostics import Span
from ...sema.settings import suggestion
from ...sema.training import METHODS, SCHEDULES

if TYPE_CHECKING:
    import optax


@dataclass(frozen=True)
class Method:
    """An optimiser or schedule and the arguments that were given.

    `custom` is one of optax's, `span` the place in the source, for messages.
    """

    name: str
    given: tuple[tuple[str, Any], ...] = ()
    custom: Any = None
    span: Span | None = field(default=None, compare=False)

    @classmethod
    def of(cls, value: Any, known: Mapping[str, Mapping[str, Any]], what: str) -> Method:
        """From a name, a pair (name, arguments), or an optax object."""
        match value:
            case Method():
                return value
            case str() as name:
                arguments: Mapping[str, Any] = {}
            case (str() as name, Mapping() as arguments):
                pass
            case _ if _of_optax(value, what):
                return cls("custom", custom=value)
            case _:
                raise TypeError(f"the {what} is a name or an object of optax, not {value!r}")
        if name not in known:
            raise ValueError(f"there is no {what} `{name}`: {suggestion(name, known)}")
        for key in arguments:
            if key not in known[name]:
                hint = suggestion(key, known[name])
                raise ValueError(f"`{name}` has no argument `{key}`: {hint}")
        return cls(name, tuple(sorted(arguments.items())))

    def with_rate(self, lr: float) -> Method:
        """With another learning rate. Raises ValueError where there is none."""
        if "lr" not in METHODS.get(self.name, {}):
            raise ValueError(f"the optimizer `{self.name}` has no `lr`")
        return replace(self, given=tuple(sorted({**dict(self.given), "lr": lr}.items())))

    def arguments(self, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Defaults with what was given."""
        return {**known[self.name], **dict(self.given)}


def _of_optax(value: Any, what: str) -> bool:
    if what == "optimizer":
        return hasattr(value, "init") and hasattr(value, "update")
    return callable(value)


def rate(lr: float, schedule: Method | None, epochs: int, updates: int) -> optax.ScalarOrSchedule:
    """The learning rate by update: a number, or a function of the update's number from 0.

    `cosine(end)` falls along half a cosine to end·lr at the end; `exponential(rate)` and
    `step(every, rate)` multiply by `rate` after every epoch, or every `every` epochs;
    `warmup_cosine(warmup, end)` rises linearly for `warmup` epochs before it falls.
    """
    if schedule is None or schedule.name == "constant":
        return lr
    if schedule.custom is not None:
        custom: optax.ScalarOrSchedule = schedule.custom
        return custom
    import jax.numpy as jnp

    given = schedule.arguments(SCHEDULES)
    # optax's own schedules count in single precision, whatever the model's.
    real = jnp.result_type(float)
    warmup = min(given.get("warmup", 0), epochs - 1) * updates
    falling = max(epochs * updates - warmup, 1)

    def at(update: Any) -> Any:
        count = jnp.asarray(update, real)
        match schedule.name:
            case "exponential":
                return lr * given["rate"] ** jnp.floor(count / updates)
            case "step":
                every = updates * max(given["every"], 1)
                return lr * given["rate"] ** jnp.floor(count / every)
            case "cosine" | "warmup_cosine":
                share = jnp.clip((count - warmup) / falling, 0.0, 1.0)
                fall = given["end"] + (1 - given["end"]) * (1 + jnp.cos(jnp.pi * share)) / 2
                rise = (count + 1) / (warmup + 1)
                return lr * jnp.where(count < warmup, rise, fall)
        raise ValueError(f"there is no schedule `{schedule.name}`")

    return at


def transformation(
    method: Method,
    schedule: Method | None = None,
    epochs: int = 1,
    updates: int = 1,
    clip: float | None = None,
    clip_value: float | None = None,
) -> optax.GradientTransformation:
    """The optax transformation of a gradient method, behind the clipping of the gradient.

    `updates` is the number of updates in an epoch. Not for `spsa` and `ridge`, which are no
    functions of the gradient.
    """
    import optax

    if method.custom is not None:
        inner = method.custom
    else:
        given = method.arguments(METHODS)
        if "lr" in given:
            given["learning_rate"] = rate(given.pop("lr"), schedule, epochs, updates)
        match method.name:
            case "adam" | "adamw":
                inner = getattr(optax, method.name)(**given)
            case "sgd":
                given["momentum"] = given["momentum"] or None
                inner = optax.sgd(**given)
            case "rmsprop":
                given["momentum"] = given["momentum"] or None
                inner = optax.rmsprop(**given, eps_in_sqrt=False)
            case "adagrad":
                inner = optax.adagrad(**given, initial_accumulator_value=0.0)
            case "lbfgs":
                inner = optax.lbfgs(memory_size=max(given["memory"], 1))
            case name:
                raise ValueError(f"`{name}` does not follow a gradient")
    bounds = []
    if clip_value is not None:
        bounds.append(optax.clip(clip_value))
    if clip is not None:
        bounds.append(optax.clip_by_global_norm(clip))
    return optax.chain(*bounds, inner) if bounds else inner
