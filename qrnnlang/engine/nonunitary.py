"""Planning projections, amplitude encoding and noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..sema.closed import Wire
from . import instructions as low
from . import steps as p
from .applying import together
from .builder import Builder, Part
from .circuits import flush


def project(b: Builder, x: low.Project) -> None:
    """Postselection: rows are taken out or blanked; the state's weight is kept beside it."""
    part = reached(b, x.wires, x.when)
    values = tuple(b.number(v) for v in x.values)
    before = part.weight
    if x.when is None and len(set(x.wires)) == len(x.wires):
        new = picked(b, part, x.wires, values)
    else:
        new = _masked(b, part, x, values)
    ket, weighted = new.held, b.weighted_slot(new)
    mixed, n = new.form == "density", len(new.wires)
    weight = b.emit(p.Weight(p.NEW, ket, weighted, mixed, n, before))
    b.weights.append(weight)
    b.values[x.ref] = b.emit(p.Ratio(p.NEW, weight, before))
    b.swap([part], *([replace(new, weight=weight)] if new.wires else []))
    if new.wires != part.wires:
        restart(b, x.wires, values)


def picked(b: Builder, part: Part, wires: Sequence[Wire], values: tuple[p.Number, ...]) -> Part:
    """The part without the projected wires."""
    at = {w: i for i, w in enumerate(part.wires)}
    n, slot = len(part.wires), part.held
    axes = tuple(at[w] for w in wires)
    if part.form == "density":
        axes, values = (*axes, *(n + a for a in axes)), values * 2
    total = n * (2 if part.form == "density" else 1)
    left = tuple(w for w in part.wires if w not in wires)
    return replace(part, wires=left, slot=b.emit(p.Pick(p.NEW, slot, total, axes, values)))


def _masked(b: Builder, part: Part, x: low.Project, values: tuple[p.Number, ...]) -> Part:
    n, slot = len(part.wires), part.held
    offsets = (0, n) if part.form == "density" else (0,)
    when = x.when or low.Condition((), np.ones(1, bool))
    for offset in offsets:
        at = {w: i + offset for i, w in enumerate(part.wires)}
        axes = tuple(at[w] for w in x.wires)
        condition = tuple(at[w] for w in when.wires)
        total = n * len(offsets)
        slot = b.emit(p.Mask(p.NEW, slot, total, axes, values, condition, when.holds))
    return replace(part, slot=slot)


def restart(b: Builder, wires: Sequence[Wire], values: tuple[p.Number, ...]) -> None:
    """Projected wires begin again, on their own, in the state that they were found in."""
    for wire, value in zip(wires, values, strict=True):
        if not b.alive(wire):
            continue
        if value == 0:
            b.parts.append(Part("zero", (wire,)))
        else:
            slot = b.emit(p.BasisKet(p.NEW, (value,)))
            b.parts.append(Part("ket", (wire,), slot))


def load(b: Builder, x: low.Load) -> None:
    """Amplitude encoding."""
    flush(b, x.wires)
    parts = b.holding(x.wires)
    n = len(x.wires)
    re, im = b.values[x.re], b.values[x.im] if x.im is not None else None
    amplitudes = b.emit(p.Amplitudes(p.NEW, n, re, im))
    most_significant_first = tuple(reversed(x.wires))
    if x.when is None and all(q.form == "zero" for q in parts):
        left = tuple(w for q in parts for w in q.wires if w not in x.wires)
        new = [Part("ket", most_significant_first, amplitudes)]
        b.swap(parts, *new, *([Part("zero", left)] if left else []))
        return
    part = reached(b, x.wires, x.when)
    when = x.when or low.Condition((), np.ones(1, bool))
    total = len(part.wires)
    slot = part.held
    sides = [(0, False), (total, True)] if part.form == "density" else [(0, False)]
    for offset, conj in sides:
        at = {w: i + offset for i, w in enumerate(part.wires)}
        axes = tuple(at[w] for w in most_significant_first)
        condition = tuple(at[w] for w in when.wires)
        size = total * len(sides)
        slot = b.emit(p.LoadWhere(p.NEW, slot, size, amplitudes, axes, condition, when.holds, conj))
    b.swap([part], replace(part, slot=slot))


def noisy(b: Builder, x: low.Noise) -> None:
    """A noise channel: always on a density, where its entries are linear in the rates."""
    part = reached(b, x.wires, x.when)
    whole = b.as_density(part)
    b.swap([part], whole)
    n, old = len(whole.wires), whole.held
    when = x.when or low.Condition((), np.ones(1, bool))
    at = {w: i for i, w in enumerate(whole.wires)}
    condition = tuple(at[w] for w in when.wires)
    rates = tuple(b.number(r) for r in x.rates)
    rows = tuple(at[w] for w in x.wires)
    columns = tuple(r + n for r in rows)
    slot = b.emit(p.Noise(p.NEW, old, 2 * n, x.name, rates, rows, columns, condition, when.holds))
    b.swap([whole], replace(whole, slot=slot))


def reached(b: Builder, wires: Iterable[Wire], when: low.Condition | None) -> Part:
    """The one part, ket or density, that holds the wires and the condition, up to date."""
    wanted = frozenset((*wires, *(when.wires if when else ())))
    flush(b, wanted)
    for part in b.holding(wanted):
        b.swap([part], b.retired(part))
    return together(b, wanted)
