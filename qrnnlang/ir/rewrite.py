"""Writing a cell anew, operation by operation, with others put between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..sema.closed import (
    Alloc,
    ClosedCell,
    Op,
    Origin,
    QubitCarry,
    RealCarry,
    Ref,
    Wire,
)
from .operands import renumbered, wires_of


@dataclass
class Rewriting:
    """A line of operations as it grows. `refs`: where the values of the old line stand now."""

    wires: int
    ops: list[Op] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    refs: dict[Ref, Ref] = field(default_factory=dict)
    origin: Origin = field(default_factory=lambda: Origin(None))

    def add(self, op: Op) -> Ref:
        """An operation in terms of the new line."""
        self.ops.append(op)
        self.origins.append(self.origin)
        return len(self.ops) - 1

    def moved(self, op: Op) -> Op:
        """An operation of the old line in terms of the new one."""
        return renumbered(op, self.refs)

    def fresh(self, count: int, register: str = "") -> tuple[Wire, ...]:
        """New wires in |0⟩."""
        made = tuple(range(self.wires, self.wires + count))
        self.wires += count
        self.add(Alloc(made, register))
        return made


def rewritten(cell: ClosedCell, each: Callable[[Rewriting, Op], Ref]) -> ClosedCell:
    """The cell with every operation as `each` writes it, which gives the place of its value."""
    wires = 1 + max(
        (
            *(w for op in (*cell.ops, *cell.init) for w in wires_of(op)),
            *(w for c in cell.carries if isinstance(c, QubitCarry) for w in (*c.wires, *c.out)),
        ),
        default=-1,
    )
    nowhere = Origin(None)
    start = _line(wires, cell.init, [nowhere] * len(cell.init), each)
    step = _line(start.wires, cell.ops, cell.origins, each)
    return replace(
        cell,
        ops=tuple(step.ops),
        origins=tuple(step.origins),
        init=tuple(start.ops),
        outputs=tuple(replace(o, ref=step.refs[o.ref]) for o in cell.outputs),
        carries=tuple(
            replace(c, initial=start.refs[c.initial], out=step.refs[c.out])
            if isinstance(c, RealCarry)
            else c
            for c in cell.carries
        ),
    )


def _line(
    wires: int,
    ops: Sequence[Op],
    origins: Sequence[Origin],
    each: Callable[[Rewriting, Op], Ref],
) -> Rewriting:
    line = Rewriting(wires)
    for ref, (op, origin) in enumerate(zip(ops, origins, strict=True)):
        line.origin = origin
        line.refs[ref] = each(line, op)
    return line
