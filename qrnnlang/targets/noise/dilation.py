"""The language's noise channels as gates on ancillas that are let go: noise that shots sample.

A channel is a unitary on more qubits, the others traced out (Stinespring). Rates become angles of
the ancillas' first rotations, so they may depend on parameters and inputs, and have shift rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import asin, sqrt

from ...ir.rewrite import Rewriting, rewritten
from ...sema.closed import (
    Call,
    Channel,
    ClosedCell,
    ClosedModel,
    Const,
    Discard,
    Elem,
    Gate,
    Gather,
    Op,
    Ref,
    RunCell,
    Scalar,
    Wire,
)


def dilated_model(model: ClosedModel) -> ClosedModel:
    """The model with gates in the place of its channels; itself where there are none."""
    known: dict[int, ClosedCell] = {}
    ops = []
    for op in model.ops:
        if isinstance(op, RunCell) and has_noise(op.cell):
            if id(op.cell) not in known:
                known[id(op.cell)] = rewritten(op.cell, _dilate)
            op = replace(op, cell=known[id(op.cell)])
        ops.append(op)
    return replace(model, ops=tuple(ops)) if known else model


def has_noise(cell: ClosedCell) -> bool:
    return any(isinstance(op, Channel) for op in (*cell.ops, *cell.init))


def _dilate(line: Rewriting, op: Op) -> Ref:
    moved = line.moved(op)
    if not isinstance(moved, Channel):
        return line.add(moved)
    _Dilation(line, moved).channel()
    return len(line.ops) - 1


class _Dilation:
    """One channel; its rates are values of the new line."""

    def __init__(self, line: Rewriting, op: Channel):
        self.line, self.op = line, op

    def channel(self) -> None:
        wires, rates = self.op.wires, self.op.rates
        match self.op.name:
            case "bit_flip":
                self.flip(rates[0], "x")
            case "phase_flip":
                self.flip(rates[0], "z")
            case "depolarizing":
                # Every product of Paulis with one probability, independently; see `mixing`.
                each = self.root(rates[0], len(wires))
                for letters in product(("", "x", "y", "z"), repeat=len(wires)):
                    if any(letters):
                        self.flip(each, *letters)
            case "pauli_channel":
                self.paulis(*rates)
            case "amplitude_damping":
                (a,) = self.line.fresh(1, "noise")
                self.gate("cry", (self.angle(rates[0]),), wires[0], a)
                self.gate("cx", (), a, wires[0])
                self.line.add(Discard((a,)))
            case "phase_damping":
                (a,) = self.line.fresh(1, "noise")
                self.gate("cry", (self.angle(rates[0]),), wires[0], a)
                self.line.add(Discard((a,)))
            case name:
                raise AssertionError(name)

    def flip(self, rate: Scalar, *letters: str) -> None:
        """With a probability, a Pauli on each wire ("": none)."""
        (a,) = self.line.fresh(1, "noise")
        self.gate("ry", (self.angle(rate),), a)
        for letter, wire in zip(letters, self.op.wires, strict=True):
            if letter:
                self.gate(f"c{letter}", (), a, wire)
        self.line.add(Discard((a,)))

    def paulis(self, x: Scalar, y: Scalar, z: Scalar) -> None:
        """X where the first ancilla is 1, Z where the second is: Y where both are."""
        (wire,) = self.op.wires
        a, b = self.line.fresh(2, "noise")
        flips = self.sum(x, y)
        self.gate("ry", (self.angle(flips),), a)
        self.gate("cry", (self.angle(self.share(y, flips)),), a, b)
        rest = self.sum(1.0, self.scaled(-1.0, flips))
        self.gate("ry", (self.angle(self.share(z, rest)),), a, b, ctrl="0")
        self.gate("cz", (), b, wire)
        self.gate("cx", (), a, wire)
        self.line.add(Discard((a, b)))

    def gate(self, name: str, params: Sequence[Scalar], *wires: Wire, ctrl: str = "") -> None:
        self.line.add(Gate(name, tuple(params), wires, ctrl, self.op.when))

    # --- rates ------------------------------------------------------------------------------------

    def angle(self, rate: Scalar) -> Scalar:
        """The angle after which |1⟩ has this probability: 2·arcsin √rate."""
        if not isinstance(rate, Elem):
            return 2.0 * asin(sqrt(min(max(rate, 0.0), 1.0)))
        return self.scaled(2.0, self.call("arcsin", self.call("sqrt", rate)))

    def root(self, rate: Scalar, wires: int) -> Scalar:
        """(1 − (1 − p)^(2/4ⁿ))/2."""
        if not isinstance(rate, Elem):
            return float((1.0 - (1.0 - rate) ** (2.0 / 4**wires)) / 2.0)
        kept: Scalar = self.sum(1.0, self.scaled(-1.0, rate))
        for _ in range(2 * wires - 1):
            kept = self.call("sqrt", kept)
        return self.scaled(-0.5, self.sum(-1.0, kept))

    def share(self, part: Scalar, whole: Scalar) -> Scalar:
        """part / whole; 0 of nothing."""
        if not isinstance(part, Elem) and not isinstance(whole, Elem):
            return part / whole if whole > 0 else 0.0
        return self.call("div", part, self.call("maximum", whole, 1e-300))

    def sum(self, a: Scalar, b: Scalar) -> Scalar:
        if not isinstance(a, Elem) and not isinstance(b, Elem):
            return a + b
        return self.call("add", a, b)

    def scaled(self, factor: float, a: Scalar) -> Scalar:
        return self.call("mul", factor, a) if isinstance(a, Elem) else factor * a

    def call(self, fn: str, *args: Scalar) -> Scalar:
        refs = []
        for a in args:
            if isinstance(a, Elem):
                refs.append(self.line.add(Gather((a.ref,), (a.index,), ())))
            else:
                refs.append(self.line.add(Const((a,), ())))
        return Elem(self.line.add(Call(fn, tuple(refs), ())), 0)
