"""Where training stands, as one tree of arrays: what an update and the end of an epoch change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .objective import Direction, Tree

if TYPE_CHECKING:
    import optax

#: The state of one run, all leaves arrays. `trained` and `state`, of the optimiser, belong to the
#: last update that gave numbers; `good` are the parameters whose loss was last seen finite;
#: `best`, `best_values`, `best_score`, `best_epoch` belong to the epoch that is kept; `epoch`
#: counts those that have ended. `alive` falls when the run stops by itself: for want of patience,
#: or with `failed` 1 in an update, 2 at the end of an epoch. `loss`, `wrong` (by parameter) and
#: `at` say how then. `key` is the root of the random numbers of updates.
Course: TypeAlias = dict[str, Any]

UPDATE, EPOCH = 1, 2


def begin(
    trained: Mapping[str, Any],
    follow: optax.GradientTransformationExtraArgs,
    seed: int,
    values: int,
) -> Course:
    """The course before the first update; `values`: how many numbers an epoch gives."""
    import numpy as np

    first = {name: np.asarray(value) for name, value in trained.items()}
    return {
        "trained": first,
        "state": follow.init(first),
        "good": first,
        "best": first,
        "best_values": np.full(values, np.nan),
        "best_score": np.float64(np.inf),
        "best_epoch": np.int64(0),
        "epoch": np.int64(0),
        "alive": np.True_,
        "failed": np.int64(0),
        "at": np.int64(0),
        "loss": np.float64(np.nan),
        "wrong": np.zeros(len(first), bool),
        # As `jax.random.key(seed)`, without compiling anything for it.
        "key": np.array([seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32),
    }


def updated(
    course: Course,
    loss: Any,
    look: Direction,
    follow: optax.GradientTransformationExtraArgs,
    number: Any,
) -> Course:
    """One update, the `number`-th from 0; a bad one changes nothing but ends the run."""
    import jax
    import jax.numpy as jnp
    import optax

    before = course["trained"]
    value, grads = look(loss, before, number, course["key"])
    changes, state = follow.update(
        grads, course["state"], before, value=value, grad=grads, value_fn=loss
    )
    trained = optax.apply_updates(before, changes)
    wrong = [~jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(trained)]
    bad = jnp.stack(wrong) if wrong else course["wrong"]
    alive, value = course["alive"], jnp.asarray(value, course["loss"].dtype)
    good = alive & jnp.isfinite(value) & ~bad.any()
    fails = alive & ~good
    return {
        **course,
        "trained": _chosen(good, trained, before),
        "state": _chosen(good, state, course["state"]),
        "good": _chosen(alive & jnp.isfinite(value), before, course["good"]),
        "alive": good,
        "failed": jnp.where(fails, UPDATE, course["failed"]),
        "at": jnp.where(fails, number, course["at"]),
        "loss": jnp.where(alive, value, course["loss"]),
        "wrong": jnp.where(alive, bad, course["wrong"]),
    }


def settled(course: Course, values: Any, watched: int, patience: int | None, number: Any) -> Course:
    """The end of an epoch whose losses and metrics are `values`, after `number` updates.

    `values[watched]` is what the best epoch is told by: the validation's loss, else, with patience,
    that of the training; without either, `watched` is -1, and the last epoch counts as the best.
    """
    import jax.numpy as jnp

    alive = course["alive"]
    good = alive & jnp.isfinite(values[0])
    epoch = course["epoch"] + good
    score = values[watched] if watched >= 0 else -epoch * 1.0
    better = good & (score < course["best_score"])
    best_epoch = jnp.where(better, epoch, course["best_epoch"])
    going = good if patience is None else good & (epoch - best_epoch < patience)
    return {
        **course,
        "best": _chosen(better, course["trained"], course["best"]),
        "best_values": jnp.where(better, values, course["best_values"]),
        "best_score": jnp.where(better, score, course["best_score"]),
        "best_epoch": best_epoch,
        "epoch": epoch,
        "alive": going,
        "failed": jnp.where(alive & ~good, EPOCH, course["failed"]),
        "at": jnp.where(alive & ~good, number, course["at"]),
        "loss": jnp.where(alive, values[0], course["loss"]),
    }


def _chosen(new: Any, tree: Tree, other: Tree) -> Tree:
    import jax
    import jax.numpy as jnp

    return jax.tree.map(lambda a, b: jnp.where(new, a, b), tree, other)
