"""Circuits of the same form are multiplied out together, in one loop instead of one each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import steps as p
from .plan import Line

#: What two matrices must have in common to be built together.
_Form = tuple[int, tuple[int, ...], bool, bytes, bool]


def batched(line: Line) -> Line:
    """The line with matrices of the same form built together."""
    after_a_matrix = _after_a_matrix(line)
    kinds: dict[_Form, list[p.Fuse]] = defaultdict(list)
    for step in line.steps:
        if isinstance(step, p.Fuse) and step.out not in after_a_matrix and len(step.parts) == 1:
            (gates,) = step.parts
            if isinstance(gates, p.Gates):
                order, complex_ = gates.other.tobytes(), np.iscomplexobj(gates.diag)
                kinds[step.n, step.columns, step.unitary, order, complex_].append(step)
    level = list(line.level)
    together: list[p.Step] = []
    for (n, columns, unitary, _, _), fuses in kinds.items():
        if len(fuses) < 2:
            continue
        gates = _joined([g for f in fuses for g in f.parts if isinstance(g, p.Gates)])
        all_of_them = len(level)
        level.append(p.STATIC)
        together.append(p.FuseAll(all_of_them, n, len(fuses), gates, columns, unitary))
        together += [p.Choose(f.out, all_of_them, i) for i, f in enumerate(fuses)]
    if not together:
        return line
    replaced = {s.out for s in together}
    steps = [s for s in line.steps if s.out not in replaced]
    before = [s for s in steps if s.out not in after_a_matrix and line.level[s.out] == p.STATIC]
    chosen = {s.out for s in before}
    rest = [s for s in steps if s.out not in chosen]
    return Line((*before, *together, *rest), tuple(level))


def _after_a_matrix(line: Line) -> set[p.Slot]:
    """Slots that depend on a matrix built from gates."""
    matrices = {s.out for s in line.steps if isinstance(s, p.Fuse)}
    found: set[p.Slot] = set()
    for step in line.steps:
        if any(i in found or i in matrices for i in p.reads(step)):
            found.add(step.out)
    return found


def _joined(runs: Sequence[p.Gates]) -> p.Gates:
    """The gates of all runs after each other along G, with angles of their own."""
    depth = max(r.diag.shape[1] for r in runs)
    sources = tuple(dict.fromkeys(s for r in runs for s in r.angles.sources))
    count = sum(len(r.angles.scale) for r in runs)
    factors = max(len(r.angles.index) for r in runs)
    index = np.zeros((factors, count, 2), np.int64)
    index[..., 0] = len(sources)
    which, start = [], 0
    for run in runs:
        angles, u = run.angles, len(run.angles.scale)
        names = [sources.index(s) for s in angles.sources] + [len(sources)]
        mine = angles.index.copy()
        mine[..., 0] = np.array(names)[angles.index[..., 0]]
        index[: len(mine), start : start + u] = mine
        here = np.where(angles.which == u, count, angles.which + start)
        which.append(np.pad(here, ((0, depth - len(here)), (0, 0)), constant_values=count))
        start += u
    scale = np.concatenate([r.angles.scale for r in runs])
    return replace(
        runs[0],
        diag=np.concatenate([_deep(r.diag, depth, 1) for r in runs], 2),
        cross=np.concatenate([_deep(r.cross, depth, 0) for r in runs], 2),
        other=np.concatenate([r.other for r in runs]),
        angles=p.Angles(scale, index, np.concatenate(which, 1), sources),
    )


def _deep(table: np.ndarray, depth: int, identity: int) -> np.ndarray:
    """Coefficients (3, K, G, N) with more factors: the identity."""
    padded = np.zeros((3, depth, *table.shape[2:]), table.dtype)
    padded[0] = identity
    padded[:, : table.shape[1]] = table
    return padded
