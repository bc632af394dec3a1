"""One walk through a step: tasks that can be done are done, else the best SWAP is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from .board import Board
from .router import CLEAN, ZERO, Mark, Move, Place, Router
from .segments import Role

#: How many couplings beyond the next ones are looked at, and after how many SWAPs without a gate
#: the next pair is brought together on a shortest path.
_AHEAD, _PATIENCE = 12, 12


class Walk(Board):
    """What is left to do of a step, and the SWAPs that it takes."""

    def __init__(
        self,
        router: Router,
        start: Mapping[Role, Place],
        target: Mapping[Role, Place] | None,
        hints: Mapping[int, Place] | None,
        rng: Random,
    ) -> None:
        super().__init__(router, start, rng)
        self.target = target
        self.home = None if hints is None else dict(hints)
        self.order = router.orders[hints is not None]
        self.left = [0] * router.roles
        for task in router.tasks:
            if not task.fence:
                for r in task.roles:
                    self.left[r] += 1
        self.coupled = [0] * router.roles
        self.queued: dict[Role, list[int]] = {}
        self.blurred = rng.uniform(0.2, 0.9)
        self.toll = rng.uniform(0.0, 2.0)
        self.marks: list[Mark] = []

    def go(self) -> None:
        """From the beginning to the end."""
        waiting = list(self.order.needs)
        self._on([i for i, n in enumerate(waiting) if n == 0], waiting)

    def go_on(self, moves: Sequence[Move], mark: Mark) -> None:
        """From where another walk had to choose a SWAP."""
        self.moves = list(moves[: mark.moves])
        self.place = list(mark.place)
        self.holder = [-1] * self.device.size
        for role, place in enumerate(mark.place):
            if place >= 0:
                self.holder[place] = role
        self.last, self.left, self.coupled = dict(mark.last), list(mark.left), list(mark.coupled)
        self.queued = {r: list(q) for r, q in mark.queued.items()}
        self.home = None if mark.home is None else dict(mark.home)
        self._on(list(mark.ready), list(mark.waiting))

    def _mark(self, ready: list[int], waiting: list[int]) -> Mark:
        return Mark(
            len(self.moves),
            tuple(self.place),
            dict(self.last),
            tuple(self.left),
            tuple(self.coupled),
            {r: list(q) for r, q in self.queued.items()},
            None if self.home is None else dict(self.home),
            tuple(ready),
            tuple(waiting),
        )

    def _on(self, ready: list[int], waiting: list[int]) -> None:
        tasks = self.router.tasks
        stuck = 0
        decay: dict[Place, float] = {}
        while ready:
            before = sum(self.coupled)
            ready = self._advance(ready, waiting)
            if not ready:
                break
            if sum(self.coupled) > before:
                stuck, decay = 0, {}
            if not stuck:
                self.marks.append(self._mark(ready, waiting))
            stuck += 1
            if stuck > _PATIENCE:
                self.force(*tasks[ready[0]].roles)
                stuck = 0
            elif (done := self._best(ready, decay)) is not None:
                for j in self.order.feeds[done]:
                    waiting[j] -= 1
                    if waiting[j] == 0:
                        ready.append(j)
        self._flush()
        if self.target is not None:
            self.bring(self.target)

    # --- what can be done ---------------------------------------------------------------------

    def _advance(self, ready: list[int], waiting: list[int]) -> list[int]:
        """Does what can be done; gives the couplings that wait for a SWAP."""
        moved = True
        feeds = self.order.feeds
        while moved:
            moved = False
            rest: list[int] = []
            for i in ready:
                if not self._done(i):
                    rest.append(i)
                    continue
                moved = True
                for j in feeds[i]:
                    waiting[j] -= 1
                    if waiting[j] == 0:
                        rest.append(j)
            ready = rest
        return ready

    def _done(self, i: int) -> bool:
        pair = self.router.pairs[i]
        if pair is not None:
            return self._coupled(i, *pair)
        task = self.router.tasks[i]
        if task.fence:
            self._flush()
            at = tuple(p for r in task.roles if (p := self.place[r]) >= 0)
            self.moves.append((i, at))
            self.last.clear()
            return True
        for r in task.roles:
            if self.place[r] < 0:
                self.queued.setdefault(r, []).append(i)
                return True
        self._emit(i)
        return True

    def _coupled(self, i: int, a: Role, b: Role) -> bool:
        place = self.place
        if place[a] < 0 or place[b] < 0:
            if place[a] < 0 and place[b] < 0:
                first = a if len(self.router.couplings[a]) >= len(self.router.couplings[b]) else b
                self._born(first, None)
            if place[a] < 0:
                self._born(a, place[b])
            if place[b] < 0:
                self._born(b, place[a])
        p, q = place[a], place[b]
        if self.distance[p][q] > 1:
            return False
        self.last[p] = self.last[q] = (p, q) if p < q else (q, p)
        self._count(i, (p, q))
        return True

    def _emit(self, i: int) -> None:
        task = self.router.tasks[i]
        self._count(i, tuple([self.place[r] for r in task.roles]))

    def _count(self, i: int, at: tuple[Place, ...]) -> None:
        """Writes a task down; roles that are not needed any more leave their places."""
        task = self.router.tasks[i]
        self.moves.append((CLEAN, at) if task.name == "renew" else (i, at))
        both = len(task.roles) == 2
        for r in task.roles:
            self.coupled[r] += both
            self.left[r] -= 1
            if not self.left[r] and r not in self.router.leaves:
                if self.home is not None:
                    self.home[self.router.qubits[r]] = self.place[r]
                self.holder[self.place[r]] = -1
                self.place[r] = -1

    def _born(self, role: Role, near: Place | None) -> None:
        """Gives a role its place: a free one next to `near`, close to its next partners."""
        place = (self.target or {}).get(role, -1)
        if self.home is not None and (place < 0 or self.holder[place] >= 0):
            place = self.home.get(self.router.qubits[role], -1)
        if place < 0 or self.holder[place] >= 0:
            place = self._free(role, near)
        self.place[role], self.holder[place] = place, role
        self.moves.append((ZERO, (place,)))
        for i in self.queued.pop(role, ()):
            self._emit(i)

    def _free(self, role: Role, near: Place | None) -> Place:
        distance, place, rng = self.distance, self.place, self.rng
        partners = [
            (place[r], 1.0 / (1 + k))
            for k, r in enumerate(self.router.couplings[role][self.coupled[role] :][:8])
            if place[r] >= 0
        ]
        around: list[Place] = []
        if near is not None:
            around = [p for p in self.device.neighbours[near] if self.holder[p] < 0]
            if not around:
                some = [p for p in range(self.device.size) if self.holder[p] < 0]
                least = min(distance[near][p] for p in some)
                around = [p for p in some if distance[near][p] <= least]
        elif partners:
            around = [
                n for p, _ in partners for n in self.device.neighbours[p] if self.holder[n] < 0
            ]
        if not around:
            live = [p for p in place if p >= 0]
            some = [p for p in range(self.device.size) if self.holder[p] < 0]
            around = sorted(some, key=lambda p: (min((distance[p][o] for o in live), default=0), p))
            around = around[:4] if live else [rng.choice(some)]
        self.work += len(around)
        errors = self.router.errors
        best, found = float("inf"), around[0]
        for p in around:
            score = 0.5 * rng.random()
            for o, weight in partners:
                score += weight * distance[p][o]
            if near is not None:
                score += 20 * errors.get((min(p, near), max(p, near)), 0.0)
            if score < best:
                best, found = score, p
        return found

    def _flush(self) -> None:
        """Roles with operations that wait for a place, and those that leave, get one."""
        waiting = {r for r in self.router.leaves if self.place[r] < 0} | set(self.queued)
        for r in sorted(waiting):
            self._born(r, None)

    # --- SWAPs --------------------------------------------------------------------------------

    def _best(self, ready: list[int], decay: dict[Place, float]) -> int | None:
        """Makes the best SWAP; or does the one that is given over the place between."""
        router, place, distance = self.router, self.place, self.distance
        tasks = router.tasks
        front = [tasks[i].roles for i in ready]
        beyond = self._beyond(ready)
        pulls: dict[Role, list[tuple[Place, float]]] = {}
        base = 0.0
        for pairs, weight in ((front, 1.0), (beyond, self.blurred)):
            w = weight / max(1, len(pairs))
            for r, s in pairs:
                p, q = place[r], place[s]
                base += w * distance[p][q]
                pulls.setdefault(r, []).append((q, w))
                pulls.setdefault(s, []).append((p, w))
        partners: dict[Role, list[Place]] = {}
        for r, s in front:
            partners.setdefault(r, []).append(place[s])
            partners.setdefault(s, []).append(place[r])
        if self.target is not None and len(beyond) < 8:
            for r, t in self.target.items():
                if place[r] >= 0:
                    w = 0.5 * self.blurred / len(self.target)
                    base += w * distance[place[r]][t]
                    pulls.setdefault(r, []).append((t, w))
        nearest = min(distance[place[a]][place[b]] for a, b in front)
        edges = {
            (p, q) if p < q else (q, p)
            for roles in front
            for p in (place[r] for r in roles)
            for q in self.device.neighbours[p]
        }
        best, found = float("inf"), None
        over = -1, -1
        holder, errors, rng = self.holder, self.router.errors, self.rng
        for edge in sorted(edges):
            a, b = edge
            r, s = holder[a], holder[b]
            score, close = base, False
            for role, here, there in ((r, a, b), (s, b, a)):
                if role >= 0:
                    row, new = distance[here], distance[there]
                    for at, w in pulls.get(role, ()):
                        if at != there:
                            score += w * (new[at] - row[at])
                    for at in partners.get(role, ()):
                        if new[at] < nearest:
                            close = True
            if not close:
                score += 0.3
            if not (self.last.get(a) == self.last.get(b) == edge):
                score += self.price * (0.3 if r >= 0 and s >= 0 else 0.18)
            if decay:
                score *= 1.0 + max(decay.get(a, 0.0), decay.get(b, 0.0))
            score += 3.0 * errors[edge] + 0.08 * rng.random()
            if score < best:
                best, found = score, edge
        self.work += len(edges)
        for i in ready:
            middle = self._middle(i) if router.bridgeable[i] else None
            if middle is not None:
                score = base - 2.0 / len(front) + self.toll + 0.08 * rng.random()
                if score < best:
                    best, found = score, None
                    over = i, middle
        if found is None:
            self._bridge(*over)
            ready.remove(over[0])
            return over[0]
        for p in found:
            decay[p] = decay.get(p, 0.0) + 0.02
        self.swap(*found)
        return None

    def _middle(self, i: int) -> Place | None:
        """A place next to both of a CX or CZ that are two couplings apart."""
        p, q = (self.place[r] for r in self.router.tasks[i].roles)
        if self.distance[p][q] != 2:
            return None
        return next(n for n in self.device.neighbours[p] if self.distance[n][q] == 1)

    def _bridge(self, i: int, middle: Place) -> None:
        p, q = (self.place[r] for r in self.router.tasks[i].roles)
        if self.holder[middle] < 0:
            self.moves.append((ZERO, (middle,)))
        self._count(i, (p, middle, q))
        self.last.pop(q, None)
        self.last[p] = self.last[middle] = (p, middle) if p < middle else (middle, p)

    def _beyond(self, ready: list[int]) -> list[tuple[Role, Role]]:
        """The next couplings after those that are ready, of roles that have places."""
        place, pairs, feeds = self.place, self.router.pairs, self.order.feeds
        found: list[tuple[Role, Role]] = []
        stack = list(ready)
        seen = set(stack)
        for i in stack:
            if len(found) >= _AHEAD:
                break
            for j in feeds[i]:
                if j not in seen:
                    seen.add(j)
                    stack.append(j)
                    pair = pairs[j]
                    if pair is not None and place[pair[0]] >= 0 and place[pair[1]] >= 0:
                        found.append(pair)
        return found
