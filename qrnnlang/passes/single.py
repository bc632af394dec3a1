"""Single: runs of known gates on one qubit become one `u`, or nothing.

Contract: the channel stays, up to a global phase. Gates with open angles, under controls or under
bits end a run; a run of one gate stays as it is.
"""

from __future__ import annotations

from cmath import phase
from dataclasses import replace

import numpy as np

from ..ir.gates import Matrix, unitary
from ..ir.operands import wires_of
from ..sema.closed import Ref, Wire
from .line import Item, Stamp, Step, constant, number
from .rules import is_known

_ROUNDING = 1e-12


def single(step: Step) -> Step:
    out: list[Item | None] = []
    runs: dict[Wire, tuple[int, list[Stamp]]] = {}

    def close(wire: Wire) -> None:
        if wire in runs:
            at, run = runs.pop(wire)
            entry = out[at]
            assert entry is not None
            out[at] = _joined(entry[0], run)

    for ref, item in step.line:
        if isinstance(item, Stamp) and plain(item):
            wire = item.wires[0]
            if wire in runs:
                runs[wire][1].append(item)
                continue
            runs[wire] = (len(out), [item])
        else:
            for wire in item.wires if isinstance(item, Stamp) else wires_of(item):
                close(wire)
        out.append((ref, item))
    for wire in list(runs):
        close(wire)
    return replace(step, line=tuple(item for item in out if item is not None))


def plain(stamp: Stamp) -> bool:
    """Whether a gate is a known matrix on one qubit, always applied."""
    return len(stamp.wires) == 1 and stamp.when is None and not stamp.ctrl and is_known(stamp)


def matrix(stamp: Stamp) -> Matrix:
    """The matrix of a gate whose angles are known."""
    return unitary(stamp.name, [constant(a) or 0.0 for a in stamp.angles])


def _joined(ref: Ref, run: list[Stamp]) -> Item | None:
    if len(run) == 1:
        return ref, run[0]
    whole = np.eye(2, dtype=np.complex128)
    for stamp in run:
        whole = matrix(stamp) @ whole
    angles = euler(*(complex(x) for x in whole.ravel()))
    if angles is None:
        return None
    return ref, Stamp("u", run[0].wires, tuple(number(a) for a in angles))


def euler(a: complex, b: complex, c: complex, d: complex) -> tuple[float, float, float] | None:
    """θ, φ, λ of `u` for the unitary [[a, b], [c, d]], up to a phase; None for the identity."""
    theta = 2.0 * float(np.arctan2(abs(c), abs(a)))
    if abs(c) < _ROUNDING:
        lam = phase(d / a)
        return None if abs(lam) < _ROUNDING else (0.0, 0.0, lam)
    if abs(a) < _ROUNDING:
        return float(np.pi), phase(c / -b) if abs(b) else 0.0, 0.0
    return theta, phase(c / a), phase(-b / a)
