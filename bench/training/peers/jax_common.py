"""What peers share: parameters and data of a workload, and a jitted loss with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..workloads import Workload


@dataclass(frozen=True)
class Problem:
    """Start parameters by path in the model, without the instance's `c.`, and a batch."""

    params: dict[str, Any]
    x: Any
    y: Any

    @classmethod
    def of(cls, workload: Workload) -> Problem:
        params = start(workload)
        x, y = workload.data()
        return cls({k.removeprefix("c."): v for k, v in params.items()}, x["x"], y.get("y"))


def start(workload: Workload) -> dict[str, Any]:
    """The parameters that every contender starts from, by path: drawn from the paths' order."""
    rng = np.random.default_rng(7)
    return {name: rng.uniform(-1, 1, shape) for name, shape in shapes(workload).items()}


def shapes(workload: Workload) -> dict[str, tuple[int, ...]]:
    n, depth = workload.qubits, workload.layers
    match workload.family:
        case "emc":
            return {"c.enc": (3, 2), "c.rot": (depth, n, 3), "c.out": ()}
        case "ring":
            return {"c.rot": (depth, n, 3), "c.bond": (depth, n)}
        case "pure":
            return {"c.rot": (depth, n, 3)}
        case "bausch":
            sets = 25
            phi = {"c.phi": (2, 4, sets), "c.phi_io": (2, sets)}
            return {"c.theta": (2, 4), "c.theta_io": (2,), "c.turn": (1, 4), **phi}
        case "qlstm":
            names = ("forget", "gain", "update", "select")
            circuits: dict[str, tuple[int, ...]] = {f"c.{k}.w": (depth, 6) for k in names}
            return {**circuits, "head.W": (1, 5), "head.b": (1,)}
    raise ValueError(workload.family)


def gradient(loss: Callable[..., Any], problem: Problem) -> Callable[[], Any]:
    """A call: the loss and its gradient by name, jitted, of arrays that JAX holds."""
    import jax

    compiled = jax.jit(jax.value_and_grad(loss))
    given = jax.device_put((problem.params, problem.x, problem.y))

    def call() -> Any:
        return jax.block_until_ready(compiled(*given))

    return call
