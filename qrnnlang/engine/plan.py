"""The plan: how a cell is computed, as a short list of dense steps. Plain data, no JAX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    those of `start`, the line that runs before the first step.
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

    @property
    def recurrent(self) -> bool:
        return bool(self.bases or self.reals)
