"""A plan in words and numbers, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import steps as p
from .plan import Line, Plan

Size = tuple[int, int, int]

#: Real operations of a complex multiplication and addition.
_COMPLEX = 8


@dataclass(frozen=True)
class _Cost:
    form: str
    rows: int
    fused: int = 0
    dynamic: int = 0
    flops: int = 0


def describe_plan(name: str, plan: Plan, batch: int, steps: int) -> list[dict[str, object]]:
    """One entry for each step of a plan that costs anything.

    `computed` says how often, `fused_gates` and `dynamic_gates` how many gates of the program the
    entry stands for, `flops` the real operations of one evaluation without gradient.
    """
    times = {p.STATIC: 1, p.GIVEN: batch * steps, p.RECURRENT: batch * steps}
    when = {p.STATIC: "once", p.GIVEN: "ahead of the recurrence", p.RECURRENT: "each step"}
    gates = _gates(plan.line)
    sizes = sizes_of(plan)
    found: list[dict[str, object]] = []
    for step in plan.line.steps:
        cost = _cost(step, sizes[step.out], sizes, gates)
        if cost is None:
            continue
        level = plan.line.level[step.out]
        found.append(
            {
                "cell": name,
                "form": cost.form,
                "computed": when[level],
                "qubits": cost.rows.bit_length() - 1,
                "fused_gates": cost.fused,
                "dynamic_gates": cost.dynamic,
                "flops": cost.flops * times[level],
            }
        )
    return found


def sizes_of(plan: Plan) -> dict[p.Slot, Size]:
    """Rows, environment and columns of every slot; (1, 1, 1) where a slot has none."""
    sizes: dict[p.Slot, Size] = {}
    for wires, base in zip(plan.groups, plan.bases, strict=True):
        sizes[base] = (2 ** len(wires), 1, 1 if plan.pure else 2 ** len(wires))
    for step in plan.line.steps:
        sizes[step.out] = _size(step, sizes)
    return sizes


def _fused(n: int, entries: int, runs: list[p.Gates], matrices: int) -> _Cost:
    count = matrices + sum(int(_moved(run.diag, run.cross).sum()) for run in runs)
    flops = sum(2 * _COMPLEX * entries * len(run.other) for run in runs)
    return _Cost("fused matrix", n, count, 0, flops + matrices * _COMPLEX * entries * n)


def _moved(diag: npt.NDArray[Any], cross: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which factors of a table, (K, G), are no padding."""
    found = (diag[0] != 1).any(-1) | (diag[1:] != 0).any((0, 3)) | (cross != 0).any((0, 3))
    return np.asarray(found)


def _gates(line: Line) -> dict[tuple[p.Slot, int], int]:
    """How many gates each entry of each table stands for."""
    found = {}
    for step in line.steps:
        if isinstance(step, p.Table):
            for entry, count in enumerate(_moved(step.diag, step.cross).sum(0)):
                found[step.out, entry] = int(count)
        elif isinstance(step, p.Multiplexed):
            found[step.out, 0] = 1
        elif isinstance(step, p.Rotation):
            found[step.out, 0] = step.gates
    return found


