"""Which circuits give which outputs.

A circuit ends somewhere (its cut) and measures every line in one basis. An atom fits when it lies
before the cut, nothing touches its lines between the two, and no other atom of the circuit wants
another basis.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    left = sorted(
        (a for n in needs if n.key not in first.atoms for a in n.atoms),
        key=lambda a: (a.key[0], a.deadline, a.time),
    )
    plans: list[CircuitPlan] = []
    while left:
        head = left[0]
        reach = [a.time for a in left if a.key[0] == head.key[0] and a.time < head.deadline]
        plan = CircuitPlan(head.key[0], max(reach), start)
        rest: list[Atom] = []
        for atom in left:
            if atom.key[0] == plan.run and plan.fits([atom]):
                plan.add([atom])
            else:
                rest.append(atom)
        plan.cut = max(a.time for atoms in plan.atoms.values() for a in atoms)
        plans.append(plan)
        left = rest
    plans.sort(key=lambda p: (p.run or 0, p.cut))
    return ([first] if first.atoms or not plans else []) + plans
