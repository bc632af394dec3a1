"""Wires on qubits, through time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from ..sema.closed import QubitCarry, Wire
from .program import Program

Fresh: TypeAlias = Literal["reuse", "expand"]


@dataclass(frozen=True)
class Placed:
    """A `Layout` at a moment, equal to another in which the same would happen."""

    where: tuple[tuple[Wire, int], ...]
    free: tuple[int, ...]
    dirty: frozenset[int]
    home: tuple[tuple[Wire, int], ...]

    @cached_property
    def _hash(self) -> int:
        return hash((self.where, self.free, self.dirty, self.home))

    def __hash__(self) -> int:
        return self._hash


@dataclass
class Layout:
    """Where the wires of one run are now.

    `reuse`: a wire that begins takes a free qubit, the one it had a step before if that is free; it
    is reset unless nothing has acted on it. `expand`: it always takes a new one. `always`: it is
    reset in any case, so that all steps are alike.
    """

    program: Program
    fresh: Fresh
    where: dict[Wire, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    dirty: set[int] = field(default_factory=set)
    home: dict[Wire, int] = field(default_factory=dict)
    always: bool = False

    def placed(self) -> Placed:
        return Placed(
            tuple(self.where.items()),
            tuple(self.free),
            frozenset(self.dirty),
            tuple(self.home.items()),
        )

    def place(self, placed: Placed) -> None:
        """Goes to what `placed` gave."""
        self.where, self.home = dict(placed.where), dict(placed.home)
        self.free, self.dirty = list(placed.free), set(placed.dirty)

    def carry(self, carries: list[QubitCarry]) -> None:
        """Qubits for the carried registers, before the first step."""
        for carry in carries:
            qubits = self.program.new_qubits(carry.name, len(carry.wires))
            self.where.update(zip(carry.wires, qubits, strict=True))

    def alloc(self, wires: tuple[Wire, ...], register: str) -> tuple[int, ...]:
        """Qubits for wires that begin; gives those that have to be reset first."""
        taken = {w: q for w in wires if (q := self._take(w)) is not None}
        missing = [w for w in wires if w not in taken]
        if missing:
            made = self.program.new_qubits(register or "q", len(missing))
            taken.update(zip(missing, made, strict=True))
        self.where.update(taken)
        self.home.update(taken)
        used = tuple(taken[w] for w in wires if self.always or taken[w] in self.dirty)
        self.dirty.difference_update(used)
        return used

    def discard(self, wires: tuple[Wire, ...]) -> None:
        """Frees the qubits of wires that end."""
        if self.fresh == "reuse":
            self.free += [self.where[w] for w in wires]
            self.free.sort()
        for wire in wires:
            del self.where[wire]

    def touch(self, qubits: Iterable[int]) -> None:
        self.dirty.update(qubits)

    def next_step(self, carries: list[QubitCarry]) -> None:
        """The recurrence: carried registers continue on their `out` wires, all others end."""
        kept = {o for c in carries for o in c.out}
        self.discard(tuple(w for w in self.where if w not in kept))
        self.where = {
            w: self.where[o] for c in carries for w, o in zip(c.wires, c.out, strict=True)
        }

    def _take(self, wire: Wire) -> int | None:
        if not self.free:
            return None
        home = self.home.get(wire)
        qubit = home if home in self.free else self.free[0]
        assert qubit is not None
        self.free.remove(qubit)
        return qubit
