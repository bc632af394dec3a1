"""Reads between input-independent unitaries, pulled back to the state before all of them.

⟨O⟩ after a unitary U is ⟨U†OU⟩ before it. Where a step reads, evolves, reads again and so on, as a
reservoir with virtual nodes does, U†OU is a fixed matrix for each read: only the last state is
computed, by one matrix, and the reads of many steps are one product once their states are known.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from ..sema.closed import Elem, Ref, Wire
from . import instructions as low
from .applying import WIDEST_MATRIX
from .elimination import static_values
from .staging import refs, touched

#: With fewer carried wires a step's states are as cheap as its reads.
LEAST_CARRIED = 3

_Gate = low.Unitary | low.Exponential | low.Stored


def pulled(program: low.Program) -> low.Program:
    """The program with such reads before the unitaries. Its carried state is a density matrix."""
    static = static_values(program.instructions)
    found: list[low.Instruction] = []
    stretch: list[low.Instruction] = []
    for x in program.instructions:
        if _belongs(x, static) and (stretch or isinstance(x, low.Exponential | low.Stored)):
            stretch.append(x)
            continue
        found += _rewritten(stretch, static, set(program.enter))
        stretch = []
        found.append(x)
    found += _rewritten(stretch, static, set(program.enter))
    return replace(program, instructions=tuple(found))


def _belongs(x: low.Instruction, static: Set[Ref]) -> bool:
    match x:
        case low.Value():
            return True
        case low.Unitary():
            return refs(x) <= static
        case low.Exponential(when=None) | low.Stored(when=None):
            return refs(x) <= static
        case low.Expectation(observables=observables):
            return not any(isinstance(t.coefficient, Elem) for o in observables for t in o)
        case _:
            return False


def _rewritten(
    stretch: Sequence[low.Instruction], static: Set[Ref], enter: Set[Wire]
) -> Sequence[low.Instruction]:
    gates = [x for x in stretch if isinstance(x, _Gate)]
    wires = tuple(sorted({w for x in stretch for w in touched(x)}))
    if not (len(wires) <= WIDEST_MATRIX and len(enter & set(wires)) >= LEAST_CARRIED):
        return stretch
    reads: list[tuple[low.Expectation, int]] = []
    body: list[_Gate] = []
    stages: set[int] = set()
    count = 0
    for x in stretch:
        if isinstance(x, _Gate):
            body.append(x)
        elif isinstance(x, low.Expectation):
            stages.add(len(body))
            count += len({t.paulis for o in x.observables for t in o})
            reads.append((x, len(body)))
    # Each state costs two products of matrices on all wires, each read one of two vectors.
    if len(stages) < 2 or count > 4 * 2 ** len(wires) * (len(stages) - 1):
        return stretch
    values = [x for x in stretch if isinstance(x, low.Value)]
    before = [x for x in values if x.ref in static]
    looks = low.Pulled(tuple(reads), wires, tuple(gates))
    return [*before, looks, *(x for x in values if x.ref not in static), *gates]
