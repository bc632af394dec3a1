"""State lines: which part of which qubit's life a read-out sees, and how long it can be read.

A line begins where a wire gets |0⟩ (`Alloc`, or a reset) and goes on through the recurrence; it
ends at a reset or a `Discard`. A read-out can be measured in place if no operation touches its
lines between there and the end of the circuit.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

from ..ir.operands import wires_of
from ..passes import Stamp
from ..sema.closed import (
    Alloc,
    Barrier,
    Discard,
    Expect,
    Measure,
    Op,
    Postselect,
    Prob,
    QubitCarry,
    Reset,
    Wire,
)
from .template import Template

#: Step and operation number; step −1 is the preparation of the carried registers.
Time: TypeAlias = tuple[int, int]
Line: TypeAlias = int

NEVER: Time = (1 << 60, 0)


@dataclass
class Lines:
    """`at[t, ref]`: the line of each wire that the read-out `ref` of step t names.

    `posts[t, ref]`: how many postselections lie before it.
    """

    at: dict[Time, dict[Wire, Line]] = field(default_factory=dict)
    posts: dict[Time, int] = field(default_factory=dict)
    touches: list[list[Time]] = field(default_factory=list)

    def deadline(self, line: Line, time: Time) -> Time:
        """When the line is next touched after `time`."""
        touched = self.touches[line]
        i = bisect_right(touched, time)
        return touched[i] if i < len(touched) else NEVER

    def _new(self) -> Line:
        self.touches.append([])
        return len(self.touches) - 1


def trace(template: Template, steps: int) -> Lines:
    """The lines of a run."""
    lines = Lines()
    carries = [c for c in template.graph.carries if isinstance(c, QubitCarry)]
    where: dict[Wire, Line] = {w: lines._new() for c in carries for w in c.wires}
    posts = 0
    for ref, item in template.init:
        _follow(lines, where, (-1, ref), item)
    line = [(ref, item) for ref, item in template.line if not isinstance(item, Barrier)]
    for t in range(steps):
        for ref, item in line:
            if isinstance(item, Expect | Prob):
                lines.at[t, ref] = {w: where[w] for w in wires_of(item)}
                lines.posts[t, ref] = posts
                continue
            if isinstance(item, Postselect):
                lines.at[t, ref], lines.posts[t, ref] = {}, posts
                posts += 1
            _follow(lines, where, (t, ref), item)
        where = {w: where[o] for c in carries for w, o in zip(c.wires, c.out, strict=True)}
    return lines


def _follow(lines: Lines, where: dict[Wire, Line], time: Time, item: Stamp | Op) -> None:
    match item:
        case Alloc(wires=wires) | Reset(wires=wires, when=None):
            where.update((w, lines._new()) for w in wires)
        case Discard():
            pass
        case _:
            wires = item.wires if isinstance(item, Stamp | Measure) else wires_of(item)
            for wire in wires:
                touched = lines.touches[where[wire]]
                if not touched or touched[-1] != time:
                    touched.append(time)
