"""Products of gates as tables of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..sema.closed import Wire
from . import steps as p
from .builder import Builder, Part
from .merging import Product, expanded, is_real
from .pairs import Angle
from .rotations import Rotation

#: Up to so many rows a loop over single gates is used, above it one over merged gates.
MOST_ROWS_UNMERGED = 32

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Tabled:
    """A product with its place in a table; `wires` in the order of the local bits."""

    item: Product | Rotation
    table: p.Slot
    entry: int
    wires: tuple[Wire, ...]

    def use(self, axis: dict[Wire, int]) -> p.Use:
        axes = tuple(axis[w] for w in self.wires)
        return p.Use(self.table, self.entry, len(self.item.flips), axes)


def tabulated(b: Builder, products: Sequence[Product]) -> dict[int, Tabled]:
    """Tables of products, by the identity of the product."""
    kinds: dict[tuple[int, bool, p.Level], list[Product]] = defaultdict(list)
    for product in products:
        kinds[len(product.wires), is_real(product), product.level].append(product)
    found = {}
    for (_, real, _), kind in kinds.items():
        orders = [(*sorted(x.flips), *sorted(x.wires - x.flips)) for x in kind]
        diag, cross, angles = _coefficients(b, kind, orders, real)
        flips = tuple(len(x.flips) for x in kind)
        slot = b.emit(p.Table(p.NEW, flips, diag, cross, angles))
        for entry, (product, order) in enumerate(zip(kind, orders, strict=True)):
            found[id(product)] = Tabled(product, slot, entry, order)
    return found


def _coefficients(
    b: Builder, products: Sequence[Product], orders: Sequence[tuple[Wire, ...]], real: bool
) -> tuple[Numbers, Numbers, p.Angles]:
    """(3, K, G, 2^k) for products each expanded to the wires of its order, bit 0 first."""
    depth, count, size = max(len(x.parts) for x in products), len(products), 2 ** len(orders[0])
    diag = np.zeros((3, depth, count, size), complex)
    cross = np.zeros_like(diag)
    diag[0] = 1
    used: dict[tuple[int, int], Angle] = {}
    for g, (product, order) in enumerate(zip(products, orders, strict=True)):
        for k, part in enumerate(product.parts):
            diag[:, k, g], cross[:, k, g] = expanded(part, order)
            if part.angle is not None:
                used[k, g] = part.angle
    if real:
        diag, cross = diag.real.copy(), cross.real.copy()
    return diag, cross, _angles(b, used, (depth, count))


def _angles(b: Builder, used: dict[tuple[int, int], Angle], shape: tuple[int, int]) -> p.Angles:
    different = {angle: u for u, angle in enumerate(dict.fromkeys(used.values()))}
    sources = tuple(dict.fromkeys(b.values[e.ref] for a in different for e in a.elems))
    most = max((len(a.elems) for a in different), default=0)
    index = np.zeros((most, len(different), 2), np.int64)
    index[..., 0] = len(sources)
    for angle, u in different.items():
        for r, elem in enumerate(angle.elems):
            index[r, u] = sources.index(b.values[elem.ref]), elem.index
    which = np.full(shape, len(different))
    for (k, g), angle in used.items():
        which[k, g] = different[angle]
    return p.Angles(np.array([a.scale for a in different]), index, which, sources)


def rotated(b: Builder, x: Rotation) -> Tabled:
    """A table of the sum of angles."""
    angles, weights = x.angles()
    used = {(0, u): angle for u, angle in enumerate(angles)}
    turn: Numbers = -1j * np.array(x.axis[1])
    if len(turn) > 1 and not turn.imag.any():
        turn = turn.real
    table = _angles(b, used, (1, len(angles)))
    slot = b.emit(p.Rotation(p.NEW, turn, weights, table, len(x.turns)))
    return Tabled(x, slot, 0, x.wires)


def separate(products: Sequence[Product], n: int) -> Sequence[Product]:
    """The gates one by one where rows are few: then a longer loop costs less than multiplying."""
    if 2**n > MOST_ROWS_UNMERGED:
        return products
    return [
        Product((part,), frozenset(part.wires), part.flips, x.level)
        for x in products
        for part in x.parts
    ]


def gates(b: Builder, products: Sequence[Product], rows: Sequence[Wire]) -> p.Gates:
    """Products with a coefficient for every row, `rows` being the row axes."""
    order = tuple(reversed(rows))
    real = all(is_real(x) for x in products)
    diag, cross, angles = _coefficients(b, products, [order] * len(products), real)
    index = np.arange(2 ** len(rows))
    flips = [sum(1 << order.index(w) for w in x.flips) for x in products]
    return p.Gates(diag, cross, np.array([index ^ f for f in flips]), angles)


def start(b: Builder, products: Sequence[Product]) -> None:
    """First gates on untouched wires, one a wire."""
    kinds: dict[tuple[bool, p.Level], list[Product]] = defaultdict(list)
    for product in products:
        kinds[is_real(product), product.level].append(product)
    for (real, _), kind in kinds.items():
        diag, cross, angles = _coefficients(b, kind, [tuple(x.wires) for x in kind], real)
        slot = b.emit(p.Starts(p.NEW, diag, cross, angles))
        for entry, product in enumerate(kind):
            (wire,) = product.wires
            (part,) = b.holding([wire])
            left = tuple(w for w in part.wires if w != wire)
            new = Part("product", (wire,), starts=(p.Start(slot, entry),))
            b.swap([part], new, *([Part("zero", left)] if left else []))
