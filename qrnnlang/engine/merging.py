"""Merging gates in pair form: fewer, fuller pairs.

Two pairs with the same flips, or one of them without flips, have a product that is a pair again.
So rx·rz·rx on a qubit, a cz after a rotation, or a cx before a rotation of its target are one pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..sema.closed import Wire
from .pairs import Matrix, Pair

#: The most wires that a merged pair of input-independent gates may depend on.
WIDEST = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A dense matrix on `wires` (wires[0] least significant), held by a slot of the plan."""

    wires: tuple[Wire, ...]
    matrix: int
    level: int


@dataclass(frozen=True, slots=True)
class Product:
    """Pairs that act one after the other, first to last, and form one pair together."""

    parts: tuple[Pair, ...]
    wires: frozenset[Wire]
    flips: frozenset[Wire]
    level: int


Item: TypeAlias = Product | Block


def merged(items: Sequence[Pair | Block], level_of: Callable[[Pair], int]) -> list[Item]:
    """The same circuit with pairs multiplied together, in an order that means the same."""
    line: list[Item] = []
    for item in items:
        if isinstance(item, Block):
            line.append(item)
            continue
        new = Product((item,), frozenset(item.wires), item.flips, level_of(item))
        place = _partner(line, new)
        if place is None:
            line.append(new)
        else:
            line[place] = _joined(line[place], new)
    return line


def _partner(line: list[Item], new: Product) -> int | None:
    """The place of the latest product that `new` can join, passing only what commutes with it."""
    for place in reversed(range(len(line))):
        before = line[place]
        if isinstance(before, Product) and _fits(before, new):
            return place
        if not _commute(before, new):
            return None
    return None


def _fits(a: Product, b: Product) -> bool:
    if a.flips != b.flips and a.flips and b.flips:
        return False
    if not a.wires & b.wires and len(a.wires | b.wires) > 1:
        return False
    union = len(a.wires | b.wires)
    if a.level == b.level == 0:
        return union <= WIDEST
    if a.level != b.level and min(a.level, b.level) > 0 and union > 1:
        return False  # what can be computed ahead of the recurrence stays ahead of it
    widest = max(len(p.wires) for p in (a, b) if p.level > 0)
    return union <= widest


def _commute(a: Item, b: Product) -> bool:
    wires = frozenset(a.wires)
    flips = wires if isinstance(a, Block) else a.flips
    return not (flips & b.wires) and not (b.flips & wires)


def _joined(a: Item, b: Product) -> Product:
    assert isinstance(a, Product)
    return Product(a.parts + b.parts, a.wires | b.wires, a.flips | b.flips, max(a.level, b.level))


def expanded(part: Pair, wires: Sequence[Wire]) -> tuple[Matrix, Matrix]:
    """`diag` and `cross` of a pair for the local index over more wires, in another order."""
    index = np.arange(2 ** len(wires))
    local = np.zeros_like(index)
    for j, wire in enumerate(part.wires):
        local |= ((index >> wires.index(wire)) & 1) << j
    return part.diag[:, local], part.cross[:, local]


def is_real(product: Product) -> bool:
    return not any(np.any(p.diag.imag) or np.any(p.cross.imag) for p in product.parts)
