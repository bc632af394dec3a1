"""Light cone: gates that no read-out, measurement or projection at any later step can feel go.

Contract: every output and every recorded bit keeps its distribution. What is carried may change
where nothing later can feel it. Measurements and projections are never removed: their registers
have names.

Liveness runs backwards, through the recurrence until nothing is added. A wire is dead, or only its
computational basis matters (it is measured, or it controls and is then let go), or all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Discard,
    Expect,
    Measure,
    Op,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    Reset,
    Wire,
)
from .line import Item, Stamp, Step
from .rules import letters

DEAD, BASIS, LIVE = 0, 1, 2
_PERMUTATIONS = frozenset(("x", "y", "cx", "cy", "ccx", "mcx"))


@dataclass
class Felt:
    """How much of each qubit is felt later; qubits that are not named are dead."""

    how: dict[int, int] = field(default_factory=dict)

    def gate(self, stamp: Stamp) -> bool:
        """Goes back over a gate; False if nothing feels it."""
        if not stamp.wires:
            return True
        now = [self.how.get(w, DEAD) for w in stamp.wires]
        inside = letters(stamp)
        if all(h == DEAD or (h == BASIS and a == "Z") for h, a in zip(now, inside, strict=True)):
            return False
        if stamp.name in _PERMUTATIONS and max(now) < LIVE:
            now = [BASIS] * len(now)
        elif stamp.name == "swap" and stamp.when is None and not stamp.ctrl:
            now = now[::-1]
        else:
            now = [
                max(h, BASIS) if a == "Z" and h < LIVE else LIVE
                for h, a in zip(now, inside, strict=True)
            ]
        self.how.update(zip(stamp.wires, now, strict=True))
        return True

    def measured(self, wires: Iterable[int], sometimes: bool = False) -> None:
        for w in wires:
            whole = sometimes and self.how.get(w, DEAD) == LIVE
            self.how[w] = LIVE if whole else BASIS

    def seen(self, wires: Iterable[int], letter: str = "Z") -> None:
        """A look that leaves the state as it is."""
        for w in wires:
            self.how[w] = max(self.how.get(w, DEAD), BASIS if letter == "Z" else LIVE)

    def begun(self, wires: Iterable[int]) -> None:
        for w in wires:
            self.how[w] = DEAD

    def whole(self, wires: Iterable[int]) -> bool:
        """Goes back over something opaque; False if nothing feels it."""
        held = tuple(wires)
        if all(self.how.get(w, DEAD) == DEAD for w in held):
            return False
        self.how.update(dict.fromkeys(held, LIVE))
        return True


def light_cone(step: Step) -> Step:
    return _fixpoint(step)[0]


def carried(step: Step) -> dict[Wire, int]:
    """How much a step, repeated without end, feels of its carried wires."""
    return _fixpoint(step)[1]


def _fixpoint(step: Step) -> tuple[Step, dict[Wire, int]]:
    start = dict(step.felt)
    while True:
        felt = Felt(_at_end(step, start))
        line = backwards(step.line, felt)
        wires = {w for c in step.carries if isinstance(c, QubitCarry) for w in c.wires}
        after = {w: max(start.get(w, DEAD), felt.how.get(w, DEAD)) for w in wires}
        if after == start:
            return replace(step, line=line), start
        start = after


def _at_end(step: Step, start: dict[Wire, int]) -> dict[Wire, int]:
    carries = [c for c in step.carries if isinstance(c, QubitCarry)]
    pairs = [p for c in carries for p in zip(c.wires, c.out, strict=True)]
    return {out: start.get(wire, DEAD) for wire, out in pairs}


def backwards(line: tuple[Item, ...], felt: Felt) -> tuple[Item, ...]:
    """What is left of a line; `felt` goes from its end to its beginning."""
    kept = [(ref, item) for ref, item in reversed(line) if _keep(item, felt)]
    return tuple(reversed(kept))


def _keep(item: Stamp | Op, felt: Felt) -> bool:
    match item:
        case Stamp():
            return felt.gate(item)
        case Measure(wires=wires, when=when):
            felt.measured(wires, when is not None)
        case Postselect(wires=wires, when=when):
            felt.measured(wires, when is not None)
        case Alloc(wires=wires) | Discard(wires=wires):
            felt.begun(wires)
        case Reset(wires=wires, when=when):
            if when is None:
                felt.begun(wires)
            else:
                felt.whole(wires)
        case Prepare(wires=wires) | ApplyUnitary(wires=wires):
            return felt.whole(wires)
        case Prob(wires=wires):
            felt.seen(wires)
        case Expect(observables=observables):
            for wire, letter in (p for terms in observables for t in terms for p in t.paulis):
                felt.seen((wire,), letter)
        case Barrier():
            pass
        case _:
            raise AssertionError(item)
    return True
