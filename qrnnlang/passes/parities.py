"""Parities: rotations about products of two Paulis that commute, along one short tour of CX.

Contract: the channel stays. On its own a rotation about Z⊗Z takes two CX: into the parity of the
two qubits and back. Where many qubits meet, the way from one parity to the next is shorter than
the way home: all ten pairs of five qubits take 14 CX in place of 20.

A group has one Pauli a wire, in whose basis all of it is diagonal. The tour is found by a beam
search over what each qubit holds, a sum of some of them modulo 2 (as in phase polynomials, Amy,
Azimzadeh, Mosca, arXiv 1712.01859, but for pairs alone and by search).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from math import pi

from ..sema.closed import Ref, Wire
from .line import Item, Polynomial, Stamp, Step, constant, total, within
from .rules import letters, passes

#: Names of the rotations, and how many states the search keeps, of sums of so many qubits.
_TURNS = frozenset(("rxx", "ryy", "rzz", "rzx"))
_BEAM, _LONGEST = 60, 3
#: Groups of more qubits or pairs than this are left as they are.
_QUBITS, _PAIRS = 7, 21

_INTO = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}
_BACK = {"X": ("h",), "Y": ("h", "s"), "Z": ()}

Pair = tuple[int, int]
#: A CX from one qubit to another, and the pair whose parity the second one holds then, if wanted.
Stride = tuple[int, int, Pair | None]


@dataclass
class _Group:
    """Members stand where the first one stands; `past`: what they went past."""

    ref: Ref
    members: list[int] = field(default_factory=list)
    letter: dict[Wire, str] = field(default_factory=dict)
    angle: dict[tuple[Wire, Wire], Polynomial] = field(default_factory=dict)
    past: list[Item] = field(default_factory=list)

    def joins(self, stamp: Stamp) -> bool:
        if stamp.name not in _TURNS or stamp.when is not None or stamp.ctrl:
            return False
        known = constant(stamp.angles[0])
        if known is not None and within(known, pi / 2) == 0.0:
            return False  # a Clifford gate: one CX, or none
        own = letters(stamp)
        alike = all(self.letter.get(w, c) == c for w, c in zip(stamp.wires, own, strict=True))
        return alike and all(passes(stamp, item) for _, item in self.past)

    def add(self, i: int, stamp: Stamp) -> None:
        a, b = sorted(stamp.wires)
        self.members.append(i)
        self.letter.update(zip(stamp.wires, letters(stamp), strict=True))
        self.angle[a, b] = total(self.angle.get((a, b), ()), stamp.angles[0])


def parities(step: Step) -> Step:
    line = list(step.line)
    instead: dict[int, list[Item]] = {}
    left = set(range(len(line)))
    for first in range(len(line)):
        if first not in left:
            continue
        group = _from(line, first, left)
        if group is None:
            continue
        left.difference_update(group.members)
        made = _made(group)
        if made is not None:
            instead.update((i, []) for i in group.members)
            instead[first] = [(group.ref, stamp) for stamp in made]
    if not instead:
        return step
    out: list[Item] = []
    for i, entry in enumerate(line):
        out += instead.get(i, [entry])
    return replace(step, line=tuple(out))


def _from(line: list[Item], first: int, left: set[int]) -> _Group | None:
    """The group that begins with an operation."""
    ref, item = line[first]
    group = _Group(ref)
    if not isinstance(item, Stamp) or not group.joins(item):
        return None
    for i in range(first, len(line)):
        entry = line[i]
        if i in left and isinstance(entry[1], Stamp) and group.joins(entry[1]):
            group.add(i, entry[1])
        else:
            group.past.append(entry)
    return group


def _made(group: _Group) -> list[Stamp] | None:
    """The group along a tour, if that takes fewer CX."""
    wires = sorted(group.letter)
    number = {w: k for k, w in enumerate(wires)}
    pairs = tuple(sorted((number[a], number[b]) for a, b in group.angle))
    if len(wires) > _QUBITS or len(pairs) > _PAIRS or len(pairs) < len(wires):
        return None
    strides = tour(len(wires), pairs)
    if len(strides) >= 2 * len(pairs):
        return None
    out = [Stamp(name, (w,)) for w in wires for name in _INTO[group.letter[w]]]
    for control, target, pair in strides:
        out.append(Stamp("cx", (wires[control], wires[target])))
        if pair is not None:
            angle = group.angle[wires[pair[0]], wires[pair[1]]]
            out.append(Stamp("rz", (wires[target],), (angle,)))
    out += [Stamp(name, (w,)) for w in wires for name in _BACK[group.letter[w]]]
    return out


@dataclass(frozen=True)
class _Walk:
    """What every qubit holds, as bits; which pairs are still to come; the way so far."""

    held: tuple[int, ...]
    left: frozenset[int]
    way: tuple[Stride, ...]

    @property
    def cost(self) -> int:
        """At least so many CX: each one meets a pair or brings a qubit home."""
        away = sum(h != 1 << k for k, h in enumerate(self.held))
        return len(self.way) + len(self.left) + away


@cache
def tour(qubits: int, pairs: tuple[Pair, ...]) -> tuple[Stride, ...]:
    """CX after which every pair's parity was held once, and all qubits hold themselves again."""
    plain = tuple(s for a, b in pairs for s in ((a, b, (a, b)), (a, b, None)))
    named = {1 << a | 1 << b: (a, b) for a, b in pairs}
    beam = [_Walk(tuple(1 << k for k in range(qubits)), frozenset(named), ())]
    while beam:
        done = next((w for w in beam if w.cost == len(w.way)), None)
        if done is not None:
            return min(done.way, plain, key=len)
        found: dict[tuple[tuple[int, ...], frozenset[int]], _Walk] = {}
        for walk in beam:
            for following in _further(walk, qubits, named):
                found.setdefault((following.held, following.left), following)
        within = (w for w in found.values() if w.cost < len(plain))
        beam = sorted(within, key=lambda w: (w.cost, len(w.left), w.held, w.way))[:_BEAM]
    return plain


def _further(walk: _Walk, qubits: int, named: dict[int, Pair]) -> Iterable[_Walk]:
    for target in range(qubits):
        for control in range(qubits):
            new = walk.held[control] ^ walk.held[target]
            if control == target or new.bit_count() > _LONGEST:
                continue
            held = (*walk.held[:target], new, *walk.held[target + 1 :])
            pair = named[new] if new in walk.left else None
            yield _Walk(held, walk.left - {new}, (*walk.way, (control, target, pair)))
