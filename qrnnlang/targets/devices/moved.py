"""A routed step moved as a whole to other places of the device that are coupled alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import rustworkx as rx

from .router import Device, Place, Routed, Router

#: How many couplings are looked at, over all places for the whole, and how long for the next.
_LOOKS, _CALLS = 20_000, 20_000


def embeddings(
    device: Device, count: int, pairs: Sequence[tuple[int, int]]
) -> Iterator[dict[int, Place]]:
    """Places for `count` things of which some pairs have to be coupled."""
    graph: Any = rx.PyGraph()
    graph.add_nodes_from(list(range(count)))
    for a, b in pairs:
        graph.add_edge(a, b, None)
    mappings = rx.vf2_mapping(device.graph, graph, subgraph=True, induced=False, call_limit=_CALLS)
    for mapping in mappings:
        yield {thing: place for place, thing in mapping.items()}


def moved(parts: tuple[Routed, ...], router: Router) -> tuple[Routed, ...]:
    """Steps that follow each other, at the places of the least loss."""
    device = router.device
    used = {p for part in parts for at in _acting(part, router) for p in at}
    used.update(p for part in parts for p in part.start.values())
    order = {p: i for i, p in enumerate(sorted(used))}
    gates: dict[tuple[Place, Place], int] = {}
    for part in parts:
        for pair, count in router.on_pairs(part.moves).items():
            gates[pair] = gates.get(pair, 0) + count
    pairs = sorted((order[a], order[b]) for a, b in gates)
    weights = {(order[a], order[b]): n for (a, b), n in gates.items()}
    coupled = {p for pair in pairs for p in pair}
    if not pairs or len(coupled) < len(order):
        return parts  # a place without couplings would be searched everywhere

    def loss(to: dict[int, Place]) -> float:
        errors = device.errors
        return sum(
            n * errors[min(to[a], to[b]), max(to[a], to[b])] for (a, b), n in weights.items()
        )

    now = {i: p for p, i in order.items()}
    best, least = now, loss(now)
    most = _LOOKS // len(pairs)
    for found in islice(embeddings(device, len(order), pairs), most):
        if (there := loss(found)) < least - 1e-12:
            best, least = found, there
    to = {p: best[i] for p, i in order.items()}
    return tuple(_renamed(part, to, router) for part in parts)


def _acting(part: Routed, router: Router) -> Iterator[tuple[Place, ...]]:
    for task, at in part.moves:
        if task < 0 or not router.tasks[task].fence:
            yield at


def _renamed(part: Routed, to: dict[Place, Place], router: Router) -> Routed:
    moves = [(task, tuple(to[p] for p in at)) for task, at in part.moves]
    gates, depth, loss = router.measure(moves)
    return Routed(
        moves,
        {r: to[p] for r, p in part.start.items()},
        {r: to[p] for r, p in part.end.items()},
        router.cost(depth, loss),
        gates,
        depth,
    )
