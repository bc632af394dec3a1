"""Circuits on a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .sampling import Execute

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def on_backend(
    backend: Any = None, shots: int = 4096, seed: int | None = None, optimization_level: int = 1
) -> Execute:
    """How to run circuits: on Qiskit Aer, or on any `BackendV2`.

    `seed` fixes the transpiler and, on Aer, the shots too; successive calls use successive seeds.
    """
    calls = 0

    def execute(circuits: Sequence[QuantumCircuit]) -> list[Mapping[str, int]]:
        nonlocal calls
        from qiskit import transpile
        from qiskit_aer import AerSimulator

        target = AerSimulator() if backend is None else backend
        ready = transpile(
            list(circuits),
            target,
            optimization_level=optimization_level,
            seed_transpiler=seed,
        )
        now = None if seed is None else seed + calls
        calls += 1
        if isinstance(target, AerSimulator):
            result = target.run(ready, shots=shots, seed_simulator=now).result()
            return [result.get_counts(i) for i in range(len(ready))]
        from qiskit.primitives import BackendSamplerV2

        found = BackendSamplerV2(backend=target).run(ready, shots=shots).result()
        return [one.join_data().get_counts() for one in found]

    return execute
