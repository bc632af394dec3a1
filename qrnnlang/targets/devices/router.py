"""Routing one step: which qubit is where, and where SWAP gates go.

A greedy search with look-ahead (as in SABRE, arXiv 1809.02573; the walk itself is in `walk`) with
four additions that a step asks for: gates that commute may be taken in any order; a SWAP right
after a gate on the same pair is cheap, because both together take at most three entangling gates;
a qubit gets its place when it is first coupled, and moves to an empty place for two gates instead
of three; and what is carried must come to given places at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import rustworkx as rx

from .segments import Role
from .work import Task, predecessors

if TYPE_CHECKING:
    from .walk import Walk

Place: TypeAlias = int

#: In place of a task: exchange two qubits; move one from the first place to the second, which is
#: in |0⟩; bring a place to |0⟩; and note that it is there.
SWAP, MOVE, ZERO, CLEAN = -1, -2, -3, -4


#: What a layer weighs against a gate of typical error.
DEPTH = 0.3
#: A coupling is shunned while routing if its error is so many times the median.
_OUTLIER = 4.0


@dataclass(frozen=True, eq=False)
class Device:
    """Coupled pairs; `errors` of the entangling gate on a pair (a < b), `distance` in couplings."""

    size: int
    neighbours: tuple[tuple[Place, ...], ...]
    errors: Mapping[tuple[Place, Place], float]
    distance: Sequence[Sequence[float]]
    graph: rx.PyGraph


#: A task, or one of the above, at places; a CX or CZ may have a place between its two.
Move: TypeAlias = "tuple[int, tuple[Place, ...]]"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a walk from which another one may go on; see `walk.Walk`."""

    moves: int
    place: tuple[Place, ...]
    last: Mapping[Place, tuple[Place, Place]]
    left: tuple[int, ...]
    coupled: tuple[int, ...]
    queued: Mapping[Role, list[int]]
    home: Mapping[int, Place] | None
    ready: tuple[int, ...]
    waiting: tuple[int, ...]


@dataclass
class Routed:
    """`cost`: loss −log(success) of the entangling gates, and a little for depth, where couplings
    are alike: what goes where on the device is settled afterwards (`moved`).
    """

    moves: list[Move]
    start: dict[Role, Place]
    end: dict[Role, Place]
    cost: float
    gates: int
    depth: int
    marks: Sequence[Mark] = ()

    @property
    def still(self) -> bool:
        """Whether no qubit moves."""
        return all(task >= 0 or task in (ZERO, CLEAN) for task, _ in self.moves)


@dataclass(frozen=True)
class Order:
    """How many tasks each one waits for, and which wait for it."""

    needs: list[int]
    feeds: list[list[int]]

    @classmethod
    def of(cls, tasks: Sequence[Task], qubits: Sequence[int]) -> Order:
        feeds: list[list[int]] = [[] for _ in tasks]
        needs = predecessors(tasks, qubits)
        for i, before in enumerate(needs):
            for j in before:
                feeds[j].append(i)
        return cls([len(n) for n in needs], feeds)


