"""Unitary instructions as what waits to be applied: pairs, and matrices on some wires."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import instructions as low
from . import steps as p
from .builder import Builder
from .merging import Block
from .pairs import Pair, pauli_phases


def gates_of(b: Builder, x: low.Unitary | low.Exponential | low.Stored) -> Sequence[Pair | Block]:
    match x:
        case low.Unitary(pairs=pairs):
            return pairs
        case low.Exponential():
            return [_exponential(b, x)]
        case low.Stored(wires=wires, name=name, adjoint=adjoint, when=when):
            matrix = b.emit(p.Stored(p.NEW, name, len(wires), adjoint))
            return [_under(b, Block(wires, matrix, b.level[matrix]), when)]


def _exponential(b: Builder, e: low.Exponential) -> Block:
    letters = [dict(t.paulis) for t in e.terms]
    phases = np.array([pauli_phases([found.get(w, "I") for w in e.wires]) for found in letters])
    flips = tuple(
        sum(1 << j for j, w in enumerate(e.wires) if found.get(w, "I") in "XY") for found in letters
    )
    coefficients = tuple(b.number(t.coefficient) for t in e.terms)
    time = b.number(e.time)
    # Evolutions that are the same are one matrix: an eigendecomposition is what they cost.
    key = (phases.tobytes(), flips, coefficients, time)
    if key not in b.exponentials:
        step = p.Exponential(p.NEW, phases, flips, coefficients, time)
        b.exponentials[key] = b.emit(step)
    slot = b.exponentials[key]
    return _under(b, Block(e.wires, slot, b.level[slot]), e.when)


def _under(b: Builder, block: Block, when: low.Condition | None) -> Block:
    if when is None:
        return block
    holds = when.holds
    slot = b.emit(p.Controlled(p.NEW, block.matrix, holds))
    return Block((*block.wires, *when.wires), slot, block.level)
