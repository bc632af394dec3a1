"""Values that depend on what is read from the state, and values that are the same at every step."""

from __future__ import annotations

from ..ir.graph import CellGraph
from ..ir.operands import values_read
from ..sema.closed import Call, Const, Expect, Extern, Gather, Param, Postselect, Prob, Ref


def fed_back(graph: CellGraph) -> frozenset[Ref]:
    """The values of a step that depend on a read-out of the same step."""
    found: set[Ref] = set()
    for ref, op in graph.operations():
        read = isinstance(op, Expect | Prob | Postselect)
        if read or any(r in found for r in values_read(op)):
            found.add(ref)
    return frozenset(found)


def still(graph: CellGraph) -> frozenset[Ref]:
    """The values that no input and no recurrence can change."""
    found: set[Ref] = set()
    for ref, op in graph.operations():
        alone = isinstance(op, Const | Param | Gather | Call | Extern)
        if alone and all(r in found for r in values_read(op)):
            found.add(ref)
    return frozenset(found)
