"""Boundary: gates at the end of a step meet those at the beginning of the next.

Contract: steps that begin with `head` in place of their own line, the last gates of the step before
having been left out there, do the same as the unchanged line, step after step. The first step has
no head and the last one loses its tail, which nothing after it can feel. Only gates on carried
wires move, whose angles are the same at every step and which commute with all that follows them.
"""

from __future__ import annotations

from ..sema.closed import QubitCarry, Ref
from .fed import still
from .line import Item, Stamp, Step, cost, elements
from .merge import merged
from .rules import passes
from .swaps import renamed


def split(step: Step) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The line without its tail, and the tail on the wires on which the next step finds it."""
    carries = [c for c in step.carries if isinstance(c, QubitCarry)]
    into = {o: w for c in carries for w, o in zip(c.wires, c.out, strict=True)}
    constant = still(step.graph)
    tail: list[Item] = []
    rest: list[Item] = []
    for ref, item in reversed(step.line):
        if (
            isinstance(item, Stamp)
            and item.wires
            and item.when is None
            and set(item.wires) <= into.keys()
            and all(e.ref in constant for e in elements(item.angles))
            and all(passes(item, other) for _, other in rest)
        ):
            tail.append((ref, item))
        else:
            rest.append((ref, item))
    moved = tuple((ref, renamed(item, into)) for ref, item in reversed(tail))
    return tuple(reversed(rest)), moved


def joined(
    tail: tuple[Item, ...], line: tuple[Item, ...], fixed: frozenset[Ref]
) -> tuple[Item, ...]:
    """A step's line with the tail of the step before it in front, merged."""
    first = line[0][0] if line else 0
    return merged((*((first, item) for _, item in tail), *line), fixed)


def worth_it(step: Step, fixed: frozenset[Ref]) -> bool:
    """Whether a step gets shorter in CX, or else in gates, by meeting its own tail."""
    line, tail = split(step)
    if not tail:
        return False
    both = joined(tail, line, fixed)
    return (cost(both), len(both)) < (cost(step.line), len(step.line))
