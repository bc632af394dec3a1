"""What a backend says about its gates: couplings, errors, durations."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

import rustworkx as rx

from ..program import Program
from .lower import Emit, lacking
from .router import Device, Place


def gate_property(backend: Any, e: Emit, what: str) -> float:
    target = backend.target
    table = target[e.name] if e.name in target.operation_names else {}
    found = (table or {}).get(e.places) if table is not None else None
    return float(getattr(found, what, None) or 0.0)


def loss_of(emits: Sequence[Emit], backend: Any) -> float:
    return sum(-log(max(1e-300, 1.0 - gate_property(backend, e, "error"))) for e in emits)


def duration_of(emits: Sequence[Emit], backend: Any) -> float:
    level: dict[Place, float] = {}
    for e in emits:
        end = max((level.get(p, 0.0) for p in e.places), default=0.0)
        end += gate_property(backend, e, "duration")
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


def check(program: Program, backend: Any) -> None:
    """Refuses what the backend's instruction set lacks."""
    names = set(backend.target.operation_names)
    used = {i.name for i in program.instrs}
    if "reset" in used and "reset" not in names:
        raise lacking(backend, "it has no `reset`")
    if any(i.when is not None for i in program.instrs) and "if_else" not in names:
        raise lacking(backend, "it has no conditional gates (`if_else`)")
    if "store" in used and "store" not in names and "if_else" not in names:
        raise lacking(backend, "it cannot compute with bits")


def quick_reset(backend: Any) -> bool:
    """Whether an X under a bit that is measured already is quicker than a reset."""
    target = backend.target
    if not {"if_else", "x", "reset"} <= set(target.operation_names):
        return False

    def slowest(name: str) -> float:
        table = target[name] or {}
        return max((getattr(p, "duration", None) or 0.0 for p in table.values()), default=0.0)

    return slowest("reset") >= slowest("measure") > 0.0
