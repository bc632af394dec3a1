"""A woven step as tasks and moves: the CX that were found, and what is done between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product

from .frames import Stride
from .paulis import CLIFFORDS, DROP, Op, Pauli, Rotations, letter, negative, pauli, turned
from .router import CLEAN, ZERO, Move, Place
from .segments import Role
from .tasks import scaled
from .work import Task

#: Gates that turn a Pauli into Z (into X), and back.
_Z = {"X": (("h",), ("h",)), "Y": (("sdg", "h"), ("h", "s")), "Z": ((), ())}
_X = {"X": ((), ()), "Y": (("sdg",), ("s",)), "Z": (("h",), ("h",))}
_BACK = {"s": "sdg"}


@dataclass
class Written:
    """Tasks and moves of a step, written down along its CX.

    `places`: of the graph that `start` and the CX speak of, on the device.
    """

    step: Rotations
    places: Sequence[Place]
    start: Sequence[int]
    tasks: list[Task] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    end: dict[Role, Place] = field(default_factory=dict)
    images: list[Pauli] = field(init=False)
    first: list[int] = field(init=False)
    left: dict[int, None] = field(init=False)

    def all(self, way: Sequence[Stride]) -> None:
        self.images = [self._placed(p) for op in self.step.ops for p in op.about]
        self.images += [self._placed(p) for r in self.step.final for p in self.step.final[r]]
        self.first = []
        count = 0
        for op in self.step.ops:
            self.first.append(count)
            count += len(op.about)
        self.left = dict.fromkeys(range(len(self.step.ops)))
        for q in self.step.born:
            self.moves.append((ZERO, (self.places[self.start[q]],)))
        self._advance()
        for control, target, one, other in way:
            around = ((control, *_Z[one]), (target, *_X[other]))
            for at, into, _ in around:
                self._gates(into, at)
            self._gates(("cx",), control, target)
            for at, _, back in around:
                self._gates(back, at)
            self._advance()
        for k, r in enumerate(self.step.final):
            self.end[r] = self.places[self._home(count + 2 * k)[0]]

    def _placed(self, p: Pauli) -> Pauli:
        x = sum(1 << at for q, at in enumerate(self.start) if p[0] >> q & 1)
        z = sum(1 << at for q, at in enumerate(self.start) if p[1] >> q & 1)
        return x, z, p[2]

    def _task(self, task: Task, *at: int) -> None:
        self.moves.append((len(self.tasks), tuple(self.places[i] for i in at)))
        self.tasks.append(task)

    def _plain(self, name: str, *at: int) -> None:
        self._task(Task(name, (), (), -1, int(len(at) == 2)), *at)

    def _gates(self, names: Sequence[str], *at: int) -> None:
        """Gates that the Paulis go through."""
        for name in names:
            self._plain(name, *at)
            for letters, quarters in CLIFFORDS[name]:
                about = pauli(letters, at)
                self.images = [turned(p, about, quarters) for p in self.images]

    def _advance(self) -> None:
        """Every operation that can be done where it is."""
        more = True
        while more:
            more = False
            for i in list(self.left):
                op, first = self.step.ops[i], self.first[i]
                own = self.images[first : first + len(op.about)]
                here = all((p[0] | p[1]).bit_count() == 1 for p in own)
                if here and not any(n in self.left for n in op.needs):
                    del self.left[i]
                    self._do(op, first)
                    more = True

    def _do(self, op: Op, first: int) -> None:
        if op.task is None:
            p = self.images[first]
            slot = scaled(op.slot, -1.0) if negative(p) else op.slot
            name = "r" + letter(p).lower()
            self._task(Task(name, (), (slot,), -1), (p[0] | p[1]).bit_length() - 1)
            return
        at, way = self._home(first)
        if op.task.name == "renew":
            self.moves.append((CLEAN, (self.places[at],)))
        elif op.task.name != DROP:
            held = [Task("fence", (), (), -1, fence=True)] if op.held else []
            for fence in held:
                self._task(fence)
            self._task(replace(op.task, roles=()), at)
            for fence in held:
                self._task(fence)
        if op.again:
            self.moves.append((ZERO, (self.places[at],)))
        if op.again or op.goes_on:
            for name in reversed(way):
                self._plain(_BACK.get(name, name), at)

    def _home(self, first: int) -> tuple[int, tuple[str, ...]]:
        """Turns the place of two Paulis until they are X and Z there; the place and the gates.

        What comes later knows nothing of it: a qubit that begins anew there is turned back.
        """
        x, z = self.images[first], self.images[first + 1]
        at = (x[0] | x[1]).bit_length() - 1
        way = _to_plain(_alone(x, at), _alone(z, at))
        for name in way:
            self._plain(name, at)
        return at, way


def _alone(p: Pauli, at: int) -> Pauli:
    return p[0] >> at, p[1] >> at, p[2]


@cache
def _to_plain(x: Pauli, z: Pauli) -> tuple[str, ...]:
    """Gates that bring two Paulis of a qubit to X and Z."""
    for count in range(6):
        for names in product(("h", "s", "x", "z"), repeat=count):
            a, b = x, z
            for name in names:
                for letters, quarters in CLIFFORDS[name]:
                    about = pauli(letters, (0,))
                    a, b = turned(a, about, quarters), turned(b, about, quarters)
            if (a, b) == (pauli("X", (0,)), pauli("Z", (0,))):
                return names
    raise AssertionError((x, z))
