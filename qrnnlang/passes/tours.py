"""Short closed tours through parities: one CX turns a parity into one that differs in one qubit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..sema.closed import Wire

Mask = frozenset[Wire]


def tour(masks: frozenset[Mask]) -> list[Mask]:
    """An order of the parities from the empty one and back to it with few CX; deterministic.

    Never longer than the Gray code over all qubits that occur, 2^k for k of them.
    """
    places = sorted(masks - {frozenset()}, key=lambda m: (len(m), sorted(m)))
    if not places:
        return list(masks)
    nearest = _improved(_nearest(places))
    gray = [m for m in _gray(sorted({w for m in places for w in m})) if m in masks and m]
    best = nearest if length(nearest) < length(gray) else gray
    return [m for m in masks if not m] + best


def length(order: Sequence[Mask]) -> int:
    """The CX that a closed tour takes."""
    empty: Mask = frozenset()
    stops = [empty, *order, empty]
    return sum(len(a ^ b) for a, b in pairwise(stops))


def _nearest(places: list[Mask]) -> list[Mask]:
    left, now = list(places), frozenset[Wire]()
    order: list[Mask] = []
    while left:
        now = min(left, key=lambda m: (len(m ^ now), -len(m), sorted(m)))
        left.remove(now)
        order.append(now)
    return order


def _improved(order: list[Mask]) -> list[Mask]:
    """Parts turned round as long as that shortens the tour."""
    empty: Mask = frozenset()
    better = len(order) <= 128
    while better:
        better = False
        stops = [empty, *order, empty]
        for i in range(1, len(order)):
            for j in range(i + 1, len(order) + 1):
                before = len(stops[i - 1] ^ stops[i]) + len(stops[j] ^ stops[j + 1])
                after = len(stops[i - 1] ^ stops[j]) + len(stops[i] ^ stops[j + 1])
                if after < before:
                    stops[i : j + 1] = stops[i : j + 1][::-1]
                    better = True
        order = stops[1:-1]
    return order


def _gray(wires: list[Wire]) -> list[Mask]:
    return [
        frozenset(w for k, w in enumerate(wires) if (i ^ i >> 1) >> k & 1)
        for i in range(1 << len(wires))
    ]
