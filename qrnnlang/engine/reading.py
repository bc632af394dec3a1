"""Planning reads: expectations and probabilities, part by part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..sema.closed import Wire
from . import lowering as low
from . import plan as p
from .builder import Builder, Part
from .circuits import flush, together
from .pairs import pauli_phases

Letters = tuple[tuple[Wire, str], ...]


def expectation(b: Builder, x: low.Expectation) -> None:
    """Expectations: a product over independent parts is the product of their expectations."""
    terms = [t for observable in x.observables for t in observable]
    flush(b, {w for t in terms for w, _ in t.paulis})
    wanted: dict[int, dict[Letters, int]] = {}
    for term in terms:
        for place, letters in _by_part(b, term.paulis):
            wanted.setdefault(place, {}).setdefault(letters, len(wanted.get(place, {})))
    slots = {place: _paulis(b, b.parts[place], list(found)) for place, found in wanted.items()}
    observables = tuple(
        tuple(
            p.ReadTerm(
                b.number(t.coefficient),
                tuple((slots[i], wanted[i][letters]) for i, letters in _by_part(b, t.paulis)),
            )
            for t in observable
        )
        for observable in x.observables
    )
    b.values[x.ref] = b.emit(lambda out: p.ExpectValue(out, observables, x.shape))


def _by_part(b: Builder, paulis: Letters) -> list[tuple[int, Letters]]:
    found: dict[int, list[tuple[Wire, str]]] = {}
    for wire, letter in sorted(paulis):
        place = next(i for i, part in enumerate(b.parts) if wire in part.wires)
        found.setdefault(place, []).append((wire, letter))
    return [(place, tuple(letters)) for place, letters in found.items()]


def _paulis(b: Builder, part: Part, strings: Sequence[Letters]) -> p.Slot:
    ready = b.readable(part)
    flips, phases = [], []
    for string in strings:
        letters = dict(string)
        row = [letters.get(w, "I") for w in reversed(ready.wires)]
        phases.append(pauli_phases(row))
        flips.append(sum(1 << j for j, letter in enumerate(row) if letter in "XY"))
    ket, weighted, mixed = _operands(b, ready)
    stacked = np.array(phases)
    return b.emit(
        lambda out: p.Paulis(out, ket, weighted, mixed, tuple(flips), stacked, ready.weight)
    )


def _operands(b: Builder, part: Part) -> tuple[p.Slot, p.Slot | None, int | None]:
    assert part.slot is not None
    mixed = len(part.wires) if part.form == "density" else None
    return part.slot, b.weighted_slot(part), mixed


def populations(b: Builder, x: low.Populations) -> None:
    """Probabilities: of wires part by part, of bits that meet in a condition together."""
    flush(b, {*x.wires, *(w for c in x.bits for w in c.wires)})
    for condition in x.bits:
        if len(b.holding(condition.wires)) > 1:
            together(b, frozenset(condition.wires))
    digits = [*((w, None) for w in x.wires), *((None, c) for c in x.bits)]
    by_part: dict[int, list[int]] = {}
    constant: dict[int, int] = {}
    for digit, (wire, condition) in enumerate(digits):
        wires = (wire,) if condition is None else condition.wires
        if not wires and condition is not None:
            constant[digit] = int(condition.holds[0])
            continue
        place = next(i for i, part in enumerate(b.parts) if wires[0] in part.wires)
        by_part.setdefault(place, []).append(digit)
    slots, order_of = [], []
    for place, mine in by_part.items():
        ready = b.readable(b.parts[place])
        outcome = np.zeros(ready.rows, np.int64)
        for j, digit in enumerate(mine):
            outcome |= _digit(ready, *digits[digit]) << j
        ket, weighted, mixed = _operands(b, ready)
        k, weight = len(mine), ready.weight
        slots.append(
            b.emit(lambda out: p.Chances(out, ket, weighted, mixed, outcome, k, weight))
        )
        order_of.append(mine)
    order = _order(len(digits), order_of, constant)
    b.values[x.ref] = b.emit(lambda out: p.ProbValue(out, tuple(slots), order, x.value))


def _digit(part: Part, wire: Wire | None, condition: low.Condition | None) -> p.Ints:
    """The digit's value in every row of a part."""
    index, n = np.arange(part.rows), len(part.wires)

    def bit(w: Wire) -> p.Ints:
        return (index >> (n - 1 - part.wires.index(w))) & 1

    if condition is None:
        assert wire is not None
        return bit(wire)
    local = np.zeros_like(index)
    for j, w in enumerate(condition.wires):
        local |= bit(w) << j
    return condition.holds[local].astype(np.int64)


def _order(count: int, order_of: Sequence[Sequence[int]], constant: dict[int, int]) -> p.Ints:
    """For every outcome its index in the product of the parts' chances; −1: never.

    The first part is the most significant in that product.
    """
    outcomes = np.arange(2**count)
    found = np.zeros_like(outcomes)
    for mine in order_of:
        for j in reversed(range(len(mine))):
            found = (found << 1) | ((outcomes >> mine[j]) & 1)
    for digit, value in constant.items():
        found = np.where((outcomes >> digit) & 1 == value, found, -1)
    return found
