"""What the passes work on: one time step as a line of gates with symbolic angles.

An angle is a polynomial in the cell's values, so parameters and inputs may stay open and two
angles have a sum. Numbers of operations never decrease along a line: a gate that is merged into an
earlier one takes that one's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import pi
from typing import TypeAlias

from ..ir.graph import CellGraph
from ..sema.closed import BitExpr, Carry, Elem, Op, Ref, Scalar, Wire

#: Σ coefficient × product of scalars.
Polynomial: TypeAlias = tuple[tuple[float, tuple[Scalar, ...]], ...]

#: Angles this close to zero are rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Stamp:
    """A standard gate of one step; `ctrl` as in `closed.Gate`, empty in circuits."""

    name: str
    wires: tuple[Wire, ...]
    angles: tuple[Polynomial, ...] = ()
    when: BitExpr | None = None
    ctrl: str = ""


Item: TypeAlias = tuple[Ref, Stamp | Op]


@dataclass(frozen=True)
class Step:
    """A step between two ticks.

    `carries`: as in the graph, or with registers that leave on other wires. `seen[ref]`: on which
    wires the read-out `ref` finds those that the program names, where that is not on themselves.
    `felt`: how much later steps feel of carried wires at least (see `light_cone`).
    """

    graph: CellGraph
    line: tuple[Item, ...]
    carries: tuple[Carry, ...]
    seen: Mapping[Ref, Mapping[Wire, Wire]] = field(default_factory=dict)
    felt: Mapping[Wire, int] = field(default_factory=dict)


def number(value: float) -> Polynomial:
    return ((value, ()),) if value != 0.0 else ()


def total(*parts: Polynomial) -> Polynomial:
    """The sum, every product once, constants last in no product."""
    found: dict[tuple[Scalar, ...], float] = {}
    for part in parts:
        for coefficient, factors in part:
            value, left = coefficient, []
            for factor in factors:
                if isinstance(factor, Elem):
                    left.append(factor)
                else:
                    value *= factor
            key = tuple(sorted(left, key=lambda e: (e.ref, e.index)))
            found[key] = found.get(key, 0.0) + value
    return tuple((c, key) for key, c in found.items() if abs(c) > ROUNDING)


def scaled(factor: float, angle: Polynomial) -> Polynomial:
    return tuple((factor * c, factors) for c, factors in angle)


def constant(angle: Polynomial) -> float | None:
    """The value of an angle in which nothing is open."""
    value = 0.0
    for coefficient, factors in angle:
        for factor in factors:
            if isinstance(factor, Elem):
                return None
            coefficient *= factor
        value += coefficient
    return value


def within(angle: float, period: float = 2 * pi) -> float:
    """The angle in (−period/2, period/2], rounding taken off."""
    turned = angle - period * round(angle / period)
    if abs(turned) < ROUNDING:
        return 0.0
    return turned + period if turned <= -period / 2 + ROUNDING else turned


def elements(angles: Iterable[Polynomial]) -> set[Elem]:
    """The entries of values that some angles depend on."""
    return {f for a in angles for _, fs in a for f in fs if isinstance(f, Elem)}


def stamp_cost(stamp: Stamp) -> int:
    """The CX gates that a gate takes, as the recipes and Qiskit's synthesis write it."""
    if stamp.ctrl:
        from .controls import lowered

        return sum(stamp_cost(s) for s in lowered(stamp))
    if stamp.name == "mcx":
        controls = len(stamp.wires) - 1
        return {3: 14, 4: 36, 5: 84}.get(controls, 16 * controls * controls)
    if len(stamp.wires) < 2:
        return 0
    return CX_COST[stamp.name]


def cost(line: Iterable[Item]) -> int:
    return sum(stamp_cost(item) for _, item in line if isinstance(item, Stamp))


CX_COST = {
    **dict.fromkeys(("cx", "cy", "cz", "ch", "ecr"), 1),
    **dict.fromkeys(("cp", "crx", "cry", "crz", "cs", "csdg", "csx"), 2),
    **dict.fromkeys(("rxx", "ryy", "rzz", "rzx", "iswap"), 2),
    **dict.fromkeys(("ccx", "ccz"), 6),
    "swap": 3,
    "cswap": 8,
}
