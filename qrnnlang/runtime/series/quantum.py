"""Observables of small closed quantum systems, computed exactly."""

from __future__ import annotations

import numpy as np

from .numerics import Array, Columns, times

#: A spin chain is held as a matrix of 2^n rows.
_MOST_SPINS = 10


def jaynes_cummings(
    points: int = 1000, duration: float = 50.0, coupling: float = 1.0, mean: float = 25.0
) -> Columns:
    """Collapse and revival of an excited atom in a resonant coherent field with `mean` photons

    (Eberly, Narozhny and Sanchez-Mondragon, Phys. Rev. Lett. 44 (1980) 1323): the inversion
    v = Σ_n e^(−mean) mean^n/n! · cos(2·coupling·√(n+1)·t). Columns `v`, `t`. The first revival is
    at t = 2π √mean / coupling.
    """
    if mean < 0:
        raise ValueError("`mean` is at least 0")
    t = times(points, duration)
    n = np.arange(int(mean + 12 * np.sqrt(mean)) + 25)
    steps = np.concatenate([[0.0], np.log(np.maximum(n[1:], 1))])
    logs = n * np.log(mean if mean > 0 else 1.0) - mean - np.cumsum(steps)
    weights = np.exp(logs) if mean > 0 else (n == 0) * 1.0
    frequencies = 2 * coupling * np.sqrt(n + 1)
    return {"v": np.cos(np.outer(t, frequencies)) @ weights, "t": t}


def ising(
    points: int = 400,
    duration: float = 20.0,
    spins: int = 5,
    coupling: float = 1.0,
    field: float = 0.7,
) -> Columns:
    """A quenched open chain of spins in a transverse field (Pfeuty, Ann. Phys. 57 (1970) 79):

    H = −coupling Σ Z_i Z_(i+1) − field Σ X_i, from all spins up. Columns `v` (the mean of ⟨Z_i⟩),
    `edge` (⟨Z⟩ of the first spin), `t`.
    """
    if not 1 <= spins <= _MOST_SPINS:
        raise ValueError(f"`spins` is from 1 to {_MOST_SPINS}, not {spins}")
    t = times(points, duration)
    states = np.arange(2**spins)
    z = 1.0 - 2.0 * (states[:, None] >> np.arange(spins) & 1)  # (state, spin)
    energy = np.diag(-coupling * (z[:, :-1] * z[:, 1:]).sum(axis=1))
    for i in range(spins):
        energy[states, states ^ (1 << i)] -= field
    levels, vectors = np.linalg.eigh(energy)
    # |0…0⟩ is the first state: its amplitudes on the levels are the first row.
    amplitudes = (vectors[0] * np.exp(-1j * np.outer(t, levels))) @ vectors.T
    weights: Array = np.abs(amplitudes) ** 2
    found = weights @ z
    return {"v": found.mean(axis=1), "edge": found[:, 0], "t": t}
