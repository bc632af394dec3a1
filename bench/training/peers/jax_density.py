"""Hand-written JAX: each gate on the rows and the columns of a density matrix; vmap and scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .. import circuits
from ..workloads import Workload
from .jax_common import Problem, gradient
from .jax_gates import matrix, on_axes


def make(workload: Workload) -> Callable[[], Any]:
    d, h, n = workload.fresh, workload.carried, workload.qubits
    F, N = 2**d, 2**h

    def loss(params: Any, x: Any, y: Any) -> Any:
        zero = jnp.zeros((F, F), complex).at[0, 0].set(1)

        def step(memory: Any, x: Any) -> Any:
            rho = jnp.einsum("ab,mn->ambn", zero, memory).reshape((2,) * (2 * n))
            gates = circuits.encoding(workload.family, params, x, d, h)
            gates += circuits.layers(workload.family, params, d, h, workload.layers)
            for name, angle, qubits in gates:
                gate = matrix(name, angle)
                rho = on_axes(gate, rho, qubits)
                rho = on_axes(jnp.conj(gate), rho, [n + q for q in qubits])
            whole = rho.reshape(F, N, F, N)
            chances = jnp.einsum("amam->a", whole).real.reshape((2,) * d)
            z = [_z(chances, q) for q in range(d)]
            return jnp.einsum("aman->mn", whole), jnp.stack(z)

        start = jnp.zeros((N, N), complex).at[0, 0].set(1)
        found = jax.vmap(lambda xs: jax.lax.scan(step, start, xs)[1])(x)
        return jnp.mean((found - y) ** 2)

    return gradient(loss, Problem.of(workload))


def _z(chances: Any, qubit: int) -> Any:
    rest = tuple(q for q in range(chances.ndim) if q != qubit)
    up, down = chances.sum(rest)
    return up - down
