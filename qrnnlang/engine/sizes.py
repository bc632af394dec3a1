"""How large what the steps of a plan give is, for one sequence."""

from __future__ import annotations

from . import steps as p
from .plan import Plan

Size = tuple[int, int, int]


def sizes_of(plan: Plan) -> dict[p.Slot, Size]:
    """Rows, environment and columns of every slot; (1, 1, 1) where a slot has none."""
    sizes: dict[p.Slot, Size] = {}
    for wires, base in zip(plan.groups, plan.bases, strict=True):
        sizes[base] = (2 ** len(wires), 1, 1 if plan.pure else 2 ** len(wires))
    for step in plan.line.steps:
        sizes[step.out] = _size(step, sizes)
    return sizes


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
        case p.Exponential(phases=phases):
            return (phases.shape[1], 1, phases.shape[1])
        case p.Observables(matrices=matrices, flips=flips):
            return (sizes[matrices[0]][0], len(flips), sizes[matrices[0]][0])
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
