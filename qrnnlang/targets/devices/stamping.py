"""Steps in a device's gates: what one wrote is written again by those that are alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from ...sema.closed import Bit
from ..program import Block, Instr, Program
from .lower import Emit, emitted
from .places import Places
from .router import Place

#: Where a measurement stands in its step; −1: in an earlier step.
_Source = int


@dataclass(frozen=True, eq=False)
class _Written:
    """What operations write that find the same places in use, and measured.

    `plain`: whether nothing in them is under a condition of the program, which joins neighbours.
    `moving`: what differs from step to step. `flips`: an X in place of a reset, on a place, under
    the result of a measurement. `touched`, `bits`: what is known of places afterwards.
    """

    emits: Sequence[Emit]
    block: Block
    plain: bool
    moving: Sequence[tuple[int, Emit]]
    flips: Sequence[tuple[int, Place, _Source]]
    touched: frozenset[Place]
    bits: Sequence[tuple[Place, _Source]]


@dataclass
class Stamping:
    """Writes steps into a program, one after the other."""

    out: Program
    state: Places
    _known: dict[Hashable, _Written] = field(default_factory=dict)

    def step(self, emits: Sequence[Emit], instrs: Sequence[Instr]) -> None:
        """A step that does `emits`, with angles and bits of `instrs`."""
        key = id(emits), frozenset(self.state.touched), frozenset(self.state.bits)
        written = self._known.get(key)
        if written is not None:
            self._again(written, instrs)
            return
        self._known[key] = self._write(emits, instrs)

    def _write(self, emits: Sequence[Emit], instrs: Sequence[Instr]) -> _Written:
        state, made = self.state, list[Instr]()
        moving: list[tuple[int, Emit]] = []
        flips: list[tuple[int, Place, _Source]] = []
        sources: dict[Place, _Source] = {}
        for emit in emits:
            if emit.name == "reset" and not emit.conditional:
                (place,) = emit.places
                reset = state.reset(place)
                if reset and reset[0].when is not None:
                    flips.append((len(made), place, sources.get(place, -1)))
                made += reset
            elif emit.name == "clean":
                state.clean(emit.places[0])
            else:
                instr = emitted(emit, instrs)
                state.past(instr)
                if not _standing(emit):
                    moving.append((len(made), emit))
                if instr.name == "measure" and instr.when is None:
                    sources[instr.qubits[0]] = len(made)
                made.append(instr)
        self.out.instrs += made
        block = Block(tuple(made), tuple(sorted([k for k, _ in moving] + [k for k, _, _ in flips])))
        plain = not any(e.conditional or e.name == "store" for e in emits)
        bits = [(p, sources.get(p, -1)) for p in state.bits]
        return _Written(emits, block, plain, moving, flips, frozenset(state.touched), bits)

    def _again(self, written: _Written, instrs: Sequence[Instr]) -> None:
        made, before = list(written.block.instrs), self.state.bits
        for k, emit in written.moving:
            made[k] = emitted(emit, instrs)

        def bit(place: Place, source: _Source) -> int:
            return before[place] if source < 0 else made[source].clbits[0]

        for k, place, source in written.flips:
            made[k] = Instr("x", (place,), when=Bit(bit(place, source)))
        self.state.touched = set(written.touched)
        self.state.bits = {place: bit(place, source) for place, source in written.bits}
        if written.plain:
            self.out.repeat(written.block, made)
        else:
            self.out.instrs += made


def _standing(emit: Emit) -> bool:
    """Whether it is the same at every step."""
    return emit.source < 0 and not any(terms for _, terms in emit.angles)
