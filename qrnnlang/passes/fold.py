"""Fold: what is known of the angles becomes numbers, and entries are traced to their source.

Contract: every angle keeps its value. `known` holds entries that are bound; without it only
constants of the program count, so that what comes out does not depend on what is bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from ..ir.graph import CellGraph
from ..ir.shapes import value_shape
from ..sema.closed import Const, Elem, Gather, Scalar
from .line import Polynomial, Stamp, Step, total


def fold(step: Step, known: Mapping[Elem, float]) -> Step:
    memo: dict[Elem, Scalar] = {}

    def scalar(s: Scalar) -> Scalar:
        if not isinstance(s, Elem):
            return s
        if s not in memo:
            memo[s] = known[s] if s in known else source(step.graph, s)
            found = memo[s]
            if isinstance(found, Elem) and found in known:
                memo[s] = known[found]
        return memo[s]

    def angle(a: Polynomial) -> Polynomial:
        return total(tuple((c, tuple(scalar(f) for f in fs)) for c, fs in a))

    line = tuple(
        (ref, replace(item, angles=tuple(angle(a) for a in item.angles)))
        if isinstance(item, Stamp)
        else (ref, item)
        for ref, item in step.line
    )
    return replace(step, line=line)


def source(graph: CellGraph, entry: Elem) -> Scalar:
    """The entry that an entry is a copy of; a number where that is a constant."""
    while True:
        op = graph.op(entry.ref)
        if isinstance(op, Const):
            return float(op.values[entry.index])
        if not isinstance(op, Gather):
            return entry
        at = op.index[entry.index]
        for ref in op.sources:
            size = prod(value_shape(graph.op(ref)) or ())
            if at < size:
                entry = Elem(ref, at)
                break
            at -= size
