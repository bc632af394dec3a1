"""What the parts of a plan cost: real operations, bytes, and seconds at a machine's rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import steps as p
from .plan import Line, Plan
from .rates import Rates
from .sizes import Size, sizes_of

#: Real operations of a complex multiplication and addition.
COMPLEX = 8

#: Bytes of eight sequences' states up to which they stay in a core's cache from step to step.
CACHED = 1 << 20


@dataclass(frozen=True)
class Cost:
    """A part of a plan. `rows`: of its state; `fused` and `dynamic`: the gates it stands for.

    `entries`: complex numbers that it gives for one sequence. `product`: whether its operations are
    those of matrix products, not of gates.
    """

    form: str
    rows: int
    entries: int
    fused: int = 0
    dynamic: int = 0
    flops: int = 0
    product: bool = False

    def seconds(self, times: int, rates: Rates) -> float:
        """For so many evaluations on one thread."""
        work = self.flops / (rates.product if self.product else rates.pair)
        size = 16 * self.entries
        moved = 2 * size / rates.memory if 8 * size > CACHED else 0.0
        return times * (work + moved)


def costs(plan: Plan) -> Iterator[tuple[p.Step, Cost]]:
    """The steps of a plan that cost anything."""
    gates, sizes = _gates(plan.line), sizes_of(plan)
    for step in plan.line.steps:
        if (cost := _cost(step, sizes[step.out], sizes, gates)) is not None:
            yield step, cost


def seconds(plan: Plan, samples: int, rates: Rates) -> float:
    """An evaluation without gradient of so many samples, steps times sequences, on one thread."""
    level = plan.line.level
    return sum(
        cost.seconds(1 if level[step.out] == p.STATIC else samples, rates)
        for step, cost in costs(plan)
    )


def channel_flops(h: int, a: int, c: int, real_ket: bool, small: bool) -> int:
    """Operations of one step of a channel on h levels: by a Kraus operators from c amplitudes, or,

    if it is `small`, by one real matrix on the coordinates of the state and of the kets.
    """
    if small:
        features = c * (c + 1) // 2 if real_ket else c * c
        return 2 * features * h * h * (h * h + 1)
    return (COMPLEX if not real_ket else COMPLEX // 2) * a * h * h * c + 12 * a * h**3


def _fused(n: int, entries: int, runs: list[p.Gates], matrices: int) -> Cost:
    count = matrices + sum(int(moved(run.diag, run.cross).sum()) for run in runs)
    flops = sum(2 * COMPLEX * entries * len(run.other) for run in runs)
    flops += matrices * COMPLEX * entries * n
    return Cost("fused matrix", n, entries, count, 0, flops)


def moved(diag: npt.NDArray[Any], cross: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which factors of a table, (K, G), are no padding."""
    found = (diag[0] != 1).any(-1) | (diag[1:] != 0).any((0, 3)) | (cross != 0).any((0, 3))
    return np.asarray(found)


def _gates(line: Line) -> dict[tuple[p.Slot, int], int]:
    """How many gates each entry of each table stands for."""
    found = {}
    for step in line.steps:
        if isinstance(step, p.Table):
            for entry, count in enumerate(moved(step.diag, step.cross).sum(0)):
                found[step.out, entry] = int(count)
        elif isinstance(step, p.Multiplexed):
            found[step.out, 0] = 1
        elif isinstance(step, p.Rotation):
            found[step.out, 0] = step.gates
    return found


def _cost(
    step: p.Step,
    size: Size,
    sizes: dict[p.Slot, Size],
    gates: dict[tuple[p.Slot, int], int],
) -> Cost | None:
    n, e, h = size
    entries = n * e * h
    match step:
        case p.Apply(use=use):
            count = gates[use.table, use.entry]
            return Cost("gate", n, entries, 0, count, 2 * COMPLEX * entries)
        case p.Sweep(uses=uses):
            count = sum(gates[u.table, u.entry] for u in uses)
            flops = 2 * COMPLEX * entries * len(uses)
            return Cost("gates in a loop", n, entries, 0, count, flops)
        case p.Multiplexed():
            return Cost("map of projected ancillas", n, entries, 0, 0, 2 * COMPLEX * n)
        case p.Starts(diag=diag, cross=cross):
            count = int(moved(diag, cross).sum())
            return Cost("one-qubit kets", 2, 2, 0, count, 4 * COMPLEX * count)
        case p.Run(gates=run):
            count = int(moved(run.diag, run.cross).sum())
            flops = 2 * COMPLEX * entries * len(run.other)
            return Cost("gates in a loop", n, entries, count, 0, flops)
        case p.Fuse(parts=parts):
            runs = [part for part in parts if isinstance(part, p.Gates)]
            return _fused(n, entries, runs, len(parts) - len(runs))
        case p.FuseAll(gates=all_gates):
            return _fused(n, entries, [all_gates], 0)
        case p.Exponential(phases=phases):
            return Cost("exponential", n, entries, len(phases), 0, 20 * COMPLEX * n**3, True)
        case p.Observables():
            return Cost("reads pulled back", n, entries, 0, 0, COMPLEX * entries * n, True)
        case p.Observed(density=density, other=other, observables=observables):
            reads = sizes[observables][1]
            rows = sizes[density][0] * (1 if other is None else sizes[other][0])
            return Cost("reads", reads, reads, 0, 0, 4 * reads * rows, True)
        case p.Multiply(matrix=matrix, ket=ket, lead=lead):
            columns = entries // sizes[matrix][0]
            inner = 1 if ket is None else 2**lead
            flops = COMPLEX * sizes[matrix][0] * inner * columns
            return Cost("matrix product", n, entries, 0, 0, flops, True)
        case p.Weighted():
            form = "weighted by the carried state"
            return Cost(form, n, entries, 0, 0, COMPLEX * entries * h, True)
        case p.Density(ket=ket):
            n, e, h = sizes[ket]
            return Cost("density matrix", n, n * n, 0, 0, COMPLEX * n * n * e * h, True)
        case p.Noise():
            return Cost("noise channel", n, entries, 0, 1, 2 * COMPLEX * entries)
        case _:
            return None
