"""A program on a device: one step is placed and routed, then stamped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, log
from typing import Any

import numpy as np
import rustworkx as rx

from ..program import Instr, Program
from .lower import Emit, Lowering, emitted, lacking
from .router import Device, Place, Routed
from .search import UNITS, Search
from .segments import Role, Segment, segments, shared_angles
from .tasks import tasks_of
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

    @cached_property
    def ready(self) -> tuple[Instr | None, ...]:
        """The operations that are the same at every step."""
        return tuple(
            Instr(e.name, e.places, tuple(c for c, _ in e.angles))
            if e.source < 0 and not any(terms for _, terms in e.angles)
            else None
            for e in self.emits
        )


def on_device(
    program: Program,
    bounds: Sequence[int],
    backend: Any,
    budget: float = 5.0,
    seed: int = 0,
    tell: Tell | None = None,
) -> Program:
    """The program in the backend's gates, on its qubits.

    Args:
        bounds: where the steps begin in the list of instructions.
        budget: of the search, in units of about a second; the same number gives the same result.
        tell: called with the work done and the work allowed.

    The metadata's `device` reports the step that repeats: two-qubit gates and depth, seconds,
    estimated success, and how many candidates were tried.

    Raises:
        CompileError: E0612 for a program that the backend cannot run.
    """
    device = device_of(backend)
    parts = segments(program, [0, *bounds, len(program.instrs)])
    widest = max((len(s.qubits) for s in parts), default=0)
    if widest > device.size:
        why = f"it has {device.size} qubits and a step takes {widest}"
        raise lacking(backend, why)
    _check(program, backend)
    return _Assembly(program, parts, device, backend, budget, seed, tell).program_out()


@dataclass
class _Assembly:
    program: Program
    parts: list[Segment]
    device: Device
    backend: Any
    budget: float
    seed: int
    tell: Tell | None
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
            len(part.qubits),
            part.enters,
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
        role = {q: r for r, q in enumerate(following.qubits)}
        return {r: role[part.qubits[r]] for r in sorted(part.leaves)}

    def _steady(self, main: int) -> list[Variant]:
        """The variants of the step that repeats: one, or two that take turns."""
        alike = main + 1 < len(self.parts) and self.parts[main + 1].form == self.parts[main].form
        sigma = self._sigma(main) if alike else {}
        search = self._search(main, sigma)
        candidates = search.closed(round(self.budget * UNITS))
        self.tried += search.tried
        if not alike:
            candidates = [c for c in candidates if len(c.parts) == 1]
        lowered = [[self._variant(main, r) for r in c.parts] for c in candidates]
        best = min(range(len(lowered)), key=lambda k: (_cost(lowered[k], self.device), k))
        return lowered[best]

    def _variant(self, i: int, routed: Routed) -> Variant:
        emits = tuple(self.lowering.lower(self.tasks[self.parts[i].form], routed.moves))
        gates, depth, loss = _measured(emits, self.device)
        part = self.parts[i]
        start = {r: routed.start[r] for r in sorted(part.enters)}
        end = {r: routed.end[r] for r in sorted(part.leaves)}
        return Variant(emits, start, end, gates, depth, loss)

    # --- stamping -----------------------------------------------------------------------------

    def _stamp(self, out: Program, main: int, steady: list[Variant]) -> None:
        form = self.parts[main].form
        place = self._first(main, steady[0])
        touched: set[Place] = set()
        for i, part in enumerate(self.parts):
            at = {r: place[part.qubits[r]] for r in sorted(part.enters)}
            fitting = [v for v in steady if v.start == at] if part.form == form else []
            variant = fitting[0] if fitting else self._bridge(i, at, form, steady[0])
            for emit, ready in zip(variant.emits, variant.ready, strict=True):
                if emit.name == "reset" and not emit.conditional:
                    if emit.places[0] not in touched:
                        continue
                    touched.discard(emit.places[0])
                elif emit.name not in ("measure", "store") or emit.name == "measure":
                    touched.update(emit.places)
                out.instrs.append(ready or emitted(emit, part.instrs))
            place = {part.qubits[r]: p for r, p in variant.end.items()}

    def _first(self, main: int, variant: Variant) -> dict[int, Place]:
        """Places before the first segment: where the repeated step wants them."""
        part = self.parts[main]
        place = {part.qubits[r]: p for r, p in variant.start.items()}
        left = [p for p in range(self.device.size) if p not in set(place.values())]
        near = sorted(place.values()) or [0]
        left.sort(key=lambda p: (min(self.device.distance[p][n] for n in near), p))
        for r in sorted(self.parts[0].enters):
            qubit = self.parts[0].qubits[r]
            if qubit not in place:
                place[qubit] = left.pop(0)
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
            search = self._search(i, sigma)
            routed = search.between(at, lambda _: target, round(0.2 * self.budget * UNITS))
            self.tried += search.tried
            self.known[key] = self._variant(i, routed)
        return self.known[key]

    def _report(self, steady: list[Variant]) -> dict[str, Any]:
        n = len(steady)
        return {
            "backend": self.backend.name,
            "variants": n,
            "tried": self.tried,
            "two_qubit": sum(v.gates for v in steady) / n,
            "two_qubit_depth": sum(v.depth for v in steady) / n,
            "seconds": sum(_duration(v.emits, self.backend) for v in steady) / n,
            "success": exp(-sum(_loss(v.emits, self.backend) for v in steady) / n),
        }


def _cost(variants: list[Variant], device: Device) -> float:
    """Loss of the entangling gates, and depth at a third of a typical gate's loss."""
    typical = float(np.mean(list(device.errors.values()))) if device.errors else 0.0
    return sum(v.loss + 0.3 * typical * v.depth for v in variants) / len(variants)


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


