"""Time evolution under a sum of Pauli products, and the noise channels: the matrices they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..sema.closed import Wire
from .gates import PAULIS, Matrix, pauli_product, pauli_rotation


@dataclass(frozen=True, slots=True)
class PauliTerm:
    """`coefficient` times a product of Paulis, one (wire, letter) a wire."""

    coefficient: float
    paulis: tuple[tuple[Wire, str], ...]

    @property
    def wires(self) -> tuple[Wire, ...]:
        return tuple(wire for wire, _ in self.paulis)


def exact(terms: Sequence[PauliTerm], time: float) -> tuple[Matrix, tuple[Wire, ...]]:
    """exp(−i·time·Σ terms) and the wires it acts on, operand 0 first."""
    wires = tuple(dict.fromkeys(w for term in terms for w in term.wires))
    hamiltonian = np.zeros((2 ** len(wires),) * 2, dtype=np.complex128)
    for term in terms:
        letters = dict(term.paulis)
        hamiltonian += term.coefficient * pauli_product([letters.get(w, "I") for w in wires])
    energies, states = np.linalg.eigh(hamiltonian)
    return (states * np.exp(-1j * time * energies)) @ states.conj().T, wires


def trotter(
    terms: Sequence[PauliTerm], time: float, steps: int, order: int
) -> list[tuple[Matrix, tuple[Wire, ...]]]:
    """The product formula of order 1 or 2: factors with their wires, the first acting first.

    Order 1 takes the terms as written. Order 2 is symmetric, with the first-written term outermost.
    """
    fraction = time / steps
    match order:
        case 1:
            once = [(t, fraction) for t in terms]
        case 2:
            half = [(t, fraction / 2) for t in terms]
            once = half + half[::-1]
        case _:
            raise ValueError(f"there is no product formula of order {order}")
    return [_factor(term, span) for term, span in once] * steps


def _factor(term: PauliTerm, time: float) -> tuple[Matrix, tuple[Wire, ...]]:
    letters = [letter for _, letter in term.paulis]
    return pauli_rotation(letters, 2 * term.coefficient * time), term.wires


def kraus(channel: str, rates: Sequence[float], wires: int = 1) -> list[Matrix]:
    """Kraus operators of a noise channel with rates in [0, 1].

    `depolarizing(p)` is ρ → (1−p)ρ + p·I/2 (of n wires together: I/2ⁿ); `amplitude_damping(g)`
    decays with probability g; `phase_damping(g)` multiplies the off-diagonal entries by √(1−g).
    """
    match channel, tuple(rates):
        case "depolarizing", (p,) if wires > 1:
            # I/2ⁿ is the mean of PρP over all 4ⁿ products of Paulis.
            each = p / 4**wires
            weights = [1 - p + each, *[each] * (4**wires - 1)]
            return [
                np.sqrt(w) * pauli_product(letters)
                for w, letters in zip(weights, product("IXYZ", repeat=wires), strict=True)
            ]
        case "bit_flip", (p,):
            return _pauli_channel(p, 0, 0)
        case "phase_flip", (p,):
            return _pauli_channel(0, 0, p)
        case "depolarizing", (p,):
            # I/2 is the mean of ρ, XρX, YρY and ZρZ.
            return _pauli_channel(p / 4, p / 4, p / 4)
        case "pauli_channel", (px, py, pz):
            return _pauli_channel(px, py, pz)
        case "amplitude_damping", (g,):
            stays = np.diag([1, np.sqrt(1 - g)]).astype(np.complex128)
            return [stays, np.array([[0, np.sqrt(g)], [0, 0]], dtype=np.complex128)]
        case "phase_damping", (g,):
            return [np.diag([1, np.sqrt(1 - g)]) + 0j, np.diag([0, np.sqrt(g)]) + 0j]
    raise ValueError(f"there is no channel `{channel}` with {len(rates)} rates")


def _pauli_channel(px: float, py: float, pz: float) -> list[Matrix]:
    stays = max(0.0, 1 - px - py - pz)
    weights = {"I": stays, "X": px, "Y": py, "Z": pz}
    return [np.sqrt(p) * PAULIS[letter] for letter, p in weights.items() if p > 0]
