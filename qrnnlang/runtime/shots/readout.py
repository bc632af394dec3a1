"""Readout errors taken back: each measured bit was flipped with known probabilities.

Two circuits, all qubits in |0⟩ and all in |1⟩, give the probabilities, a matrix A for each qubit.
The mean of a product over bits is that of mthree (Nation et al., PRX Quantum 2, 040326 (2021)),
which solves for the distribution before the flips over the outcomes that were seen, by products
with the matrix between them, which is never written down. It is asked read-out by read-out, of the
distribution over the bits of this read-out and its postselections. Asked of all bits of a circuit
it changes next to nothing: where 24 steps give a bit each, hardly an outcome is seen twice.

Beside it stands what mthree has not. It bounds the standard deviation of one mean; covariances of
several, for quotients and functions of read-outs, are those of what each shot contributes: the
inverse of flips that come one by one is a product, and a shot contributes f A⁻¹ for each bit in the
place of f. The mean of this has no bias, and is mthree's where all outcomes are seen. It is what
remains for read-outs of more than `MOST` bits, where outcomes are many (of 24 bits and 4,000 shots
mthree takes one to two seconds for each), and where its iteration does not converge, as it may not
for errors of 0.4 and more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from ...diagnostics import DataError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Floats = NDArray[np.float64]

#: A register, a bit of it, and what the bit contributes to a product when it reads 0 and 1, (2,).
Factor: TypeAlias = tuple[str, int, Floats]

#: Bits of a read-out, its postselections included, up to which mthree is asked: 1,024 outcomes.
MOST = 10

#: Where mthree's iteration ends; its numbers have 32 bits.
_TOLERANCE = 1e-5

#: 1 − P(1 for |0⟩) − P(0 for |1⟩) below which a read says nothing.
_LEAST = 0.05


@dataclass(frozen=True, eq=False)
class Flips:
    """What reads do to the bits of a circuit.

    `inverse[name]`: for each bit of a register the inverse of its matrix, (bits, 2, 2). `places`:
    the number that mthree's solver knows a bit by.
    """

    inverse: Mapping[str, Floats]
    places: Mapping[tuple[str, int], int]
    solver: Any

    def means(
        self,
        registers: Mapping[str, NDArray[np.int64]],
        weights: Floats,
        products: Sequence[Sequence[Factor]],
        plain: Floats,
    ) -> Floats:
        """The mean of each product over bits; `plain`, (K,), where mthree has none."""
        found = plain.copy()
        solved: dict[tuple[tuple[str, int], ...], tuple[NDArray[np.int64], Floats] | None] = {}
        for j, product in enumerate(products):
            bits = tuple(dict.fromkeys((name, b) for name, b, _ in product))
            if not 0 < len(bits) <= MOST:
                continue
            if bits not in solved:
                solved[bits] = self._solved(bits, registers, weights)
            quasi = solved[bits]
            if quasi is None:
                continue
            outcomes, shares = quasi
            shown = np.ones(len(outcomes))
            for name, b, value in product:
                shown *= value[outcomes >> bits.index((name, b)) & 1]
            found[j] = shares @ shown
        return found

    def _solved(
        self,
        bits: Sequence[tuple[str, int]],
        registers: Mapping[str, NDArray[np.int64]],
        weights: Floats,
    ) -> tuple[NDArray[np.int64], Floats] | None:
        """Outcomes of some bits, the first the least significant, and their quasi-probabilities.

        None where the iteration does not converge.
        """
        from mthree.exceptions import M3Error

        reads = np.zeros(len(weights), dtype=np.int64)
        for i, (name, b) in enumerate(bits):
            reads |= (registers[name] >> b & 1) << i
        counts = np.bincount(reads, weights)
        seen = np.flatnonzero(counts)
        names = [format(outcome, f"0{len(bits)}b") for outcome in seen]
        try:
            # Threads cost far more than they save where outcomes are so few.
            with _libraries().limit(limits=1, user_api="openmp"):
                quasi = self.solver.apply_correction(
                    dict(zip(names, counts[seen].tolist(), strict=True)),
                    [self.places[bit] for bit in bits],
                    distance=len(bits),
                    method="iterative",
                    tol=_TOLERANCE,
                )
        except M3Error:
            return None
        return seen, np.array([quasi[name] for name in names], dtype=np.float64)


@cache
def _libraries() -> ThreadpoolController:
    """The libraries with threads of this process, mthree's among them."""
    return ThreadpoolController()


def need_mthree() -> Any:
    """The package mthree. Raises DataError where it is absent."""
    try:
        import mthree
    except ImportError:
        raise DataError(
            "to take back readout errors needs the package `mthree`: "
            "install it with `pip install 'qrnnlang[mitigation]'`"
        ) from None
    return mthree


def flips_of(circuit: QuantumCircuit, known: Mapping[int, Floats]) -> Flips:
    """What reads do in a circuit, from the matrix of each qubit on the device. Raises DataError.

    Bits that are written under a condition are left as they are.
    """
    bits = measured_bits(circuit)
    matrices: list[Floats] = []
    places: dict[tuple[str, int], int] = {}
    inverse: dict[str, Floats] = {}
    for register in circuit.cregs:
        qubits = [bits.get(circuit.find_bit(b).index) for b in register]
        for i, q in enumerate(qubits):
            places[register.name, i] = len(matrices)
            matrices.append(np.eye(2) if q is None else known[q])
        if qubits:
            inverse[register.name] = np.stack(
                [np.eye(2) if q is None else _inverse(q, known[q]) for q in qubits]
            )
    solver = need_mthree().M3Mitigation(None)
    solver.num_qubits = len(matrices)
    solver.cals_from_matrices(matrices)
    return Flips(inverse, places, solver)


def _inverse(qubit: int, matrix: Floats) -> Floats:
    if abs(np.linalg.det(matrix)) < _LEAST:
        raise DataError(
            f"qubit {qubit} of the backend reads much the same whatever it holds: its errors "
            "cannot be taken back"
        )
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def measured_bits(circuit: QuantumCircuit) -> dict[int, int]:
    """The bits that an unconditional measurement writes, each with its qubit on the device."""
    found: dict[int, int] = {}
    for item in circuit.data:
        if item.operation.name == "measure":
            (qubit,), (clbit,) = item.qubits, item.clbits
            found[circuit.find_bit(clbit).index] = circuit.find_bit(qubit).index
    return found


def calibration(qubits: Sequence[int], size: int, value: int) -> QuantumCircuit:
    """All of some qubits in |value⟩, measured. Its name says so: jobs are known by it."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    name = f"all {value} on {','.join(map(str, qubits))} of {size}"
    registers = (QuantumRegister(size, "q"), ClassicalRegister(len(qubits), "c"))
    circuit = QuantumCircuit(*registers, name=name)
    if value:
        circuit.x(list(qubits))
    circuit.measure(list(qubits), range(len(qubits)))
    return circuit
