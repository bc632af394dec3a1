"""Why a loss is not finite: the data, or a step that was too long."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Arrays
from ..running import Batch, Runner
from .block import Form
from .course import UPDATE, Course
from .options import TrainOptions
from .run import TrainingError


def explain(runner: Runner, params: Arrays, batch: Batch) -> None:
    """Raises DataError if the loss of a batch is not finite."""
    loss = runner.judge(params, {}, batch)["loss"]
    if not math.isfinite(loss):
        runner.explain(params, batch, f"the loss is {loss:g}")


def training_error(
    course: Course, form: Form, start: Arrays, options: TrainOptions
) -> TrainingError:
    """The error of a run that failed, with its last good parameters; `start` has those fixed."""
    update = int(course["failed"]) == UPDATE
    made = {**start, **course["good"]}
    good = {name: np.asarray(made[name], dtype=np.float64) for name in start}
    number = int(course["at"])
    epoch = int(course["epoch"]) + 1
    where = f"after epoch {epoch}"
    if update:
        where = f"at epoch {epoch}, update {number % form.updates + 1} of {form.updates}"
    names = sorted(name for name in course["trained"])
    wrong = [name for name, bad in zip(names, course["wrong"], strict=True) if bad]
    if wrong:
        found = "parameters that are not finite then: " + ", ".join(f"`{n}`" for n in wrong)
    else:
        values = course["trained"]
        largest = max(names, key=lambda k: float(np.abs(values[k]).max(initial=0)))
        found = f"the largest parameter is in `{largest}`: {np.abs(values[largest]).max():.3g}"
    advice = "try a smaller learning rate"
    if options.clip is None and options.clip_value is None:
        advice += ", or clip the gradient with `clip = 1.0`"
    loss = float(course["loss"])
    said = f"the loss is {loss:g} {where}"
    if math.isfinite(loss):
        said = f"the parameters are not finite {where}, with a loss of {loss:g}"
    return TrainingError(f"{said}; {found}; {advice}", good)
