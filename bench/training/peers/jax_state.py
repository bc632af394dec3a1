"""Hand-written JAX on state vectors: gate by gate, and an expert's form with merged gates."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import circuits
from ..workloads import Workload
from .jax_common import Problem, gradient
from .jax_gates import matrix, on_axes, rx, ry, rz


def make(workload: Workload) -> Callable[[], Any]:
    n = workload.carried

    def loss(params: Any, x: Any, y: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            gates = circuits.encoding("pure", params, x, 0, n)
            for name, angle, qubits in gates + circuits.layers(
                "pure", params, 0, n, workload.layers
            ):
                state = on_axes(matrix(name, angle), state, qubits)
            return state, None

        def last(xs: Any) -> Any:
            start = jnp.zeros(2**n, complex).at[0].set(1).reshape((2,) * n)
            chance = jnp.abs(jax.lax.scan(step, start, xs)[0].reshape(2, -1)) ** 2
            return chance[0].sum() - chance[1].sum()

        return jnp.mean((jax.vmap(last)(x)[:, None] - y) ** 2)

    return gradient(loss, Problem.of(workload))


def make_merged(workload: Workload) -> Callable[[], Any]:
    """A layer as a matrix on each half of the qubits and one diagonal; the batch in front."""
    n, depth = workload.carried, workload.layers
    half = n // 2
    index = np.arange(2**n)
    bits = [(index >> (n - 1 - q)) & 1 for q in range(n)]
    pairs = [(q, (q + 1) % n) for q in range(n)] if n > 2 else [(0, 1)] if n == 2 else []
    both = sum((bits[a] & bits[b] for a, b in pairs), np.zeros_like(index))
    signs = (1.0 - 2.0 * (both % 2)).reshape(2**half, -1)

    def sides(each: Any) -> tuple[Any, Any]:
        left = reduce(_kron, each[:half], jnp.ones((1, 1), complex))
        return left, reduce(_kron, each[half:])

    def loss(params: Any, x: Any, y: Any) -> Any:
        rot = params["rot"]
        each = [
            [rx(rot[k, q, 2]) @ rz(rot[k, q, 1]) @ rx(rot[k, q, 0]) for q in range(n)]
            for k in range(depth)
        ]
        later = [sides(gates) for gates in each[1:]]

        def step(state: Any, x: Any) -> Any:
            turn = jax.vmap(ry)(x[:, 0])
            first = sides([gate @ turn for gate in each[0]])
            for left, right in (first, *later):
                state = signs * (left @ state @ jnp.swapaxes(right, -1, -2))
            return state, None

        start = jnp.zeros((len(x), 2**half, 2 ** (n - half)), complex).at[:, 0, 0].set(1)
        state = jax.lax.scan(step, start, jnp.swapaxes(x, 0, 1))[0]
        chance = jnp.abs(state.reshape(len(x), 2, -1)) ** 2
        found = chance[:, 0].sum(-1) - chance[:, 1].sum(-1)
        return jnp.mean((found[:, None] - y) ** 2)

    return gradient(loss, Problem.of(workload))


def _kron(a: Any, b: Any) -> Any:
    """The Kronecker product of matrices, batched in front."""
    out = a[..., :, None, :, None] * b[..., None, :, None, :]
    rows, columns = a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1]
    return out.reshape(*out.shape[:-4], rows, columns)
