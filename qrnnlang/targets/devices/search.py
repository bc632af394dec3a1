"""The search for the placement and routing of a step: many tries, the best by expected loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import rustworkx as rx

from .router import Device, Place, Routed, Router
from .segments import Role
from .work import Task

#: Units of work (evaluated swaps) that a second of budget stands for. The search ends after that
#: many units, not after the time: so the result does not depend on the machine.
UNITS = 60_000

#: Where each role that leaves enters the next step; None for one without a step after it.
Sigma = Mapping[Role, Role]


@dataclass(frozen=True)
class Candidate:
    """One routed step that ends where it began, or two that take turns."""

    parts: tuple[Routed, ...]

    @property
    def cost(self) -> float:
        return sum(p.cost for p in self.parts) / len(self.parts)


@dataclass
class Search:
    """`sigma`: how a step's leaving roles enter the next one. `enters`: roles with a state."""

    device: Device
    tasks: Sequence[Task]
    roles: int
    enters: frozenset[Role]
    sigma: Sigma
    seed: int
    tell: Callable[[int, int], None] | None = None
    tried: int = 0
    router: Router = field(init=False)

    def __post_init__(self) -> None:
        self.router = Router(self.device, self.tasks, self.roles)
        self.pairs = [t.roles for t in self.tasks if len(t.roles) == 2 and not t.fence]

    @property
    def work(self) -> int:
        return self.router.work + len(self.tasks) * self.tried

    def closed(self, units: int, keep: int = 6) -> list[Candidate]:
        """The best candidates that can be repeated for ever."""
        found: list[Candidate] = []
        embedded = self._embedded(20)
        k = 0
        while k < 3 or self.work < units:
            rng = Random(self.seed * 1_000_003 + k)
            start = embedded[k] if k < len(embedded) else self._place({}, rng)
            if k >= len(embedded):
                for _ in range(2):
                    end = self._route(start, None, rng).end
                    start = self._place({s: end[r] for r, s in self.sigma.items()}, rng, end)
            found += self._both(start, rng)
            if k + 1 == len(embedded) and not any(t is None for t, _ in found[-1].parts[0].moves):
                break  # nothing to route: only the errors of the places differ
            if k % 16 == 15:
                found = _best(found, keep)
                if self.tell is not None:
                    self.tell(self.work, units)
            k += 1
            if not self.pairs and k >= 3:
                break
        return _best(found, keep)

    def between(
        self,
        start: Mapping[Role, Place],
        target: Callable[[Mapping[Role, Place]], Mapping[Role, Place] | None],
        units: int,
    ) -> Routed:
        """The best way from given places of entering roles to given places of leaving ones."""
        best: Routed | None = None
        k, before = 0, self.work
        while k < 3 or self.work - before < units:
            rng = Random(self.seed * 1_000_003 + k)
            places = self._place(start, rng)
            routed = self._route(places, target(places), rng)
            if best is None or routed.cost < best.cost:
                best = routed
            k += 1
            if k >= 64:
                break
        assert best is not None
        return best

    def target(self, start: Mapping[Role, Place]) -> dict[Role, Place]:
        """Where leaving roles must be for the next step to start as this one did."""
        return {r: start[s] for r, s in self.sigma.items()}

    # --- tries --------------------------------------------------------------------------------

    def _route(
        self, start: Mapping[Role, Place], target: Mapping[Role, Place] | None, rng: Random
    ) -> Routed:
        self.tried += 1
        return self.router.route(start, target, rng)

    def _both(self, start: dict[Role, Place], rng: Random) -> list[Candidate]:
        closed = self._route(start, self.target(start), rng)
        found = [Candidate((closed,))]
        free = self._route(start, None, rng)
        if free.gates < closed.gates:
            second = self._place({s: free.end[r] for r, s in self.sigma.items()}, rng, free.end)
            back = self._route(second, self.target(start), rng)
            found.append(Candidate((free, back)))
        return found

    # --- places -------------------------------------------------------------------------------

    def _place(
        self,
        fixed: Mapping[Role, Place],
        rng: Random,
        near: Mapping[Role, Place] | None = None,
    ) -> dict[Role, Place]:
        """Places for all roles: those that are fixed, `near` ones if free, the rest by coupling."""
        place = dict(fixed)
        taken = set(place.values())
        distance = self.device.distance
        weights: dict[Role, dict[Role, float]] = {r: {} for r in range(self.roles)}
        for a, b in self.pairs:
            weights[a][b] = weights[a].get(b, 0) + 1
            weights[b][a] = weights[b].get(a, 0) + 1
        for r, p in (near or {}).items():
            if r not in place and p not in taken:
                place[r] = p
                taken.add(p)
        left = [r for r in range(self.roles) if r not in place]
        while left:
            known = [
                (sum(w for s, w in weights[r].items() if s in place), rng.random(), r) for r in left
            ]
            _, _, role = max(known)
            left.remove(role)
            if not place:
                place[role] = self._seed_place(rng)
            else:
                partners = {s: w for s, w in weights[role].items() if s in place}
                partners = partners or dict.fromkeys(place, 0.1)
                around = {
                    n for p in taken for n in self.device.neighbours[p] if n not in taken
                } or {p for p in range(self.device.size) if p not in taken}
                place[role] = min(
                    around,
                    key=lambda p: (
                        sum(w * distance[p][place[s]] for s, w in partners.items())
                        + self._trouble(p)
                        + 0.5 * rng.random(),
                        p,
                    ),
                )
            taken.add(place[role])
        return place

    def _trouble(self, place: Place) -> float:
        pairs = [(min(place, n), max(place, n)) for n in self.device.neighbours[place]]
        return 30 * min((self.device.errors[p] for p in pairs), default=0.0)

    def _seed_place(self, rng: Random) -> Place:
        some = [rng.randrange(self.device.size) for _ in range(4)]
        return min(some, key=lambda p: (self._trouble(p), -len(self.device.neighbours[p]), p))

    def _embedded(self, most: int) -> list[dict[Role, Place]]:
        """Places where every pair that meets is coupled."""
        graph: Any = rx.PyGraph()
        graph.add_nodes_from(list(range(self.roles)))
        for a, b in sorted({(min(p), max(p)) for p in self.pairs}):
            graph.add_edge(a, b, None)
        if not self.pairs:
            return []
        found = []
        mappings = rx.vf2_mapping(
            self.device.graph, graph, subgraph=True, induced=False, call_limit=50_000
        )
        for mapping in mappings:
            found.append({r: p for p, r in mapping.items()})
            if len(found) >= most:
                break
        return found


def _best(found: list[Candidate], keep: int) -> list[Candidate]:
    order = sorted(range(len(found)), key=lambda i: (found[i].cost, i))
    return [found[i] for i in order[:keep]]
