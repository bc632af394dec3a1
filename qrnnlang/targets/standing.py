"""Gates that are the same at every step: written once, and found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..passes import Stamp
from ..passes.line import elements
from ..sema.closed import Ref
from .classical import Value
from .program import Instr


@dataclass
class Standing:
    """One instruction for all steps in which a gate finds the same values on the same qubits.

    Values are compared by identity: what no step can change is computed once (`CellValues`).
    """

    _refs: dict[int, tuple[Stamp, tuple[Ref, ...]]] = field(default_factory=dict)  # by identity
    _found: dict[tuple[int, tuple[int, ...]], tuple[list[Value], Instr]] = field(
        default_factory=dict
    )

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
