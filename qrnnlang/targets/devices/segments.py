"""A program cut at its step boundaries: which steps are alike, and what lives across a boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from ..program import Instr, Program

#: A qubit of a segment, numbered by first appearance: two steps that are alike have equal roles.
Role: TypeAlias = int


@dataclass(frozen=True)
class Segment:
    """Instructions between two boundaries. `qubits[role]` is the program's qubit.

    `enters`, `leaves`: the roles whose state passes the boundary before and after.
    """

    instrs: tuple[Instr, ...]
    qubits: tuple[int, ...]
    enters: frozenset[Role]
    leaves: frozenset[Role]
    form: tuple[Any, ...]

    def roles(self, instr: Instr) -> tuple[Role, ...]:
        return tuple(map(self._role.__getitem__, instr.qubits))

    @property
    def _role(self) -> dict[int, Role]:
        return {q: r for r, q in enumerate(self.qubits)}


def segments(program: Program, bounds: Sequence[int]) -> list[Segment]:
    """The segments between `bounds`, positions in the list of instructions, ends included."""
    pieces = [tuple(program.instrs[a:b]) for a, b in pairwise(bounds) if b > a]
    live: set[int] = set()
    lives = [frozenset(live)]
    for piece in reversed(pieces):
        for instr in reversed(piece):
            if instr.name == "reset" and instr.when is None:
                live -= set(instr.qubits)
            elif instr.name != "barrier":
                live |= set(instr.qubits)
        lives.append(frozenset(live))
    lives.reverse()
    return [
        _segment(piece, before, after)
        for piece, before, after in zip(pieces, lives, lives[1:], strict=False)
    ]


def _segment(instrs: tuple[Instr, ...], before: frozenset[int], after: frozenset[int]) -> Segment:
    order = dict.fromkeys(q for i in instrs for q in i.qubits)
    qubits = (*order, *sorted((before | after) - set(order)))
    role = {q: r for r, q in enumerate(qubits)}
    enters = frozenset(role[q] for q in before)
    leaves = frozenset(role[q] for q in after)
    form = tuple(
        (i.name, tuple(role[q] for q in i.qubits), len(i.clbits), i.when is not None)
        for i in instrs
    )
    return Segment(instrs, qubits, enters, leaves, (form, enters, leaves))


def shared_angles(group: Sequence[Segment]) -> list[list[float | None]]:
    """For segments of one form: the angles that are the same number in all; None for others."""
    first = group[0]
    found: list[list[float | None]] = []
    for k, instr in enumerate(first.instrs):
        row: list[float | None] = []
        for j, angle in enumerate(instr.angles):
            same = isinstance(angle, float) and all(s.instrs[k].angles[j] == angle for s in group)
            row.append(angle if same and isinstance(angle, float) else None)
        found.append(row)
    return found
