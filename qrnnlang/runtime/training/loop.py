"""The training loop: one compiled call an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...diagnostics import DataError
from ..arrays import Arrays
from ..init import generator
from ..running import Batch, Runner
from .checkpoint import Checkpoint, Saved
from .objective import Data, Tree, direction, follower, loss_on
from .options import TrainOptions
from .progress import Progress
from .run import Run, TrainingError

#: How many compiled epochs a model keeps: a search over learning rates makes one for each.
_KEPT = 8


@dataclass
class _Course:
    """Where training stands after an epoch."""

    epoch: int
    trained: Tree
    state: Tree
    updates: int
    history: dict[str, list[float]]
    best: Tree
    best_epoch: int
    best_score: float


def train(
    runner: Runner,
    params: Arrays,
    data: Mapping[str, Batch],
    options: TrainOptions,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
) -> Run:
    """Trains on `data["train"]`; with `data["validation"]` the best epoch's parameters are kept.

    Losses and metrics of the history are those of the whole set after the epoch. An interrupt from
    the keyboard ends training in good order. Raises TrainingError, with the last good parameters,
    when the loss stops being finite.
    """
    started = time.monotonic()
    trained = runner.trained
    fixed = {k: v for k, v in params.items() if k not in trained}
    samples = len(next(iter(data["train"][0].values()), next(iter(data["train"][1].values()), ())))
    size = samples if options.optimizer.name == "lbfgs" else min(options.batch, samples)
    epoch = _compiled(runner, options, size, samples)
    judge = runner.judge
    course = _start({k: v for k, v in params.items() if k in trained}, options, size, samples)
    if checkpoint is not None and (saved := checkpoint.read()) is not None:
        course = _resumed(course, saved)
    for part in data.values():
        _explain(runner, course.trained, fixed, part, judge(course.trained, fixed, part)["loss"])
    if course.epoch:
        expected = {"epoch", *_values(judge, course.trained, fixed, data)}
        if other := set(course.history) ^ expected:
            names = ", ".join(f"`{name}`" for name in sorted(other))
            raise DataError(f"the checkpoint belongs to a run with other metrics or data: {names}")
    stopped = "epochs"
    with progress:
        try:
            while course.epoch < options.epochs and stopped == "epochs":
                before = course.trained
                try:
                    after = _advance(course, epoch, fixed, data, options, samples)
                    values = _values(judge, after[0], fixed, data)
                    if not math.isfinite(values["loss"]):
                        where = f"after epoch {course.epoch + 1}"
                        raise _diverged(values["loss"], where, after[0], before, fixed)
                except TrainingError:
                    _explain(runner, before, fixed, data["train"])
                    raise
                stopped = _record(course, after, values, options)
                progress.epoch(course.epoch, values)
                if checkpoint is not None:
                    checkpoint.offer(lambda: _saved(course))
        except KeyboardInterrupt:
            stopped = "interrupted"
    if checkpoint is not None:
        checkpoint.write(_saved(course))
    made = _host({**fixed, **course.best})
    return Run(
        {name: made[name] for name in params},
        course.history,
        {part: judge(course.best, fixed, d) for part, d in data.items()},
        course.best_epoch,
        stopped,
        time.monotonic() - started,
    )


# --- one epoch ------------------------------------------------------------------------------------


def _compiled(runner: Runner, options: TrainOptions, size: int, samples: int) -> Any:
    """The epoch of `_epoch`, kept with the model: fitting it again compiles nothing."""
    essential = replace(
        options,
        # What the compiled function does not depend on.
        epochs=options.epochs if options.schedule is not None else 1,
        seed=options.seed if options.optimizer.name == "spsa" else 0,
        batch=1,
        patience=None,
        shuffle=None,
    )
    key = (essential, size, samples)
    try:
        hash(key)
    except TypeError:  # an optimiser of the user's own that cannot be compared
        return _epoch(runner.executable, options, size, samples)
    kept = runner.epochs
    if key not in kept:
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = _epoch(runner.executable, options, size, samples)
    return kept[key]


def _epoch(executable: Any, options: TrainOptions, size: int, samples: int) -> Any:
    """A compiled function: all updates of an epoch, the smaller batch last. Gives their losses."""
    import jax
    import jax.numpy as jnp
    import optax

    full, rest = divmod(samples, size)
    look, follow = direction(options), follower(options, full + (rest > 0))

    def run(trained: Tree, state: Tree, count: Any, fixed: Any, data: Data, order: Any) -> Any:
        loss = loss_on(executable, fixed, data)

        def update(carry: Any, rows: Any) -> Any:
            trained, state, count = carry

            def here(p: Tree) -> Any:
                return loss(p, rows)

            value, grads = look(here, trained, count)
            changes, state = follow.update(
                grads, state, trained, value=value, grad=grads, value_fn=here
            )
            return (optax.apply_updates(trained, changes), state, count + 1), value

        carry = (trained, state, count)
        if full == 1:
            carry, last = update(carry, order[:size])
            losses = [last[None]]
        else:
            carry, found = jax.lax.scan(update, carry, order[: full * size].reshape(full, size))
            losses = [found]
        if rest:
            carry, last = update(carry, order[full * size :])
            losses.append(last[None])
        return carry, jnp.concatenate(losses)

    return jax.jit(run)


def _advance(
    course: _Course,
    epoch: Any,
    fixed: Arrays,
    data: Mapping[str, Batch],
    options: TrainOptions,
    samples: int,
) -> tuple[Tree, Tree, int]:
    """Parameters, optimiser and number of updates an epoch later.

    Raises TrainingError if a loss on the way is not finite.
    """
    order = np.arange(samples)
    if options.shuffle:
        # Each epoch has its own stream, so that a resumed run goes on as it would have.
        order = generator(options.seed, f"order of epoch {course.epoch + 1}").permutation(samples)
    before = course.trained
    (after, state, _), losses = epoch(
        before, course.state, course.updates, fixed, data["train"], order
    )
    losses = np.asarray(losses)
    finite = all(np.isfinite(v).all() for v in _host(after).values())
    if not (finite and np.isfinite(losses).all()):
        bad = np.flatnonzero(~np.isfinite(losses))
        step = int(bad[0]) if len(bad) else len(losses) - 1
        where = f"at epoch {course.epoch + 1}, update {step + 1} of {len(losses)}"
        raise _diverged(float(losses[step]), where, after, before, fixed)
    return after, state, course.updates + len(losses)


def _explain(
    runner: Runner, trained: Tree, fixed: Arrays, batch: Batch, loss: float | None = None
) -> None:
    """Raises DataError where it is the data that make a loss not finite."""
    params = _host({**fixed, **trained})
    if loss is None:
        runner.blame(params, batch)
    elif not math.isfinite(loss):
        runner.explain(params, batch, f"the loss is {loss:g}")


def _diverged(loss: float, where: str, now: Tree, before: Tree, fixed: Arrays) -> TrainingError:
    values = _host(now)
    wrong = [f"`{k}`" for k, v in values.items() if not np.isfinite(v).all()]
    if wrong:
        found = f"parameters that are not finite then: {', '.join(wrong)}"
    else:
        largest = max(values, key=lambda k: float(np.abs(values[k]).max(initial=0)))
        found = f"the largest parameter is in `{largest}`: {np.abs(values[largest]).max():.3g}"
    return TrainingError(
        f"the loss is {loss:g} {where}; {found}; "
        "try a smaller learning rate, or clip the gradient with `clip = 1.0`",
        _host({**fixed, **before}),
    )


def _record(
    course: _Course,
    after: tuple[Tree, Tree, int],
    values: Mapping[str, float],
    options: TrainOptions,
) -> str:
    """Adds an epoch to the history and keeps the best. Returns why to stop, or "epochs"."""
    course.epoch += 1
    course.trained, course.state, course.updates = after
    course.history["epoch"].append(course.epoch)
    for name, value in values.items():
        course.history.setdefault(name, []).append(value)
    watched = values.get("val_loss", values["loss"])
    better = watched < course.best_score
    if better:
        course.best_score = watched
    if better or ("val_loss" not in values and options.patience is None):
        # Without validation there is nothing to judge by: the last epoch counts.
        course.best, course.best_epoch = course.trained, course.epoch
    if options.patience is not None and course.epoch - course.best_epoch >= options.patience:
        return "patience"
    return "epochs"


# --- losses and metrics ---------------------------------------------------------------------------


def _values(
    judge: Callable[..., dict[str, float]], trained: Tree, fixed: Any, data: Mapping[str, Batch]
) -> dict[str, float]:
    values = judge(trained, fixed, data["train"])
    if "validation" in data:
        found = judge(trained, fixed, data["validation"])
        pairs = {name: {name: v, f"val_{name}": found[name]} for name, v in values.items()}
        values = {k: v for pair in pairs.values() for k, v in pair.items()}
    return values


def _host(params: Mapping[str, Any]) -> Arrays:
    return {name: np.asarray(value, dtype=np.float64) for name, value in params.items()}


# --- starting and resuming ------------------------------------------------------------------------


def _start(trained: Arrays, options: TrainOptions, size: int, samples: int) -> _Course:
    import jax.numpy as jnp

    current = {name: jnp.asarray(value) for name, value in trained.items()}
    state = follower(options, math.ceil(samples / size)).init(current)
    return _Course(0, current, state, 0, {"epoch": []}, current, 0, math.inf)


def _saved(course: _Course) -> Saved:
    import jax

    return Saved(
        course.epoch,
        course.updates,
        course.best_epoch,
        course.best_score,
        course.history,
        _host(course.trained),
        _host(course.best),
        [np.asarray(leaf) for leaf in jax.tree.leaves(course.state)],
    )


def _resumed(course: _Course, saved: Saved) -> _Course:
    """The course that a checkpoint continues; DataError if it is of another model or optimiser."""
    import jax
    import jax.numpy as jnp

    leaves, form = jax.tree.flatten(course.state)
    saved.check({k: v.shape for k, v in course.trained.items()}, [jnp.shape(x) for x in leaves])
    state = [jnp.asarray(s, x.dtype) for s, x in zip(saved.state, leaves, strict=True)]
    return _Course(
        saved.epoch,
        {k: jnp.asarray(v) for k, v in saved.trained.items()},
        jax.tree.unflatten(form, state),
        saved.updates,
        saved.history,
        {k: jnp.asarray(v) for k, v in saved.best.items()},
        saved.best_epoch,
        saved.best_score,
    )
