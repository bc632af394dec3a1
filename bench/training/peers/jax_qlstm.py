"""QLSTM in an expert's JAX: real amplitudes, each circuit's layers as one matrix an update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuits import staircase
from ..workloads import Workload
from .jax_gates import CX, on_axes
from .qlstm import trained, weights

N = 6


def make(workload: Workload) -> Callable[[], Any]:
    signs = 1.0 - 2.0 * ((np.arange(2**N)[:, None] >> np.arange(N)[None, ::-1]) & 1)

    def matrix(w: Any) -> Any:
        whole = jnp.eye(2**N).reshape((2,) * N + (-1,))
        for name, angle, qubits in staircase(w, N):
            if name == "cx":
                gate = CX.real
            else:
                c, s = jnp.cos(angle / 2), jnp.sin(angle / 2)
                gate = jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])])
            whole = on_axes(gate, whole, qubits)
        return whole.reshape(2**N, -1)

    def prepare(params: Any) -> Any:
        return jax.vmap(matrix)(jnp.stack(weights(params)))

    def circuits(ready: Any, v: Any) -> Any:
        turn = np.pi / 4 + v / 2  # H, then RY(v)
        ket = jnp.ones((len(v), 1))
        for q in range(N):
            each = jnp.stack([jnp.cos(turn[:, q]), jnp.sin(turn[:, q])], -1)
            ket = (ket[:, :, None] * each[:, None]).reshape(len(v), -1)
        found = jnp.einsum("kij,bj->bki", ready, ket)
        return found**2 @ signs

    return trained(prepare, circuits, workload)
