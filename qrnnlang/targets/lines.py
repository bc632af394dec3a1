"""State lines: which part of which qubit's life a read-out sees, and how long it can be read.

A line begins where a wire gets |0⟩ (`Alloc`, or a reset) and goes on through the recurrence; it
ends at a reset or a `Discard`. A read-out can be measured in place if no operation touches its
lines between there and the end of the circuit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
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
    Ref,
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
    touches: list[list[tuple[int, Sequence[Ref]]]] = field(default_factory=list)

    def deadline(self, line: Line, time: Time) -> Time:
        """When the line is next touched after `time`."""
        step, ref = time
        touched = self.touches[line]  # step by step
        i = bisect_left(touched, (step,))
        if i < len(touched) and touched[i][0] == step:
            refs = touched[i][1]
            if refs[-1] > ref:
                return step, refs[bisect_right(refs, ref)]
            i += 1
        return (touched[i][0], touched[i][1][0]) if i < len(touched) else NEVER

    def _new(self) -> Line:
        self.touches.append([])
        return len(self.touches) - 1


def trace(template: Template, steps: int) -> Lines:
    """The lines of a run: those of one step, followed once and repeated."""
    lines = Lines()
    carries = [c for c in template.graph.carries if isinstance(c, QubitCarry)]
    begin = _Sketch({w: n for n, w in enumerate(w for c in carries for w in c.wires)})
    for ref, item in template.init:
        begin.follow(ref, item)
    carried = begin.write(lines, -1, [lines._new() for _ in begin.where])
    where = {w: carried[n] for w, n in begin.where.items()}
    step = _Sketch({w: n for n, w in enumerate(where)})
    for ref, item in template.line:
        if not isinstance(item, Barrier):
            step.follow(ref, item)
    after = {w: step.where[o] for c in carries for w, o in zip(c.wires, c.out, strict=True)}
    order = [after[w] for w in where]
    now = list(where.values())
    for t in range(steps):
        every = step.write(lines, t, now)
        now = [every[n] for n in order]
    return lines


@dataclass
class _Sketch:
    """One pass over a list of operations, its lines numbered: first those that come in.

    `touches[line]`: by which operations; `reads`: read-outs with the lines of their wires, and how
    many postselections lie before each; `posts`: how many there are.
    """

    where: dict[Wire, int]
    touches: list[list[Ref]] = field(default_factory=list)
    reads: list[tuple[Ref, dict[Wire, int], int]] = field(default_factory=list)
    posts: int = 0
    before: int = 0

    def __post_init__(self) -> None:
        self.touches += [[] for _ in self.where]

    def follow(self, ref: Ref, item: Stamp | Op) -> None:
        match item:
            case Expect() | Prob():
                at = {w: self.where[w] for w in wires_of(item)}
                self.reads.append((ref, at, self.posts))
            case Alloc(wires=wires) | Reset(wires=wires, when=None):
                for wire in wires:
                    self.where[wire] = len(self.touches)
                    self.touches.append([])
            case Discard():
                pass
            case _:
                if isinstance(item, Postselect):
                    self.reads.append((ref, {}, self.posts))
                    self.posts += 1
                wires = item.wires if isinstance(item, Stamp | Measure) else wires_of(item)
                for wire in wires:
                    touched = self.touches[self.where[wire]]
                    if not touched or touched[-1] != ref:
                        touched.append(ref)

    def write(self, lines: Lines, t: int, into: Sequence[Line]) -> list[Line]:
        """Step t, where the lines that come in are those of `into`; gives all of its lines."""
        every = [*into, *(lines._new() for _ in range(len(self.touches) - len(into)))]
        for line, refs in zip(every, self.touches, strict=True):
            if refs:
                lines.touches[line].append((t, refs))
        for ref, at, posts in self.reads:
            lines.at[t, ref] = {w: every[n] for w, n in at.items()}
            lines.posts[t, ref] = self.before + posts
        self.before += self.posts
        return every
