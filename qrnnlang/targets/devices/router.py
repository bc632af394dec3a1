"""Routing one step: which qubit is where, and where SWAP gates go.

A greedy search with look-ahead (as in SABRE, arXiv 1809.02573) with three additions that a step
asks for: gates that commute may be taken in any order; a SWAP right after a gate on the same pair
is cheap, because both together take at most three entangling gates; and what is carried must come
to given places at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

import rustworkx as rx

from .segments import Role
from .work import Task, predecessors

Place: TypeAlias = int


@dataclass(frozen=True, eq=False)
class Device:
    """Coupled pairs; `errors` of the entangling gate on a pair (a < b), `distance` in couplings."""

    size: int
    neighbours: tuple[tuple[Place, ...], ...]
    errors: Mapping[tuple[Place, Place], float]
    distance: Sequence[Sequence[float]]
    graph: rx.PyGraph

    @property
    def coupled(self) -> bool:
        """Whether there is anything to route."""
        return all(len(n) < self.size - 1 for n in self.neighbours)


#: A task at places, or a SWAP of two places (task None).
Move: TypeAlias = "tuple[int | None, tuple[Place, ...]]"


@dataclass
class Routed:
    """`cost`: expected loss −log(success) of the entangling gates, and a little for depth."""

    moves: list[Move]
    start: dict[Role, Place]
    end: dict[Role, Place]
    cost: float
    gates: int
    depth: int


@dataclass
class Router:
    """Routes the tasks of one segment, each call with its own draw.

    `work` counts evaluations of candidate swaps, the unit in which a search is limited.
    """

    device: Device
    tasks: Sequence[Task]
    roles: int
    work: int = 0
    needs: list[list[int]] = field(init=False)
    feeds: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.needs = predecessors(self.tasks)
        self.feeds = [[] for _ in self.tasks]
        for i, before in enumerate(self.needs):
            for j in before:
                self.feeds[j].append(i)

    def route(
        self, start: Mapping[Role, Place], target: Mapping[Role, Place] | None, rng: Random
    ) -> Routed:
        """The step from places `start`; `target`: where carried roles end, None: anywhere."""
        run = _Run(self, dict(start), target, rng)
        run.go()
        self.work += run.work
        if target is not None:
            run.bring(target)
        gates, depth, loss = self.measure(run.moves)
        return Routed(run.moves, dict(start), run.place, loss + 0.002 * depth, gates, depth)

    def measure(self, moves: Sequence[Move]) -> tuple[int, int, float]:
        """Entangling gates, their depth and their loss, with gates on one pair taken together."""
        blocks: list[_Block] = []
        last: dict[Place, int] = {}
        for task, places in moves:
            fence = task is not None and self.tasks[task].fence
            if fence or len(places) != 2:
                for p in places if fence else ():
                    last.pop(p, None)
                continue
            a, b = places
            if a not in last or last[a] != last.get(b):
                last[a] = last[b] = len(blocks)
                blocks.append(_Block((min(a, b), max(a, b))))
            block = blocks[last[a]]
            if task is None:
                block.swapped = not block.swapped
            else:
                block.weights.append(self.tasks[task].weight)
        gates, loss = 0, 0.0
        level: dict[Place, int] = {}
        for block in blocks:
            a, b = block.pair
            gates += block.gates
            loss += block.gates * self.device.errors[block.pair]
            level[a] = level[b] = max(level.get(a, 0), level.get(b, 0)) + block.gates
        return gates, max(level.values(), default=0), loss


@dataclass
class _Block:
    """Gates on one pair of places with nothing but single-qubit gates between them."""

    pair: tuple[Place, Place]
    weights: list[int] = field(default_factory=list)
    swapped: bool = False

    @property
    def gates(self) -> int:
        if self.swapped:
            return 2 if self.weights == [1] else 3  # a CX or CZ with a SWAP is an iSWAP
        return min(3, sum(self.weights))


@dataclass
class _Run:
    router: Router
    place: dict[Role, Place]
    target: Mapping[Role, Place] | None
    rng: Random
    moves: list[Move] = field(default_factory=list)
    work: int = 0

    def go(self) -> None:
        router = self.router
        tasks, distance = router.tasks, router.device.distance
        waiting = [len(n) for n in router.needs]
        ready = [i for i, n in enumerate(waiting) if n == 0]
        self.holder = {p: r for r, p in self.place.items()}
        self.last: dict[Place, tuple[Place, Place]] = {}
        blurred = self.rng.uniform(0.2, 0.8)
        stuck = 0
        decay: dict[Place, float] = {}
        while ready:
            moved = True
            done_two = False
            while moved:
                moved = False
                rest: list[int] = []
                for i in ready:
                    at = tuple(self.place[r] for r in tasks[i].roles)
                    if len(at) == 2 and not tasks[i].fence and distance[at[0]][at[1]] > 1:
                        rest.append(i)
                        continue
                    self.moves.append((i, at))
                    if len(at) == 2:
                        self.last[at[0]] = self.last[at[1]] = (min(at), max(at))
                        done_two = True
                    moved = True
                    for j in router.feeds[i]:
                        waiting[j] -= 1
                        if waiting[j] == 0:
                            rest.append(j)
                ready = rest
            if not ready:
                return
            if done_two:
                stuck, decay = 0, {}
            stuck += 1
            if stuck > 12:
                self._force(tasks[ready[0]].roles)
                stuck = 0
                continue
            self._best(ready, waiting, blurred, decay)

    def _best(
        self, ready: list[int], waiting: list[int], blurred: float, decay: dict[Place, float]
    ) -> None:
        router, place = self.router, self.place
        tasks, distance = router.tasks, router.device.distance
        front = [tasks[i].roles for i in ready]
        beyond: list[tuple[Role, ...]] = []
        stack = list(ready)
        seen = set(stack)
        for i in stack:
            if len(beyond) >= 12:
                break
            for j in router.feeds[i]:
                if j not in seen:
                    seen.add(j)
                    stack.append(j)
                    if len(tasks[j].roles) == 2 and not tasks[j].fence:
                        beyond.append(tasks[j].roles)
        pull = self.target if self.target is not None and len(beyond) < 8 else None
        edges = sorted(
            {
                (min(p, q), max(p, q))
                for roles in front
                for p in (place[r] for r in roles)
                for q in router.device.neighbours[p]
            }
        )
        best, found = float("inf"), edges[0]
        nearest = min(distance[place[a]][place[b]] for a, b in front)
        for edge in edges:
            a, b = edge
            swap = {a: b, b: a}
            total = 0.0
            close = nearest + 1
            for r, s in front:
                p, q = place[r], place[s]
                d = distance[swap.get(p, p)][swap.get(q, q)]
                total += d
                close = min(close, d)
            score = total / len(front) + 0.3 * close
            if beyond:
                far = 0.0
                for r, s in beyond:
                    p, q = place[r], place[s]
                    far += distance[swap.get(p, p)][swap.get(q, q)]
                score += blurred * far / len(beyond)
            if pull:
                home = sum(distance[swap.get(place[r], place[r])][t] for r, t in pull.items())
                score += 0.5 * blurred * home / len(pull)
            if not (self.last.get(a) == self.last.get(b) == edge):
                score += 0.25
            score *= 1.0 + max(decay.get(a, 0.0), decay.get(b, 0.0))
            score += 3.0 * router.device.errors[edge] + 0.08 * self.rng.random()
            if score < best:
                best, found = score, edge
        self.work += len(edges)
        for p in found:
            decay[p] = decay.get(p, 0.0) + 0.02
        self._swap(found)

    def _swap(self, edge: tuple[Place, Place]) -> None:
        a, b = edge
        r, s = self.holder.pop(a, None), self.holder.pop(b, None)
        if r is not None:
            self.holder[b], self.place[r] = r, b
        if s is not None:
            self.holder[a], self.place[s] = s, a
        self.last[a] = self.last[b] = edge
        self.moves.append((None, (a, b)))

    def _force(self, roles: tuple[Role, ...]) -> None:
        """Brings two roles together on a shortest path."""
        distance = self.router.device.distance
        p, q = (self.place[r] for r in roles)
        while distance[p][q] > 1:
            step = min(self.router.device.neighbours[p], key=lambda n: (distance[n][q], n))
            self._swap((min(p, step), max(p, step)))
            p = step

    def bring(self, target: Mapping[Role, Place]) -> None:
        """Moves roles to their places; all others go anywhere."""
        mapping = {self.place[r]: t for r, t in target.items()}
        if all(p == t for p, t in mapping.items()):
            return
        seed = self.rng.randrange(2**31)
        swaps = rx.graph_token_swapper(self.router.device.graph, mapping, 8, seed, 50)
        for a, b in swaps:
            self._swap((min(a, b), max(a, b)))
        self.work += 60 + 4 * len(swaps)
