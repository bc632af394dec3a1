"""Expressibility: how far the states of a cell's circuit are from filling the state space evenly.

D = D_KL(P ‖ P_Haar), the Kullback–Leibler divergence (nats) between the histogram of fidelities
F = |⟨ψ_θ|ψ_φ⟩|² of the circuit's states at independent random parameters and that of Haar-random
states, P_Haar(F) = (N − 1)(1 − F)^(N−2), N = 2^n (Sim, Johnson and Aspuru-Guzik, Adv. Quantum
Technol. 2 (2019) 1900070). Smaller is more expressive; an idle circuit has (N − 1) ln(bins). Bins
and samples are fixed, 75 and 5,000 as in the source, since D depends on both: Haar-random states
themselves give about (occupied bins − 1)/(2 · samples), which is reported beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimates import bootstrap
from .finding import Curve, Finding, NotDefined, Panel, Table, exact
from .pure import States, sampled
from .subject import Subject

BINS, SAMPLES = 75, 5000

Floats = NDArray[np.float64]


def expressibility(subject: Subject, seed: int = 0, states: list[States] | None = None) -> Finding:
    """The divergence of every circuit of a step; the headline is the largest circuit's."""
    if not subject.trained:
        raise NotDefined("it has no trained parameters")
    found = sampled(subject, SAMPLES, seed) if states is None else states
    rows, panels = [], []
    values = {}
    for i, circuit in enumerate(found):
        f = circuit.fidelities
        value = bootstrap(f, lambda f, n=circuit.qubits: divergence(f, n), seed, "nats", 200)  # type: ignore[misc]
        floor = haar_floor(circuit.qubits, len(f), seed)
        rows.append((i, circuit.qubits, value.value, value.low, value.high, floor))
        if i == 0:
            values = {"divergence": value, "of Haar states": exact(floor, "nats")}
            panels.append(_panel(f, circuit.qubits))
    table = Table(("circuit", "qubits", "divergence", "low", "high", "of Haar states"), tuple(rows))
    conditions = {
        "bins": BINS,
        "pairs": len(found[0].first),
        "seed": seed,
        "qubits": found[0].qubits,
        "parameters": "angles uniform in [−π, π)",
        "inputs": "random, the same in a pair",
    }
    return Finding(
        "expressibility", "Expressibility", values, conditions, tuple(panels), {"circuits": table}
    )


def divergence(fidelities: ArrayLike, qubits: int, bins: int = BINS) -> float:
    """D_KL in nats between the histogram of fidelities and the Haar distribution of n qubits."""
    f = np.clip(np.asarray(fidelities, dtype=np.float64), 0, 1)
    counts, _ = np.histogram(f, bins, (0.0, 1.0))
    p = counts / counts.sum()
    log_q = _log_haar(qubits, bins)
    held = p > 0
    return float((p[held] * (np.log(p[held]) - log_q[held])).sum())


def haar_floor(qubits: int, samples: int, seed: int = 0, repeats: int = 20) -> float:
    """The mean divergence of as many fidelities drawn from the Haar distribution itself."""
    rng = np.random.default_rng([seed, qubits])
    drawn = 1 - rng.uniform(size=(repeats, samples)) ** (1 / (2**qubits - 1))
    return float(np.mean([divergence(f, qubits) for f in drawn]))


def _log_haar(qubits: int, bins: int) -> Floats:
    """ln of the Haar probability of every bin, (1 − a)^(N−1) − (1 − b)^(N−1) for a bin [a, b]."""
    edges = np.linspace(0, 1, bins + 1)
    power = 2**qubits - 1
    with np.errstate(divide="ignore"):
        upper, lower = power * np.log1p(-edges[:-1]), power * np.log1p(-edges[1:])
    return np.asarray(upper + np.log1p(-np.exp(lower - upper)))


def _panel(f: Floats, qubits: int) -> Panel:
    counts, edges = np.histogram(f, BINS, (0.0, 1.0))
    mid = (edges[1:] + edges[:-1]) / 2
    haar = np.exp(_log_haar(qubits, BINS))
    curves = (
        Curve("circuit", mid, counts / counts.sum(), style="bars"),
        Curve("Haar", mid, haar),
    )
    return Panel("Fidelities of random pairs", "fidelity", "probability of the bin", curves)
