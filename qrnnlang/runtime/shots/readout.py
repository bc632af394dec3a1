"""Readout errors taken back: each measured bit was flipped with known probabilities.

Two circuits, all qubits in |0⟩ and all in |1⟩, give the probabilities, a matrix A for each qubit.
What is asked of shots are means of products over bits, and the inverse of flips that come one by
one is a product too: a shot contributes f A⁻¹ for each bit in the place of f. No matrix over
outcomes is written down, nor does it matter how many outcomes there are. (To solve for the
distribution over the outcomes that were seen, as Nation et al., PRX Quantum 2, 040326 (2021), do,
changes next to nothing where shots are few among many bits, as 24 steps of one give.) Means have no
bias, and the spread of what shots contribute is that of the mitigated means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...diagnostics import DataError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: 1 − P(1 for |0⟩) − P(0 for |1⟩) below which a read says nothing.
_LEAST = 0.05


def undoing(
    circuit: QuantumCircuit, flips: Mapping[int, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """For each register the inverses of its bits, (bits, 2, 2). Raises DataError.

    Bits that are written under a condition are left as they are.
    """
    bits = measured_bits(circuit)
    found = {}
    for register in circuit.cregs:
        places = [bits.get(circuit.find_bit(b).index) for b in register]
        matrices = [np.eye(2) if q is None else _inverse(q, flips[q]) for q in places]
        if matrices:
            found[register.name] = np.stack(matrices)
    return found


def _inverse(qubit: int, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
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
