"""The exact distribution of a circuit's classical bits, by branching on every bit that matters.

Independent of the compiler: gate matrices are Qiskit's, measurement and reset are written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Operator

Branches = dict[tuple[int, ...], np.ndarray]


class _Simulation:
    """One unnormalised density operator for each value of the kept bits."""

    def __init__(self, circuit: QuantumCircuit, keep: Iterable[int]):
        self.circuit = circuit
        self.n = circuit.num_qubits
        self.keep = sorted(set(keep) | _read_by_conditions(circuit))
        zero = np.zeros((2,) * (2 * self.n), dtype=complex)
        zero[(0,) * (2 * self.n)] = 1.0
        self.branches: Branches = {(0,) * len(self.keep): zero}
        self.matrices: dict[Any, np.ndarray] = {}

    def run(self) -> None:
        self.apply(self.circuit, range(self.n), range(self.circuit.num_clbits), lambda _: True)

    def apply(self, circuit: QuantumCircuit, qubits: Any, clbits: Any, when: Any) -> None:
        for instr in circuit.data:
            op = instr.operation
            qs = [qubits[circuit.find_bit(q).index] for q in instr.qubits]
            cs = [clbits[circuit.find_bit(c).index] for c in instr.clbits]
            if op.name == "barrier":
                continue
            if op.name == "if_else":
                self.branch(circuit, op, qs, cs, clbits, when)
                continue
            after: Branches = {}
            for bits, rho in self.branches.items():
                parts = self.act(op, qs, cs, bits, rho) if when(bits) else [(bits, rho)]
                for key, part in parts:
                    after[key] = after[key] + part if key in after else part
            self.branches = after

    def branch(self, circuit: Any, op: Any, qs: Any, cs: Any, clbits: Any, when: Any) -> None:
        # Decided by the bits as they are when the statement is reached.
        taken = {b: bool(self.holds(op.condition, circuit, clbits, b)) for b in self.branches}
        inside = {b: r for b, r in self.branches.items() if when(b) and taken[b]}
        orelse = {b: r for b, r in self.branches.items() if when(b) and not taken[b]}
        total = {b: r for b, r in self.branches.items() if not when(b)}
        for part, body in zip((inside, orelse), (*op.blocks, None, None), strict=False):
            self.branches = part
            if body is not None:
                self.apply(body, qs, cs, lambda _: True)
            for key, rho in self.branches.items():
                total[key] = total[key] + rho if key in total else rho
        self.branches = total

    def act(self, op: Any, qs: Any, cs: Any, bits: tuple[int, ...], rho: np.ndarray) -> Any:
        if op.name == "measure":
            parts = [(v, self.project(rho, qs[0], v)) for v in (0, 1)]
            return [(self.written(bits, cs[0], v), part) for v, part in parts]
        if op.name == "reset":
            one = self.project(rho, qs[0], 1)
            return [(bits, self.project(rho, qs[0], 0) + self.unitary(_X, one, qs))]
        if op.name == "store":
            value = self.holds(op.rvalue, self.circuit, range(self.circuit.num_clbits), bits)
            return [(self.written(bits, self.circuit.find_bit(op.lvalue.var).index, value), rho)]
        key = (op.name, tuple(map(str, op.params)), op.label) if op.name != "unitary" else id(op)
        if key not in self.matrices:
            self.matrices[key] = Operator(op).data
        return [(bits, self.unitary(self.matrices[key], rho, qs))]

    def written(self, bits: tuple[int, ...], clbit: int, value: int) -> tuple[int, ...]:
        if clbit not in self.keep:
            return bits
        i = self.keep.index(clbit)
        return (*bits[:i], value, *bits[i + 1 :])

    def unitary(self, matrix: np.ndarray, rho: np.ndarray, qs: list[int]) -> np.ndarray:
        k = len(qs)
        tensor = matrix.reshape((2,) * (2 * k))
        back = list(reversed(qs))
        left = np.tensordot(tensor, rho, axes=(range(k, 2 * k), back))
        rho = np.moveaxis(left, range(k), back)
        cols = [self.n + q for q in back]
        right = np.tensordot(tensor.conj(), rho, axes=(range(k, 2 * k), cols))
        return np.moveaxis(right, range(k), cols)

    def project(self, rho: np.ndarray, q: int, value: int) -> np.ndarray:
        out = np.zeros_like(rho)
        where: list[Any] = [slice(None)] * (2 * self.n)
        where[q] = where[self.n + q] = value
        out[tuple(where)] = rho[tuple(where)]
        return out

    def holds(self, condition: Any, circuit: Any, clbits: Any, bits: tuple[int, ...]) -> int:
        def bit(c: Any) -> int:
            return bits[self.keep.index(clbits[circuit.find_bit(c).index])]

        if isinstance(condition, tuple):
            what, value = condition
            if hasattr(what, "size"):
                return sum(bit(c) << i for i, c in enumerate(what)) == value
            return bit(what) == value
        return int(_value(condition, bit))


_X = np.array([[0, 1], [1, 0]], dtype=complex)


def _value(node: expr.Expr, bit: Any) -> int:
    match node:
        case expr.Var(var=var):
            return bit(var)
        case expr.Value(value=value):
            return int(value)
        case expr.Cast(operand=a):
            return _value(a, bit)
        case expr.Unary(operand=a):
            return 1 - _value(a, bit)
        case expr.Binary(op=op, left=a, right=b):
            x, y = _value(a, bit), _value(b, bit)
            if "AND" in op.name:
                return x & y
            return x | y if op.name.endswith("_OR") and "XOR" not in op.name else x ^ y
    raise AssertionError(node)


def _read_by_conditions(circuit: QuantumCircuit) -> set[int]:
    found: set[int] = set()
    for instr in circuit.data:
        if instr.operation.name == "if_else":
            found |= {circuit.find_bit(c).index for c in instr.clbits}
        if instr.operation.name == "store":
            for value in (instr.operation.lvalue, instr.operation.rvalue):
                found |= {circuit.find_bit(v.var).index for v in expr.iter_vars(value)}
    return found


def distribution(circuit: QuantumCircuit, registers: Iterable[str]) -> dict[tuple[int, ...], float]:
    """The probability of each tuple of register values."""
    held = [[circuit.find_bit(b).index for b in register_of(circuit, r)] for r in registers]
    simulation = _Simulation(circuit, [i for ids in held for i in ids])
    simulation.run()
    n = circuit.num_qubits
    found: dict[tuple[int, ...], float] = {}
    for bits, rho in simulation.branches.items():
        key = tuple(
            sum(bits[simulation.keep.index(i)] << k for k, i in enumerate(ids)) for ids in held
        )
        weight = float(np.trace(rho.reshape(2**n, 2**n)).real)
        found[key] = found.get(key, 0.0) + weight
    return found


def register_of(circuit: QuantumCircuit, name: str) -> Any:
    return next(r for r in circuit.cregs if r.name == name)


def outputs(
    circuits: Iterable[QuantumCircuit], rename: Any = lambda n: n
) -> dict[tuple[str, int], Any]:
    """The outputs that the metadata of some circuits describe, summed over parts, by (name, step)."""
    found: dict[tuple[str, int], Any] = {}
    for circuit in circuits:
        posts = circuit.metadata["postselections"]
        for register, entry in circuit.metadata["outputs"].items():
            names = [register, *entry["postselections"]]
            weights = distribution(circuit, map(rename, names))
            wanted = tuple(posts[p]["value"] for p in entry["postselections"])
            kept = {k[0]: w for k, w in weights.items() if k[1:] == wanted}
            total = sum(kept.values())
            value = _meaning(entry, {k: w / total for k, w in kept.items()})
            key = (entry["output"], entry["step"])
            found[key] = found[key] + value if key in found else value
    return found


def _meaning(entry: Mapping[str, Any], weights: Mapping[int, float]) -> np.ndarray:
    shape = tuple(entry["shape"])
    if entry["kind"] == "prob":
        ((factor, bits),) = entry["terms"]
        chances = np.zeros(2 ** len(bits))
        for k, w in weights.items():
            chances[sum((k >> b & 1) << i for i, b in enumerate(bits))] += factor * w
        return chances[entry.get("values", slice(None))].reshape(shape)
    lists = entry["terms"] if int(np.prod(shape)) != 1 else [entry["terms"]]
    return np.array(
        [sum(c * _parity(bits, weights) for c, bits in terms) for terms in lists]
    ).reshape(shape)


def _parity(bits: Iterable[int], weights: Mapping[int, float]) -> float:
    return sum(w * np.prod([1 - 2 * (k >> b & 1) for b in bits]) for k, w in weights.items())
