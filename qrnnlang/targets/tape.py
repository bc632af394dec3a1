"""Steps that are alike: the instructions of one are taken down, and played again for the others."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from ..passes import Stamp, Step
from ..passes.line import elements
from ..sema.closed import Alloc, ApplyUnitary, Barrier, Discard, Expect, Prob, Ref, Reset
from .angles import angle
from .classical import Value
from .layout import Placed
from .program import Instr
from .template import Template

#: A gate of a line: where its instruction stands, and the operation that it comes from.
Spot = tuple[int, Ref, Stamp]


def plain(step: Step) -> bool:
    """Whether what a step writes is known from its line, but for angles and numbers of bits."""
    for _, item in step.line:
        match item:
            case Stamp(name=name, when=when):
                if when is not None or name == "gphase":
                    return False
            case Reset(when=when) | ApplyUnitary(when=when):
                if when is not None:
                    return False
            case Prob(bits=bits):
                if bits:
                    return False
            case Alloc() | Discard() | Barrier() | Expect():
                pass
            case _:
                return False
    return True


@dataclass(frozen=True, eq=False)
class Tape:
    """What a step wrote that found the values `values`, and where it left the wires.

    `spots`: its gates. `reads`: where measurements stand, and `first`: the first bit of the step.
    """

    instrs: Sequence[Instr]
    spots: Sequence[Spot]
    reads: Sequence[int]
    first: int
    values: Mapping[Ref, Value]
    after: Placed
    template: Template
    _moving: dict[Hashable, list[Spot]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        instrs: Sequence[Instr],
        spots: Sequence[Spot],
        first: int,
        values: Mapping[Ref, Value],
        after: Placed,
        template: Template,
    ) -> Tape:
        reads = [k for k, i in enumerate(instrs) if i.clbits]
        refs = sorted({e.ref for _, _, stamp in spots for e in elements(stamp.angles)})
        held = {r: values[r] for r in refs}
        return cls(instrs, spots, reads, first, held, after, template)

    def play(self, t: int, first: int, values: Mapping[Ref, Value]) -> list[Instr]:
        """The instructions of step t, with its values, and bits from `first` on.

        Values are compared by identity: what no step can change is computed once (`CellValues`).
        """
        changed = tuple([r for r, value in self.values.items() if values[r] is not value])
        if changed not in self._moving:
            self._moving[changed] = self._with(frozenset(changed))
        found = list(self.instrs)
        for k, ref, stamp in self._moving[changed]:
            origin = self.template.origin(ref)
            angles = tuple([angle(a, values, origin, t, False) for a in stamp.angles])
            found[k] = Instr(stamp.name, found[k].qubits, angles)
        shift = first - self.first
        for k in self.reads:
            old = found[k]
            found[k] = Instr(old.name, old.qubits, (), (old.clbits[0] + shift,))
        return found

    def _with(self, changed: frozenset[Ref]) -> list[Spot]:
        """The gates whose angles some values go into."""
        return [
            spot
            for spot in self.spots
            if not changed.isdisjoint(e.ref for e in elements(spot[2].angles))
        ]


@dataclass
class Tapes:
    """Tapes by what a step depends on besides its values; see `Stamper`."""

    _plain: dict[int, tuple[Step, bool]] = field(default_factory=dict)  # by identity
    _found: dict[Hashable, Tape] = field(default_factory=dict)

    def plain(self, step: Step) -> bool:
        if id(step) not in self._plain:
            self._plain[id(step)] = step, plain(step)
        return self._plain[id(step)][1]

    def find(self, key: Hashable) -> Tape | None:
        return self._found.get(key)

    def keep(self, key: Hashable, tape: Tape) -> None:
        self._found[key] = tape
