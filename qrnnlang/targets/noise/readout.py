"""Reads that are sometimes wrong: a qubit in |0⟩ reads 1, one in |1⟩ reads 0.

Expectation values and probabilities are what the flipped reads say, a linear map of the exact ones.
Where a read decides what happens (`measure`, `postselect`) it is taken from a copy on a wire of its
own that is flipped; the qubit itself stays as it was found.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import product

import numpy as np

from ...ir.rewrite import Rewriting
from ...sema.closed import (
    BitExpr,
    Call,
    Channel,
    Const,
    Discard,
    Elem,
    Expect,
    Gate,
    Gather,
    Measure,
    Op,
    Postselect,
    Prob,
    Ref,
    Scalar,
    Term,
    Wire,
)


@dataclass
class Readout:
    """`reads_1`: the probability to read 1 for |0⟩, `reads_0`: to read 0 for |1⟩."""

    reads_1: float
    reads_0: float
    _factors: dict[tuple[int, Scalar, float], Scalar] = field(default_factory=dict)

    def __call__(self, line: Rewriting, op: Op) -> Ref:
        match op:
            case Expect():
                return self._expect(line, op)
            case Prob(wires=wires) if wires:
                return self._prob(line, op)
            case Measure(wires=wires, when=when):
                copies = self._copies(line, wires, when)
                line.add(replace(op, wires=copies))
                return line.add(Discard(copies))
            case Postselect(wires=wires, when=when):
                copies = self._copies(line, wires, when)
                ref = line.add(line.moved(replace(op, wires=copies)))
                line.add(Discard(copies))
                return ref
            case _:
                return line.add(line.moved(op))

    def _copies(
        self, line: Rewriting, wires: tuple[Wire, ...], when: BitExpr | None
    ) -> tuple[Wire, ...]:
        copies = line.fresh(len(wires))
        for wire, copy in zip(wires, copies, strict=True):
            line.add(Gate("cx", (), (wire, copy), when=when))
            for op in self._flip(copy):
                line.add(op)
        return copies

    def _flip(self, wire: Wire) -> list[Op]:
        """A wire that is diagonal flips: from 1 to 0 by damping, and both ways alike."""
        low, high = sorted((self.reads_1, self.reads_0))
        ops: list[Op] = []
        if high > low:
            damped: Op = Channel("amplitude_damping", ((high - low) / (1 - 2 * low),), (wire,))
            turn = Gate("x", (), (wire,))
            ops = [damped] if high == self.reads_0 else [turn, damped, turn]
        return [*ops, Channel("bit_flip", (low,), (wire,))] if low else ops

    def _expect(self, line: Rewriting, op: Expect) -> Ref:
        """Each Pauli of a product reads as scale × itself + shift."""
        scale, shift = 1 - self.reads_1 - self.reads_0, self.reads_0 - self.reads_1
        moved = line.moved(op)
        assert isinstance(moved, Expect)
        observables = []
        for terms in moved.observables:
            found: dict[tuple[Scalar, tuple[tuple[Wire, str], ...]], float] = {}
            for term in terms:
                for kept in product((True, False), repeat=len(term.paulis)):
                    left = tuple(p for p, k in zip(term.paulis, kept, strict=True) if k)
                    factor = scale ** len(left) * shift ** (len(kept) - len(left))
                    key = (term.coefficient, left)
                    found[key] = found.get(key, 0.0) + factor
            observables.append(
                tuple(
                    Term(_times(line, c, factor), paulis)
                    for (c, paulis), factor in found.items()
                    if factor
                )
            )
        return line.add(replace(moved, observables=tuple(observables)))

    def _prob(self, line: Rewriting, op: Prob) -> Ref:
        one = np.array([[1 - self.reads_1, self.reads_0], [self.reads_1, 1 - self.reads_0]])
        bits = np.eye(2 ** len(op.bits))
        matrix = np.kron(bits, reduce(np.kron, [one] * len(op.wires)))
        size = len(matrix)
        exact = line.add(replace(op, value=None))
        if op.value is not None:
            row = line.add(Const(tuple(map(float, matrix[op.value])), (size,)))
            return line.add(Call("dot", (row, exact), ()))
        table = line.add(Const(tuple(map(float, matrix.ravel())), matrix.shape))
        return line.add(Call("matmul", (table, exact), (size,)))


def _times(line: Rewriting, scalar: Scalar, factor: float) -> Scalar:
    if not isinstance(scalar, Elem):
        return scalar * factor
    if factor == 1.0:
        return scalar
    value = line.add(Gather((scalar.ref,), (scalar.index,), ()))
    by = line.add(Const((factor,), ()))
    return Elem(line.add(Call("mul", (by, value), ())), 0)
