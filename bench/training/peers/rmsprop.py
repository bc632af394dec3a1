"""One epoch of RMSprop in JAX: all updates in a compiled scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..workloads import Workload

RATE, DECAY, EPS = 0.01, 0.99, 1e-8


def epoch(
    loss: Callable[..., Any], params: Any, x: Any, y: Any, workload: Workload
) -> Callable[[], Any]:
    """A call: the mean loss of the updates, and the parameters after them by name."""
    import jax
    import jax.numpy as jnp
    import optax

    follow = optax.rmsprop(RATE, decay=DECAY, eps=EPS, eps_in_sqrt=False)
    shape = (workload.updates, workload.batch)
    xs, ys = x["x"].reshape(*shape, *x["x"].shape[1:]), y["y"].reshape(*shape, *y["y"].shape[1:])

    def run(params: Any, xs: Any, ys: Any) -> Any:
        def update(carry: Any, rows: Any) -> Any:
            params, state = carry
            value, grads = jax.value_and_grad(loss)(params, *rows)
            changes, state = follow.update(grads, state)
            return (optax.apply_updates(params, changes), state), value

        (after, _), losses = jax.lax.scan(update, (params, follow.init(params)), (xs, ys))
        return jnp.mean(losses), after

    compiled = jax.jit(run)
    given = jax.tree.map(jnp.asarray, params)

    def call() -> Any:
        return jax.block_until_ready(compiled(given, xs, ys))

    return call
