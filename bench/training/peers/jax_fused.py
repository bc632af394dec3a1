"""An expert's JAX: one unitary for the layers, all Kraus operators in one product, then a scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import circuits
from ..workloads import Workload
from .jax_common import Problem, gradient
from .jax_gates import matrix, on_axes


def make(workload: Workload) -> Callable[[], Any]:
    d, h, n = workload.fresh, workload.carried, workload.qubits
    signs = outcomes(d)

    def loss(params: Any, x: Any, y: Any) -> Any:
        unitary = jnp.eye(2**n, dtype=complex).reshape((2,) * n + (-1,))
        for name, angle, qubits in circuits.layers(workload.family, params, d, h, workload.layers):
            unitary = on_axes(matrix(name, angle), unitary, qubits)
        found = scanned(unitary.reshape(2**d, 2**h, 2**d, 2**h), kets(workload, params, x), signs)
        return jnp.mean((found - y) ** 2)

    return gradient(loss, Problem.of(workload))


def outcomes(d: int) -> Any:
    """⟨Z⟩ of each fresh qubit for each of their 2^d outcomes."""
    return 1.0 - 2.0 * ((np.arange(2**d)[:, None] >> np.arange(d)[None, ::-1]) & 1)


def kets(workload: Workload, params: Any, x: Any) -> Any:
    """The encoded fresh qubits for every sample and step: (B, T, 2^d)."""
    d = workload.fresh
    each = [jnp.ones((*x.shape[:2], 1)) * jnp.array([1.0 + 0j, 0.0]) for _ in range(d)]
    for name, angle, (q,) in circuits.encoding(workload.family, params, x, d, workload.carried):
        if jnp.ndim(angle) == 0:
            each[q] = each[q] @ matrix(name, angle).T
        else:  # RY by the input
            c, s = jnp.cos(angle / 2)[..., None], jnp.sin(angle / 2)[..., None]
            up, down = each[q][..., :1], each[q][..., 1:]
            each[q] = jnp.concatenate([c * up - s * down, s * up + c * down], -1)
    whole = each[0]
    for ket in each[1:]:
        whole = (whole[..., :, None] * ket[..., None, :]).reshape(*x.shape[:2], -1)
    return whole


def scanned(unitary: Any, ket: Any, signs: Any) -> Any:
    kraus = jnp.einsum("ancm,btc->tbanm", unitary, ket)

    def step(rho: Any, k: Any) -> Any:
        each = k @ rho[:, None] @ jnp.conj(k).swapaxes(-1, -2)
        chance = jnp.trace(each, axis1=-2, axis2=-1).real
        return each.sum(1), chance @ signs

    size = unitary.shape[1]
    start = jnp.zeros((len(ket), size, size), complex).at[:, 0, 0].set(1)
    return jnp.moveaxis(jax.lax.scan(step, start, kraus)[1], 0, 1)
