"""Blocks: known gates on two qubits are written anew where that takes fewer CX.

Contract: the channel stays, up to a global phase. A block is what two qubits do with each other
between gates with open angles, conditions, third qubits and read-outs. Its unitary takes at most
three CX (the KAK decomposition, by Qiskit).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from ..ir.gates import Matrix
from ..ir.operands import wires_of
from ..sema.closed import Wire
from .line import Item, Stamp, Step, number, stamp_cost
from .rules import is_known
from .single import matrix, plain


@dataclass(eq=False)
class _Block:
    """`at`: where in the line its first gate of two qubits stands; `members`: where all stand."""

    wires: tuple[Wire, Wire]
    at: int
    members: list[int] = field(default_factory=list)


def blocks(step: Step) -> Step:
    line = list(step.line)
    instead: dict[int, list[Item]] = {}
    for block in _found(line):
        gates = [line[i][1] for i in sorted(block.members)]
        stamps = [g for g in gates if isinstance(g, Stamp)]
        made = _better(block.wires, stamps)
        if made is not None:
            instead.update((i, []) for i in block.members)
            instead[block.at] = [(line[block.at][0], s) for s in made]
    out: list[Item] = []
    for i, entry in enumerate(line):
        out += instead.get(i, [entry])
    return replace(step, line=tuple(out))


def _found(line: list[Item]) -> Iterator[_Block]:
    """The maximal blocks, with the single-qubit gates around them."""
    open_: dict[Wire, _Block] = {}
    loose: dict[Wire, list[int]] = {}
    every: list[_Block] = []

    def close(wires: Iterable[Wire]) -> None:
        for wire in wires:
            block = open_.pop(wire, None)
            if block is not None:
                open_.pop(sum(block.wires) - wire, None)
                for other in block.wires:
                    loose[other] = []
            loose[wire] = []

    for i, (_, item) in enumerate(line):
        if not isinstance(item, Stamp):
            close(wires_of(item))
        elif plain(item):
            wire = item.wires[0]
            if wire in open_:
                open_[wire].members.append(i)
            else:
                loose.setdefault(wire, []).append(i)
        elif _coupling(item):
            a, b = item.wires
            block = open_.get(a)
            if block is None or open_.get(b) is not block:
                before = [j for w in (a, b) if w not in open_ for j in loose.get(w, ())]
                close(w for w in (a, b) if w in open_)
                block = _Block((a, b), i, before)
                every.append(block)
                open_[a] = open_[b] = block
                loose[a] = loose[b] = []
            block.members.append(i)
        else:
            close(item.wires)
    yield from every


def _coupling(stamp: Stamp) -> bool:
    return len(stamp.wires) == 2 and stamp.when is None and not stamp.ctrl and is_known(stamp)


def _better(wires: tuple[Wire, Wire], stamps: list[Stamp]) -> list[Stamp] | None:
    """Gates with fewer CX for the same unitary; None: there are none."""
    before = sum(map(stamp_cost, stamps))
    if before < 2:
        return None
    whole = np.eye(4, dtype=np.complex128)
    for stamp in stamps:
        whole = on_two(matrix(stamp), [wires.index(w) for w in stamp.wires]) @ whole
    made = synthesised(whole, before)
    if made is None:
        return None
    return [replace(s, wires=tuple(wires[q] for q in s.wires)) for s in made]


def on_two(gate: Matrix, where: list[int]) -> Matrix:
    """A matrix on one or both of two qubits, as a matrix on both; qubit 0 least significant."""
    if len(where) == 1:
        eye = np.eye(2)
        return np.kron(eye, gate) if where[0] == 0 else np.kron(gate, eye)
    if where == [0, 1]:
        return gate
    order = [0, 2, 1, 3]
    found: Matrix = gate[np.ix_(order, order)]
    return found


@cache
def _decomposer() -> Any:
    from qiskit.circuit.library import CXGate
    from qiskit.synthesis import TwoQubitBasisDecomposer

    return TwoQubitBasisDecomposer(CXGate(), euler_basis="U")


def synthesised(whole: Matrix, less_than: int) -> list[Stamp] | None:
    """A unitary on two qubits as `u` and `cx`, if that takes fewer CX than so many."""
    decomposer = _decomposer()
    if decomposer.num_basis_gates(whole) >= less_than:
        return None
    circuit = decomposer(whole, approximate=False)
    found = []
    for instr in circuit.data:
        wires = tuple(circuit.find_bit(q).index for q in instr.qubits)
        angles = tuple(number(float(p)) for p in instr.operation.params)
        found.append(Stamp(instr.operation.name, wires, angles))
    return found
