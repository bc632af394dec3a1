"""Parameter-shift rules: derivatives of means with respect to angles, from shifted circuits.

A mean is a trigonometric polynomial in every single angle, whatever follows its gate: measurements,
resets, conditions. Its frequencies are the differences of the eigenvalues of the gate's generator.
One frequency takes two circuits (Mitarai et al., Phys. Rev. A 98, 032309 (2018); Schuld et al.,
Phys. Rev. A 99, 032331 (2019)), the frequencies 1/2 and 1 of a controlled rotation take four
(Anselmetti et al., New J. Phys. 23, 113010 (2021)). Gates under more controls, evolutions and
multiplexed rotations are products of such gates in a circuit, and each factor is shifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from ...sema.closed import Prepare, RunCell
from ...targets.errors import target_error
from .machine import Machine
from .stencil import Use

#: (shift, factor) of each circuit.
Rule = tuple[tuple[float, float], ...]

TWO: Rule = ((pi / 2, 0.5), (-pi / 2, -0.5))
_NEAR, _FAR = (sqrt(2) + 1) / (4 * sqrt(2)), (sqrt(2) - 1) / (4 * sqrt(2))
FOUR: Rule = (
    (pi / 2, _NEAR),
    (-pi / 2, -_NEAR),
    (3 * pi / 2, -_FAR),
    (-3 * pi / 2, _FAR),
)

RULES: dict[str, Rule] = {
    **dict.fromkeys(("rx", "ry", "rz", "p", "u", "cp", "rxx", "ryy", "rzz", "rzx"), TWO),
    **dict.fromkeys(("crx", "cry", "crz"), FOUR),
}


@dataclass(frozen=True, eq=False)
class Shifts:
    """The shifted circuits of a use: of which slot, by how much, with which factor."""

    slots: NDArray[np.int64]
    by: NDArray[np.float64]
    factors: NDArray[np.float64]

    def angles(self, base: NDArray[np.float64]) -> NDArray[np.float64]:
        """(batch, slots) to (batch × shifts, slots)."""
        found = np.repeat(base[:, None], len(self.slots), axis=1)
        found[:, np.arange(len(self.slots)), self.slots] += self.by
        return found.reshape(-1, base.shape[1])


def shifts(machine: Machine) -> list[Shifts]:
    """The shifted circuits of every use.

    Raises:
        CompileError: E0613 for a trained value that has no finite rule.
    """
    _refuse(machine)
    moved = machine.flow.moving
    return [_of(use, machine.values.moving(use, moved)) for use in machine.uses]


def circuits(machine: Machine, batch: int) -> int:
    """How many circuits a gradient takes, those that give the loss included."""
    found = shifts(machine)
    return batch * (len(machine.uses) + sum(len(s.slots) for s in found))


def _of(use: Use, moving: Sequence[bool]) -> Shifts:
    last = max((q.at for q in use.stencil.quantities), default=-1)
    rows = [
        (k, shift, factor)
        for k, slot in enumerate(use.stencil.slots)
        if moving[k] and slot.at < last
        for shift, factor in RULES[slot.gate]
    ]
    return Shifts(
        np.array([k for k, _, _ in rows], dtype=np.int64),
        np.array([s for _, s, _ in rows]),
        np.array([f for _, _, f in rows]),
    )


def _refuse(machine: Machine) -> None:
    """Refuses trained amplitudes of `prepare`: their angles are no finite sum of frequencies."""
    moved = machine.flow.moving
    for run, op in enumerate(machine.model.ops):
        if not isinstance(op, RunCell):
            continue
        for origin, inner in zip(op.cell.origins, op.cell.ops, strict=True):
            if isinstance(inner, Prepare):
                refs = [r for r in (inner.re, inner.im) if r is not None]
                if any((run, r, False) in moved for r in refs):
                    raise target_error(
                        "E0613",
                        "trained amplitudes of `prepare` have no parameter-shift rule",
                        origin,
                        "depends on parameters, or on what is measured",
                        help="train with SPSA, which needs no derivatives: "
                        "`qrnnc train FILE --backend NAME --optimizer spsa`, or "
                        "`optimizer = spsa(lr = 0.1)` in the file",
                    )
