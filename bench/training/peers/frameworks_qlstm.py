"""QLSTM in TensorCircuit-NG and PennyLane as a skilled user writes it: jitted, vmapped, scanned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..circuits import Gate, staircase
from ..workloads import Workload
from .qlstm import HIDDEN, trained, weights

N = 6


def _encoded(v: Any) -> list[Gate]:
    return [("ry", v[q], (q,)) for q in range(N)]


def make_tensorcircuit(workload: Workload) -> Callable[[], Any]:
    from .tensorcircuit_density import play
    from .tensorcircuit_density import start as tensorcircuit

    tc = tensorcircuit()

    def circuit(w: Any, v: Any) -> Any:
        made = tc.Circuit(N)
        for q in range(N):
            made.h(q)
        play(made, _encoded(v) + staircase(w, N))
        return jnp.stack([made.expectation_ps(z=[q]).real for q in range(HIDDEN)])

    return _trained(circuit, workload)


def make_pennylane(workload: Workload) -> Callable[[], Any]:
    import pennylane as qml

    from .pennylane_density import play

    device = qml.device("default.qubit", wires=N)

    @qml.qnode(device, interface="jax", diff_method="backprop")
    def circuit(w: Any, v: Any) -> Any:
        for q in range(N):
            qml.Hadamard(q)
        play(_encoded(v) + staircase(w, N))
        return [qml.expval(qml.PauliZ(q)) for q in range(HIDDEN)]

    return _trained(lambda w, v: jnp.stack(circuit(w, v)), workload)


def _trained(circuit: Callable[[Any, Any], Any], workload: Workload) -> Callable[[], Any]:
    four = jax.vmap(jax.vmap(circuit, (0, None)), (None, 0))
    return trained(lambda params: jnp.stack(weights(params)), four, workload)
