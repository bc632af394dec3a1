"""A device that knows the distribution of every circuit: density operators, branch by branch.

Independent of what it checks but for the list of instructions: gate matrices are Qiskit's, and
measurement, reset and conditions are written out. All sets of angles are carried along at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qiskit.circuit import library as lib
from qiskit.quantum_info import Operator

from qrnnlang.runtime.shots.counts import Counts
from qrnnlang.runtime.shots.device import Request
from qrnnlang.sema.closed import Bit, BitConst, BitExpr, BitNot, BitOp
from qrnnlang.targets.program import Instr, Program
from qrnnlang.targets.qiskit_circuit import _GATES
from qrnnlang.targets.symbols import Leaf

Branches = dict[tuple[int, ...], np.ndarray]


@dataclass
class Exact:
    """`shots` None: distributions themselves; else draws of that size from them."""

    seed: int | None = None
    shots: int | None = None
    circuits: int = 0
    _rng: Any = field(default=None)

    def run(self, requests: Sequence[Request], shots: int) -> list[list[Counts]]:
        if self._rng is None:
            self._rng = np.random.default_rng(self.seed)
        return [self._one(r, shots) for r in requests]

    def _one(self, request: Request, shots: int) -> list[Counts]:
        program = request.stencil.program
        self.circuits += len(request.angles)
        branches = simulate(program, request.angles)
        keys = np.array(list(branches), dtype=np.int64).reshape(len(branches), program.clbits)
        weights = np.stack([_trace(rho, program.qubits) for rho in branches.values()], axis=1)
        registers = {
            name: sum((keys[:, b] << i for i, b in enumerate(ids)), np.zeros(len(keys), np.int64))
            for name, ids in program.cregs
        }
        rows = []
        for w in weights:
            w = np.clip(w, 0, None)
            if self.seed is None:
                rows.append(Counts(registers, w, None))
            else:
                drawn = self._rng.multinomial(shots, w / w.sum()).astype(float)
                rows.append(Counts(registers, drawn, shots))
        return rows


def simulate(program: Program, angles: np.ndarray) -> Branches:
    """One unnormalised density operator (sets, rows…, columns…) for each value of the bits."""
    n = program.qubits
    zero = np.zeros((len(angles), *(2,) * (2 * n)), dtype=complex)
    zero[(slice(None), *(0,) * (2 * n))] = 1.0
    branches: Branches = {(0,) * program.clbits: zero}
    lost: Branches = {}
    wanted, read = _wanted(program), set[int]()
    for instr in program.instrs:
        if instr.name == "barrier":
            continue
        if instr.name != "measure":
            for key in [
                k for k in branches if any(k[b] != v for b, v in wanted.items() if b in read)
            ]:
                lost[key] = lost.get(key, 0) + branches.pop(key)
        elif instr.when is None:
            read.update(instr.clbits)
        after: Branches = {}
        for bits, rho in branches.items():
            taken = instr.when is None or _holds(instr.when, bits)
            for key, part in _act(instr, bits, rho, n, program, angles) if taken else [(bits, rho)]:
                after[key] = after[key] + part if key in after else part
        branches = {k: r for k, r in after.items() if np.abs(r).max() > 0}
    return {k: branches.get(k, 0) + lost.get(k, 0) for k in branches | lost}


def _wanted(program: Program) -> dict[int, int]:
    """What the bits of postselections are to read, where data do not decide it.

    A branch in which one does not counts for nothing after the measurements that come with it,
    whatever happens to it: it is left as it is. Without that, 42 of them in a circuit would make 2⁴² branches.
    """
    clbits = dict(program.cregs)
    return {
        bit: entry["value"] >> i & 1
        for name, entry in program.metadata["postselections"].items()
        if name not in program.expected
        for i, bit in enumerate(clbits[name])
    }


def _act(
    instr: Instr, bits: tuple[int, ...], rho: Any, n: int, program: Program, angles: Any
) -> Any:
    qs = instr.qubits
    match instr.name:
        case "measure":
            return [
                (_written(bits, instr.clbits[0], v), _project(rho, n, qs[0], v)) for v in (0, 1)
            ]
        case "reset":
            one = _project(rho, n, qs[0], 1)
            flip = np.broadcast_to(np.array([[0, 1], [1, 0]], complex), (len(angles), 2, 2))
            return [(bits, _project(rho, n, qs[0], 0) + _unitary(flip, one, qs, n))]
        case "store":
            return [(_written(bits, instr.clbits[0], int(_holds(instr.value, bits))), rho)]
    return [(bits, _unitary(_matrix(instr, program, angles), rho, qs, n))]


def _matrix(instr: Instr, program: Program, angles: Any) -> np.ndarray:
    """(sets, 2^k, 2^k)."""
    if instr.name in program.customs:
        found = program.customs[instr.name].matrix
        return np.broadcast_to(found, (len(angles), *found.shape))
    if instr.name == "mcx":
        found = Operator(lib.MCXGate(len(instr.qubits) - 1)).data
        return np.broadcast_to(found, (len(angles), *found.shape))
    make = _GATES[instr.name]
    if not any(isinstance(a, Leaf) for a in instr.angles):
        found = np.asarray(make(*instr.angles).to_matrix())
        return np.broadcast_to(found, (len(angles), *found.shape))
    values = [
        angles[:, a.index] if isinstance(a, Leaf) else np.full(len(angles), a) for a in instr.angles
    ]
    rows = np.stack(values, axis=1)
    kinds, which = np.unique(rows, axis=0, return_inverse=True)
    return np.stack([np.asarray(make(*map(float, k)).to_matrix()) for k in kinds])[which.ravel()]


def _unitary(matrix: np.ndarray, rho: np.ndarray, qs: tuple[int, ...], n: int) -> np.ndarray:
    for offset, m in ((0, matrix), (n, matrix.conj())):
        axes = [1 + offset + q for q in reversed(qs)]
        size = 2 ** len(qs)
        moved = np.moveaxis(rho, axes, range(1, 1 + len(qs)))
        shape = moved.shape
        rho = (m @ moved.reshape(len(m), size, -1)).reshape(shape)
        rho = np.moveaxis(rho, range(1, 1 + len(qs)), axes)
    return rho


def _project(rho: np.ndarray, n: int, q: int, value: int) -> np.ndarray:
    out = np.zeros_like(rho)
    where: list[Any] = [slice(None)] * (2 * n + 1)
    where[1 + q] = where[1 + n + q] = value
    out[tuple(where)] = rho[tuple(where)]
    return out


def _trace(rho: np.ndarray, n: int) -> np.ndarray:
    return np.trace(rho.reshape(len(rho), 2**n, 2**n), axis1=1, axis2=2).real


def _written(bits: tuple[int, ...], clbit: int, value: int) -> tuple[int, ...]:
    return (*bits[:clbit], value, *bits[clbit + 1 :])


def _holds(expr: BitExpr | None, bits: tuple[int, ...]) -> bool:
    match expr:
        case Bit(id):
            return bool(bits[id])
        case BitConst(value):
            return value
        case BitNot(a):
            return not _holds(a, bits)
        case BitOp(op, a, b):
            x, y = _holds(a, bits), _holds(b, bits)
            return {"and": x and y, "or": x or y, "xor": x != y}[op]
    raise AssertionError(expr)
