"""Readout errors taken back: each measured bit was flipped with known probabilities.

Two circuits, all qubits in |0⟩ and all in |1⟩, give the probabilities; mthree (Nation et al., PRX
Quantum 2, 040326 (2021)) solves for the distribution before the flips, in the space of the outcomes
that were seen, without writing the matrix down. Quasi-probabilities may be negative. The variance
of a mean grows at most by the overhead that mthree gives, and that is what standard errors take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...diagnostics import DataError
from .counts import Counts

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def solver(backend: Any, flips: Mapping[int, NDArray[np.float64]]) -> Any:
    """mthree's solver with the matrix of each qubit: column j, what |j⟩ reads. Raises DataError."""
    try:
        import mthree
    except ImportError:
        raise DataError(
            "readout-error mitigation needs mthree: `pip install 'qrnnlang[devices]'`"
        ) from None
    made = mthree.M3Mitigation(None)
    made.num_qubits = max(flips) + 1
    made.cals_from_matrices([flips.get(q) for q in range(max(flips) + 1)])
    return made


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


def mitigated(counts: Counts, circuit: QuantumCircuit, solver_: Any) -> Counts:
    """Counts without the readout errors of the bits that are measured unconditionally."""
    bits = measured_bits(circuit)
    where = {(r.name, i): circuit.find_bit(b).index for r in circuit.cregs for i, b in enumerate(r)}
    names = [r.name for r in circuit.cregs if r.size]
    total: dict[tuple[int, ...], float] = {}
    for row, weight in zip(
        zip(*(counts.registers[n].tolist() for n in names), strict=True),
        counts.weights,
        strict=True,
    ):
        total[row] = total.get(row, 0.0) + float(weight)
    order = [(n, i) for n in names for i in range(circuit.cregs[_index(circuit, n)].size)]
    noisy = [k for k in order if where[k] in bits]
    groups: dict[tuple[int, ...], dict[str, float]] = {}
    for row, weight in total.items():
        value = dict(zip(names, row, strict=True))
        key = tuple(value[n] >> i & 1 for n, i in noisy)
        rest = tuple(value[n] >> i & 1 for n, i in order if where[n, i] not in bits)
        text = "".join(map(str, reversed(key)))
        group = groups.setdefault(rest, {})
        group[text] = group.get(text, 0.0) + weight
    outcomes: list[dict[tuple[str, int], int]] = []
    found: list[float] = []
    overhead = 1.0
    fixed = [k for k in order if where[k] not in bits]
    for rest, seen in groups.items():
        size = sum(seen.values())
        quasi = solver_.apply_correction(
            {k: int(v) for k, v in seen.items()},
            [bits[where[k]] for k in noisy],
            return_mitigation_overhead=True,
        )
        overhead = max(overhead, float(quasi.mitigation_overhead))
        for text, share in quasi.items():
            bit = dict(zip(noisy, map(int, reversed(text)), strict=True))
            outcomes.append({**bit, **dict(zip(fixed, rest, strict=True))})
            found.append(share * size)
    registers = {
        n: np.array([sum(o[k] << k[1] for k in order if k[0] == n) for o in outcomes])
        for n in names
    }
    return Counts(registers, np.array(found), counts.shots, overhead)


def _index(circuit: QuantumCircuit, name: str) -> int:
    return next(i for i, r in enumerate(circuit.cregs) if r.name == name)
