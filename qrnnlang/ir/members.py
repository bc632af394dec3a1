"""The classical-quantum state: unnormalised density operators, one per value of the bits.

Nothing is sampled. The weights (traces) of the members add up to 1; a measurement splits every
member in two, a condition picks members, a read sums over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

import numpy as np

from ..sema.closed import Bit, BitConst, BitExpr, BitNot, BitOp, Wire
from .density import Density, Factor


@dataclass(frozen=True, eq=False)
class Member:
    """The operator that belongs to one value of the bits."""

    bits: Mapping[int, bool]
    density: Density


Family: TypeAlias = tuple[Member, ...]


def holds(expr: BitExpr | None, bits: Mapping[int, bool]) -> bool:
    """The value of a bit expression; no expression is true."""
    match expr:
        case None:
            return True
        case Bit(id):
            return bits[id]
        case BitConst(value):
            return value
        case BitNot(a):
            return not holds(a, bits)
        case BitOp("and", a, b):
            return holds(a, bits) and holds(b, bits)
        case BitOp("or", a, b):
            return holds(a, bits) or holds(b, bits)
        case BitOp("xor", a, b):
            return holds(a, bits) != holds(b, bits)
    raise TypeError(f"not a bit expression: {expr!r}")


def where(
    family: Family, condition: BitExpr | None, change: Callable[[Density], Density]
) -> Family:
    """`change` applied to the members for which the condition holds."""
    return tuple(
        replace(m, density=change(m.density)) if holds(condition, m.bits) else m for m in family
    )


def measured(family: Family, wire: Wire, bit: int, condition: BitExpr | None) -> Family:
    """A wire read into a new bit; where the condition fails nothing is measured: the bit is 0."""
    found = []
    for member in family:
        if not holds(condition, member.bits):
            found.append(replace(member, bits={**member.bits, bit: False}))
            continue
        for value in (0, 1):
            density = member.density.projected(wire, value)
            if density.trace() > 0:
                found.append(Member({**member.bits, bit: bool(value)}, density))
    return tuple(found)


def weight(family: Family) -> float:
    """The total weight: 1, except inside a postselection."""
    return sum(m.density.trace() for m in family)


def regrouped(
    family: Family, key: Callable[[Member], Mapping[int, bool]], wires: Sequence[Wire]
) -> Family:
    """Members of equal key added up, with the key as their bits: other bits are forgotten.

    `wires` are all wires that are left, in the order in which the sums are written.
    """
    groups: dict[tuple[tuple[int, bool], ...], list[Density]] = {}
    for member in family:
        groups.setdefault(tuple(sorted(key(member).items())), []).append(member.density)
    return tuple(Member(dict(k), _sum(groups[k], wires)) for k in sorted(groups))


def _sum(densities: Iterable[Density], wires: Sequence[Wire]) -> Density:
    first, *others = densities
    if not others:
        return first
    # A sum of products is no product: from here on the wires are one factor.
    whole = reduce(np.add, (d.reduced(wires) for d in others), first.reduced(wires))
    if not wires:
        return Density(scale=float(whole[0, 0].real))
    return Density((Factor(tuple(wires), whole),))
