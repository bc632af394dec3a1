"""A cell in the engine's terms: every wire used once from |0⟩ to its end, every bit a wire.

A reset ends a wire and begins another. Measuring copies the wire onto a fresh one by a cx: a bit
is only ever read as a control, so nothing can tell the copy from the classical bit (the principle
of deferred measurement), once the carried bits are made diagonal at the end of the step. Conditions
on bits become controls, whatever their expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..ir.graph import CellGraph
from ..ir.operands import bits_in
from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Bit,
    BitCarry,
    BitExpr,
    Call,
    CarryIn,
    Channel,
    Const,
    Discard,
    Evolve,
    Expect,
    Extern,
    Gate,
    Gather,
    Input,
    Measure,
    Op,
    Param,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    Ref,
    Reset,
    Term,
    Wire,
)
from .errors import Unsupported
from .instructions import (
    Condition,
    Expectation,
    Exponential,
    Fresh,
    Instruction,
    Load,
    Noise,
    Populations,
    Program,
    Project,
    Stored,
    Unitary,
    Value,
)
from .pairs import Pair, angle_of, controlled, pair, pairs_of, pauli_rotation, renamed, truth, where


def lower(graph: CellGraph) -> Program:
    """The step of a cell. Raises Unsupported."""
    qubits = [w for c in graph.carries if isinstance(c, QubitCarry) for w in c.wires]
    bits = [b for c in graph.carries if isinstance(c, BitCarry) for b in c.bits]
    work = _Lowering()
    enter = work.new(len(qubits) + len(bits))
    work.line.update(zip(qubits, enter, strict=False))
    work.bit.update(zip(bits, enter[len(qubits) :], strict=True))
    for ref, op in graph.operations():
        work.add(ref, op)
    leave = [work.line[w] for c in graph.carries if isinstance(c, QubitCarry) for w in c.out]
    exprs = [e for c in graph.carries if isinstance(c, BitCarry) for e in c.out]
    leave += work.bits_out(exprs)
    return Program(tuple(work.found), enter, tuple(leave), len(bits))


def lower_start(graph: CellGraph) -> Program:
    """What happens before the first step: carried wires in |0…0⟩, then `init`."""
    qubits = [w for c in graph.carries if isinstance(c, QubitCarry) for w in c.wires]
    bits = [b for c in graph.carries if isinstance(c, BitCarry) for b in c.bits]
    work = _Lowering()
    lines = work.new(len(qubits) + len(bits))
    work.line.update(zip(qubits, lines, strict=False))
    work.found.append(Fresh(lines))
    for ref, op in enumerate(graph.init):
        work.add(ref, op)
    leave = [work.line[w] for w in qubits] + list(lines[len(qubits) :])
    return Program(tuple(work.found), (), tuple(leave), len(bits))


@dataclass
class _Lowering:
    found: list[Instruction] = field(default_factory=list)
    line: dict[Wire, Wire] = field(default_factory=dict)
    bit: dict[int, Wire] = field(default_factory=dict)
    count: int = 0

    def new(self, n: int) -> tuple[Wire, ...]:
        self.count += n
        return tuple(range(self.count - n, self.count))

    def add(self, ref: Ref, op: Op) -> None:
        match op:
            case Const() | Input() | Param() | CarryIn() | Gather() | Call() | Extern():
                self.found.append(Value(ref, op))
            case Barrier() | Discard():
                pass  # a wire ends at its last use
            case Alloc(wires=wires):
                self._fresh(wires)
            case Gate():
                when = self._condition(op.when)
                self._unitary([_under(p, when) for p in self._named(pairs_of(op))])
            case Reset(wires=wires, when=None):
                self._fresh(wires)
            case Reset(wires=wires, when=when_expr):
                when = self._condition(when_expr)
                for wire in wires:
                    (zero,) = self._fresh_lines(1)
                    both = (self.line[wire], zero)
                    swap = pair(both, both, [[1, 0, 0, 1]], [[0, 1, 1, 0]])
                    self._unitary([_under(swap, when)])
            case Measure(wires=wires, bits=bits):
                when = self._condition(op.when)
                for wire, bit in zip(wires, bits, strict=True):
                    (copy,) = self._fresh_lines(1)
                    self._unitary([_under(_copy(self.line[wire], copy), when)])
                    self.bit[bit] = copy
            case Postselect(wires=wires, values=values):
                lines = self._lines(wires)
                self.found.append(Project(ref, lines, values, self._condition(op.when)))
            case Prepare(wires=wires, re=re, im=im):
                self.found.append(Load(self._lines(wires), re, im, self._condition(op.when)))
            case ApplyUnitary(name=name, wires=wires, adjoint=adjoint, ctrl=ctrl):
                k = len(ctrl)
                when = _both(_controls(self._lines(wires[:k]), ctrl), self._condition(op.when))
                self.found.append(Stored(self._lines(wires[k:]), name, adjoint, when))
            case Evolve():
                self._evolve(op)
            case Channel(name=name, rates=rates, wires=wires):
                when = self._condition(op.when)
                self.found.append(Noise(name, rates, self._lines(wires), when))
            case Expect(observables=observables, shape=shape):
                terms = tuple(tuple(self._term(t) for t in o) for o in observables)
                self.found.append(Expectation(ref, terms, shape))
            case Prob(wires=wires, bits=exprs, value=value):
                digits = tuple(self._reading(e) for e in exprs)
                self.found.append(Populations(ref, self._lines(wires), digits, value))
            case _:
                raise Unsupported(f"operation `{type(op).__name__}`")

    def bits_out(self, exprs: Sequence[BitExpr]) -> list[Wire]:
        """Lines that hold the values of bit expressions, each a line of its own."""
        found: list[Wire] = []
        for expr in exprs:
            if isinstance(expr, Bit) and self.bit[expr.id] not in found:
                found.append(self.bit[expr.id])
                continue
            (copy,) = self._fresh_lines(1)
            flip = pair((copy,), (copy,), [[0, 0]], [[1, 1]])
            self._unitary([_under(flip, self._reading(expr))])
            found.append(copy)
        return found

    def _evolve(self, op: Evolve) -> None:
        when = self._condition(op.when)
        terms = [self._term(t) for t in op.terms if t.paulis]
        if op.steps is None and not _commuting(terms):
            wires = tuple(dict.fromkeys(w for t in terms for w, _ in t.paulis))
            self.found.append(Exponential(wires, tuple(terms), op.time, when))
            return
        steps = op.steps or 1
        if op.order == 2 and op.steps is not None:
            once = [(t, 0.5) for t in terms] + [(t, 0.5) for t in reversed(terms)]
        else:
            once = [(t, 1.0) for t in terms]
        pairs = [
            _under(pauli_rotation(t.paulis, angle_of(share / steps, t.coefficient, op.time)), when)
            for t, share in once
        ]
        self._unitary(pairs * steps)

    def _unitary(self, pairs: Sequence[Pair]) -> None:
        # A pair without wires is a global phase.
        kept = tuple(p for p in pairs if p.wires)
        if kept:
            self.found.append(Unitary(kept))

    def _named(self, pairs: Sequence[Pair]) -> list[Pair]:
        return [renamed(p, self.line.__getitem__) for p in pairs]

    def _fresh(self, wires: Sequence[Wire]) -> None:
        self.line.update(zip(wires, self._fresh_lines(len(wires)), strict=True))

    def _fresh_lines(self, n: int) -> tuple[Wire, ...]:
        lines = self.new(n)
        self.found.append(Fresh(lines))
        return lines

    def _lines(self, wires: Sequence[Wire]) -> tuple[Wire, ...]:
        return tuple(self.line[w] for w in wires)

    def _term(self, term: Term) -> Term:
        paulis = ((self.line[w], letter) for w, letter in term.paulis if letter != "I")
        return Term(term.coefficient, tuple(paulis))

    def _condition(self, expr: BitExpr | None) -> Condition | None:
        return None if expr is None else self._reading(expr)

    def _reading(self, expr: BitExpr) -> Condition:
        bits = bits_in(expr)
        return Condition(tuple(self.bit[b] for b in bits), truth(expr, bits))


def _under(base: Pair, when: Condition | None) -> Pair:
    return base if when is None else where(base, when.wires, when.holds)


def _copy(wire: Wire, to: Wire) -> Pair:
    return controlled(pair((to,), (to,), [[0, 0]], [[1, 1]]), (wire,), "1")


def _controls(wires: tuple[Wire, ...], ctrl: str) -> Condition | None:
    if not wires:
        return None
    index = sum(int(c) << i for i, c in enumerate(ctrl))
    return Condition(wires, np.arange(2 ** len(wires)) == index)


def _both(a: Condition | None, b: Condition | None) -> Condition | None:
    if a is None or b is None:
        return a or b
    return Condition((*a.wires, *b.wires), np.outer(b.holds, a.holds).ravel())


def _commuting(terms: Sequence[Term]) -> bool:
    """Whether every two Pauli products differ on an even number of wires that both act on."""
    letters = [dict(t.paulis) for t in terms]
    return all(
        sum(a[w] != b[w] for w in a.keys() & b.keys()) % 2 == 0
        for i, a in enumerate(letters)
        for b in letters[:i]
    )
