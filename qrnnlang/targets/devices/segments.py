"""A program cut at its step boundaries: which steps are alike, and what lives across a boundary.

A qubit of the program lives from reset to reset: each life may have a place of its own on a device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from ..program import Instr, Program

#: A life in a segment, numbered by first appearance: two steps that are alike have equal roles.
Role: TypeAlias = int
#: A life of a qubit of the program.
Life: TypeAlias = int


@dataclass(frozen=True)
class Segment:
    """Instructions between two boundaries, without resets; `at[k]`: the roles of the k-th.

    `lives[role]`: which life it is; `qubits[role]`: of which qubit, numbered by first appearance
    too. `enters`, `leaves`: the roles whose state passes the boundary before and after.
    """

    instrs: tuple[Instr, ...]
    at: tuple[tuple[Role, ...], ...]
    lives: tuple[Life, ...]
    qubits: tuple[int, ...]
    enters: frozenset[Role]
    leaves: frozenset[Role]
    form: tuple[Any, ...]

    @property
    def widest(self) -> int:
        """The most roles that are alive at once."""
        first: dict[Role, int] = dict.fromkeys(self.enters, -1)
        last: dict[Role, int] = {}
        for k, (instr, roles) in enumerate(zip(self.instrs, self.at, strict=True)):
            if instr.name != "barrier":
                for r in roles:
                    first.setdefault(r, k)
                    last[r] = k
        last.update(dict.fromkeys(self.leaves, len(self.instrs)))
        ends = [(k, 1) for k in first.values()]
        ends += [(last.get(r, k) + 1, -1) for r, k in first.items()]
        alive = most = 0
        for _, change in sorted(ends):
            alive += change
            most = max(most, alive)
        return most


def segments(program: Program, bounds: Sequence[int]) -> list[Segment]:
    """The segments between `bounds`, positions in the list of instructions, ends included."""
    life: dict[int, Life] = {}
    whose: list[int] = []
    born: dict[Life, int] = {}
    ends: dict[Life, int] = {}
    pieces: list[tuple[list[Instr], list[tuple[Life, ...]]]] = []
    for k, (a, b) in enumerate((a, b) for a, b in pairwise(bounds) if b > a):
        instrs: list[Instr] = []
        where: list[tuple[Life, ...]] = []
        for instr in program.instrs[a:b]:
            if instr.name == "reset" and instr.when is None:
                for q in instr.qubits:
                    life[q] = len(whose)
                    whose.append(q)
                continue
            for q in instr.qubits:
                if q not in life:
                    life[q] = len(whose)
                    born[len(whose)] = -1  # what was never reset begins before everything
                    whose.append(q)
            at = tuple(life[q] for q in instr.qubits)
            if instr.name != "barrier":
                for n in at:
                    born.setdefault(n, k)
                    ends[n] = k
            instrs.append(instr)
            where.append(at)
            if instr.name == "renew":
                life[instr.qubits[0]] = len(whose)
                whose.append(instr.qubits[0])
        pieces.append((instrs, where))
    across: list[list[Life]] = [[] for _ in range(len(pieces) + 1)]
    for n, end in ends.items():
        for k in range(born[n] + 1, end + 1):
            across[k].append(n)
    return [
        _segment(instrs, where, across[k], across[k + 1], whose)
        for k, (instrs, where) in enumerate(pieces)
    ]


def _segment(
    instrs: list[Instr],
    where: list[tuple[Life, ...]],
    before: list[Life],
    after: list[Life],
    whose: Sequence[int],
) -> Segment:
    used = {n for i, at in zip(instrs, where, strict=True) if i.name != "barrier" for n in at}
    used.update(before, after)
    role: dict[Life, Role] = {}
    for at in where:
        for n in at:
            if n in used:
                role.setdefault(n, len(role))
    for n in sorted({*before, *after} - role.keys()):
        role[n] = len(role)
    roles = tuple(tuple(role[n] for n in at if n in used) for at in where)
    enters = frozenset(role[n] for n in before)
    leaves = frozenset(role[n] for n in after)
    names = tuple((i.name, len(i.clbits), i.when is not None) for i in instrs)
    number: dict[int, int] = {}
    qubits = tuple(number.setdefault(whose[n], len(number)) for n in role)
    form = (names, roles, qubits, enters, leaves)
    return Segment(tuple(instrs), roles, tuple(role), qubits, enters, leaves, form)


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
