"""Outputs that need the same at every step: found out once, and then only moved along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..sema.closed import Expect, Op, Prob, Ref, Shape
from .classical import Value
from .lines import NEVER, Line, Lines, Time
from .outputs import Atom, Basis, Key, Needed, Slot, needed
from .symbols import Expr, Read
from .template import Template


@dataclass(frozen=True, eq=False)
class Kind:
    """An output whose entries are read-outs of its own step, as they are.

    `marks`: operation and component of every entry. `reads`: for each read-out an entry with it,
    its operation, and its products at some step, where the lines were those of `lines`.
    """

    marks: tuple[tuple[Ref, int], ...]
    shape: Shape
    ops: Mapping[Ref, Op]
    reads: tuple[tuple[int, Ref, tuple[tuple[Expr, Basis], ...]], ...]
    lines: Mapping[Ref, Mapping[Line, int]]

    @classmethod
    def of(cls, need: Needed, lines: Lines) -> Kind | None:
        """None for an output that is computed, or whose products have coefficients that are."""
        t = need.key[2]
        marks = [(e.ref, e.component) for e in need.entries if isinstance(e, Read)]
        if len(marks) < len(need.entries) or not all(map(_fixed, need.ops.values())):
            return None
        reads = tuple(
            (marks.index((r.ref, r.component)), r.ref, need.coefficients[r]) for r in need.reads
        )
        wires = {ref: {line: w for w, line in lines.at[t, ref].items()} for ref in need.ops}
        return cls(tuple(marks), need.shape, need.ops, reads, wires)

    def at(self, lines: Lines, key: Key, value: Value) -> Needed | None:
        """What the output needs at the step of `key`; None if its entries are others."""
        run, _, t = key
        entries = tuple(value.ravel().tolist())
        if len(entries) != len(self.marks):
            return None
        for read, (ref, component) in zip(entries, self.marks, strict=True):
            if type(read) is not Read or read.ref != ref or read.component != component:
                return None
            if read.step != t or read.run != run:
                return None
        now = {ref: _moved(wires, lines.at[t, ref]) for ref, wires in self.lines.items()}
        coefficients: dict[Read, tuple[tuple[Expr, Basis], ...]] = {}
        atoms: dict[tuple[Time, Basis], Atom] = {}
        for i, ref, products in self.reads:
            line, time, found = now[ref], (t, ref), []
            for c, old in products:
                basis: Basis = tuple([(line.get(slot, slot), letter) for slot, letter in old])
                found.append((c, basis))
                if basis:
                    deadline = NEVER
                    for slot, _ in basis:
                        if isinstance(slot, int):
                            deadline = min(deadline, lines.deadline(slot, time))
                    atoms[time, basis] = Atom(key, time, basis, deadline, lines.posts[time])
            coefficients[entries[i]] = tuple(found)
        slots = dict.fromkeys([slot for atom in atoms.values() for slot, _ in atom.basis])
        return Needed(
            key,
            self.shape,
            entries,
            tuple(coefficients),
            self.ops,
            coefficients,
            tuple(atoms.values()),
            tuple(slots),
            self,
        )


def _moved(wires: Mapping[Line, int], at: Mapping[int, Line]) -> dict[Slot, Line]:
    """Which line is now where one was."""
    return {line: at[wire] for line, wire in wires.items()}


def _fixed(op: Op) -> bool:
    """Whether the products of a read-out have the same coefficients at every step."""
    match op:
        case Expect(observables=observables):
            return all(isinstance(t.coefficient, float) for terms in observables for t in terms)
        case _:
            return isinstance(op, Prob)


@dataclass
class Kinds:
    """`outputs.needed` for one step after the other."""

    _known: dict[tuple[int, str], Kind | None] = field(default_factory=dict)

    def needed(
        self, template: Template, lines: Lines, key: Key, value: Value, values: Mapping[Ref, Value]
    ) -> Needed:
        kind = self._known.get(key[:2])
        found = None if kind is None else kind.at(lines, key, value)
        if found is None:
            found = needed(template, lines, key, value, values)
            kind = self._known[key[:2]] = Kind.of(found, lines)
            found = found if kind is None else replace(found, kind=kind)
        return found
