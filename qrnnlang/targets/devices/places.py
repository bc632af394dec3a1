"""What is known of the places of a device while steps are stamped."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...sema.closed import Bit
from ..program import Instr
from .router import Place


@dataclass
class Places:
    """What is known of places while steps are stamped.

    `quick`: a reset right after a measurement becomes an X where the bit is 1, which takes less
    time than to measure once more.
    """

    quick: bool
    touched: set[Place] = field(default_factory=set)
    bits: dict[Place, int] = field(default_factory=dict)

    def reset(self, place: Place) -> list[Instr]:
        if place not in self.touched:
            return []
        self.touched.discard(place)
        bit = self.bits.pop(place, None)
        if bit is not None and self.quick:
            return [Instr("x", (place,), when=Bit(bit))]
        return [Instr("reset", (place,))]

    def clean(self, place: Place) -> None:
        self.touched.discard(place)
        self.bits.pop(place, None)

    def past(self, instr: Instr) -> None:
        self.touched.update(instr.qubits)
        for place in instr.qubits:
            self.bits.pop(place, None)
        if instr.name == "measure" and instr.when is None:
            self.bits[instr.qubits[0]] = instr.clbits[0]
