"""Which role is where while a step is routed, and the ways to move it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import rustworkx as rx

from .router import CLEAN, MOVE, SWAP, ZERO, Move, Place, Router
from .segments import Role


class Board:
    """`place[role]`, `holder[place]`: −1 for none. `last`: the pair that a place met last."""

    def __init__(self, router: Router, start: Mapping[Role, Place], rng: Random) -> None:
        self.router, self.rng = router, rng
        self.device = router.device
        self.distance = router.device.distance
        self.place: list[Place] = [-1] * router.roles
        self.holder: list[Role] = [-1] * router.device.size
        for role, place in start.items():
            self.place[role], self.holder[place] = place, role
        self.moves: list[Move] = []
        self.work = 0
        self.last: dict[Place, tuple[Place, Place]] = {}
        self.price = rng.uniform(0.5, 1.5)

    def swap(self, a: Place, b: Place) -> None:
        holder, place = self.holder, self.place
        r, s = holder[a], holder[b]
        if r < 0 and s < 0:
            return
        holder[a], holder[b] = s, r
        if r >= 0:
            place[r] = b
        if s >= 0:
            place[s] = a
        if r >= 0 and s >= 0:
            self.moves.append((SWAP, (a, b)))
            self.last[a] = self.last[b] = (a, b) if a < b else (b, a)
            return
        here, there = (a, b) if r >= 0 else (b, a)
        self.moves += [(ZERO, (there,)), (MOVE, (here, there)), (CLEAN, (here,))]
        self.last.pop(a, None)
        self.last.pop(b, None)

    def force(self, r: Role, s: Role) -> None:
        """Brings two roles together on a shortest path."""
        p, q = self.place[r], self.place[s]
        while self.distance[p][q] > 1:
            step = min(self.device.neighbours[p], key=lambda n: (self.distance[n][q], n))
            self.swap(p, step)
            p = step

    def bring(self, target: Mapping[Role, Place]) -> None:
        """Moves roles to their places; all others go anywhere."""
        distance, place, holder = self.distance, self.place, self.holder
        moves = 0
        while True:
            away = [r for r, t in target.items() if place[r] != t]
            if not away:
                return None
            if moves > 4 * len(target) + 20:
                return self._bring_surely(target)
            best, found = float("inf"), None
            for r in away:
                p, t = place[r], target[r]
                for q in self.device.neighbours[p]:
                    s = holder[q]
                    gain = distance[q][t] - distance[p][t]
                    price = 0.5
                    if s >= 0:
                        gain += distance[p][target[s]] - distance[q][target[s]]
                        price = 0.75
                    if self.last.get(p) == self.last.get(q) == (min(p, q), max(p, q)):
                        price = 0.25
                    score = gain + price * self.price + 0.3 * self.rng.random()
                    if gain < 1 and score < best:
                        best, found = score, (p, q, gain)
                self.work += 3
            if found is None or found[2] >= 0:
                far = max(away, key=lambda r: (distance[place[r]][target[r]], r))
                p, t = place[far], target[far]
                q = min(self.device.neighbours[p], key=lambda n: (distance[n][t], n))
                found = (p, q, 0)
            self.swap(found[0], found[1])
            moves += 1

    def _bring_surely(self, target: Mapping[Role, Place]) -> None:
        mapping = {self.place[r]: t for r, t in target.items()}
        seed = self.rng.randrange(2**31)
        for a, b in rx.graph_token_swapper(self.device.graph, mapping, 4, seed, 500):
            self.swap(a, b)
        self.work += 500
