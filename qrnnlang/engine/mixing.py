"""Noise of known rates, planned like gates: on the rows and columns of a density at once.

A density of n wires is a vector of 2n of them, in which column w has the name −1−w. There a gate is
two gates in pair form, one of them conjugated; noise on a wire is a pair that flips row and column.
Depolarising several wires is a product of such pairs, one for each product of Paulis. So a run of
noisy gates that does not depend on the input is one matrix, like a run of gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ..ir.hamiltonian import kraus
from ..sema.closed import Wire
from . import instructions as low
from . import steps as p
from .applying import LONGEST_UNROLLED, WIDEST_MATRIX, multiplied_density, permuted_axes, together
from .builder import Builder, Part
from .merging import Block, Item, Product, merged
from .pairs import Matrix, Pair
from .tabling import gates, tabulated


@dataclass(frozen=True, slots=True, eq=False)
class Mixing:
    """Noise as pairs on rows and columns; `wires` are those of the rows."""

    wires: tuple[Wire, ...]
    pairs: tuple[Pair, ...]


Acting = Pair | Block | Mixing


def column(wire: Wire) -> Wire:
    return -1 - wire


def known(x: low.Noise) -> bool:
    """Whether all rates are numbers, and probabilities."""
    return all(isinstance(r, float | int) for r in x.rates)


def mixing(x: low.Noise) -> Mixing:
    rates = [float(r) for r in x.rates if isinstance(r, float | int)]
    when = x.when or low.Condition((), np.ones(1, bool))
    pairs = [_relaxing(x.name, rates, w) for w in x.wires] if len(x.wires) == 1 else []
    pairs = pairs or _depolarizing(rates[0], x.wires)
    held = tuple(_where(pair, when) for pair in pairs)
    return Mixing((*x.wires, *when.wires), held)


def _relaxing(name: str, rates: Sequence[float], wire: Wire) -> Pair:
    """ρ[r, c] ← diag·ρ[r, c] + cross·ρ[1−r, 1−c]: row is bit 0, column bit 1."""
    diag, cross = np.zeros((3, 4), complex), np.zeros((3, 4), complex)
    for k in kraus(name, rates):
        for r, c in product((0, 1), repeat=2):
            diag[0, r + 2 * c] += k[r, r] * k[c, c].conj()
            cross[0, r + 2 * c] += k[r, 1 - r] * k[c, 1 - c].conj()
    wires = (wire, column(wire))
    return Pair(wires, frozenset(wires) if cross.any() else frozenset(), diag, cross)


def _depolarizing(rate: float, wires: Sequence[Wire]) -> list[Pair]:
    """Every product of Paulis but the identity with one probability q, independently.

    Each of them turns the sign of half of all 4ᵏ: (1 − 2q)^(4ᵏ/2) = 1 − p.
    """
    k = len(wires)
    q = (1.0 - (1.0 - rate) ** (2.0 / 4**k)) / 2.0
    both = (*wires, *map(column, wires))
    index = np.arange(4**k)
    differ = (index ^ index >> k) & (2**k - 1)
    found = []
    for flip in range(2**k):
        mask = flip | flip << k
        diag, cross = np.ones(4**k, complex), np.zeros(4**k, complex)
        for phase in range(2**k):
            if flip or phase:
                odd = np.array([int(d & phase).bit_count() % 2 for d in differ])
                stay, go = 1.0 - q, q * (1.0 - 2.0 * odd)
                if flip:
                    diag, cross = (
                        stay * diag + go * cross[index ^ mask],
                        stay * cross + go * diag[index ^ mask],
                    )
                else:
                    diag = diag * (stay + go)
        flips = [w for j, w in enumerate(wires) if flip >> j & 1]
        found.append(
            Pair(both, frozenset((*flips, *map(column, flips))), _constant(diag), _constant(cross))
        )
    return found


def _constant(values: Matrix) -> Matrix:
    found = np.zeros((3, len(values)), complex)
    found[0] = values
    return found


def _where(pair: Pair, when: low.Condition) -> Pair:
    """Only in the rows that fulfil a condition."""
    if not when.wires:
        return pair
    diag = np.zeros((3, len(when.holds), pair.diag.shape[1]), complex)
    cross = np.zeros_like(diag)
    diag[0] = 1
    diag[:, when.holds], cross[:, when.holds] = pair.diag[:, None], pair.cross[:, None]
    wires = (*pair.wires, *when.wires)
    return replace(pair, wires=wires, diag=diag.reshape(3, -1), cross=cross.reshape(3, -1))


# --- planning --------------------------------------------------------------------------------


def doubled(item: Pair | Mixing) -> list[Pair]:
    """What acts on rows and on columns."""
    if isinstance(item, Mixing):
        return list(item.pairs)
    return [
        item,
        replace(
            item,
            wires=tuple(map(column, item.wires)),
            flips=frozenset(map(column, item.flips)),
            diag=item.diag.conj(),
            cross=item.cross.conj(),
        ),
    ]


def mixed(b: Builder, items: Sequence[Acting]) -> None:
    """Applies gates and noise to a density, stretch by stretch."""
    from .circuits import runs

    stretches: list[list[Item]] = []
    pairs: list[Pair] = []
    for item in [*items, None]:
        if isinstance(item, Pair | Mixing):
            pairs += doubled(item)
            continue
        if pairs:
            stretches += [run for run, _ in runs(merged(pairs, b.level_of))]
        pairs = []
        if item is not None:
            stretches.append([item])
    for i, run in enumerate(stretches):
        part = _density(b, rows_of(run))
        b.swap([part], new := _applied(b, part, run))
        later = {w for r in stretches[i + 1 :] for w in rows_of(r)}
        gone = [w for w in new.wires if w not in later and not b.alive(w)]
        if gone:
            b.swap([new], b.traced(new, gone))


def rows_of(run: Iterable[Item]) -> frozenset[Wire]:
    return frozenset(w if w >= 0 else column(w) for x in run for w in x.wires)


def _density(b: Builder, wires: frozenset[Wire]) -> Part:
    part = together(b, wires)
    whole = b.as_density(part)
    b.swap([part], whole)
    return whole


def _applied(b: Builder, part: Part, run: Sequence[Item]) -> Part:
    n = len(part.wires)
    rows = [*part.wires, *map(column, part.wires)]
    if isinstance(run[0], Block):
        return multiplied_density(b, part, run[0].matrix, tuple(reversed(run[0].wires)))
    products = [x for x in run if isinstance(x, Product)]
    static = all(x.level == p.STATIC for x in products)
    slot = part.held
    wires = [w for w in rows if any(w in x.wires for x in products)]
    if static and len(products) > 1 and len(wires) <= WIDEST_MATRIX:
        columns = tuple(range(2 ** len(wires)))
        parts = (gates(b, products, wires),)
        whole = b.emit(p.Fuse(p.NEW, len(wires), parts, columns, unitary=False))
        order = tuple(
            [rows.index(w) for w in wires] + [i for i, w in enumerate(rows) if w not in wires]
        )
        slot = permuted_axes(b, slot, order)
        slot = b.emit(p.Multiply(p.NEW, whole, slot, len(wires), 1))
        slot = permuted_axes(b, slot, tuple(order.index(i) for i in range(2 * n)))
    elif static and len(products) > LONGEST_UNROLLED and 2 * n <= WIDEST_MATRIX:
        slot = b.emit(p.Run(p.NEW, slot, gates(b, products, rows), unitary=False))
    else:
        tables = tabulated(b, products)
        axis = {w: i for i, w in enumerate(rows)}
        uses = tuple(tables[id(x)].use(axis) for x in products)
        if len(uses) > LONGEST_UNROLLED:
            slot = b.emit(p.Sweep(p.NEW, slot, 2 * n, uses, unitary=False))
        else:
            for use in uses:
                slot = b.emit(p.Apply(p.NEW, slot, 2 * n, use, unitary=False))
    return replace(part, slot=slot)
