"""Which circuits give which outputs.

A circuit ends somewhere (its cut) and measures every line in one basis. An atom fits when it lies
before the cut, nothing touches its lines between the two, and no other atom of the circuit wants
another basis.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .lines import NEVER, Time
from .outputs import Atom, Basis, Key, Needed, Slot


@dataclass(eq=False)
class CircuitPlan:
    """One circuit: one run (None: all of them) from step `start` to the operation at `cut`."""

    run: int | None
    cut: Time
    start: int = 0
    atoms: dict[Key, list[Atom]] = field(default_factory=dict)
    _letters: dict[tuple[int, Slot], str] = field(default_factory=dict)
    _keys: dict[tuple[int, int], list[Key]] = field(default_factory=dict)
    _sorted: int = 0  # how many of the outputs `_keys` knows

    def fits(self, atoms: Iterable[Atom]) -> bool:
        """Whether these can be measured here too, all of them."""
        letters: dict[tuple[int, Slot], str] = {}
        posts: dict[Key, int] = {}
        for atom in atoms:
            if atom.time > self.cut or atom.deadline <= self.cut:
                return False
            # Shots are kept by the postselections before the read-out: one number per register.
            held = self.atoms.get(atom.key) or (atom,)
            if posts.setdefault(atom.key, held[0].posts) != atom.posts:
                return False
            for slot, letter in atom.basis:
                where = (atom.key[0], slot)
                if letters.setdefault(where, self._letters.get(where, letter)) != letter:
                    return False
        return True

    def add(self, atoms: Iterable[Atom]) -> None:
        for atom in atoms:
            self.atoms.setdefault(atom.key, []).append(atom)
            self._letters.update(((atom.key[0], slot), letter) for slot, letter in atom.basis)

    def keys(self, run: int, step: int) -> list[Key]:
        """The outputs measured in a step of a run."""
        if self._sorted != len(self.atoms):
            self._keys, self._sorted = {}, len(self.atoms)
            for key in self.atoms:
                self._keys.setdefault((key[0], key[2]), []).append(key)
        return self._keys.get((run, step), [])

    def chosen(self, key: Key) -> frozenset[tuple[Time, Basis]]:
        return frozenset((a.time, a.basis) for a in self.atoms[key])


#: After every operation of every step, and before `NEVER`.
END: Time = (NEVER[0] - 1, 0)


def whole(
    needs: Iterable[Needed], run: int | None = None, cut: Time = END, start: int = 0
) -> CircuitPlan:
    """The circuit to `cut`, with every output that it can give completely."""
    plan = CircuitPlan(run, cut, start)
    for need in needs:
        if need.atoms and plan.fits(need.atoms):
            plan.add(need.atoms)
    return plan


def full(
    needs: list[Needed], run: int | None = None, cut: Time = END, start: int = 0
) -> list[CircuitPlan]:
    """All circuits that every output takes: the whole one first, then the prefixes by length.

    What is left is grouped by stabbing intervals greedily, which is optimal but for bases.
    """
    first = whole(needs, run, cut, start)
    atoms: dict[int, list[Atom]] = {}
    for need in needs:
        if need.key not in first.atoms:
            for atom in need.atoms:
                atoms.setdefault(atom.key[0], []).append(atom)
    plans = [plan for r in sorted(atoms) for plan in _stabbed(atoms[r], r, start)]
    plans.sort(key=lambda p: (p.run or 0, p.cut))
    return ([first] if first.atoms or not plans else []) + plans


def _stabbed(atoms: list[Atom], run: int, start: int) -> Iterator[CircuitPlan]:
    """Plans for the atoms of one run: each ends before the first deadline that is left.

    `begun` are those of the rest that are before this deadline, by deadline: no others can join.
    """
    order = sorted(atoms, key=lambda a: (a.deadline, a.time))
    later = sorted(range(len(order)), key=lambda i: order[i].time, reverse=True)
    done = [False] * len(order)
    begun: list[int] = []
    for i, head in enumerate(order):
        if done[i]:
            continue
        while later and order[later[-1]].time < head.deadline:
            insort(begun, later.pop())
        plan = CircuitPlan(run, max(order[k].time for k in begun), start)
        for k in begun:
            if plan.fits([order[k]]):
                plan.add([order[k]])
                done[k] = True
        begun = [k for k in begun if not done[k]]
        plan.cut = max(a.time for held in plan.atoms.values() for a in held)
        yield plan
