"""Planning filters: maps that the projection of ancillas leaves behind, and the state's weight."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from . import instructions as low
from . import steps as p
from .applying import turned
from .builder import Builder, Part
from .circuits import flush
from .nonunitary import picked, reached, restart
from .pairs import Pair
from .rotations import Rotation, summed

#: A postselected event less likely than this is impossible; see `docs/language.md`.
LEAST_PROBABILITY = 1e-12

#: Where several events are judged together, what rounding may leave of an impossible one.
LEAST_TOGETHER = 1e-30


def filtered(b: Builder, x: low.Filter) -> None:
    """The map of a filter on the state, which is not renormalised yet: see `weighed`."""
    table = _table(b, x)
    wires = (x.target, *x.sources)
    part = reached(b, wires, None)
    n, slot = len(part.wires), part.held
    sides = [(0, False), (n, True)] if part.form == "density" else [(0, False)]
    for offset, conj in sides:
        axes = tuple(part.wires.index(w) + offset for w in wires)
        use = p.Use(table, 0, 1, axes)
        slot = b.emit(p.Apply(p.NEW, slot, n * len(sides), use, conj, unitary=False))
    b.swap([part], replace(part, slot=slot))


def _table(b: Builder, x: low.Filter) -> p.Slot:
    """One entry: local bit 0 is the target, the others are the sources.

    The ancillas' circuit runs on all settings of the sources at once, since it never mixes them,
    and on both values of the target, which are the columns.
    """
    inner = Builder(b.input_level, b.samples, b.rows_per_gate, b.steps, b.level, b.values)
    inner.parts = [Part("zero", (w,)) for w in x.ancillas]
    inner.parts.append(Part("identity", (x.target,), None, 1, 2))
    if x.sources:
        ones = b.emit(p.Ones(p.NEW, len(x.sources)))
        inner.parts.append(Part("ket", x.sources, ones))
    inner.death = dict.fromkeys((*x.ancillas, x.target, *x.sources), sys.float_info.max)
    pairs: list[Pair] = []
    for instruction in x.body:
        match instruction:
            case low.Unitary(pairs=more):
                pairs += more
            case low.Project(wires=wires, values=values):
                _act(inner, pairs)
                pairs.clear()
                part = reached(inner, wires, None)
                numbers = tuple(inner.number(v) for v in values)
                inner.swap([part], picked(inner, part, wires, numbers))
                restart(inner, wires, numbers)
    _act(inner, pairs)
    flush(inner, inner.death)
    whole = inner.joined([y for y in inner.parts if set(y.wires) - set(x.ancillas)])
    ready = inner.as_ket(whole)
    left = [w for w in ready.wires if w in x.ancillas]
    if left:  # an ancilla that met the others again after its last projection is |0⟩ there
        ready = picked(inner, ready, left, (0.0,) * len(left))
    ready = inner.permuted(ready, (*reversed(x.sources), x.target))
    return b.emit(p.Multiplexed(p.NEW, ready.held))


def _act(b: Builder, pairs: Sequence[Pair]) -> None:
    for item in summed(pairs):
        if isinstance(item, Rotation):
            flush(b, item.wires)
            turned(b, item)
        else:
            b.pending.append(item)


def weighed(b: Builder, x: low.Weigh) -> None:
    """The weight of a state after filters, NaN where what was projected on is impossible.

    Events of several filters are judged by their common probability.
    """
    flush(b, (x.wire,))
    (part,) = b.holding((x.wire,))
    least = max(LEAST_PROBABILITY**x.events, LEAST_TOGETHER)
    ket, weighted = part.held, b.weighted_slot(part)
    mixed, n = part.form == "density", len(part.wires)
    weight = b.emit(p.Weight(p.NEW, ket, weighted, mixed, n, part.weight, least))
    b.weights.append(weight)
    b.swap([part], replace(part, weight=weight))
