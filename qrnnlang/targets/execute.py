"""Circuits on a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .sampling import Execute

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def on_backend(
    backend: Any = None, shots: int = 4096, seed: int | None = None, optimization_level: int = 1
) -> Execute:
    """How to run circuits: on Qiskit Aer, or on any `BackendV2`.

    `seed` fixes the transpiler and, on simulators, the shots too.
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
        call, calls = calls, calls + 1
        seeds = None if seed is None else [spread(seed, call, i) for i in range(len(ready))]
        if isinstance(target, AerSimulator):
            return _aer(target, ready, shots, seeds)
        return _sampler(target, ready, shots, seeds)

    return execute


def spread(*numbers: int) -> int:
    """A seed of 62 bits for a simulator, far from those of neighbouring numbers.

    Aer draws shot k of circuit i from seed + 2113·i + k, so that two neighbouring seeds, and two
    circuits of one job with more shots than that, share nearly all of their shots.
    """
    digest = sha256(":".join(map(str, numbers)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 2


def _aer(
    simulator: Any, circuits: Sequence[QuantumCircuit], shots: int, seeds: Sequence[int] | None
) -> list[Mapping[str, int]]:
    if seeds is None:
        result = simulator.run(list(circuits), shots=shots).result()
        return [result.get_counts(i) for i in range(len(circuits))]
    pairs = zip(circuits, seeds, strict=True)
    return [simulator.run(c, shots=shots, seed_simulator=s).result().get_counts() for c, s in pairs]


def _sampler(
    backend: Any, circuits: Sequence[QuantumCircuit], shots: int, seeds: Sequence[int] | None
) -> list[Mapping[str, int]]:
    """By Qiskit's sampler; one job each where the backend is a simulator that takes a seed."""
    from qiskit.primitives import BackendSamplerV2

    if seeds is None or not hasattr(backend.options, "seed_simulator"):
        found = BackendSamplerV2(backend=backend).run(list(circuits), shots=shots).result()
        return [one.join_data().get_counts() for one in found]
    counts: list[Mapping[str, int]] = []
    for circuit, seed in zip(circuits, seeds, strict=True):
        sampler = BackendSamplerV2(backend=backend, options={"seed_simulator": seed})
        counts.append(sampler.run([circuit], shots=shots).result()[0].join_data().get_counts())
    return counts
