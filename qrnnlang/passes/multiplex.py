"""Multiplex: rotations of one qubit under many patterns of controls become one with a table.

Contract: the channel stays, up to a global phase; angles may be open. A product of controlled RY on
one target (or of controlled phases and RZ on some qubits) is a table of angles over the controls.
Its Walsh–Hadamard transform has one rotation for each parity of controls (Möttönen et al., 2004):
with k controls at most 2^k CX, fewer where entries vanish. It is written only where it takes fewer
CX than the gates did; gates go past others only where they commute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import pi

from ..sema.closed import BitExpr, Ref, Wire
from .fed import fed_back
from .line import Item, Polynomial, Stamp, Step, elements, number, scaled, stamp_cost, total
from .rules import passes, turn
from .tours import tour

#: Controls beyond which a table is not made, and how far a block looks ahead.
_MOST = 8
_REACH = 256

Mask = frozenset[Wire]


def multiplex(step: Step) -> Step:
    fixed = fed_back(step.graph)
    line = list(step.line)
    out: list[Item] = []
    while line:
        ref, item = line.pop(0)
        if isinstance(item, Stamp) and _starts(item, fixed):
            block, rest = _block(ref, item, line, fixed)
            made = block.written()
            if sum(map(stamp_cost, made)) < sum(stamp_cost(s) for _, s in block.members):
                out += [(ref, s) for s in made]
                line = rest
                continue
        out.append((ref, item))
    return replace(step, line=tuple(out))


@dataclass
class _Block:
    """`axis`: "y" about the last wire of each gate, "z": everything diagonal."""

    axis: str
    target: Wire | None
    when: BitExpr | None
    members: list[tuple[Ref, Stamp]] = field(default_factory=list)

    @property
    def wires(self) -> set[Wire]:
        return {w for _, s in self.members for w in s.wires}

    def written(self) -> list[Stamp]:
        table: dict[Mask, Polynomial] = {}
        for _, stamp in self.members:
            parts = _about_y(stamp) if self.axis == "y" else _about_z(stamp)
            for mask, angle in parts:
                table[mask] = total(table.get(mask, ()), angle)
        table = {mask: angle for mask, angle in table.items() if angle}
        if self.axis == "y":
            assert self.target is not None
            return list(_rotations("ry", self.target, table, self.when))
        return list(_diagonal(table, self.when))


def _kind(stamp: Stamp) -> tuple[str, Wire | None] | None:
    """Which blocks a gate can be part of."""
    if stamp.name == "ry" or (stamp.name == "cry"):
        return "y", stamp.wires[-1]
    if stamp.name in ("rz", "p", "z", "s", "sdg", "t", "tdg", "cz", "cp", "crz", "cs", "csdg"):
        return "z", None
    if stamp.name in ("rzz", "ccz") and not stamp.ctrl:
        return "z", None
    return None


def _starts(stamp: Stamp, fixed: frozenset[Ref]) -> bool:
    kind = _kind(stamp)
    if kind is None:
        return False
    least = 2 if kind[0] == "y" else 3
    return least <= len(stamp.wires) <= _MOST + 1 and _free(stamp, fixed)


def _free(stamp: Stamp, fixed: frozenset[Ref]) -> bool:
    return not any(e.ref in fixed for e in elements(stamp.angles))


def _block(
    ref: Ref, first: Stamp, line: list[Item], fixed: frozenset[Ref]
) -> tuple[_Block, list[Item]]:
    """The gates that can be moved up to the first one, and what is left of the line."""
    kind = _kind(first)
    assert kind is not None
    block = _Block(kind[0], kind[1], first.when, [(ref, first)])
    rest: list[Item] = []
    for i, (at, item) in enumerate(line):
        if i >= _REACH:
            rest += line[i:]
            break
        if isinstance(item, Stamp) and item.when == first.when and _kind(item) == kind:
            fits = block.axis == "y" or set(item.wires) <= block.wires
            small = len(block.wires | set(item.wires)) <= _MOST + 1
            free = _free(item, fixed) and all(passes(item, other) for _, other in rest)
            if fits and small and free:
                block.members.append((at, item))
                continue
        rest.append((at, item))
    return block, rest


# --- tables ----------------------------------------------------------------------------------


def _about_y(stamp: Stamp) -> Iterator[tuple[Mask, Polynomial]]:
    """Angles by parity of controls."""
    pattern = stamp.ctrl + ("1" if stamp.name == "cry" else "")
    yield from _spread(stamp.wires[: len(pattern)], pattern, (), stamp.angles[0])


def _spread(
    controls: tuple[Wire, ...], pattern: str, held: tuple[Wire, ...], angle: Polynomial
) -> Iterator[tuple[Mask, Polynomial]]:
    """A rotation under controls as rotations about Z on each subset of them: Π (1 ± Z)/2."""
    share = 0.5 ** len(controls)
    signs = dict(zip(controls, pattern, strict=True))
    for k in range(len(controls) + 1):
        for some in combinations(controls, k):
            odd = sum(signs[w] == "1" for w in some) % 2
            yield frozenset((*some, *held)), scaled(-share if odd else share, angle)


def _about_z(stamp: Stamp) -> Iterator[tuple[Mask, Polynomial]]:
    """A diagonal gate as exp(−i·angle/2·Z…Z) by the wires of the product, phases left out."""
    name, wires, pattern = stamp.name, stamp.wires, stamp.ctrl
    if name == "rzz":
        yield frozenset(wires), stamp.angles[0]
        return
    if name in ("rz", "crz"):
        pattern += "1" if name == "crz" else ""
        yield from _spread(wires[:-1], pattern, wires[-1:], stamp.angles[0])
        return
    angle = {
        "cz": number(pi),
        "ccz": number(pi),
        "cs": number(pi / 2),
        "csdg": number(-pi / 2),
    }.get(name)
    if name == "cp":
        angle = stamp.angles[0]
    if angle is None:
        turned = turn(replace(stamp, ctrl="", wires=wires[-1:]))
        assert turned is not None
        angle = turned[1]
    # A phase where all wires read 1 (0 under `0`): exp(iα·Π (1 ± Z)/2), so −2α for exp(−i…/2).
    pattern += "1" * (len(wires) - len(pattern))
    for mask, part in _spread(wires, pattern, (), scaled(-2.0, angle)):
        if mask:
            yield mask, part


# --- circuits --------------------------------------------------------------------------------


def _rotations(
    name: str, target: Wire, table: dict[Mask, Polynomial], when: BitExpr | None
) -> Iterator[Stamp]:
    """Rotations of the target, each about the product with the Z of its controls."""
    now: Mask = frozenset()
    for mask in (*tour(frozenset(table)), frozenset()):
        for wire in sorted(now ^ mask):
            yield Stamp("cx", (wire, target), (), when)
        now = mask
        if table.get(mask):
            yield Stamp(name, (target,), (table[mask],), when)
            table = {m: a for m, a in table.items() if m != mask}


def _diagonal(table: dict[Mask, Polynomial], when: BitExpr | None) -> Iterator[Stamp]:
    while table:
        wires = sorted({w for mask in table for w in mask})
        target = max(wires, key=lambda w: (sum(w in mask for mask in table), -w))
        here = {mask - {target}: angle for mask, angle in table.items() if target in mask}
        table = {mask: angle for mask, angle in table.items() if target not in mask}
        pairs = [m for m in here if m]
        if len(pairs) == 1 and len(pairs[0]) == 1:
            (other,) = pairs[0]
            yield Stamp("rzz", (other, target), (here.pop(pairs[0]),), when)
        yield from _rotations("rz", target, here, when)
