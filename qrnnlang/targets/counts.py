"""From the counts of circuits to read-outs: means and the per-shot values behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from ..sema.closed import Expect
from .outputs import Basis, Key, Needed
from .plan import CircuitPlan
from .program import Program
from .symbols import Expr, Read

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shots:
    """The shots of one circuit that passed some postselections: distinct outcomes and how often.

    `registers[name]`: the integer that each outcome has in a register.
    """

    registers: Mapping[str, NDArray[np.int64]]
    weights: Floats

    @property
    def total(self) -> float:
        return float(self.weights.sum())

    def mean(self, values: Floats) -> float:
        return float(values @ self.weights) / self.total

    def variance(self, values: Floats) -> float:
        """Of the mean of `values` over the shots."""
        centred = values - self.mean(values)
        return float((centred**2) @ self.weights) / self.total / max(self.total - 1, 1)


@dataclass(frozen=True, eq=False)
class Summand:
    """coefficient × (what each shot of a group says): part of a read-out."""

    coefficient: float
    group: int
    values: Floats


@dataclass(eq=False)
class Results:
    """What has been measured: `summands[read]` add up to the read-out.

    `success`: how often each postselection succeeded, of the shots that had come so far.
    """

    groups: list[Shots] = field(default_factory=list)
    summands: dict[Read, list[Summand]] = field(default_factory=dict)
    success: dict[str, float] = field(default_factory=dict)

    def add(
        self,
        plans: Sequence[CircuitPlan],
        programs: Sequence[Program],
        counts: Sequence[Mapping[str, int]],
        needs: Sequence[Needed],
    ) -> None:
        """The counts of the circuits of some plans, which together give `needs`."""
        by_key = {n.key: n for n in needs}
        products = {read: need.coefficients[read] for need in needs for read in need.reads}
        open_: dict[tuple[Read, Basis], list[Expr]] = {}
        for read in (r for r in products if r not in self.summands):
            for c, basis in products[read]:
                open_.setdefault((read, basis), []).append(c)
        for plan, program, found in zip(plans, programs, counts, strict=True):
            shots = decoded(program, found)
            self._rates(program, shots)
            place: dict[int, int] = {}
            for key, register, passed in _passed(program, shots):
                if id(passed) not in place:
                    place[id(passed)] = len(self.groups)
                    self.groups.append(passed)
                group = place[id(passed)]
                chosen = plan.chosen(key)
                for (read, basis), coefficients in list(open_.items()):
                    if ((read.step, read.ref), basis) in chosen and read.run == key[0]:
                        del open_[read, basis]
                        self._summands(read, basis, coefficients, by_key[key], group, register)
        for (read, basis), coefficients in open_.items():
            assert not basis, "a read-out that no circuit gives"
            for c in coefficients:
                assert isinstance(c, float)
                self.summands.setdefault(read, []).append(Summand(c, -1, np.ones(1)))

    def _summands(
        self,
        read: Read,
        basis: Basis,
        coefficients: list[Expr],
        need: Needed,
        group: int,
        register: str,
    ) -> None:
        bits = [need.slots.index(slot) for slot, _ in basis]
        values = self.groups[group].registers[register]
        for c in coefficients:
            assert isinstance(c, float)
            held = [values >> b & 1 for b in bits]
            if isinstance(need.ops[read.ref], Expect):
                shown = np.prod([1.0 - 2.0 * h for h in held], axis=0)
                summand = Summand(c, group, np.asarray(shown, dtype=np.float64))
            else:
                number = sum((h << i for i, h in enumerate(held)), np.zeros_like(values))
                summand = Summand(1.0, group, (number == int(c)).astype(np.float64))
            self.summands.setdefault(read, []).append(summand)

    def _rates(self, program: Program, shots: Shots) -> None:
        kept = np.ones(len(shots.weights), dtype=bool)
        for name, entry in program.metadata["postselections"].items():
            before = float(shots.weights[kept].sum())
            kept = kept & (shots.registers[name] == entry["value"])
            if before:
                self.success.setdefault(name, float(shots.weights[kept].sum()) / before)

    def reads(self, draw: np.random.Generator | None = None) -> dict[Read, float]:
        """The read-outs; with `draw`, of shots drawn anew from the ones there are."""
        groups = self.groups
        if draw is not None:
            groups = [Shots(g.registers, _redrawn(g, draw)) for g in groups]
        return {
            read: sum(
                s.coefficient * (1.0 if s.group < 0 else groups[s.group].mean(s.values))
                for s in parts
            )
            for read, parts in self.summands.items()
        }

    def variance(self, coefficients: Mapping[Read, float]) -> float:
        """Of Σ coefficient × read-out; the read-outs of one circuit vary together."""
        shown: dict[int, Floats] = {}
        for read, factor in coefficients.items():
            for s in self.summands[read]:
                if s.group >= 0:
                    part = factor * s.coefficient * s.values
                    shown[s.group] = shown[s.group] + part if s.group in shown else part
        return sum(self.groups[g].variance(v) for g, v in shown.items())


def _passed(program: Program, shots: Shots) -> Iterator[tuple[Key, str, Shots]]:
    """The outputs of a circuit, each with its register and the shots that count for it."""
    posts = program.metadata["postselections"]
    groups: dict[tuple[str, ...], Shots] = {}
    for register, entry in program.metadata["outputs"].items():
        names = tuple(entry["postselections"])
        if names not in groups:
            kept = np.ones(len(shots.weights), dtype=bool)
            for name in names:
                kept &= shots.registers[name] == posts[name]["value"]
            if not shots.weights[kept].sum():
                raise DataError(f"no shot passed the postselections before `{register}`")
            groups[names] = Shots(
                {n: v[kept] for n, v in shots.registers.items()}, shots.weights[kept]
            )
        yield (entry["run"], entry["cell_output"], entry["step"]), register, groups[names]


def _redrawn(shots: Shots, draw: np.random.Generator) -> Floats:
    return draw.multinomial(int(shots.total), shots.weights / shots.total).astype(np.float64)


def decoded(program: Program, counts: Mapping[str, int]) -> Shots:
    """Counts by bit string as Qiskit prints them, the last register first; spaces do not matter."""
    keys = [k.replace(" ", "") for k in counts]
    registers: dict[str, Any] = {}
    end = program.clbits
    for name, ids in program.cregs:
        n = len(ids)
        registers[name] = np.array([int(k[end - n : end], 2) if n else 0 for k in keys])
        end -= n
    return Shots(registers, np.array(list(counts.values()), dtype=np.float64))
