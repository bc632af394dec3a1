"""A run of updates, epochs and their judgement, as one compiled call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..running import Runner
from .course import settled, updated
from .objective import Data, direction, follower, learning_rate
from .options import TrainOptions

#: How many compiled blocks a model keeps.
_KEPT = 8
#: Epochs that one call may finish. They are short where they are so many: a call takes a fraction
#: of a second.
EPOCHS = 256


@dataclass(frozen=True)
class Form:
    """What a block is compiled for, beside its options and the shapes of its arguments.

    `size` of a batch and number of `samples`; `values`: numbers that an epoch gives, of which
    `watched` tells the best; `seeds`: whether everything has an axis of seeds in front, and
    `drawn`, which of the fixed parameters have one, too; `shuffled`: whether orders are given.
    """

    size: int
    samples: int
    watched: int
    seeds: bool = False
    drawn: frozenset[str] = frozenset()
    shuffled: bool = False

    @property
    def full(self) -> int:
        """Full batches of an epoch."""
        return self.samples // self.size

    @property
    def rest(self) -> int:
        """Samples of a last, smaller batch."""
        return self.samples % self.size

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return self.full + (self.rest > 0)

    @property
    def epochs(self) -> int:
        """Epochs that a call may finish."""
        return max(1, min(EPOCHS, 2**22 // self.samples)) if self.shuffled else EPOCHS


def essential(options: TrainOptions) -> TrainOptions:
    """What a compiled function depends on of the options."""
    return replace(
        options,
        epochs=options.epochs if options.schedule is not None else 1,
        seed=0,
        batch=1,
        shuffle=None,
    )


def compiled(runner: Runner, options: TrainOptions, form: Form) -> Any:
    """The block of `_block`, kept with the model: fitting it again compiles nothing.

    The learning rate is one of its arguments where it is a number of the optimiser's: a search over
    learning rates compiles once.
    """
    options = essential(options)
    if learning_rate(options) is not None:
        options = replace(options, optimizer=options.optimizer.with_rate(1.0))
    key = (options, form)
    try:
        hash(key)
    except TypeError:  # an optimiser of the user's own that cannot be compared
        return _block(runner, options, form)
    kept = runner.epochs
    if key not in kept:
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = _block(runner, options, form)
    return kept[key]


def _block(runner: Runner, options: TrainOptions, form: Form) -> Any:
    """(course, fixed parameters, training data, validation data or None, orders, first, stop,

    `learning_rate`) ↦ (course, number of the next update, values of the epochs that ended).

    The updates `first` to `stop` (excluded), fewer where every run has stopped by itself. `orders`
    has a row for each epoch from that of `first`, or is None. What updates and epochs give does not
    depend on where one call ends and another begins: it is the same compiled code.
    """
    import jax
    import jax.numpy as jnp

    names = ["loss", *(name for name, _ in runner.closed.metrics)]
    executable, updates = runner.executable, form.updates
    look = direction(options)

    def over_seeds(f: Callable[..., Any], axes: tuple[Any, ...]) -> Callable[..., Any]:
        return jax.vmap(f, in_axes=axes) if form.seeds else f

    def judged(params: Any, data: Data) -> Any:
        _, loss, metrics = executable.evaluate(params, *data)
        found = {"loss": loss, **metrics}
        return [jnp.asarray(found[name], jnp.float64) for name in names]

    def run(
        course: Any,
        fixed: Any,
        data: Data,
        held: Data | None,
        orders: Any,
        first: Any,
        stop: Any,
        lr: Any,
    ) -> Any:
        if lr is not None:  # in the parameters' precision
            lr = jnp.asarray(lr, jnp.result_type(float, *jax.tree.leaves(course["trained"])))
        follow = follower(options, updates, lr)
        axes = {name: 0 if name in form.drawn else None for name in fixed}
        first_epoch = first // updates

        def batch(order: Any, number: Any, start: Any, size: int) -> Data:
            if order is None:
                if size == form.samples:
                    return data
                return _each(data, lambda a: jax.lax.dynamic_slice_in_dim(a, start, size))
            row = order[number // updates - first_epoch]
            rows = jax.lax.dynamic_slice_in_dim(row, start, size)
            return _each(data, lambda a: a[rows])

        def update(course: Any, fixed: Any, order: Any, number: Any) -> Any:
            k = number % updates

            def on(size: int) -> Callable[[Any], Any]:
                def step(course: Any) -> Any:
                    picked = batch(order, number, k * form.size, size)

                    def loss(trained: Any) -> Any:
                        return executable.loss({**fixed, **trained}, *picked)

                    return updated(course, loss, look, follow, number)

                return step

            if not form.rest:
                return on(form.size)(course)
            if not form.full:
                return on(form.rest)(course)
            return jax.lax.cond(k < form.full, on(form.size), on(form.rest), course)

        def settle(course: Any, fixed: Any, number: Any) -> Any:
            params = {**fixed, **course["trained"]}
            values = judged(params, data)
            if held is not None:
                both = zip(values, judged(params, held), strict=True)
                values = [value for pair in both for value in pair]
            row = jnp.stack(values)
            return settled(course, row, form.watched, options.patience, number), row

        def body(carry: Any) -> Any:
            number, course, rows = carry
            order_axis = 0 if form.shuffled else None
            course = over_seeds(update, (0, axes, order_axis, None))(course, fixed, orders, number)

            def end(given: Any) -> Any:
                course, rows = given
                course, row = over_seeds(settle, (0, axes, None))(course, fixed, number + 1)
                at = number // updates - first_epoch
                axis = 1 if form.seeds else 0
                return course, jax.lax.dynamic_update_index_in_dim(rows, row, at, axis)

            given = (course, rows)
            if updates == 1:
                course, rows = end(given)
            else:
                last = number % updates == updates - 1
                course, rows = jax.lax.cond(last, end, lambda given: given, given)
            return number + 1, course, rows

        def going(carry: Any) -> Any:
            return (carry[0] < stop) & carry[1]["alive"].any()

        lead = (len(course["alive"]),) if form.seeds else ()
        width = len(names) * (1 if held is None else 2)
        rows = jnp.full((*lead, form.epochs, width), jnp.nan)
        number, course, rows = jax.lax.while_loop(going, body, (first, course, rows))
        return course, number, rows

    return jax.jit(run)


def _each(data: Data, pick: Callable[[Any], Any]) -> Data:
    """Some samples of inputs, targets and lengths."""
    import jax

    picked: Data = jax.tree.map(pick, data)
    return picked
