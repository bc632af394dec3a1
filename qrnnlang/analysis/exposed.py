"""Cells rebuilt so that what they would discard can be seen.

Wires that are traced out in a step are carried out of it instead, as a register of their own, and
let go when the next step begins. Positions of operations stay as they are, so references hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..ir.graph import CellGraph, build
from ..ir.operands import wires_of
from ..sema.closed import (
    Alloc,
    Barrier,
    BitCarry,
    ClosedCell,
    Discard,
    Expect,
    Measure,
    Op,
    Prob,
    QubitCarry,
    Reset,
    Wire,
)
from .finding import NotDefined


@dataclass(frozen=True)
class Exposed:
    """A rebuilt cell: its one carried register holds `kept` wires, then `lost` ones.

    The first is the least significant; `kept` wires are carried by the original cell too. Without
    outputs.
    """

    graph: CellGraph
    kept: tuple[Wire, ...]
    lost: tuple[Wire, ...]

    @property
    def qubits(self) -> int:
        return len(self.kept) + len(self.lost)


def circuits(cell: ClosedCell) -> list[frozenset[Wire]]:
    """The wires of a step in groups that never meet; all carried wires are one group.

    Largest first. A quantum LSTM has four: its circuits lie side by side.
    """
    groups: list[set[Wire]] = []

    def join(wires: Iterable[Wire]) -> None:
        met = set(wires)
        for group in [g for g in groups if g & met]:
            met |= group
            groups.remove(group)
        if met:
            groups.append(met)

    join(_carried_in(cell))
    for op in cell.ops:
        match op:
            case Alloc(wires=wires):
                for wire in wires:
                    join([wire])
            case Discard() | Barrier() | Reset() | Measure() | Expect() | Prob():
                pass  # neither makes wires meet: a read leaves them as they are
            case _:
                join(wires_of(op))
    return [frozenset(g) for g in sorted(groups, key=lambda g: (-len(g), min(g)))]


def exposed(cell: ClosedCell, group: frozenset[Wire]) -> Exposed:
    """The cell with the wires of a group carried out at the end of every step."""
    ops: list[Op] = []
    lost: list[Wire] = []
    for op in cell.ops:
        if isinstance(op, Discard):
            lost += [w for w in op.wires if w in group]
            gone = tuple(w for w in op.wires if w not in group)
            op = Discard(gone) if gone else Barrier(())
        ops.append(op)
    return _carrying(cell, ops, lost)


def _carried_in(cell: ClosedCell) -> tuple[Wire, ...]:
    return tuple(w for c in cell.carries if isinstance(c, QubitCarry) for w in c.wires)


def _carrying(cell: ClosedCell, ops: list[Op], lost: list[Wire]) -> Exposed:
    """The cell with one register for what it carries and what it would lose."""
    if any(isinstance(c, BitCarry) for c in cell.carries):
        raise NotDefined("it carries bits")
    inside = _carried_in(cell)
    kept = tuple(w for c in cell.carries if isinstance(c, QubitCarry) for w in c.out)
    every = [w for op in (*cell.init, *ops) for w in wires_of(op)] + [*inside, *kept, *lost]
    new = 1 + max(every, default=0)
    guests = tuple(range(new, new + len(lost)))
    whole = QubitCarry("state", inside + guests, kept + tuple(lost))
    others = tuple(c for c in cell.carries if not isinstance(c, QubitCarry))
    carries = (whole, *others)
    graph = build(replace(cell, ops=tuple(ops), carries=carries, outputs=(), registers=()))
    if guests:
        listed = [(ref, op, graph.origin(ref)) for ref, op in graph.operations()]
        graph = graph.with_operations([(-1, Discard(guests), listed[0][2]), *listed])
    return Exposed(graph, kept, tuple(lost))
