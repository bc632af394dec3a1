"""The search for the placement and routing of a step: many tries, the best by expected loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from .moved import embeddings, moved
from .router import Device, Place, Routed, Router
from .segments import Role
from .work import Task

#: Units of work (evaluated swaps) that a second of budget stands for. The search ends after that
#: many units, not after the time: so the result does not depend on the machine.
UNITS = 280_000

#: What it takes to begin a try, in these units.
_START = 10

#: How many candidates a long search keeps, and a short one.
_MANY, _FEW = 12, 2
#: How many of those are written in the device's gates.
_LOWERED = 3
#: What the device's own errors weigh against typical ones, when it is decided where a step goes:
#: most of it. Typical ones still count, because calibrations change from day to day.
OWN = 3.0
#: How many ways are tried for a segment in which nothing has to move.
_STILL = 24

#: Where each role that leaves enters the next step; None for one without a step after it.
Sigma = Mapping[Role, Role]


@dataclass(frozen=True)
class Candidate:
    """One routed step that ends where it began, or two that take turns."""

    parts: tuple[Routed, ...]

    @property
    def cost(self) -> float:
        return sum(p.cost for p in self.parts) / len(self.parts)


#: Where every qubit of a step begins; see `Segment.qubits`.
Start = dict[int, Place]


@dataclass
class Search:
    """`sigma`: how a step's leaving roles enter the next one. `enters`: roles with a state."""

    device: Device
    tasks: Sequence[Task]
    qubits: Sequence[int]
    enters: frozenset[Role]
    leaves: frozenset[Role]
    sigma: Sigma
    seed: int
    tell: Callable[[int, int], None] | None = None
    tried: int = 0
    router: Router = field(init=False)

    def __post_init__(self) -> None:
        self.router = Router(self.device, self.tasks, self.qubits, self.enters, self.leaves)
        both = (t.roles for t in self.tasks if len(t.roles) == 2 and not t.fence)
        self.pairs = [(self.qubits[a], self.qubits[b]) for a, b in both]
        self.count = len(set(self.qubits))
        self.weights: list[dict[int, float]] = [{} for _ in range(self.count)]
        for a, b in self.pairs:
            self.weights[a][b] = self.weights[a].get(b, 0) + 1
            self.weights[b][a] = self.weights[b].get(a, 0) + 1

    @property
    def work(self) -> int:
        return self.router.work + (len(self.tasks) + _START) * self.tried

    def closed(self, units: int) -> list[Candidate]:
        """The best candidates that can be repeated for ever; a single one for a short search."""
        keep = _MANY if units >= UNITS else _FEW
        best: list[Candidate] = []
        k = 0
        for start in self._embedded(4):
            best = _best(best + self._both(start, Random(self.seed), 1.0), keep)
        if best and best[0].parts[0].still:
            return [self._moved(c) for c in best[:1]]  # nothing to route
        while k < 3 or self.work < units:
            rng = Random(self.seed * 1_000_003 + k)
            again = self._again(best, rng) if k % 3 else []
            best = _best(best + (again or self._both(self._start(best, rng), rng)), keep)
            if k % 16 == 15 and self.tell is not None:
                self.tell(self.work, units)
            k += 1
            if not self.pairs and k >= 3:
                break
        found = [self._moved(c) for c in (best if keep == _MANY else best[:1])]
        return sorted(found, key=self._price)[:_LOWERED]

    def between(
        self, start: Mapping[Role, Place], target: Mapping[Role, Place] | None, units: int
    ) -> Routed:
        """The best way from given places of entering roles to given places of leaving ones."""
        best: Routed | None = None
        least = 0.0
        k, before = 0, self.work
        fixed = {self.qubits[r]: p for r, p in start.items()}
        while k < 3 or self.work - before < units:
            rng = Random(self.seed * 1_000_003 + k)
            routed = self._route(self._place(fixed, rng), target, rng)
            price = self._price(Candidate((routed,)))
            if best is None or price < least:
                best, least = routed, price
            k += 1
            if best.still and k >= _STILL:
                break
        assert best is not None
        return best

    def target(self, start: Start) -> dict[Role, Place]:
        """Where leaving roles must be for the next step to start as this one did."""
        return {r: start[self.qubits[s]] for r, s in self.sigma.items()}

    # --- tries --------------------------------------------------------------------------------

    def _route(
        self,
        start: Start,
        target: Mapping[Role, Place] | None,
        rng: Random,
        heeded: float = 0.6,
    ) -> Routed:
        """What does not enter begins at its place in `start` in so many of the cases."""
        self.tried += 1
        entering = {r: start[self.qubits[r]] for r in sorted(self.enters)}
        return self.router.route(entering, target, rng, start if rng.random() < heeded else None)

    def _both(self, start: Start, rng: Random, heeded: float = 0.6) -> list[Candidate]:
        closed = self._route(start, self.target(start), rng, heeded)
        found = [Candidate((closed,))]
        free = self._route(start, None, rng, heeded)
        if free.gates < closed.gates:
            fixed = {self.qubits[s]: free.end[r] for r, s in self.sigma.items()}
            second = self._place(fixed, rng, self._ends(free))
            back = self._route(second, self.target(start), rng)
            found.append(Candidate((free, back)))
        return found

    def _again(self, best: list[Candidate], rng: Random) -> list[Candidate]:
        """A good candidate with another end from some point on."""
        if not best:
            return []
        parts = list(rng.choice(best).parts)
        i = rng.randrange(len(parts))
        part, following = parts[i], parts[(i + 1) % len(parts)]
        if not part.marks:
            return []
        self.tried += 1
        target = {r: following.start[s] for r, s in self.sigma.items()}
        parts[i] = self.router.again(part, rng.randrange(len(part.marks)), target, rng)
        return [Candidate(tuple(parts))]

    def _moved(self, candidate: Candidate) -> Candidate:
        """The same candidate where the device errs least."""
        return Candidate(moved(candidate.parts, self.router))

    def _price(self, candidate: Candidate) -> float:
        """The cost where couplings are alike, and some of the loss by the device's errors."""
        loss = sum(self.router.loss(p.moves) for p in candidate.parts) / len(candidate.parts)
        return candidate.cost + OWN * loss

    # --- places -------------------------------------------------------------------------------

    def _start(self, best: list[Candidate], rng: Random) -> Start:
        """Places to begin at: new ones, or those of a good candidate with a change."""
        start: Start = {}
        if best and rng.random() < 0.5:
            part = rng.choice(rng.choice(best).parts)
            start = {self.qubits[r]: p for r, p in part.start.items()}
            start = self._place(start, rng, self._ends(part))
        if start:
            one = rng.choice(sorted(start))
            there = rng.choice(self.device.neighbours[start[one]] or (start[one],))
            other = next((q for q, p in start.items() if p == there), None)
            if other is not None:
                start[other] = start[one]
            start[one] = there
            return start
        start = self._place({}, rng)
        for _ in range(2):
            free = self._route(start, None, rng)
            fixed = {self.qubits[s]: free.end[r] for r, s in self.sigma.items()}
            start = self._place(fixed, rng, self._ends(free))
        return start

    def _ends(self, routed: Routed) -> Start:
        return {self.qubits[r]: p for r, p in routed.end.items()}

    def _place(self, fixed: Start, rng: Random, near: Start | None = None) -> Start:
        """Places for all qubits: the fixed ones, `near` ones if free, the rest by coupling."""
        place = dict(fixed)
        taken = set(place.values())
        distance, weights = self.device.distance, self.weights
        for q, p in (near or {}).items():
            if q not in place and p not in taken:
                place[q] = p
                taken.add(p)
        left = [q for q in range(self.count) if q not in place]
        while left:
            _, _, one = max(
                (sum(w for s, w in weights[q].items() if s in place), rng.random(), q) for q in left
            )
            left.remove(one)
            if not place:
                place[one] = self._seed_place(rng)
                taken.add(place[one])
                continue
            partners = {s: w for s, w in weights[one].items() if s in place}
            partners = partners or dict.fromkeys(place, 0.1)
            around = {n for p in taken for n in self.device.neighbours[p] if n not in taken} or {
                p for p in range(self.device.size) if p not in taken
            }
            if not around:
                break  # more qubits than places: some are not alive at the same time
            scores = (
                (
                    sum(w * distance[p][place[s]] for s, w in partners.items())
                    + self._trouble(p)
                    + 0.5 * rng.random(),
                    p,
                )
                for p in sorted(around)
            )
            place[one] = min(scores)[1]
            taken.add(place[one])
        return place

    def _trouble(self, place: Place) -> float:
        pairs = [(min(place, n), max(place, n)) for n in self.device.neighbours[place]]
        return 30 * min((self.router.errors[p] for p in pairs), default=0.0)

    def _seed_place(self, rng: Random) -> Place:
        some = [rng.randrange(self.device.size) for _ in range(4)]
        return min(some, key=lambda p: (self._trouble(p), -len(self.device.neighbours[p]), p))

    def _embedded(self, most: int) -> list[Start]:
        """Places where every pair that meets is coupled."""
        pairs = sorted({(min(p), max(p)) for p in self.pairs})
        if not pairs:
            return []
        return list(islice(embeddings(self.device, self.count, pairs), most))


def _best(found: list[Candidate], keep: int) -> list[Candidate]:
    """The best, one of each cost."""
    order = sorted(range(len(found)), key=lambda i: (found[i].cost, i))
    kept: list[Candidate] = []
    for i in order:
        if not kept or found[i].cost > kept[-1].cost + 1e-9:
            kept.append(found[i])
    return kept[:keep]
