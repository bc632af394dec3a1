"""Gates that are the same at every step: written once, and found again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..passes import Stamp, Step
from ..passes.line import elements
from ..sema.closed import Ref, Wire
from .classical import Value
from .program import Instr

#: Fewer gates than this are looked up one by one.
_SHORT = 3


@dataclass(frozen=True)
class Stretch:
    """Gates one after the other that are all the same while `where` and `values` are."""

    instrs: tuple[Instr, ...]
    where: Mapping[Wire, int]
    values: Mapping[Ref, Value]

    @cached_property
    def qubits(self) -> frozenset[int]:
        return frozenset(self.where.values())

    def holds(self, where: Mapping[Wire, int], values: Mapping[Ref, Value]) -> bool:
        for wire, qubit in self.where.items():
            if where[wire] != qubit:
                return False
        return all(values[ref] is value for ref, value in self.values.items())


@dataclass
class Standing:
    """One instruction for all steps in which a gate finds the same values on the same qubits.

    Values are compared by identity: what no step can change is computed once (`CellValues`).
    """

    _refs: dict[int, tuple[Stamp, tuple[Ref, ...]]] = field(default_factory=dict)  # by identity
    _found: dict[tuple[int, tuple[int, ...]], tuple[list[Value], Instr]] = field(
        default_factory=dict
    )
    _stretches: dict[Hashable, tuple[Step, dict[int, Stretch]]] = field(default_factory=dict)

    def of(self, step: Step, where: Mapping[Wire, int]) -> dict[int, Stretch]:
        """The stretches of a step's line by their first items, if it begins on these qubits."""
        key = id(step), tuple(where.items())
        if key not in self._stretches:
            self._stretches[key] = step, {}
        return self._stretches[key][1]

    def stretch(
        self,
        stamps: Sequence[Stamp],
        instrs: Sequence[Instr],
        values: Mapping[Ref, Value],
    ) -> Stretch | None:
        """Of gates that were all found again; None where it is not worth its while."""
        if len(stamps) < _SHORT:
            return None
        pairs = zip(stamps, instrs, strict=True)
        where = {w: q for s, i in pairs for w, q in zip(s.wires, i.qubits, strict=True)}
        refs = sorted({r for s in stamps for r in self._refs[id(s)][1]})
        return Stretch(tuple(instrs), where, {r: values[r] for r in refs})

    def find(
        self, stamp: Stamp, qubits: tuple[int, ...], values: Mapping[Ref, Value]
    ) -> Instr | None:
        """The instruction that an earlier step kept, if it is this one's too."""
        known = self._found.get((id(stamp), qubits))
        if known is None:
            return None
        _, refs = self._refs[id(stamp)]
        for ref, value in zip(refs, known[0], strict=True):
            if values[ref] is not value:
                return None
        return known[1]

    def keep(self, stamp: Stamp, instr: Instr, values: Mapping[Ref, Value]) -> None:
        if id(stamp) not in self._refs:
            refs = sorted({e.ref for e in elements(stamp.angles)})
            self._refs[id(stamp)] = stamp, tuple(refs)
        held = [values[r] for r in self._refs[id(stamp)][1]]
        self._found[id(stamp), instr.qubits] = held, instr