def _size(step: p.Step, sizes: dict[p.Slot, Size]) -> Size:
    """(rows, environment, columns) of what a step gives, where it has rows."""
    match step:
        case p.Product(parts=parts):
            return (2 ** len(parts), 1, 1)
        case p.FuseAll(n=n, columns=columns):
            return (2**n, 1, len(columns))
        case p.Choose(matrices=matrices):
            return sizes[matrices]
        case p.Run(ket=ket):
            return sizes[ket]
        case p.Multiplexed(ket=ket):
            return (sizes[ket][0], 1, 1)
        case p.Zeros(n=n) | p.Amplitudes(n=n):
            return (2**n, 1, 1)
        case p.BasisKet(values=values):
            return (2 ** len(values), 1, 1)
        case p.Ones(n=n):
            return (2**n, 1, 1)
        case p.Identity(n=n):
            return (2**n, 1, 2**n)
        case p.Merge(parts=parts) | p.MergeBases(parts=parts):
            n = e = h = 1
            for part in parts:
                n, e, h = n * sizes[part][0], e * sizes[part][1], h * sizes[part][2]
            return (n, e, h)
        case p.Permute(ket=ket, env=env):
            n, e, h = sizes[ket]
            return (n >> env, e << env, h)
        case p.Multiply(matrix=matrix, ket=ket, lead=lead, wide=wide):
            n, e, h = (1, 1, 1) if ket is None else sizes[ket]
            return (sizes[matrix][0] * (n >> lead), e, h * wide)
        case p.Fuse(n=n, columns=columns):
            return (2**n, 1, len(columns))
        case p.Stored(n=n):
            return (2**n, 1, 2**n)
        case p.Exponential(paulis=paulis):
            return (paulis.shape[1], 1, paulis.shape[1])
        case p.Controlled(matrix=matrix, holds=holds):
            n = sizes[matrix][0] * len(holds)
            return (n, 1, n)
        case p.Density(ket=ket):
            return (sizes[ket][0] ** 2, 1, 1)
        case p.BaseDensity(base=base):
            return (sizes[base][0] ** 2, 1, 1)
        case p.TraceOut(density=density, rows=rows):
            return (sizes[density][0] >> (2 * len(rows)), 1, 1)
        case p.Pick(ket=ket, axes=axes):
            n, e, h = sizes[ket]
            return (n >> len(axes), e, h)
        case p.NextBase(n=n):
            return (2**n, 1, 2**n)
        case p.NextKet(ket=ket):
            return sizes[ket]
        case p.Apply(ket=ket) | p.Sweep(ket=ket) | p.Weighted(ket=ket) | p.Mask(ket=ket):
            return sizes[ket]
        case p.LoadWhere(ket=ket):
            return sizes[ket]
        case p.Noise(density=density):
            return sizes[density]
        case _:
            return (1, 1, 1)


def _cost(
    step: p.Step,
    size: Size,
    sizes: dict[p.Slot, Size],
    gates: dict[tuple[p.Slot, int], int],
) -> _Cost | None:
    n, e, h = size
    entries = n * e * h
    match step:
        case p.Apply(use=use):
            count = gates[use.table, use.entry]
            return _Cost("gate", n, 0, count, 2 * _COMPLEX * entries)
        case p.Sweep(uses=uses):
            count = sum(gates[u.table, u.entry] for u in uses)
            return _Cost("gates in a loop", n, 0, count, 2 * _COMPLEX * entries * len(uses))
        case p.Multiplexed():
            return _Cost("map of projected ancillas", n, 0, 0, 2 * _COMPLEX * n)
        case p.Starts(diag=diag, cross=cross):
            count = int(_moved(diag, cross).sum())
            return _Cost("one-qubit kets", 2, 0, count, 4 * _COMPLEX * count)
        case p.Run(gates=run):
            count = int(_moved(run.diag, run.cross).sum())
            return _Cost("gates in a loop", n, count, 0, 2 * _COMPLEX * entries * len(run.other))
        case p.Fuse(parts=parts):
            runs = [part for part in parts if isinstance(part, p.Gates)]
            return _fused(n, entries, runs, len(parts) - len(runs))
        case p.FuseAll(gates=all_gates):
            return _fused(n, entries, [all_gates], 0)
        case p.Exponential(paulis=paulis):
            return _Cost("exponential", n, len(paulis), 0, 20 * _COMPLEX * n**3)
        case p.Multiply(matrix=matrix, ket=ket, lead=lead):
            columns = entries // sizes[matrix][0]
            inner = 1 if ket is None else 2**lead
            return _Cost("matrix product", n, 0, 0, _COMPLEX * sizes[matrix][0] * inner * columns)
        case p.Weighted():
            return _Cost("weighted by the carried state", n, 0, 0, _COMPLEX * entries * h)
        case p.Density(ket=ket):
            n, e, h = sizes[ket]
            return _Cost("density matrix", n, 0, 0, _COMPLEX * n * n * e * h)
        case p.Noise():
            return _Cost("noise channel", n, 0, 1, 2 * _COMPLEX * entries)
        case _:
            return None
