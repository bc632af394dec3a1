"""When a step repeats itself: the period of a relabelling, and what two steps have in common."""

from __future__ import annotations

from collections.abc import Hashable

from ..sema.closed import Alloc, Discard, QubitCarry
from .layout import Layout
from .program import Instr, Names, Program
from .symbols import Expr, Fn, Leaf, Opaque
from .template import Template

_LONGEST = 64


def period(template: Template, steps: int) -> int | None:
    """After how many steps every wire is back on its qubit; None if not within half of `steps`."""
    carries = [c for c in template.graph.carries if isinstance(c, QubitCarry)]
    layout = Layout(Program("", Names({}, 1)), "reuse", always=True)
    layout.carry(carries)
    seen: list[Hashable] = []
    for _ in range(min(steps, 2 * _LONGEST)):
        before = tuple(layout.where[w] for c in carries for w in c.wires)
        taken: list[tuple[int, ...]] = []
        for _, item in template.line:
            if isinstance(item, Alloc):
                layout.alloc(item.wires, item.register)
                taken.append(tuple(layout.where[w] for w in item.wires))
            elif isinstance(item, Discard):
                layout.discard(item.wires)
        layout.next_step(carries)
        seen.append((before, tuple(taken)))
    found = (p for p in range(1, len(seen) // 2 + 1) if seen[:p] == seen[p : 2 * p])
    return next(found, None)


def generalised(first: Instr, second: Instr, apart: int) -> Instr:
    """An instruction of a loop's body, from its first and second turn; `apart`: steps a turn."""
    assert (first.name, first.qubits) == (second.name, second.qubits)
    angles = tuple(_general(a, b, apart) for a, b in zip(first.angles, second.angles, strict=True))
    return Instr(
        first.name, first.qubits, angles, first.clbits, first.when, first.value, first.origin
    )


def _general(a: Expr, b: Expr, apart: int) -> Expr:
    match a, b:
        case Leaf(step=int(t)), Leaf(step=int(u)):
            return Leaf(a.kind, a.name, a.index, ((u - t) // apart, t))
        case Fn(), Fn():
            pairs = zip(a.args, b.args, strict=True)
            return Fn(a.fn, tuple(_general(x, y, apart) for x, y in pairs))
        case Opaque(), _:
            raise AssertionError(a)
        case _:
            assert a == b
            return a
