"""Entangling capability: the mean Meyer–Wallach entanglement of a circuit's states.

Q = 2 (1 − (1/n) Σ_k tr ρ_k²), ρ_k the reduced state of qubit k (Meyer and Wallach, J. Math. Phys.
43 (2002) 4273, in the form of Brennen, Quantum Inf. Comput. 3 (2003) 619), averaged over random
parameters (Sim et al. 2019). 0 for product states, 1 for GHZ states; Haar-random states have
(N − 2)/(N + 1). No units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .estimates import student
from .expressibility import SAMPLES
from .finding import Curve, Finding, NotDefined, Panel, Table, exact
from .pure import States, sampled
from .subject import Subject


def entangling(subject: Subject, seed: int = 0, states: list[States] | None = None) -> Finding:
    """The mean over random parameters, for every circuit of a step, the largest one first."""
    if not subject.trained:
        raise NotDefined("it has no trained parameters")
    found = sampled(subject, SAMPLES, seed) if states is None else states
    per = [meyer_wallach(circuit.first) for circuit in found]
    means = [student(q) for q in per]
    n = 2 ** found[0].qubits
    values = {"Meyer–Wallach": means[0], "of Haar states": exact((n - 2) / (n + 1))}
    counts, edges = np.histogram(np.clip(per[0], 0, 1), 50, (0.0, 1.0))
    curve = Curve("circuit", (edges[1:] + edges[:-1]) / 2, counts / counts.sum(), style="bars")
    panel = Panel("Entanglement of random states", "Q", "share", (curve,))
    rows = tuple(
        (i, c.qubits, m.value, m.low, m.high)
        for i, (c, m) in enumerate(zip(found, means, strict=True))
    )
    table = Table(("circuit", "qubits", "Q", "low", "high"), rows)
    conditions = {
        "states": len(per[0]),
        "seed": seed,
        "qubits": found[0].qubits,
        "parameters": "angles uniform in [−π, π)",
    }
    return Finding(
        "entangling", "Entangling capability", values, conditions, (panel,), {"circuits": table}
    )


def meyer_wallach(kets: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Q of state vectors (batch, 2^n)."""
    size = kets.shape[-1]
    purities = []
    for k in range(size.bit_length() - 1):
        split = kets.reshape(len(kets), size >> (k + 1), 2, 1 << k)
        reduced = np.einsum("bhil,bhjl->bij", split, split.conj())
        purities.append((np.abs(reduced) ** 2).sum(axis=(1, 2)))
    return np.asarray(2 * (1 - np.mean(purities, axis=0)))
