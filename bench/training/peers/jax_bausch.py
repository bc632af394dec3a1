"""Bausch's cell in hand-written JAX, by the closed form of a neuron; vmap and scan.

A neuron on a lane is one real 2x2 map for every setting of its sources: with
η = π/2 + θ + Σ φ_S over the sets S of sources that are all 1, [[c, −s], [s, c]] with
c = cos⁴(η/2) and s = sin⁴(η/2). Normalising once a step is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..workloads import Workload
from .jax_common import start

WORKSPACE, WIDTH, DEGREE, POWER = 4, 2, 3, 4
LANES = WORKSPACE + WIDTH


def sets(count: int) -> list[tuple[int, ...]]:
    return [s for k in range(1, DEGREE + 1) for s in combinations(range(count), k)]


def members() -> Any:
    """Which sets are all 1 for each setting of a neuron's sources, the first most significant."""
    n = LANES - 1
    bits = (np.arange(2**n)[:, None] >> np.arange(n)[None, ::-1]) & 1
    return np.stack([bits[:, list(s)].all(1) for s in sets(n)], 1).astype(float)


def make(workload: Workload) -> Callable[[], Any]:
    table = members()

    def maps(theta: Any, phi: Any) -> tuple[Any, Any]:
        eta = np.pi / 2 + theta[:, None] + phi @ table.T
        return jnp.cos(eta / 2) ** POWER, jnp.sin(eta / 2) ** POWER

    def neuron(state: Any, lane: int, sources: list[int], c: Any, s: Any) -> Any:
        order = [lane, *sources]
        moved = state.transpose(order).reshape(2, -1)
        new = jnp.stack([c * moved[0] - s * moved[1], s * moved[0] + c * moved[1]])
        return new.reshape((2,) * LANES).transpose(np.argsort(order))

    def loss(params: Any, x: Any, observed: Any, label: Any) -> Any:
        stages = [maps(params["c.theta"][k], params["c.phi"][k]) for k in range(2)]
        last = maps(params["c.theta_io"], params["c.phi_io"])
        work, io = list(range(WORKSPACE)), list(range(WORKSPACE, LANES))
        turn = params["c.turn"][0] / 2

        def step(w: Any, given: Any) -> Any:
            bits, found = given
            here = _one_hot(bits)
            state = (w.reshape(-1)[:, None] * here[None, :]).reshape((2,) * LANES)
            for k, (c, s) in enumerate(stages):
                if k:
                    for q in range(WORKSPACE):
                        up, down = jnp.split(state, 2, q)
                        co, si = jnp.cos(turn[q]), jnp.sin(turn[q])
                        state = jnp.concatenate([co * up - si * down, si * up + co * down], q)
                for q in work:
                    state = neuron(state, q, [p for p in work if p != q] + io, c[q], s[q])
            # The io lanes are cleared: what the workspace holds stands where they read `bits`.
            w = state.reshape(-1, 4) @ here
            state = (w[:, None] * jnp.array([1.0, 0, 0, 0])).reshape((2,) * LANES)
            for j, q in reversed(list(enumerate(io))):  # the most significant bit first
                state = neuron(state, q, [p for p in io if p != q] + work, last[0][j], last[1][j])
            whole = state.reshape(-1, 4)
            chance = (whole**2).sum(0)
            kept = whole @ _one_hot(found)
            chance = chance[jnp.array([0, 2, 1, 3])] / chance.sum()  # io[0] least significant
            return kept / jnp.sqrt((kept**2).sum()), chance

        def told(x: Any, observed: Any) -> Any:
            ground = jnp.zeros(2**WORKSPACE).at[0].set(1)
            return jax.lax.scan(step, ground, (x, observed))[1]

        p = jax.vmap(told)(x, observed)
        chosen = jnp.take_along_axis(p, label[..., None], -1)[..., 0]
        return jnp.mean(jax.nn.logsumexp(p, -1) - chosen)

    x, y = workload.data()
    params = start(workload)
    compiled = jax.jit(jax.value_and_grad(loss))

    given = jax.device_put((params, x["x"], x["observed"], y["label"]))

    def call() -> Any:
        return jax.block_until_ready(compiled(*given))

    return call


def _one_hot(bits: Any) -> Any:
    """Two bits as a vector over the io lanes, the first most significant."""
    first = jnp.stack([1 - bits[0], bits[0]])
    return (first[:, None] * jnp.stack([1 - bits[1], bits[1]])[None]).reshape(-1)
