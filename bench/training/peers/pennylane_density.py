"""PennyLane as its users write it: `default.mixed` a step; jit, vmap and scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import circuits
from ..workloads import Workload
from .jax_common import Problem, gradient


def play(gates: list[circuits.Gate], wire: Callable[[int], int] = int) -> None:
    import pennylane as qml

    kinds = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "rzz": qml.IsingZZ}
    for name, angle, qubits in gates:
        wires = [wire(q) for q in qubits]
        if name in ("cz", "cx"):
            (qml.CZ if name == "cz" else qml.CNOT)(wires=wires)
        else:
            kinds[name](angle, wires=wires)


def make(workload: Workload) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp
    import pennylane as qml

    d, h, n = workload.fresh, workload.carried, workload.qubits
    F, N = 2**d, 2**h

    @qml.qnode(qml.device("default.mixed", wires=n), interface="jax")
    def circuit(rho: Any, x: Any, params: Any) -> Any:
        qml.QubitDensityMatrix(rho, wires=range(n))
        play(circuits.encoding(workload.family, params, x, d, h))
        play(circuits.layers(workload.family, params, d, h, workload.layers))
        read = [qml.expval(qml.PauliZ(q)) for q in range(d)]
        return (*read, qml.density_matrix(wires=range(d, n)))

    def loss(params: Any, x: Any, y: Any) -> Any:
        zero = jnp.zeros((F, F), complex).at[0, 0].set(1)

        def step(memory: Any, x: Any) -> Any:
            *read, rho = circuit(jnp.kron(zero, memory), x, params)
            return rho, jnp.stack(read)

        ground = jnp.zeros((N, N), complex).at[0, 0].set(1)
        found = jax.vmap(lambda xs: jax.lax.scan(step, ground, xs)[1])(x)
        return jnp.mean((found - y) ** 2)

    return gradient(loss, Problem.of(workload))


def make_pure(workload: Workload) -> Callable[[], Any]:
    """`default.qubit` a step, from the state before it."""
    import jax
    import jax.numpy as jnp
    import pennylane as qml

    n = workload.carried
    device = qml.device("default.qubit", wires=n)

    @qml.qnode(device, interface="jax", diff_method="backprop")
    def forward(state: Any, x: Any, params: Any) -> Any:
        qml.StatePrep(state, wires=range(n), validate_norm=False)
        play(circuits.encoding("pure", params, x, 0, n))
        play(circuits.layers("pure", params, 0, n, workload.layers))
        return qml.state()

    def loss(params: Any, x: Any, y: Any) -> Any:
        def last(xs: Any) -> Any:
            ground = jnp.zeros(2**n, complex).at[0].set(1)
            state = jax.lax.scan(lambda s, x: (forward(s, x, params), None), ground, xs)[0]
            chance = jnp.abs(state.reshape(2, -1)) ** 2
            return chance[0].sum() - chance[1].sum()

        return jnp.mean((jax.vmap(last)(x)[:, None] - y) ** 2)

    return gradient(loss, Problem.of(workload))


def make_lightning(workload: Workload) -> Callable[[], Any]:
    """`lightning.qubit` with the adjoint method, a circuit a sequence."""
    import numpy as np
    import pennylane as qml
    from pennylane import numpy as pnp

    problem = Problem.of(workload)
    n, steps = workload.carried, workload.steps

    @qml.qnode(qml.device("lightning.qubit", wires=n), diff_method="adjoint")
    def circuit(rot: Any, xs: Any) -> Any:
        for t in range(steps):
            play(circuits.encoding("pure", {}, xs[t], 0, n))
            play(circuits.layers("pure", {"rot": rot}, 0, n, workload.layers))
        return qml.expval(qml.PauliZ(0))

    slope = qml.grad(circuit, argnums=0)
    rot = pnp.array(problem.params["rot"], requires_grad=True)
    xs = pnp.array(problem.x, requires_grad=False)

    def call() -> Any:
        total, grads = 0.0, np.zeros(rot.shape)
        for x, (y,) in zip(xs, problem.y, strict=True):
            grad = slope(rot, x)
            error = float(slope.forward) - y
            total += error**2 / len(xs)
            grads += 2 * error * grad / len(xs)
        return total, {"rot": grads}

    return call
