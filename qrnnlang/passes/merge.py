"""Merge: rotations about the same axis add up, inverse pairs cancel, both up to commutation.

Contract: the channel stays, up to a global phase; angles may be open. No gate goes past a read-out,
measurement, projection, reset, barrier or the end of a wire that it shares, and gates under
different bit conditions are never joined. The number of CX does not grow. Gates whose angle depends
on a read-out stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import pi

from ..ir.operands import wires_of
from ..sema.closed import Op, Ref, Wire
from .fed import fed_back
from .line import Item, Polynomial, Stamp, Step, constant, elements, number, total, within
from .rules import PERIODS, SELF_INVERSE, SYMMETRIC, pair, passes, turn

#: How many items on its wires a gate looks back over, and how often the line is gone through.
_REACH = 64
_ROUNDS = 8


def merge(step: Step) -> Step:
    return replace(step, line=merged(step.line, fed_back(step.graph)))


def merged(line: tuple[Item, ...], fixed: frozenset[Ref] = frozenset()) -> tuple[Item, ...]:
    """The line after as many rounds as help; angles of values in `fixed` stay where they are."""
    for _ in range(_ROUNDS):
        after = _Round(fixed).run(line)
        if after == line:
            break
        line = after
    return line


@dataclass
class _Round:
    fixed: frozenset[Ref]
    out: list[Item | None] = field(default_factory=list)
    on: dict[Wire, list[int]] = field(default_factory=dict)

    def run(self, line: tuple[Item, ...]) -> tuple[Item, ...]:
        for ref, item in line:
            if isinstance(item, Stamp):
                self._stamp(ref, item)
            else:
                self._append(ref, item)
        return tuple(item for item in self.out if item is not None)

    def _append(self, ref: Ref, item: Stamp | Op) -> None:
        wires = item.wires if isinstance(item, Stamp) else wires_of(item)
        for wire in wires:
            self.on.setdefault(wire, []).append(len(self.out))
        self.out.append((ref, item))

    def _stamp(self, ref: Ref, stamp: Stamp) -> None:
        todo = [stamp]
        while todo:
            now = todo.pop()
            if nothing(now):
                continue
            if any(e.ref in self.fixed for e in elements(now.angles)):
                self._append(ref, now)
                continue
            for i in self._before(now):
                entry = self.out[i]
                assert entry is not None
                there = entry[1]
                joined = join(there, now) if isinstance(there, Stamp) else None
                if joined is not None:
                    gate, rest = joined
                    self.out[i] = None if gate is None else (entry[0], gate)
                    todo += rest
                    break
                if not passes(now, there):
                    self._append(ref, now)
                    break
            else:
                self._append(ref, now)

    def _before(self, stamp: Stamp) -> Iterator[int]:
        """What stands on the wires of a gate, the latest first."""
        places = {i for w in stamp.wires for i in self.on.get(w, ())[-_REACH:]}
        floor = max(
            (self.on[w][-_REACH] for w in stamp.wires if len(self.on.get(w, ())) > _REACH),
            default=-1,
        )
        for i in sorted(places, reverse=True):
            if i >= floor and self.out[i] is not None:
                yield i


def nothing(stamp: Stamp) -> bool:
    """Whether a gate is a global phase."""
    if stamp.ctrl:
        return False
    if stamp.name == "id":
        return True
    period = PERIODS.get(stamp.name)
    if period is None:
        return False
    angle = constant(stamp.angles[0])
    return angle is not None and within(angle, period) == 0.0


def join(a: Stamp, b: Stamp) -> tuple[Stamp | None, list[Stamp]] | None:
    """`b` right after `a` as one gate (or none), and gates that commute with both; None: no."""
    if a.when != b.when or a.ctrl != b.ctrl:
        return None
    if a.wires != b.wires and (set(a.wires) != set(b.wires) or a.name == "gphase"):
        return None
    same = a.name == b.name and (a.wires == b.wires or _alike(a, b))
    if same and a.name in SELF_INVERSE:
        return None, []
    if a.ctrl:
        return None
    if same and a.name in PERIODS:
        sum_ = total(a.angles[0], b.angles[0])
        return _rotation(a.name, a.wires, sum_, a), []
    if len(a.wires) == 1:
        return _one(a, b)
    return _two(a, b) if len(a.wires) == 2 else None


def _alike(a: Stamp, b: Stamp) -> bool:
    """Whether the order of the operands does not matter."""
    if a.name in SYMMETRIC:
        return True
    if a.name in ("ccx", "mcx"):
        return a.wires[-1] == b.wires[-1]
    return a.name == "cswap" and a.wires[0] == b.wires[0]


def _one(a: Stamp, b: Stamp) -> tuple[Stamp | None, list[Stamp]] | None:
    first, second = turn(a), turn(b)
    if first is None or second is None or first[0] != second[0]:
        return None
    letter = first[0]
    plain = letter == "Z" and "rz" not in (a.name, b.name)
    name = "p" if plain else f"r{letter.lower()}"
    return _rotation(name, a.wires, total(first[1], second[1]), a), []


def _two(a: Stamp, b: Stamp) -> tuple[Stamp | None, list[Stamp]] | None:
    first, second = pair(a), pair(b)
    if first is None or second is None or first[0] != second[0]:
        return None
    where, swapped = first[0], a.wires != b.wires
    if swapped and where != "ZZ":
        return None
    mine, other = (second[3], second[2]) if swapped else (second[2], second[3])
    both = total(first[1], second[1])
    left, right = total(first[2], mine), total(first[3], other)
    gate, more = coupling(where, both, a)
    rest = []
    for wire, letter, angle, extra in zip(a.wires, where, (left, right), more, strict=True):
        local = total(angle, extra)
        if local:
            rest.append(Stamp(f"r{letter.lower()}", (wire,), (local,), a.when))
    return gate, rest


def coupling(
    where: str, angle: Polynomial, like: Stamp
) -> tuple[Stamp | None, tuple[Polynomial, Polynomial]]:
    """A rotation about a product of two Paulis by gates that have names, with the rest on each."""
    known = constant(angle)
    if known is not None:
        known = within(known)
        if known == 0.0:
            return None, ((), ())
        if abs(known - pi) < 1e-12:
            return None, (number(pi), number(pi))
        if abs(abs(known) - pi / 2) < 1e-12:
            return replace(like, name=f"c{where[1].lower()}", angles=()), (number(known),) * 2
        angle = number(known)
    if where == "ZY":
        doubled = tuple((-2.0 * c, fs) for c, fs in angle)
        return replace(like, name="cry", angles=(doubled,)), ((), angle)
    return replace(like, name=f"r{where.lower()}", angles=(angle,)), ((), ())


def _rotation(name: str, wires: tuple[Wire, ...], angle: Polynomial, like: Stamp) -> Stamp | None:
    known = constant(angle)
    if known is not None:
        angle = number(within(known, PERIODS[name]))
    made = Stamp(name, wires, (angle,), like.when)
    return None if nothing(made) else made
