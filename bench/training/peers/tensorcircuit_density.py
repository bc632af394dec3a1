"""TensorCircuit-NG as its users write it: a density-matrix circuit a step; jit, vmap and scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import circuits
from ..workloads import Workload
from .jax_common import Problem, gradient


def start() -> Any:
    import tensorcircuit as tc

    tc.set_backend("jax")
    tc.set_dtype("complex128")
    return tc


def play(circuit: Any, gates: list[circuits.Gate]) -> Any:
    for name, angle, qubits in gates:
        if angle is None:
            getattr(circuit, name)(*qubits)
        else:
            getattr(circuit, name)(*qubits, theta=angle)
    return circuit


def make(workload: Workload) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    tc = start()
    d, h, n = workload.fresh, workload.carried, workload.qubits
    F, N = 2**d, 2**h

    def loss(params: Any, x: Any, y: Any) -> Any:
        zero = jnp.zeros((F, F), complex).at[0, 0].set(1)

        def step(memory: Any, x: Any) -> Any:
            circuit = tc.DMCircuit(n, dminputs=jnp.kron(zero, memory))
            play(circuit, circuits.encoding(workload.family, params, x, d, h))
            play(circuit, circuits.layers(workload.family, params, d, h, workload.layers))
            read = [circuit.expectation_ps(z=[q]).real for q in range(d)]
            rho = circuit.densitymatrix().reshape(F, N, F, N)
            return jnp.einsum("aman->mn", rho), jnp.stack(read)

        ground = jnp.zeros((N, N), complex).at[0, 0].set(1)
        found = jax.vmap(lambda xs: jax.lax.scan(step, ground, xs)[1])(x)
        return jnp.mean((found - y) ** 2)

    return gradient(loss, Problem.of(workload))


def make_fused(workload: Workload) -> Callable[[], Any]:
    """The expert's form: the unitary and the encoded kets from circuits, then Kraus operators."""
    import jax
    import jax.numpy as jnp

    from .jax_fused import outcomes, scanned

    tc = start()
    d, h, n = workload.fresh, workload.carried, workload.qubits

    def loss(params: Any, x: Any, y: Any) -> Any:
        layers = circuits.layers(workload.family, params, d, h, workload.layers)
        unitary = play(tc.Circuit(n), layers).matrix().reshape(2**d, 2**h, 2**d, 2**h)

        def ket(x: Any) -> Any:
            return play(tc.Circuit(d), circuits.encoding(workload.family, params, x, d, h)).state()

        kets = jax.vmap(jax.vmap(ket))(x)
        return jnp.mean((scanned(unitary, kets, outcomes(d)) - y) ** 2)

    return gradient(loss, Problem.of(workload))


def make_pure(workload: Workload) -> Callable[[], Any]:
    """A state-vector circuit a step, from the state before it."""
    import jax
    import jax.numpy as jnp

    tc = start()
    n = workload.carried

    def loss(params: Any, x: Any, y: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            circuit = tc.Circuit(n, inputs=state)
            play(circuit, circuits.encoding("pure", params, x, 0, n))
            play(circuit, circuits.layers("pure", params, 0, n, workload.layers))
            return circuit.state(), None

        def last(xs: Any) -> Any:
            state = jax.lax.scan(step, jnp.zeros(2**n, complex).at[0].set(1), xs)[0]
            return tc.Circuit(n, inputs=state).expectation_ps(z=[0]).real

        return jnp.mean((jax.vmap(last)(x)[:, None] - y) ** 2)

    return gradient(loss, Problem.of(workload))