@dataclass
class Router:
    """Routes the tasks of one segment, each call with its own draw.

    `qubits[role]`: of which qubit of the program it is a life.
    `enters`, `leaves`: the roles whose state comes from the step before and goes to the next one.
    `errors`: of couplings, those that are not much worse than the others taken as alike.
    `orders`: of the tasks, when lives of one qubit may overlap and when they may not.
    `work` counts evaluations of candidate swaps, the unit in which a search is limited.
    """

    device: Device
    tasks: Sequence[Task]
    qubits: Sequence[int]
    enters: frozenset[Role]
    leaves: frozenset[Role]
    work: int = 0
    orders: tuple[Order, Order] = field(init=False)
    couplings: list[list[Role]] = field(init=False)
    #: Of each task: the roles that it couples, and whether it may go over a place between them.
    pairs: list[tuple[Role, Role] | None] = field(init=False)
    bridgeable: list[bool] = field(init=False)
    typical: float = field(init=False)
    errors: Mapping[tuple[Place, Place], float] = field(init=False)

    @property
    def roles(self) -> int:
        return len(self.qubits)

    def __post_init__(self) -> None:
        self.orders = Order.of(self.tasks, range(self.roles)), Order.of(self.tasks, self.qubits)
        self.couplings = [[] for _ in range(self.roles)]
        self.pairs = []
        self.bridgeable = [task.name in ("cx", "cz") for task in self.tasks]
        for task in self.tasks:
            self.pairs.append(None)
            if len(task.roles) == 2 and not task.fence:
                a, b = task.roles
                self.pairs[-1] = a, b
                self.couplings[a].append(b)
                self.couplings[b].append(a)
        given = self.device.errors
        self.typical = sorted(given.values())[len(given) // 2] if given else 0.0
        most = _OUTLIER * self.typical
        self.errors = {pair: e if e > most else self.typical for pair, e in given.items()}

    def route(
        self,
        start: Mapping[Role, Place],
        target: Mapping[Role, Place] | None,
        rng: Random,
        hints: Mapping[int, Place] | None = None,
    ) -> Routed:
        """The step from places `start` of what enters.

        target: where carried roles end, None: anywhere. hints: where the other lives of each qubit
        begin if they can; each begins where the one before ended. None: they begin anywhere.
        """
        from .walk import Walk

        walk = Walk(self, start, target, hints, rng)
        walk.go()
        return self._found(walk, start)

    def again(
        self, routed: Routed, at: int, target: Mapping[Role, Place] | None, rng: Random
    ) -> Routed:
        """Another way on from one of the marks of a routed step."""
        from .walk import Walk

        mark = routed.marks[at]
        walk = Walk(self, routed.start, target, mark.home, rng)
        walk.marks = list(routed.marks[:at])
        walk.go_on(routed.moves, mark)
        return self._found(walk, routed.start)

    def _found(self, walk: Walk, start: Mapping[Role, Place]) -> Routed:
        self.work += walk.work
        gates, depth, loss = self.measure(walk.moves)
        end = {r: p for r, p in enumerate(walk.place) if p >= 0}
        cost = self.cost(depth, loss)
        return Routed(walk.moves, dict(start), end, cost, gates, depth, walk.marks)

    def cost(self, depth: int, loss: float) -> float:
        return loss + DEPTH * self.typical * depth

    def measure(self, moves: Sequence[Move]) -> tuple[int, int, float]:
        """Entangling gates, their depth and their loss, with gates on one pair taken together."""
        gates, loss = 0, 0.0
        level: dict[Place, int] = {}
        for block in self._blocks(moves):
            a, b = block.pair
            n = block.gates
            gates += n
            loss += n * self.errors[block.pair]
            level[a] = level[b] = max(level.get(a, 0), level.get(b, 0)) + n
        return gates, max(level.values(), default=0), loss

    def loss(self, moves: Sequence[Move]) -> float:
        """Of the entangling gates, by the device's errors."""
        return sum(n * self.device.errors[pair] for pair, n in self.on_pairs(moves).items())

    def on_pairs(self, moves: Sequence[Move]) -> dict[tuple[Place, Place], int]:
        """How many entangling gates each pair takes."""
        found: dict[tuple[Place, Place], int] = {}
        for block in self._blocks(moves):
            found[block.pair] = found.get(block.pair, 0) + block.gates
        return found

    def _blocks(self, moves: Sequence[Move]) -> list[Block]:
        blocks: list[Block] = []
        last: dict[Place, int] = {}

        def block(a: Place, b: Place) -> Block:
            if a not in last or last[a] != last.get(b):
                last[a] = last[b] = len(blocks)
                blocks.append(Block((a, b) if a < b else (b, a)))
            return blocks[last[a]]

        for task, places in moves:
            if bridged(self.tasks, task, places):
                for pair in bridge(places):
                    block(*pair).weights.append(1)
            elif len(places) != 2 or (task >= 0 and self.tasks[task].fence):
                if task < 0 or self.tasks[task].ends:
                    for p in places:
                        last.pop(p, None)
            elif task == SWAP:
                there = block(*places)
                there.swapped = not there.swapped
            else:
                block(*places).weights.append(2 if task == MOVE else self.tasks[task].weight)
        return blocks


def bridged(tasks: Sequence[Task], task: int, places: tuple[Place, ...]) -> bool:
    """Whether a move is a task on two roles with a place between them."""
    return task >= 0 and len(places) == 3 and len(tasks[task].roles) == 2


def bridge(places: tuple[Place, ...]) -> tuple[tuple[Place, Place], ...]:
    """The CX, first to last, that are one from the first of three places to the last."""
    a, middle, b = places
    return ((middle, b), (a, middle)) * 2


@dataclass
class Block:
    """Gates on one pair of places with nothing but single-qubit gates between them."""

    pair: tuple[Place, Place]
    weights: list[int] = field(default_factory=list)
    swapped: bool = False

    @property
    def gates(self) -> int:
        if self.swapped:
            return 2 if self.weights == [1] else 3  # a CX or CZ with a SWAP is an iSWAP
        return min(3, sum(self.weights))
