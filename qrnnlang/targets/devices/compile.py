"""A program on a device: one step is placed and routed, then stamped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any

import numpy as np

from ..program import Program
from .lower import Emit, Lowering, lacking
from .places import Places
from .properties import check, device_of, duration_of, loss_of, quick_reset
from .router import DEPTH, Device, Place, Routed, Router
from .search import OWN, UNITS, Candidate, Search
from .segments import Role, Segment, segments, shared_angles
from .stamping import Stamping
from .tasks import tasks_of
from .weaving import Weaver
from .work import Task

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Variant:
    """A step in the device's gates, from places of entering to places of leaving roles."""

    emits: tuple[Emit, ...]
    start: Mapping[Role, Place]
    end: Mapping[Role, Place]
    gates: int
    depth: int
    loss: float


def on_device(
    program: Program,
    bounds: Sequence[int],
    backend: Any,
    budget: float = 5.0,
    seed: int = 0,
    tell: Tell | None = None,
    dynamic: bool = True,
    weave: bool = False,
) -> Program:
    """The program in the backend's gates, on its qubits.

    Args:
        bounds: where the steps begin in the list of instructions.
        budget: of the search, in units of about a second; the same number gives the same result.
        tell: called with the work done and the work allowed.
        dynamic: whether gates under bits may be added.
        weave: whether half of the budget goes to `weaving`, if a step can be woven.

    The metadata's `device` reports the step that repeats: two-qubit gates and depth, seconds,
    estimated success, and how many candidates were tried.

    Raises:
        CompileError: E0612 for a program that the backend cannot run.
    """
    device = device_of(backend)
    parts = segments(program, [0, *bounds, len(program.instrs)])
    widest = max((s.widest for s in {p.form: p for p in parts}.values()), default=0)
    if widest > device.size:
        why = f"it has {device.size} qubits and a step takes {widest}"
        raise lacking(backend, why)
    check(program, backend)
    given = program, parts, device, backend, budget, seed, tell, dynamic, weave
    return _Assembly(*given).program_out()


