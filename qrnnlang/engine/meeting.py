"""Which carried wires a step brings together, told from its program before it is planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..sema.closed import Wire
from . import instructions as low
from .staging import touched

Groups = tuple[tuple[int, ...], ...]


def meeting(program: low.Program, known: Groups | None = None) -> tuple[Groups, bool]:
    """Groups of carried positions that share a state, and whether that can stay a ket.

    Positions meet where gates lead from one to the other, or are `known` to meet; a wire that is
    projected begins again.
    """
    groups: Groups = known or tuple((i,) for i in range(len(program.leave)))
    while True:
        sets = _Sets()
        if program.enter:
            for group in groups:
                sets.join(program.enter[i] for i in group)
        for instruction in program.instructions:
            _follow(sets, instruction)
        found: dict[int, list[int]] = {}
        for place, wire in enumerate(program.leave):
            found.setdefault(sets.of(wire), []).append(place)
        grown = united(groups, list(found.values()))
        if grown == groups:
            noisy = any(isinstance(i, low.Noise) for i in program.instructions)
            alone = sets.alone(program.leave)
            return groups, alone and not noisy and not program.bits
        groups = grown


def _follow(sets: _Sets, instruction: low.Instruction) -> None:
    match instruction:
        case low.Unitary(pairs=pairs):
            for pair in pairs:
                sets.join(pair.wires)
        case low.Fresh(wires=wires):
            sets.restart(wires)
        case low.Project(wires=wires, when=None):
            sets.join(wires)
            sets.restart(wires)
        case low.Expectation() | low.Pulled() | low.Populations() | low.Weigh():
            pass
        case _:
            sets.join(touched(instruction))


def without_unread(step: low.Program, start: low.Program) -> tuple[low.Program, low.Program]:
    """A cell's programs without the carried wires that a step lets go before anything looks.

    A reset at the start of a step does so: what the step before left there need not be known.
    """
    if any(isinstance(x, low.Project) for x in step.instructions):
        return step, start  # an impossible event is seen in the state of later steps
    used = {*step.leave}.union(*(touched(x) for x in step.instructions))
    kept = [i for i, w in enumerate(step.enter) if w in used]
    bits = sum(i >= len(step.enter) - step.bits for i in kept)
    enter = tuple(step.enter[i] for i in kept)
    leave = tuple(step.leave[i] for i in kept)
    begun = tuple(start.leave[i] for i in kept)
    return replace(step, enter=enter, leave=leave, bits=bits), replace(
        start, leave=begun, bits=bits
    )


def united(groups: Groups, more: Sequence[Sequence[int]]) -> Groups:
    """The groups, those that one of `more` touches made one."""
    sets = [set(g) for g in groups]
    for group in more:
        meeting = [s for s in sets if s & set(group)]
        if len(meeting) > 1:
            sets = [s for s in sets if s not in meeting] + [set().union(*meeting)]
    return tuple(sorted(tuple(sorted(s)) for s in sets))


class _Sets:
    """Wires that have met, as numbered nodes with the numbers of their sets."""

    def __init__(self) -> None:
        self.node: dict[Wire, int] = {}
        self.parent: list[int] = []

    def restart(self, wires: Iterable[Wire]) -> None:
        for wire in wires:
            self.node[wire] = len(self.parent)
            self.parent.append(len(self.parent))

    def of(self, wire: Wire) -> int:
        if wire not in self.node:
            self.restart([wire])
        return self._root(self.node[wire])

    def _root(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = node = self.parent[self.parent[node]]
        return node

    def join(self, wires: Iterable[Wire]) -> None:
        roots = [self.of(w) for w in wires]
        for root in roots[1:]:
            self.parent[self._root(root)] = self._root(roots[0])

    def alone(self, wires: Sequence[Wire]) -> bool:
        """Whether no other wire belongs to the sets of these."""
        mine = {self.of(w) for w in wires}
        return not any(self.of(w) in mine for w in self.node if w not in wires)
