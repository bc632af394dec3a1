"""Swaps: a SWAP becomes other names for two wires from there on.

Contract: the channel stays; registers keep their names, and carried ones may leave on other wires
than they came on. A SWAP under controls or bits stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..ir.operands import wires_of
from ..sema.closed import (
    Expect,
    Op,
    Prob,
    QubitCarry,
    Ref,
    Term,
    Wire,
)
from .line import Item, Stamp, Step


def swaps(step: Step) -> Step:
    now: dict[Wire, Wire] = {}
    line: list[Item] = []
    seen: dict[Ref, Mapping[Wire, Wire]] = dict(step.seen)
    for ref, item in step.line:
        if isinstance(item, Stamp) and item.name == "swap" and item.when is None and not item.ctrl:
            a, b = item.wires
            now[a], now[b] = now.get(b, b), now.get(a, a)
            continue
        moved = {w: o for w, o in now.items() if w != o}
        if moved and isinstance(item, Expect | Prob):
            before = seen.get(ref, {})
            seen[ref] = {**moved, **{w: moved.get(o, o) for w, o in before.items()}}
        line.append((ref, renamed(item, now) if moved else item))
    carries = tuple(
        replace(c, out=tuple(now.get(w, w) for w in c.out)) if isinstance(c, QubitCarry) else c
        for c in step.carries
    )
    return replace(step, line=tuple(line), carries=carries, seen=seen)


def renamed(item: Stamp | Op, now: Mapping[Wire, Wire]) -> Stamp | Op:
    """The same operation on other wires."""
    match item:
        case Expect(observables=observables):
            return replace(
                item,
                observables=tuple(tuple(_term(t, now) for t in terms) for terms in observables),
            )
        case Stamp(wires=wires):
            return replace(item, wires=tuple(now.get(w, w) for w in wires))
        case _:
            other: dict[str, Any] = {"wires": tuple(now.get(w, w) for w in wires_of(item))}
            return replace(item, **other)


def _term(term: Term, now: Mapping[Wire, Wire]) -> Term:
    return replace(term, paulis=tuple((now.get(w, w), p) for w, p in term.paulis))
