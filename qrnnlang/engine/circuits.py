"""Planning the unitary part: which gates are planned together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..sema.closed import Wire
from . import steps as p
from .applying import WIDEST_MATRIX, Circuit, fused, one_by_one
from .builder import Builder
from .merging import Item, Product, merged
from .mixing import Acting, Mixing, mixed
from .tabling import start, tabulated


def flush(b: Builder, wires: Iterable[Wire]) -> None:
    """Applies all pending gates that are connected with `wires`."""
    waiting = _connected(b.pending, set(wires))
    if not waiting:
        return
    # Gates before the first noise act on kets where there are any.
    first = next((i for i, x in enumerate(waiting) if isinstance(x, Mixing)), len(waiting))
    gates = [x for x in waiting[:first] if not isinstance(x, Mixing)]
    items = merged(gates, b.level_of)
    touched = {w for gate in waiting for w in gate.wires}
    for part in b.holding(touched):
        b.swap([part], b.retired(part))
    items = _started(b, items)
    # One table for all gates that depend on an angle at hand, whichever circuit they belong to.
    tables = tabulated(b, [x for x in items if isinstance(x, Product) and x.level > p.STATIC])
    for run, static in runs(items):
        if not (static and fused(b, run)):
            one_by_one(b, run, tables)
    chosen = {id(gate) for gate in waiting}
    b.pending = [gate for gate in b.pending if id(gate) not in chosen]
    if first < len(waiting):
        mixed(b, waiting[first:])


def _started(b: Builder, items: Circuit) -> list[Item]:
    """What is left when untouched wires have had their first gate, if that is not static.

    Nothing needs to be computed of such a gate but the wire's two amplitudes.
    """
    zeros = {w for part in b.parts if part.form == "zero" for w in part.wires}
    first: dict[Wire, Item] = {}
    for item in items:
        for wire in item.wires:
            first.setdefault(wire, item)
    chosen = [
        x
        for x in items
        if isinstance(x, Product)
        and x.level > p.STATIC
        and len(x.wires) == 1
        and x.wires <= zeros
        and all(first[w] is x for w in x.wires)
    ]
    others = [x for x in items if all(x is not c for c in chosen)]
    later = {w for x in others for w in x.wires}
    given = [_parted(b, x) if x.wires <= later else (x, None) for x in chosen]
    start(b, [early for early, _ in given])
    return [*(late for _, late in given if late), *others]


def _parted(b: Builder, x: Product) -> tuple[Product, Product | None]:
    """A product up to the last factor that is not static, and what is left.

    The static rest belongs to what follows: the amplitudes stay simple, often real.
    """
    moving = [i for i, pair in enumerate(x.parts) if b.level_of(pair) > p.STATIC]
    end = moving[-1] + 1
    if end == len(x.parts):
        return x, None
    return replace(x, parts=x.parts[:end]), Product(x.parts[end:], x.wires, x.flips, p.STATIC)


def _connected(pending: Sequence[Acting], wires: set[Wire]) -> list[Acting]:
    reached, grown = set(wires), True
    while grown:
        before = len(reached)
        for gate in pending:
            if reached & set(gate.wires):
                reached |= set(gate.wires)
        grown = len(reached) > before
    return [gate for gate in pending if reached & set(gate.wires)]


@dataclass
class _Waiting:
    """Connected input-independent gates that nothing has ended yet."""

    wires: set[Wire] = field(default_factory=set)
    items: list[Item] = field(default_factory=list)


def runs(items: Circuit) -> list[tuple[list[Item], bool]]:
    """The circuit as runs: connected input-independent gates (True), and what lies between.

    At any time the gates in `between` and those that wait have no wire in common.
    """
    found: list[tuple[list[Item], bool]] = []
    waiting: list[_Waiting] = []
    between: list[Item] = []

    def emit_between() -> None:
        if between:
            found.append((list(between), False))
            between.clear()

    for item in items:
        wires = set(item.wires)
        meeting = [w for w in waiting if w.wires & wires]
        waiting = [w for w in waiting if not w.wires & wires]
        union = wires.union(*(w.wires for w in meeting))
        if item.level > p.STATIC or len(union) > WIDEST_MATRIX:
            if meeting:
                emit_between()
            found += [(w.items, True) for w in meeting]
            meeting, union = [], wires
        if item.level > p.STATIC:
            between.append(item)
            continue
        if any(wires & set(x.wires) for x in between):
            emit_between()
        waiting.append(_Waiting(union, [*(x for w in meeting for x in w.items), item]))
    emit_between()
    return found + [(w.items, True) for w in waiting]