def _property(backend: Any, e: Emit, what: str) -> float:
    target = backend.target
    table = target[e.name] if e.name in target.operation_names else {}
    found = (table or {}).get(e.places) if table is not None else None
    return float(getattr(found, what, None) or 0.0)


def _loss(emits: Sequence[Emit], backend: Any) -> float:
    return sum(-log(max(1e-300, 1.0 - _property(backend, e, "error"))) for e in emits)


def _duration(emits: Sequence[Emit], backend: Any) -> float:
    level: dict[Place, float] = {}
    for e in emits:
        end = max((level.get(p, 0.0) for p in e.places), default=0.0)
        end += _property(backend, e, "duration")
        level.update(dict.fromkeys(e.places, end))
    return max(level.values(), default=0.0)


def device_of(backend: Any) -> Device:
    """Couplings, distances and errors of a backend."""
    target = backend.target
    size = target.num_qubits or 0
    errors: dict[tuple[Place, Place], float] = {}
    coupled = False
    for name in sorted(target.operation_names):
        table = target[name]
        for places, properties in (table or {}).items():
            if places is not None and len(places) == 2:
                coupled = True
                a, b = sorted(places)
                error = getattr(properties, "error", None)
                value = 0.005 if error is None else -log(max(1e-9, 1.0 - min(error, 1.0)))
                errors[a, b] = min(errors.get((a, b), 1e9), value)
    if not coupled:
        size = min(size or 30, 64)
        errors = {(a, b): 0.005 for b in range(size) for a in range(b)}
    neighbours: list[list[Place]] = [[] for _ in range(size)]
    graph: Any = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(list(range(size)))
    for a, b in sorted(errors):
        neighbours[a].append(b)
        neighbours[b].append(a)
        graph.add_edge(a, b, None)
    distance = rx.graph_distance_matrix(graph, null_value=1e6).tolist()
    return Device(size, tuple(map(tuple, map(sorted, neighbours))), errors, distance, graph)


def _check(program: Program, backend: Any) -> None:
    """Refuses what the backend's instruction set lacks."""
    names = set(backend.target.operation_names)
    used = {i.name for i in program.instrs}
    if "reset" in used and "reset" not in names:
        raise lacking(backend, "it has no `reset`")
    if any(i.when is not None for i in program.instrs) and "if_else" not in names:
        raise lacking(backend, "it has no conditional gates (`if_else`)")
    if "store" in used and "store" not in names and "if_else" not in names:
        raise lacking(backend, "it cannot compute with bits")