@dataclass
class _Assembly:
    program: Program
    parts: list[Segment]
    device: Device
    backend: Any
    budget: float
    seed: int
    tell: Tell | None
    dynamic: bool
    weave: bool
    known: dict[tuple[Any, ...], Variant] = field(default_factory=dict)
    tried: int = 0

    def __post_init__(self) -> None:
        self.lowering = Lowering(self.backend, self.device.size, self.seed)
        self.groups: dict[Any, list[Segment]] = {}
        for part in self.parts:
            self.groups.setdefault(part.form, []).append(part)
        self.tasks: dict[Any, list[Task]] = {
            form: tasks_of(group[0], shared_angles(group), self.program.customs)
            for form, group in self.groups.items()
        }

    def program_out(self) -> Program:
        out = Program(self.program.name, self.program.names, cregs=self.program.cregs)
        out.new_qubits("q", self.device.size)
        out.clbits, out.phase = self.program.clbits, self.program.phase
        out.bases, out.metadata = self.program.bases, dict(self.program.metadata)
        if not self.parts:
            return out
        count = Counter(p.form for p in self.parts)
        main = max(range(len(self.parts)), key=lambda i: (count[self.parts[i].form], -i))
        steady = self._steady(main)
        self._stamp(out, main, steady)
        out.metadata["device"] = self._report(steady)
        return out

    # --- the step that repeats ----------------------------------------------------------------

    def _search(self, i: int, sigma: Mapping[Role, Role]) -> Search:
        part = self.parts[i]
        return Search(
            self.device,
            self.tasks[part.form],
            part.qubits,
            part.enters,
            part.leaves,
            sigma,
            self.seed,
            self.tell,
        )

    def _sigma(self, i: int) -> dict[Role, Role]:
        """How the roles that leave segment i enter the next one; itself again for the last."""
        part = self.parts[i]
        if i + 1 == len(self.parts):
            return {}
        following = self.parts[i + 1]
        role = {n: r for r, n in enumerate(following.lives)}
        return {r: role[part.lives[r]] for r in sorted(part.leaves)}

    def _steady(self, main: int) -> list[Variant]:
        """The variants of the step that repeats: one, or two that take turns."""
        alike = main + 1 < len(self.parts) and self.parts[main + 1].form == self.parts[main].form
        sigma = self._sigma(main) if alike else {}
        search = self._search(main, sigma)
        weaver = self._weaver(search.router, sigma)
        units = round(self.budget * UNITS)
        share = units if weaver is None else units // 2
        if self.tell is not None:
            tell = self.tell
            search.tell = lambda done, _: tell(done, units)
            if weaver is not None:
                weaver.tell = lambda done: tell(min(share + done, units), units)
        candidates = search.closed(share)
        self.tried += search.tried
        if not alike:
            candidates = [Candidate(c.parts[:1]) for c in candidates]
        lowered = [[self._variant(main, r) for r in c.parts] for c in candidates]
        if weaver is not None:
            most = max(v.gates for v in lowered[0])
            for woven in weaver.closed(units - share, most):
                lowered.append([self._variant(main, woven.routed, woven.tasks)])
            self.tried += weaver.tried
        best = min(range(len(lowered)), key=lambda k: (_cost(lowered[k], self.device), k))
        return lowered[best]

    def _weaver(self, router: Router, sigma: Mapping[Role, Role]) -> Weaver | None:
        """What weaves a step, where that is wanted and can be."""
        weaver = Weaver(router, sigma, self.seed) if self.weave else None
        return weaver if weaver is not None and weaver.step is not None else None

    def _variant(self, i: int, routed: Routed, tasks: Sequence[Task] | None = None) -> Variant:
        tasks = self.tasks[self.parts[i].form] if tasks is None else tasks
        emits = tuple(self.lowering.lower(tasks, routed.moves))
        gates, depth, loss = _measured(emits, self.device)
        part = self.parts[i]
        start = {r: routed.start[r] for r in sorted(part.enters)}
        end = {r: routed.end[r] for r in sorted(part.leaves)}
        return Variant(emits, start, end, gates, depth, loss)

    # --- stamping -----------------------------------------------------------------------------

    def _stamp(self, out: Program, main: int, steady: list[Variant]) -> None:
        form = self.parts[main].form
        place = self._first(main, steady[0])
        stamping = Stamping(out, Places(self.dynamic and quick_reset(self.backend)))
        order = {form: sorted(group[0].enters) for form, group in self.groups.items()}
        for i, part in enumerate(self.parts):
            at = {r: place[part.lives[r]] for r in order[part.form]}
            fitting = [v for v in steady if v.start == at] if part.form == form else []
            variant = fitting[0] if fitting else self._bridge(i, at, form, steady[0])
            stamping.step(variant.emits, part.instrs)
            place = {part.lives[r]: p for r, p in variant.end.items()}

    def _first(self, main: int, variant: Variant) -> dict[int, Place]:
        """Places before the first segment: where the repeated step wants them."""
        part = self.parts[main]
        place = {part.lives[r]: p for r, p in variant.start.items()}
        left = [p for p in range(self.device.size) if p not in set(place.values())]
        near = sorted(place.values()) or [0]
        left.sort(key=lambda p: (min(self.device.distance[p][n] for n in near), p))
        for r in sorted(self.parts[0].enters):
            life = self.parts[0].lives[r]
            if life not in place:
                place[life] = left.pop(0)
        return place

    def _bridge(self, i: int, at: dict[Role, Place], form: Any, steady: Variant) -> Variant:
        """A segment that is not the repeated one, from where its qubits are now."""
        part, sigma = self.parts[i], self._sigma(i)
        following = self.parts[i + 1] if i + 1 < len(self.parts) else None
        target: dict[Role, Place] | None = None
        if following is not None and following.form == form:
            target = {r: steady.start[s] for r, s in sigma.items()}
        elif following is not None and following.form == part.form:
            target = {r: at[s] for r, s in sigma.items() if s in at}
        key = (part.form, tuple(at.items()), None if target is None else tuple(target.items()))
        if key not in self.known:
            self.known[key] = self._between(i, at, target, steady)
        return self.known[key]

    def _between(
        self,
        i: int,
        at: dict[Role, Place],
        target: dict[Role, Place] | None,
        steady: Variant,
    ) -> Variant:
        sigma = self._sigma(i)
        search = self._search(i, sigma)
        units = round(0.2 * self.budget * UNITS)
        weaver = self._weaver(search.router, sigma)
        routed = search.between(at, target, units if weaver is None else units // 2)
        self.tried += search.tried
        found = [self._variant(i, routed)]
        if weaver is not None:
            near = sorted({p for e in steady.emits for p in e.places})
            woven = weaver.between(at, target, near, units // 2, found[0].gates)
            if woven is not None:
                found.append(self._variant(i, woven.routed, woven.tasks))
            self.tried += weaver.tried
        return min(found, key=lambda v: _cost([v], self.device))

    def _report(self, steady: list[Variant]) -> dict[str, Any]:
        n = len(steady)
        return {
            "backend": self.backend.name,
            "variants": n,
            "tried": self.tried,
            "two_qubit": sum(v.gates for v in steady) / n,
            "two_qubit_depth": sum(v.depth for v in steady) / n,
            "seconds": sum(duration_of(v.emits, self.backend) for v in steady) / n,
            "success": exp(-sum(loss_of(v.emits, self.backend) for v in steady) / n),
        }


def _cost(variants: list[Variant], device: Device) -> float:
    """As `Search` reckons it, for a step in the device's gates."""
    typical = float(np.median(list(device.errors.values()))) if device.errors else 0.0
    costs = (OWN * v.loss + typical * (v.gates + DEPTH * v.depth) for v in variants)
    return sum(costs) / len(variants)


def _measured(emits: Sequence[Emit], device: Device) -> tuple[int, int, float]:
    gates, loss = 0, 0.0
    level: dict[Place, int] = {}
    for e in emits:
        if len(e.places) == 2:
            a, b = e.places
            gates += 1
            loss += device.errors[min(a, b), max(a, b)]
            level[a] = level[b] = max(level.get(a, 0), level.get(b, 0)) + 1
    return gates, max(level.values(), default=0), loss
