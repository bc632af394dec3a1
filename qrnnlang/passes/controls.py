"""Controls: gates under extra controls become gates without.

Contract: the channel stays; afterwards no gate has `ctrl`. Gates appear that the cell did not name.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.recipes import recipe
from .line import Stamp, Step, total


def lowered(stamp: Stamp) -> tuple[Stamp, ...]:
    """A gate as gates without extra controls."""
    if not stamp.ctrl:
        return (stamp,)
    found = []
    operands = len(stamp.wires) - len(stamp.ctrl)
    for step in recipe(stamp.name, stamp.ctrl, len(stamp.angles), operands):
        angles = tuple(
            total(
                *(
                    ((c, ()),) if p is None else tuple((c * k, fs) for k, fs in stamp.angles[p])
                    for c, p in angle
                )
            )
            for angle in step.angles
        )
        wires = tuple(stamp.wires[q] for q in step.qubits)
        found.append(Stamp(step.name, wires, angles, stamp.when))
    return tuple(found)


def controls(step: Step) -> Step:
    line = tuple(
        (ref, part)
        for ref, item in step.line
        for part in (lowered(item) if isinstance(item, Stamp) else (item,))
    )
    return replace(step, line=line)
