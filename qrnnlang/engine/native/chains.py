"""Unitary gates in a row on one state, which the kernel works off in place (kernels/chain.h)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from .. import steps as p
from .arrays import Array, Programs
from .factors import DENSE, paired, pairs
from .shared import classes
from .writer import Ids

PHASES, SIGNS, GENERAL, REAL_PAIR, TURNED = range(5)

#: Columns of a matrix that the kernel works on together: kLanes in kernels/lanes.h.
LANES = 8


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate in pair form, a coefficient for every row."""

    other: Ids
    diag: Array
    cross: Array


@dataclass(frozen=True, slots=True)
class Chain:
    """A state and the gates that are still to act on it."""

    state: Array
    gates: tuple[Gate, ...] = ()


def inner(
    steps: Sequence[p.Step], level: Sequence[p.Level], ends: Iterable[p.Slot]
) -> frozenset[p.Slot]:
    """States that one unitary gate makes and the next one takes, and nothing else reads.

    `ends`: what is read when all steps are done.
    """
    readers: dict[p.Slot, list[p.Step]] = {}
    for step in steps:
        for slot in p.reads(step):
            readers.setdefault(slot, []).append(step)
    acting = {s.out: s for s in steps if isinstance(s, p.Apply | p.Sweep | p.Run) and s.unitary}
    found = set()
    for out in set(acting).difference(ends):
        match readers.get(out, []):
            case [only] if only.out in acting and level[only.out] == level[out]:
                found.add(out)
    return frozenset(found)


def gates(q: Programs, slots: Mapping[p.Slot, Any], step: p.Apply | p.Sweep | p.Run) -> list[Gate]:
    """The gates of a step."""
    if isinstance(step, p.Run):
        run = step.gates
        diag, cross = pairs(q, run.diag, run.cross, run.other, run.angles, slots)
        found = [Gate(other, diag[g], cross[g]) for g, other in enumerate(run.other)]
    else:
        uses = step.uses if isinstance(step, p.Sweep) else (step.use,)
        found = [_used(slots, step.n, use) for use in uses]
    if step.conj:
        found = [Gate(g.other, q.conjugate(g.diag), q.conjugate(g.cross)) for g in found]
    return found


def _used(slots: Mapping[p.Slot, Any], n: int, use: p.Use) -> Gate:
    """An entry of a table on a state of n wires."""
    diag, cross = slots[use.table]
    row = np.arange(2**n)
    place = sum((((row >> (n - 1 - a)) & 1) << j for j, a in enumerate(use.axes)), 0 * row)
    flips = sum(1 << (n - 1 - a) for a in use.axes[: use.flips])
    return Gate(row ^ flips, diag[use.entry][place], cross[use.entry][place])


def applied(q: Programs, chain: Chain, unitary: bool) -> Array:
    """The state behind the gates."""
    state, gates = chain.state, list(chain.gates)
    while gates and state.fixed and gates[0].diag.fixed:
        state = _one(q, state, gates.pop(0))
    rows, row = state.shape[0], int(np.prod(state.shape[1:]))
    if not unitary or not gates or rows * row < DENSE:
        return reduce(lambda t, gate: _one(q, t, gate), gates, state)
    return _chained(q, state, gates, False)


def swept(
    q: Programs, matrix: Array, run: p.Gates, slots: Mapping[p.Slot, Any], unitary: bool
) -> Array:
    """Gates of parameters alone on the rows of a matrix."""
    diag, cross = pairs(q, run.diag, run.cross, run.other, run.angles, slots)
    found = [Gate(other, diag[g], cross[g]) for g, other in enumerate(run.other)]
    constant = bool((matrix.re < 0).all() and (matrix.im < 0).all())
    if not unitary or not constant or matrix.shape[1] % LANES or not found:
        return reduce(lambda t, gate: _one(q, t, gate), found, matrix)
    return _chained(q, matrix, found, True)


def _chained(q: Programs, state: Array, gates: Sequence[Gate], fixed: bool) -> Array:
    rows, row = state.shape[0], int(np.prod(state.shape[1:]))
    state = q.at(state, fixed)
    codes, complex_, one = [], not state.real, q.one(fixed)
    for gate in gates:
        kind, groups = _groups(q.at(gate.diag, fixed), q.at(gate.cross, fixed), gate.other, one)
        if groups:
            codes.append((kind, groups))
            complex_ |= kind in (PHASES, GENERAL, TURNED)
    if not codes:
        return state
    # Constants: in the fixed program they are what is in front of it.
    constant = np.arange(-1 - len(q.fixed.first), 0) if fixed else np.array([-1, one])
    planes, writer = q.planes(state), q.writer(fixed)
    re, im = writer.chain(planes, (rows, row), complex_, codes, constant)
    place = np.arange(rows * row).reshape(state.shape)
    return Array(re + place, im + place if complex_ else np.full(state.shape, -1), fixed)


def _one(q: Programs, t: Array, gate: Gate) -> Array:
    return paired(q, t, gate.other, gate.diag, gate.cross)


#: A group of rows: coefficients, and the rows (of pairs: both).
Group = tuple[Ids, Ids]


def _groups(diag: Array, cross: Array, other: Ids, one: int) -> tuple[int, list[Group]]:
    """The kind of a gate, and its rows by their coefficients, without those it leaves alone."""
    mine = np.stack([diag.re, diag.im], 1)
    if (cross.re == -1).all() and cross.real:
        kind = SIGNS if diag.real else PHASES
        rows, alone = np.arange(len(other))[:, None], np.array([one, -1])
    else:
        first = np.flatnonzero(np.arange(len(other)) < other)
        second = other[first]
        assert (other[second] == first).all()
        both = np.concatenate([mine, np.stack([cross.re, cross.im], 1)], 1)
        mine = np.concatenate([both[first], both[second]], 1)
        turned = diag.real and (cross.re == -1).all()
        kind = REAL_PAIR if diag.real and cross.real else TURNED if turned else GENERAL
        rows, alone = np.stack([first, second], 1), np.array([one, -1, -1, -1] * 2)
    return kind, [(key, rows[at]) for key, at in classes(mine) if (key != alone).any()]
