"""The plan: how a cell is computed, as a short list of dense steps. Plain data, no JAX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import steps as p
from .steps import Level, Slot, Step


@dataclass(frozen=True)
class Line:
    """Steps in order, with the level of each slot."""

    steps: tuple[Step, ...]
    level: tuple[Level, ...]

    def at(self, level: Level) -> Iterator[Step]:
        return (s for s in self.steps if self.level[s.out] == level)


@dataclass(frozen=True)
class Plan:
    """A cell, ready to run.

    `groups`: the carried positions (qubits register by register, then bits) that share a base.
    Slots: `bases` and `reals` enter a step, `next_bases` and `next_reals` leave it, `start_*` are
    those of `start`, the line that runs before the first step. `entries`: complex numbers in the
    largest state of one sequence. `pure`: bases are kets (x, H, 1, 1), not (x, H, H).
    """

    name: str
    line: Line
    start: Line
    groups: tuple[tuple[int, ...], ...]
    bases: tuple[Slot, ...]
    next_bases: tuple[Slot, ...]
    start_bases: tuple[Slot, ...]
    reals: tuple[tuple[str, Slot], ...]
    next_reals: tuple[Slot, ...]
    start_reals: tuple[Slot, ...]
    outputs: tuple[tuple[str, Slot], ...]
    qubits: int
    bits: int
    entries: int
    pure: bool = False

    @property
    def recurrent(self) -> bool:
        return bool(self.bases or self.reals)


def is_real(plan: Plan) -> bool:
    """Whether every amplitude is real."""
    gates: list[p.Table | p.Starts | p.Gates]
    for step in (*plan.line.steps, *plan.start.steps):
        match step:
            case p.Table() | p.Starts():
                gates = [step]
            case p.Run(gates=run):
                gates = [run]
            case p.Fuse(parts=parts):
                gates = [part for part in parts if isinstance(part, p.Gates)]
            case p.FuseAll(gates=runs):
                gates = [runs]
            case p.Stored() | p.Exponential():
                return False
            case p.Rotation(turn=turn) if np.iscomplexobj(turn):
                return False
            case p.Amplitudes(im=im) if im is not None:
                return False
            case _:
                gates = []
        if any(np.iscomplexobj(g.diag) or np.iscomplexobj(g.cross) for g in gates):
            return False
    return True
