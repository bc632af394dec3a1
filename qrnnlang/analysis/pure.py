"""Random pure states of a cell's circuits: what its unitary makes of |0…0⟩."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..runtime.init import init
from ..sema.closed import QubitCarry, RealCarry
from .exposed import circuits
from .finding import NotDefined
from .kets import Step
from .subject import Subject

#: Qubits of the largest circuit that is sampled, and amplitudes that are held at once.
LARGEST, AMPLITUDES = 14, 2**20


@dataclass(frozen=True, eq=False)
class States:
    """`first` and `second`: state vectors (samples, 2^n) of independent parameters.

    A pair shares inputs and carried values.
    """

    first: NDArray[np.complex128]
    second: NDArray[np.complex128]

    @property
    def qubits(self) -> int:
        return int(self.first.shape[1]).bit_length() - 1

    @property
    def fidelities(self) -> NDArray[np.float64]:
        """|⟨ψ|φ⟩|² of the pairs."""
        return np.asarray(np.abs((self.first.conj() * self.second).sum(axis=1)) ** 2)


def sampled(subject: Subject, pairs: int, seed: int = 0) -> list[States]:
    """Pairs of states for every group of wires of the step that meet, largest first.

    Angles are drawn uniformly from [−π, π), other parameters as they start; inputs as the subject's
    random ones, carried values uniformly from [−1, 1]; `fixed` values are those of the seed. Raises
    NotDefined for a step without qubits, with noise or measurements.
    """
    cell = subject.run.cell
    groups = circuits(cell)
    if not groups:
        raise NotDefined("it has no qubits")
    if len(groups[0]) > LARGEST:
        raise NotDefined(f"a circuit of {len(groups[0])} qubits is above the limit of {LARGEST}")
    carried = [w for c in cell.carries if isinstance(c, QubitCarry) for w in c.wires]
    fixed = subject.params(seed)
    rng = np.random.default_rng([seed, 4_669])
    shared = {k: v[:, 0] for k, v in subject.random_inputs(pairs, 1, seed).items()}
    for carry in cell.carries:
        if isinstance(carry, RealCarry):
            shared[carry.name] = rng.uniform(-1, 1, (pairs, *carry.shape))
    both = []
    for which in range(2):
        arrays = shared | _parameters(subject, pairs, rng, 2 * seed + which)
        both.append(_run(subject, groups, carried, arrays, fixed, pairs))
    return [States(a, b) for a, b in zip(*both, strict=True)]


def _parameters(
    subject: Subject, count: int, rng: np.random.Generator, seed: int
) -> dict[str, NDArray[np.float64]]:
    found = {}
    for spec in subject.closed.params:
        if spec.trained and spec.kind == "angle":
            found[spec.name] = rng.uniform(-np.pi, np.pi, (count, *spec.shape))
        elif spec.trained:
            # A start is drawn for all samples at once: one more axis in front.
            many = type(spec)(spec.name, (count, *spec.shape), True, spec.kind, spec.start)
            if spec.start[0] == "values":
                whole = init([spec], seed)[spec.name]
                found[spec.name] = np.broadcast_to(whole, (count, *spec.shape))
            else:
                found[spec.name] = init([many], seed)[spec.name]
    return found


def _run(
    subject: Subject,
    groups: list[frozenset[int]],
    carried: list[int],
    arrays: dict[str, NDArray[np.float64]],
    fixed: dict[str, NDArray[np.float64]],
    count: int,
) -> list[NDArray[np.complex128]]:
    chunk = max(1, AMPLITUDES >> len(groups[0]))
    parts = []
    for start in range(0, count, chunk):
        here = {k: v[start : start + chunk] for k, v in arrays.items()}
        step = Step(groups, here, fixed, min(chunk, count - start), subject.model.externs)
        parts.append(step.run(subject.run.cell, carried))
    return [np.concatenate(group) for group in zip(*parts, strict=True)]
