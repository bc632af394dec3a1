"""The QLSTM around a function that runs its four circuits; peers bring the circuits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..workloads import Workload
from .jax_common import start
from .rmsprop import epoch

NAMES = ("forget", "gain", "update", "select")
HIDDEN = 5


def trained(prepare: Callable[[Any], Any], circuits: Callable[[Any, Any], Any], w: Workload) -> Any:
    """An epoch. `prepare(params)` is called once an update; `circuits(prepared, v)` gives the four

    circuits' ⟨Z⟩, (B, 4, 6), for their input v, (B, 6).
    """

    def loss(params: Any, x: Any, y: Any) -> Any:
        ready = prepare(params)

        def step(state: Any, x: Any) -> Any:
            h, c = state
            z = circuits(ready, jnp.concatenate([x, h], 1))[:, :, :HIDDEN]
            f, i, o = (jax.nn.sigmoid(z[:, k]) for k in (0, 1, 3))
            c = f * c + i * jnp.tanh(z[:, 2])
            return (o * jnp.tanh(c), c), None

        zero = jnp.zeros((len(x), HIDDEN))
        (h, _), _ = jax.lax.scan(step, (zero, zero), jnp.swapaxes(x, 0, 1))
        found = h @ params["head.W"].T + params["head.b"]
        return jnp.mean((found - y) ** 2)

    return epoch(loss, start(w), *w.data(), w)


def weights(params: Any) -> list[Any]:
    return [params[f"c.{name}.w"] for name in NAMES]
