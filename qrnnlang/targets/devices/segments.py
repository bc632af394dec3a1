"""A program cut at its step boundaries: which steps are alike, and what lives across a boundary.

A qubit of the program lives from reset to reset: each life may have a place of its own on a device.
Steps of the same operations on the same qubits are taken apart once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise
from typing import TypeAlias

from ..program import Instr, Program

#: A life in a segment, numbered by first appearance: two steps that are alike have equal roles.
Role: TypeAlias = int
#: A life of a qubit of the program.
Life: TypeAlias = int


@dataclass(frozen=True)
class Segment:
    """Instructions between two boundaries, without resets; `at[k]`: the roles of the k-th.

    `lives[role]`: which life it is; `qubits[role]`: of which qubit, numbered by first appearance
    too. `enters`, `leaves`: the roles whose state passes the boundary before and after. `form`: a
    number, equal for segments that are alike in all but angles and classical bits.
    """

    instrs: tuple[Instr, ...]
    at: tuple[tuple[Role, ...], ...]
    lives: tuple[Life, ...]
    qubits: tuple[int, ...]
    enters: frozenset[Role]
    leaves: frozenset[Role]
    form: int

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


#: A life inside one piece, numbered by first appearance.
_Local: TypeAlias = int


@dataclass
class _Piece:
    """What the operations between two boundaries do, whatever lies before and after.

    `of[n]`: the qubit of life n; `old`: the qubits whose life n came in with; `used`: lives that
    something acts on; `kept`: which instructions are no resets, and `at`: on which lives those act.
    """

    of: list[int] = field(default_factory=list)
    old: dict[int, _Local] = field(default_factory=dict)
    last: dict[int, _Local] = field(default_factory=dict)
    used: set[_Local] = field(default_factory=set)
    kept: list[bool] = field(default_factory=list)
    at: list[tuple[_Local, ...]] = field(default_factory=list)
    names: list[tuple[str, int, bool]] = field(default_factory=list)

    @classmethod
    def of_instrs(cls, instrs: Sequence[Instr]) -> _Piece:
        piece = cls()
        for instr in instrs:
            reset = instr.name == "reset" and instr.when is None
            piece.kept.append(not reset)
            if reset:
                for q in instr.qubits:
                    piece._begin(q)
                continue
            for q in instr.qubits:
                if q not in piece.last:
                    piece.old[q] = piece._begin(q)
            at = tuple(piece.last[q] for q in instr.qubits)
            if instr.name != "barrier":
                piece.used.update(at)
            piece.at.append(at)
            piece.names.append((instr.name, len(instr.clbits), instr.when is not None))
            if instr.name == "renew":
                piece._begin(instr.qubits[0])
        return piece

    def _begin(self, qubit: int) -> _Local:
        self.of.append(qubit)
        self.last[qubit] = len(self.of) - 1
        return len(self.of) - 1


def segments(program: Program, bounds: Sequence[int]) -> list[Segment]:
    """The segments between `bounds`, positions in the list of instructions, ends included."""
    life: dict[int, Life] = {}
    whose: list[int] = []
    born: dict[Life, int] = {}
    ends: dict[Life, int] = {}
    known: dict[Hashable, _Piece] = {}
    pieces: list[tuple[_Piece, list[Instr], list[Life]]] = []
    shapes = dict(zip(program.bounds, program.shapes, strict=True))
    for k, (a, b) in enumerate((a, b) for a, b in pairwise(bounds) if b > a):
        instrs = program.instrs[a:b]
        key = shapes.get(a) or tuple(
            [(i.name, i.qubits, len(i.clbits), i.when is None) for i in instrs]
        )
        if key not in known:
            known[key] = _Piece.of_instrs(instrs)
        piece = known[key]
        lives: list[Life] = []
        for n, q in enumerate(piece.of):
            if piece.old.get(q) == n and q in life:
                lives.append(life[q])
                continue
            if piece.old.get(q) == n:
                born[len(whose)] = -1  # what was never reset begins before everything
            lives.append(len(whose))
            whose.append(q)
        life.update((q, lives[n]) for q, n in piece.last.items())
        for n in piece.used:
            born.setdefault(lives[n], k)
            ends[lives[n]] = k
        pieces.append((piece, instrs, lives))
    across: list[list[Life]] = [[] for _ in range(len(pieces) + 1)]
    for one, end in ends.items():
        for k in range(born[one] + 1, end + 1):
            across[k].append(one)
    made = _Made(whose)
    return [
        made.segment(piece, instrs, lives, across[k], across[k + 1])
        for k, (piece, instrs, lives) in enumerate(pieces)
    ]


@dataclass
class _Made:
    """Segments, the same parts for those that are alike. `whose[life]`: its qubit."""

    whose: Sequence[int]
    forms: dict[Hashable, int] = field(default_factory=dict)
    known: dict[Hashable, tuple[list[int], Segment]] = field(default_factory=dict)

    def segment(
        self,
        piece: _Piece,
        instrs: list[Instr],
        lives: list[Life],
        before: list[Life],
        after: list[Life],
    ) -> Segment:
        local = {n: i for i, n in enumerate(lives)}
        passing = sorted({*before, *after} - local.keys())
        everyone = [*lives, *passing]
        local.update((n, len(lives) + i) for i, n in enumerate(passing))
        enters = frozenset(local[n] for n in before)
        leaves = frozenset(local[n] for n in after)
        key = id(piece), tuple(self.whose[n] for n in passing), enters, leaves
        if key not in self.known:
            self.known[key] = self._new(piece, [self.whose[n] for n in everyone], enters, leaves)
        order, like = self.known[key]
        return Segment(
            tuple(compress(instrs, piece.kept)),
            like.at,
            tuple([everyone[i] for i in order]),
            like.qubits,
            like.enters,
            like.leaves,
            like.form,
        )

    def _new(
        self, piece: _Piece, qubits: list[int], enters: frozenset[int], leaves: frozenset[int]
    ) -> tuple[list[int], Segment]:
        """The roles' lives in order, and a segment without instructions."""
        used = piece.used | enters | leaves
        role: dict[int, Role] = {}
        for n in (n for at in piece.at for n in at if n in used):
            role.setdefault(n, len(role))
        for n in sorted((enters | leaves) - role.keys()):
            role[n] = len(role)
        at = tuple(tuple(role[n] for n in at if n in used) for at in piece.at)
        number: dict[int, int] = {}
        places = tuple(number.setdefault(qubits[n], len(number)) for n in role)
        inside = frozenset(role[n] for n in enters)
        outside = frozenset(role[n] for n in leaves)
        shape = tuple(piece.names), at, places, inside, outside
        form = self.forms.setdefault(shape, len(self.forms))
        return list(role), Segment((), at, (), places, inside, outside, form)


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
