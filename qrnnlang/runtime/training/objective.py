"""What is minimised, and the direction in which: gradients, or SPSA's estimate of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ...sema.training import METHODS
from ..arrays import Arrays
from .methods import Method, transformation
from .options import TrainOptions

if TYPE_CHECKING:
    import optax

Tree: TypeAlias = Any
#: (loss, trained parameters, number of the update, random key) ↦ (loss, gradient).
Direction: TypeAlias = Callable[[Callable[[Tree], Any], Tree, Any, Any], tuple[Any, Tree]]
#: Inputs, targets, lengths.
Data: TypeAlias = tuple[Arrays, Arrays, Any]


def direction(options: TrainOptions) -> Direction:
    """How the optimiser looks for a way down."""
    import jax

    if options.optimizer.name == "spsa":
        return _spsa(options)
    return lambda loss, trained, *_: jax.value_and_grad(loss)(trained)


def learning_rate(options: TrainOptions) -> float | None:
    """The optimiser's learning rate, where nothing else of an update depends on it."""
    method = options.optimizer
    named = method.custom is None and method.name != "spsa"
    given = method.arguments(METHODS) if named else {}
    return float(given["lr"]) if "lr" in given else None


def follower(
    options: TrainOptions, updates: int, lr: Any = None
) -> optax.GradientTransformationExtraArgs:
    """How the optimiser follows a direction; `updates` is their number in an epoch.

    `lr`: a learning rate, perhaps traced, in place of the optimiser's.
    """
    import optax

    method = options.optimizer if lr is None else options.optimizer.with_rate(lr)
    if method.name == "spsa":
        given = method.arguments(METHODS)

        def gain(count: Any) -> Any:
            return given["lr"] / (given["stability"] + count + 1.0) ** given["alpha"]

        method = Method("custom", custom=optax.scale_by_learning_rate(gain))
    made = transformation(
        method, options.schedule, options.epochs, updates, options.clip, options.clip_value
    )
    return optax.with_extra_args_support(made)


def _spsa(options: TrainOptions) -> Direction:
    """Simultaneous perturbation stochastic approximation (Spall, IEEE Trans. Autom. Control 37

    (1992) 332): two losses at θ ± c_k Δ, Δ of random signs, estimate all derivatives at once. Gains
    a_k = lr/(stability + k + 1)^alpha and c_k = c/(k + 1)^gamma.
    """
    import jax
    import jax.numpy as jnp

    given = options.optimizer.arguments(METHODS)

    def look(loss: Callable[[Tree], Any], trained: Tree, count: Any, key: Any) -> tuple[Any, Tree]:
        key = jax.random.fold_in(jax.random.wrap_key_data(key), count)
        leaves, form = jax.tree.flatten(trained)
        keys = jax.random.split(key, max(len(leaves), 1))
        width = given["c"] / (count + 1.0) ** given["gamma"]
        signs = jax.tree.unflatten(
            form,
            [
                jax.random.rademacher(k, jnp.shape(leaf), jnp.asarray(leaf).dtype)
                for k, leaf in zip(keys, leaves, strict=False)
            ],
        )
        up = loss(jax.tree.map(lambda p, s: p + width * s, trained, signs))
        down = loss(jax.tree.map(lambda p, s: p - width * s, trained, signs))
        slope = (up - down) / (2 * width)
        return (up + down) / 2, jax.tree.map(lambda s: slope * s, signs)

    return look
