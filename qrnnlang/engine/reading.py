"""Planning reads: expectations and probabilities, part by part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..sema.closed import Wire
from . import instructions as low
from . import steps as p
from .applying import matrix_of, together
from .builder import Builder, Part
from .circuits import flush
from .merging import Block, merged
from .pairs import Pair, pauli_phases

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
    b.values[x.ref] = b.emit(p.ExpectValue(p.NEW, observables, x.shape))


def _by_part(b: Builder, paulis: Letters) -> list[tuple[int, Letters]]:
    found: dict[int, list[tuple[Wire, str]]] = {}
    for wire, letter in sorted(paulis):
        place = next(i for i, part in enumerate(b.parts) if wire in part.wires)
        found.setdefault(place, []).append((wire, letter))
    return [(place, tuple(letters)) for place, letters in found.items()]


def _paulis(b: Builder, part: Part, strings: Sequence[Letters]) -> p.Slot:
    ready = b.readable(part)
    named = {w for string in strings for w, _ in string}
    axes = tuple(i for i, w in enumerate(ready.wires) if w in named)
    kept = [ready.wires[i] for i in axes]
    found = [_string(kept, string) for string in strings]
    flips, phases = [flip for _, flip in found], [row for row, _ in found]
    ket, weighted, stacked = ready.held, b.weighted_slot(ready), np.array(phases)
    mixed, n = ready.form == "density", len(ready.wires)
    return b.emit(
        p.Paulis(p.NEW, ket, weighted, mixed, n, axes, tuple(flips), stacked, ready.weight)
    )


def pulled_back(b: Builder, x: low.Pulled, body: Sequence[Sequence[Pair | Block]]) -> None:
    """Expectations in the state as it is, of observables that circuits have been pulled through.

    `body`: the gates of each instruction of the circuit.
    """
    flush(b, x.wires)
    parts = sorted(b.holding(x.wires), key=lambda part: (part.rows, min(part.wires)))
    others, whole = _looked_at(b, parts[:-1], x.wires), _looked_at(b, parts[-1:], x.wires)
    assert whole is not None
    few = others.wires if others else ()
    rows = (*few, *whole.wires)
    counts = sorted({count for _, count in x.reads})
    circuits = [[gate for gates in body[:count] for gate in gates] for count in counts]
    matrices = tuple(matrix_of(b, merged(c, b.level_of), rows, rows, ()) for c in circuits)
    entries: dict[tuple[int, Letters], int] = {}  # in the order of the matrices
    for count in counts:
        for read, after in x.reads:
            for term in (t for o in read.observables for t in o if after == count):
                entries.setdefault((counts.index(count), term.paulis), len(entries))
    strings = [_string(rows, letters) for _, letters in entries]
    phases = np.array([found for found, _ in strings])
    flips, which = tuple(flip for _, flip in strings), tuple(i for i, _ in entries)
    pulled = b.emit(p.Observables(p.NEW, matrices, which, flips, phases, len(few)))
    found = [part for part in (others, whole) if part]
    weight = b.weight_product(tuple(part.weight for part in found if part.weight is not None))
    other = others.held if others else None
    slot = b.emit(p.Observed(p.NEW, whole.held, other, pulled, weight))
    for read, count in x.reads:
        observables = tuple(
            tuple(
                p.ReadTerm(
                    b.number(t.coefficient), ((slot, entries[counts.index(count), t.paulis]),)
                )
                for t in observable
            )
            for observable in read.observables
        )
        b.values[read.ref] = b.emit(p.ExpectValue(p.NEW, observables, read.shape))


def _looked_at(b: Builder, parts: Sequence[Part], wires: Sequence[Wire]) -> Part | None:
    """Some wires of parts as one density, which is read; the state is not changed by this."""
    if not parts:
        return None
    ready = [b.as_density(part) for part in b.pooled(parts)]
    whole = b.product(ready) if len(ready) > 1 else ready[0]
    extra = [w for w in whole.wires if w not in wires]
    return b.traced(whole, extra) if extra else whole


def _string(wires: Sequence[Wire], string: Letters) -> tuple[np.ndarray, int]:
    """Row phases and flips of a Pauli product on wires, most significant first."""
    letters = dict(string)
    row = [letters.get(w, "I") for w in reversed(wires)]
    return pauli_phases(row), sum(1 << j for j, letter in enumerate(row) if letter in "XY")


def populations(b: Builder, x: low.Populations) -> None:
    """Probabilities: of wires part by part, of bits that meet in a condition together."""
    flush(b, {*x.wires, *(w for c in x.bits for w in c.wires)})
    for condition in x.bits:
        if len(b.holding(condition.wires)) > 1:
            together(b, frozenset(condition.wires))
    digits = (*(low.Condition((w,), np.array([False, True])) for w in x.wires), *x.bits)
    by_part: dict[int, list[int]] = {}
    constant: dict[int, int] = {}
    for digit, condition in enumerate(digits):
        if not condition.wires:
            constant[digit] = int(condition.holds[0])
            continue
        place = next(i for i, part in enumerate(b.parts) if condition.wires[0] in part.wires)
        by_part.setdefault(place, []).append(digit)
    slots = tuple(_chances(b, b.parts[i], [digits[d] for d in mine]) for i, mine in by_part.items())
    order = _order(len(digits), list(by_part.values()), constant)
    b.values[x.ref] = b.emit(p.ProbValue(p.NEW, slots, order, x.value))


def _chances(b: Builder, part: Part, digits: Sequence[low.Condition]) -> p.Slot:
    """The probabilities of all values of some digits of a part, the first least significant."""
    ready = b.readable(part)
    named = {w for digit in digits for w in digit.wires}
    axes = tuple(i for i, w in enumerate(ready.wires) if w in named)
    kept = [ready.wires[i] for i in axes]
    index = np.arange(2 ** len(kept))
    outcome = np.zeros_like(index)
    for j, digit in enumerate(digits):
        local = np.zeros_like(index)
        for k, wire in enumerate(digit.wires):
            local |= ((index >> (len(kept) - 1 - kept.index(wire))) & 1) << k
        outcome |= digit.holds[local].astype(np.int64) << j
    ket, weighted, mixed = ready.held, b.weighted_slot(ready), ready.form == "density"
    n, k = len(ready.wires), len(digits)
    return b.emit(p.Chances(p.NEW, ket, weighted, mixed, n, axes, outcome, k, ready.weight))


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
