"""Zeros: what is known of qubits in |0⟩ takes out controls, phases and resets.

Contract: the channel stays, up to a global phase. A wire is known to be |0⟩ after it begins, after
a reset, and after a projection on 0; gates that are diagonal on it leave it there. A reset stays
where a read-out in another basis than Z may have turned the qubit, since circuits measure in place.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    Reset,
)
from .line import Item, Stamp, Step, scaled
from .rules import letters

#: Named gates whose first operands are controls, and how many.
_CONTROLS = {
    **dict.fromkeys(("cx", "cy", "ch", "csx", "crx", "cry", "crz", "cswap"), 1),
    **dict.fromkeys(("cz", "cp", "cs", "csdg", "ccx"), 2),
    "ccz": 3,
}


@dataclass
class Zeros:
    """The wires that are known to be |0⟩."""

    zero: set[int] = field(default_factory=set)

    def gate(self, stamp: Stamp) -> Stamp | None:
        """What is left of a gate; goes on past it."""
        left = self._reduced(stamp)
        if left is not None:
            self._past(left)
        return left

    def _reduced(self, stamp: Stamp) -> Stamp | None:
        zero = self.zero
        if not stamp.wires or zero.isdisjoint(stamp.wires):
            return stamp
        extra = len(stamp.ctrl)
        for wire, state in zip(stamp.wires, stamp.ctrl, strict=False):
            if wire in zero and state == "1":
                return None
        kept = [i for i in range(extra) if stamp.wires[i] not in zero]
        if len(kept) < extra:
            wires = tuple(stamp.wires[i] for i in kept) + stamp.wires[extra:]
            ctrl = "".join(stamp.ctrl[i] for i in kept)
            return self._reduced(replace(stamp, wires=wires, ctrl=ctrl))
        operands = stamp.wires[extra:]
        if stamp.name == "gphase":
            return stamp
        count = _CONTROLS.get(stamp.name, len(operands) - 1 if stamp.name == "mcx" else 0)
        if not zero.isdisjoint(operands[:count]):
            return None
        if extra:
            return stamp
        if set(letters(stamp)) == {"Z"} and zero.issuperset(operands):
            return None
        match stamp.name:
            case "rzz" | "rzx":
                a, b = operands
                if a in zero:
                    name = "rz" if stamp.name == "rzz" else "rx"
                    return self._reduced(replace(stamp, name=name, wires=(b,)))
                if stamp.name == "rzz":
                    return replace(stamp, name="rz", wires=(a,))
            case "crz":
                half = (scaled(-0.5, stamp.angles[0]),)
                return replace(stamp, name="p", wires=operands[:1], angles=half)
            case "swap" if zero.issuperset(operands):
                return None
        return stamp

    def _past(self, stamp: Stamp) -> None:
        if stamp.name == "swap" and not stamp.ctrl and stamp.when is None:
            a, b = stamp.wires
            was = {w for w, o in ((a, b), (b, a)) if o in self.zero}
            self.zero = (self.zero - {a, b}) | was
            return
        inside = letters(stamp)
        self.zero -= {w for w, a in zip(stamp.wires, inside, strict=True) if a != "Z"}


def zeros(step: Step) -> Step:
    return replace(step, line=tuple(_through(step.line, Zeros())))


def _through(line: tuple[Item, ...], known: Zeros) -> Iterator[Item]:
    for ref, item in line:
        left = _item(item, known)
        if left is not None:
            yield ref, left


def _item(item: Stamp | Op, known: Zeros) -> Stamp | Op | None:
    zero = known.zero
    match item:
        case Stamp():
            return known.gate(item)
        case Alloc(wires=wires):
            zero.update(wires)
        case Reset(wires=wires, when=when):
            left = tuple(w for w in wires if w not in zero)
            if when is None:
                zero.update(wires)
            return replace(item, wires=left) if left else None
        case Postselect(wires=wires, values=values, when=None):
            for wire, value in zip(wires, values, strict=True):
                if value == 0.0:
                    zero.add(wire)
                else:
                    zero.discard(wire)
        case Expect(observables=observables):
            turned = (p for terms in observables for t in terms for p in t.paulis)
            zero.difference_update([w for w, letter in turned if letter != "Z"])
        case Discard(wires=wires):
            zero.difference_update(wires)
        case Prepare(wires=wires) | ApplyUnitary(wires=wires):
            zero.difference_update(wires)
        case Measure() | Postselect() | Prob() | Barrier():
            pass
        case _:
            raise AssertionError(item)
    return item
