"""A routed step moved as a whole to other places of the device that are coupled alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import rustworkx as rx

from .router import Device, Place, Routed, Router

#: How many places are looked at for a whole step, and how long for couplings that fit.
_LOOKS, _CALLS = 100_000, 20_000


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

    best = quietest(device, weights, {i: p for p, i in order.items()})
    to = {p: best[i] for p, i in order.items()}
    return tuple(_renamed(part, to, router) for part in parts)


def quietest(
    device: Device, weights: Mapping[tuple[int, int], int], now: Mapping[int, Place]
) -> Mapping[int, Place]:
    """Places for things of which some pairs meet so often (`weights`), of the least loss.

    Branch and bound from the places `now`: the next thing is coupled to one that has a place, and
    what is left costs at least the device's least error for each gate. It ends after `_LOOKS`.
    """
    errors = device.errors

    def error(p: Place, q: Place) -> float:
        return errors.get((p, q) if p < q else (q, p), -1.0)

    meets: dict[int, list[tuple[int, int]]] = {i: [] for i in now}
    for (a, b), n in sorted(weights.items()):
        meets[a].append((b, n))
        meets[b].append((a, n))
    order = _connected(meets)
    # For each thing: those before it that it meets, and the gates that come after it.
    earlier = [[(j, n) for j, n in meets[i] if j in order[:k]] for k, i in enumerate(order)]
    after = [sum(n for e in earlier[k + 1 :] for _, n in e) for k in range(len(order))]
    cheapest = min(errors.values())
    best = dict(now)
    least = sum(n * error(now[a], now[b]) for (a, b), n in weights.items()) - 1e-12
    looks = _LOOKS
    place: dict[int, Place] = {}
    taken: set[Place] = set()

    def options(k: int, loss: float) -> list[tuple[float, Place]]:
        nonlocal looks
        if not earlier[k]:
            some: Sequence[Place] = [p for p in range(device.size) if device.neighbours[p]]
        else:
            some = device.neighbours[place[earlier[k][0][0]]]
        looks -= len(some)
        found = []
        for p in some:
            if p in taken or len(device.neighbours[p]) < len(meets[order[k]]):
                continue
            costs = []
            for j, n in earlier[k]:
                q = place[j]
                e = errors.get((p, q) if p < q else (q, p))
                if e is None:
                    break
                costs.append(n * e)
            else:
                found.append((loss + sum(costs), p))
        return sorted(found, reverse=True)

    stack = [options(0, 0.0)]
    while stack and looks > 0:
        k = len(stack) - 1
        if order[k] in place:
            taken.discard(place.pop(order[k]))
        if not stack[k]:
            stack.pop()
            continue
        loss, p = stack[k].pop()
        if loss + after[k] * cheapest >= least:
            stack.pop()  # the others cost more
            continue
        place[order[k]] = p
        taken.add(p)
        if k + 1 < len(order):
            stack.append(options(k + 1, loss))
        else:
            best, least = dict(place), loss
    return best


def _connected(meets: Mapping[int, Sequence[tuple[int, int]]]) -> list[int]:
    """Things in an order in which each meets one before it if it can, busy ones first."""
    order: list[int] = []
    left = set(meets)
    while left:
        busy = {i: sum(n for j, n in meets[i] if j in order) for i in left}
        total = {i: sum(n for _, n in meets[i]) for i in left}
        one = max(left, key=lambda i: (busy[i] > 0, busy[i], total[i], -i))
        order.append(one)
        left.remove(one)
    return order


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
