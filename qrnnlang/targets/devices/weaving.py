"""A step woven into the couplings of a device: the other way to route it, for rotations.

`frames` finds the CX gates; here are the places that it is asked for, and the tasks and moves that
are made of what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np

from .frames import Frames, Graph, Stride, Weights
from .moved import moved
from .paulis import Rotations, rotations
from .router import Device, Place, Routed, Router
from .search import OWN
from .segments import Role
from .work import Task
from .written import Written

#: Images of Paulis for a unit of work.
_IMAGES = 110
#: What it takes to begin a try, in images.
_START = 20_000
#: The most qubits and the most operations of a step, and how wide searches are.
_QUBITS, _OPS = 9, 240
#: How wide searches are that look around, for which part of the work; and those that look closely.
_AROUND, _PART, _CLOSELY = (8, 16, 32), 0.4, (64, 128, 256)
#: How many shapes of places are tried, of how many that are looked at.
_SHAPES, _LOOKS = 6, 80
#: How many ways are kept, and how many written in the device's gates.
_KEPT, _LOWERED = 12, 4
#: How often a way between given places is looked for.
_BETWEEN = 40
#: How much longer than the best way a search may become.
_LONGER = 3


@dataclass(frozen=True)
class Woven:
    """A routed step with tasks of its own."""

    tasks: Sequence[Task]
    routed: Routed


@dataclass(frozen=True)
class _Found:
    """`cost`: about what it is where its shape errs least; `order`: of the try.

    `start`: of the qubits on a shape; `way`: the CX from there.
    """

    cost: float
    order: int
    woven: Woven
    start: Sequence[int]
    shape: int
    way: list[Stride]


def _best(found: Sequence[_Found]) -> list[_Found]:
    """The best ways, and the best on every shape: where on the device is decided later."""
    order = sorted(found, key=lambda f: (f.cost, f.order))
    return [
        f for i, f in enumerate(order) if i < _KEPT or f.shape not in {o.shape for o in order[:i]}
    ]


@dataclass
class Weaver:
    """Ways for one segment; the arguments are those of `Search`. `tell`: of the work so far."""

    router: Router
    sigma: Mapping[Role, Role]
    seed: int
    tell: Callable[[int], None] | None = None
    tried: int = 0
    work: int = 0
    step: Rotations | None = field(init=False)

    def __post_init__(self) -> None:
        router = self.router
        self.step = None
        if len(set(router.qubits)) <= _QUBITS and router.roles and any(router.pairs):
            self.step = rotations(router.tasks, router.qubits, router.enters, router.leaves)
        if self.step is not None and len(self.step.ops) > _OPS:
            self.step = None

    def closed(self, units: int, most: int) -> list[Woven]:
        """The best ways that end where they begin, if any takes no more CX than `most`."""
        if self.step is None:
            return []
        rng = Random(self.seed)
        shapes = [self._frames(s) for s in self._shapes(rng)]
        best: list[_Found] = []
        # By shape: the longest way of interest, and a gate's loss where its couplings err least.
        limit = [most + most // 4 + _LONGER] * len(shapes)
        error: dict[int, float] = {}
        k = 0
        while shapes and self.work < units * _IMAGES:
            closely = self.work > _PART * units * _IMAGES
            shape, way = k % len(shapes), list[Stride]()
            start = rng.sample(range(len(shapes[shape][1])), self.step.qubits)
            if best and (closely or k % 2):
                like = best[rng.randrange(min(len(best), 4))]
                start, shape = list(like.start), like.shape
                if closely and rng.random() < 0.6:
                    way = like.way[: rng.randrange(len(like.way) + 1)]
                elif rng.random() < 0.5:
                    _changed(start, len(shapes[shape][1]), rng)
            frames, places = shapes[shape]
            target = {r: start[self.router.qubits[s]] for r, s in self.sigma.items()}
            beam = rng.choice(_CLOSELY if closely else _AROUND)
            found = self._try(frames, start, target, limit[shape], beam, rng, way)
            if found is not None:
                woven = self._woven(found, places, start)
                gates = woven.routed.gates
                limit[shape] = min(limit[shape], gates + _LONGER)
                if shape not in error:
                    error[shape] = self._loss(self._moved(woven)) / max(1, gates)
                cost = woven.routed.cost + OWN * error[shape] * gates
                best = _best([*best, _Found(cost, k, woven, start, shape, found)])
            k += 1
            if self.tell is not None:
                self.tell(self.work // _IMAGES)
        ways = [self._moved(b.woven) for b in best]
        return sorted(ways, key=self._price)[:_LOWERED]

    def between(
        self,
        start: Mapping[Role, Place],
        target: Mapping[Role, Place] | None,
        near: Sequence[Place],
        units: int,
        most: int,
    ) -> Woven | None:
        """The best way between given places, by way of the places `near`."""
        if self.step is None:
            return None
        rng = Random(self.seed)
        qubits = self.router.qubits
        fixed = {qubits[r]: p for r, p in start.items()}
        for r, p in (target or {}).items():
            if p not in fixed.values():
                fixed.setdefault(qubits[r], p)
        wanted = set(near) | set(fixed.values()) | set((target or {}).values())
        places = sorted(wanted)
        if not _connected(self.router.device, places) or len(places) > _QUBITS + 1:
            return None
        frames, _ = self._frames(places)
        index = {p: i for i, p in enumerate(places)}
        goal = {r: index[p] for r, p in (target or {}).items()}
        best: Woven | None = None
        limit = most
        for k in range(_BETWEEN):
            free = [i for i in range(len(places)) if places[i] not in fixed.values()]
            rng.shuffle(free)
            if len(free) + len(fixed) < self.step.qubits:
                return None
            at = [index[fixed[q]] if q in fixed else free.pop() for q in range(self.step.qubits)]
            found = self._try(frames, at, goal, limit, rng.choice(_AROUND), rng)
            if found is not None:
                woven = self._woven(found, places, at)
                limit = min(limit, woven.routed.gates + _LONGER)
                if best is None or woven.routed.cost < best.routed.cost:
                    best = woven
            if k > 2 and self.work > units * _IMAGES:
                break
        return best

    def _try(
        self,
        frames: Frames,
        start: Sequence[int],
        target: Mapping[Role, int],
        most: int,
        beam: int,
        rng: Random,
        first: Sequence[Stride] = (),
    ) -> list[Stride] | None:
        usual = Weights()
        weights = replace(
            usual,
            front=usual.front * 3 ** rng.uniform(-1, 1),
            ahead=usual.ahead * 3 ** rng.uniform(-1, 1),
            away=usual.away * 3 ** rng.uniform(-1, 1),
            depth=usual.depth * 3 ** rng.uniform(-1, 1),
            noise=usual.noise * 2 ** rng.uniform(-2, 0.5),
        )
        chance = np.random.default_rng(rng.randrange(2**32))
        before = frames.work
        way = frames.search(start, target, beam, weights, chance, most, first)
        self.tried += 1
        self.work += frames.work - before + _START
        return way

    def _woven(self, way: Sequence[Stride], places: Sequence[Place], start: Sequence[int]) -> Woven:
        assert self.step is not None
        made = Written(self.step, list(places), start)
        made.all(way)
        router = self._router(made.tasks)
        gates, depth, loss = router.measure(made.moves)
        begin = {r: places[start[self.router.qubits[r]]] for r in sorted(self.router.enters)}
        cost = router.cost(depth, loss)
        return Woven(made.tasks, Routed(made.moves, begin, made.end, cost, gates, depth))

    def _router(self, tasks: Sequence[Task]) -> Router:
        nobody: frozenset[Role] = frozenset()
        return Router(self.router.device, tasks, (), nobody, nobody)

    def _price(self, woven: Woven) -> float:
        """The cost where couplings are alike, and some of the loss by the device's errors."""
        return woven.routed.cost + OWN * self._loss(woven)

    def _loss(self, woven: Woven) -> float:
        return self._router(woven.tasks).loss(woven.routed.moves)

    def _moved(self, woven: Woven) -> Woven:
        (routed,) = moved((woven.routed,), self._router(woven.tasks))
        return replace(woven, routed=routed)

    # --- places -------------------------------------------------------------------------------

    def _frames(self, places: Sequence[Place]) -> tuple[Frames, Sequence[Place]]:
        assert self.step is not None
        index = {p: i for i, p in enumerate(places)}
        pairs = ((p, n) for p in places for n in self.router.device.neighbours[p] if n > p)
        edges = [(index[p], index[n]) for p, n in pairs if n in index]
        return Frames(self.step, Graph(len(places), edges)), places

    def _shapes(self, rng: Random) -> list[list[Place]]:
        """Sets of coupled places, one of each kind, those with many couplings first."""
        assert self.step is not None
        device, size = self.router.device, self.step.qubits
        found: dict[tuple[int, ...], list[Place]] = {}
        for k in range(_LOOKS):
            places = [rng.randrange(device.size)]
            wanted = size + (k % 3 == 2)
            while len(places) < wanted:
                around = sorted({n for p in places for n in device.neighbours[p]} - set(places))
                if not around:
                    break
                ties = {n: len(set(device.neighbours[n]) & set(places)) for n in around}
                places.append(max(around, key=lambda n: (ties[n] + 2 * rng.random(), n)))
            if len(places) == wanted:
                found.setdefault(_kind(device, places), sorted(places))
        order = sorted(found, key=lambda kind: (kind[0], kind))
        return [found[kind] for kind in order[:_SHAPES]]


def _kind(device: Device, places: Sequence[Place]) -> tuple[int, ...]:
    """Equal for sets of places that are coupled alike; the first number is small for close ones."""
    far = sorted(sum(int(device.distance[p][q]) ** 2 for q in places) for p in places)
    ties = sorted(len(set(device.neighbours[p]) & set(places)) for p in places)
    return sum(far) // len(places), len(places), *far, *ties


def _connected(device: Device, places: Sequence[Place]) -> bool:
    seen, stack = set(places[:1]), list(places[:1])
    while stack:
        for n in device.neighbours[stack.pop()]:
            if n in places and n not in seen:
                seen.add(n)
                stack.append(n)
    return len(seen) == len(places) > 1


def _changed(start: list[int], size: int, rng: Random) -> None:
    """One qubit goes elsewhere; what was there comes to where it was."""
    q, there = rng.randrange(len(start)), rng.randrange(size)
    if there in start:
        start[start.index(there)] = start[q]
    start[q] = there
