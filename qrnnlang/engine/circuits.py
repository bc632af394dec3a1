"""Planning the unitary part: which gates become one matrix, and what acts gate by gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..sema.closed import Elem, Wire
from . import plan as p
from .builder import Builder, Part
from .merging import Block, Item, Product, expanded, is_real, merged
from .pairs import Pair

#: No matrix is built on more wires than this.
WIDEST_MATRIX = 8

#: A matrix of 2^n rows pays when it replaces 2^n / `ROWS_PER_GATE` pairs or more: a row of a matrix
#: product runs that much faster than a row of a pair, which is bound by memory.
ROWS_PER_GATE = 8

#: More pairs in a row than this are applied in a loop: longer to run, much shorter to compile.
LONGEST_UNROLLED = 16


@dataclass(frozen=True, slots=True)
class _Tabled:
    """A product with its place in a table; `wires` in the order of the local bits."""

    item: Product
    table: p.Slot
    entry: int
    wires: tuple[Wire, ...]

    def use(self, axis: dict[Wire, int]) -> p.Use:
        axes = tuple(axis[w] for w in self.wires)
        return p.Use(self.table, self.entry, len(self.item.flips), axes)


_Act = _Tabled | Block


def flush(b: Builder, wires: Iterable[Wire]) -> None:
    """Applies all pending gates that are connected with `wires`."""
    gates = _connected(b.pending, set(wires))
    if not gates:
        return
    acts = _tabulated(b, merged(gates, b.level_of))
    touched = {w for gate in gates for w in gate.wires}
    for part in b.holding(touched):
        b.swap([part], b.retired(part))
    for run, static in _runs(acts):
        if not (static and _fused(b, run)):
            _one_by_one(b, run)
    chosen = {id(gate) for gate in gates}
    b.pending = [gate for gate in b.pending if id(gate) not in chosen]


def _connected(pending: Sequence[Pair | Block], wires: set[Wire]) -> list[Pair | Block]:
    reached, grown = set(wires), True
    while grown:
        before = len(reached)
        for gate in pending:
            if reached & set(gate.wires):
                reached |= set(gate.wires)
        grown = len(reached) > before
    return [gate for gate in pending if reached & set(gate.wires)]


# --- tables ----------------------------------------------------------------------------------


def _tabulated(b: Builder, items: Sequence[Item]) -> list[_Act]:
    kinds: dict[tuple[int, int, bool, int], list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if isinstance(item, Product):
            key = (len(item.wires), len(item.flips), is_real(item), item.level)
            kinds[key].append(place)
    acts: list[_Act | None] = [item if isinstance(item, Block) else None for item in items]
    for (_, flips, real, _), places in kinds.items():
        products = [item for place in places if isinstance(item := items[place], Product)]
        orders = [
            (*sorted(x.flips), *sorted(x.wires - x.flips)) for x in products
        ]
        table = _table(b, products, orders, flips, real)
        for entry, (place, product, order) in enumerate(zip(places, products, orders, strict=True)):
            acts[place] = _Tabled(product, table, entry, order)
    return [act for act in acts if act is not None]


def _table(
    b: Builder,
    products: Sequence[Product],
    orders: Sequence[tuple[Wire, ...]],
    flips: int,
    real: bool,
) -> p.Slot:
    depth, count, size = max(len(x.parts) for x in products), len(products), 2 ** len(orders[0])
    diag = np.zeros((3, depth, count, size), complex)
    cross = np.zeros_like(diag)
    diag[0] = 1
    scale = np.zeros((depth, count))
    factors: dict[tuple[int, int], tuple[Elem, ...]] = {}
    for g, (product, order) in enumerate(zip(products, orders, strict=True)):
        for k, part in enumerate(product.parts):
            diag[:, k, g], cross[:, k, g] = expanded(part, order)
            if part.angle is not None:
                scale[k, g], factors[k, g] = part.angle.scale, part.angle.elems
    sources, index = _gathered(b, factors, (depth, count))
    if real:
        diag, cross = diag.real.copy(), cross.real.copy()
    return b.emit(lambda out: p.Table(out, flips, diag, cross, scale, index, sources))


def _gathered(
    b: Builder, factors: dict[tuple[int, int], tuple[Elem, ...]], shape: tuple[int, int]
) -> tuple[tuple[p.Slot, ...], p.Ints]:
    """The sources of the angles' factors, and for each factor (source, entry).

    One source past the last means a factor of 1.
    """
    slots = tuple(
        dict.fromkeys(b.values[e.ref] for elems in factors.values() for e in elems)
    )
    most = max((len(elems) for elems in factors.values()), default=0)
    index = np.zeros((most, *shape, 2), np.int64)
    index[..., 0] = len(slots)
    for (k, g), elems in factors.items():
        for r, elem in enumerate(elems):
            index[r, k, g] = slots.index(b.values[elem.ref]), elem.index
    return slots, index


# --- which gates go together -------------------------------------------------------------------


def _runs(acts: Sequence[_Act]) -> list[tuple[list[_Act], bool]]:
    """The circuit as runs: connected input-independent gates (True), and what lies between."""
    runs: list[tuple[list[_Act], bool]] = []
    waiting: list[list[_Act]] = []
    between: list[_Act] = []

    def close(runs_to_close: list[list[_Act]]) -> None:
        nonlocal waiting
        if between and runs_to_close:
            runs.append((list(between), False))
            between.clear()
        runs.extend((run, True) for run in runs_to_close)
        waiting = [run for run in waiting if all(run is not c for c in runs_to_close)]

    for act in acts:
        wires = _wires(act)
        meeting = [run for run in waiting if any(_wires(a) & wires for a in run)]
        if _level(act) > p.STATIC:
            close(meeting)
            between.append(act)
            continue
        union = wires.union(*(_wires(a) for run in meeting for a in run))
        if len(union) > WIDEST_MATRIX:
            close(meeting)
            meeting = []
        if any(_wires(a) & wires for a in between):
            runs.append((list(between), False))
            between.clear()
        waiting = [run for run in waiting if all(run is not m for m in meeting)]
        waiting.append([a for run in meeting for a in run] + [act])
    close(waiting)
    if between:
        runs.append((between, False))
    return runs


def _wires(act: _Act) -> frozenset[Wire]:
    return frozenset(act.wires)


def _level(act: _Act) -> p.Level:
    return act.level if isinstance(act, Block) else act.item.level


# --- applying a run ----------------------------------------------------------------------------


def _fused(b: Builder, run: Sequence[_Act]) -> bool:
    """Applies an input-independent run as one matrix if that pays."""
    wires = frozenset().union(*(_wires(a) for a in run))
    parts = b.holding(wires)
    if not _pays(b, run, wires, parts):
        return False
    if _mixed(parts):
        whole = _all_density(b, parts)
        rows = [w for w in whole.wires if w in wires]
        matrix = _matrix(b, run, rows, rows, ())
        b.swap([whole], multiplied_density(b, whole, matrix, rows))
        return True
    rows = sorted(wires, key=lambda w: -b.death.get(w, -1.0))
    zeros = [w for x in parts if x.form == "zero" for w in x.wires if w in wires]
    carried = [x for x in parts if x.form == "identity" and wires.issuperset(x.wires)]
    rest = [x for x in parts if x.form != "zero" and all(x is not c for c in carried)]
    ket = _kets(b, rest) if rest else None
    if ket is not None:
        ket_wires = [w for w in ket.wires if w in wires]
        moved = b.permuted(ket, ket_wires)
        b.swap([ket], moved)
        ket = moved
    else:
        ket_wires = []
    carried_wires = [w for x in carried for w in x.wires]
    matrix = _matrix(b, run, rows, [*ket_wires, *carried_wires], zeros)
    wide = 2 ** len(carried_wires)
    slot = b.emit(
        lambda out: p.Multiply(out, matrix, ket.slot if ket else None, len(ket_wires), wide)
    )
    others = [x for x in [ket, *carried] if x is not None]
    bases = tuple(x.base for x in others if x.base is not None)
    base = bases[0] if len(bases) == 1 else None
    if len(bases) > 1:
        base = b.emit(lambda out: p.MergeBases(out, bases))
    weight = b.weight_product(tuple(x.weight for x in others if x.weight is not None))
    spectators = tuple(w for w in ket.wires if w not in wires) if ket else ()
    new = Part(
        "ket",
        (*rows, *spectators),
        slot,
        ket.env if ket else 1,
        (ket.wide if ket else 1) * wide,
        base,
        weight,
    )
    zero_parts = [x for x in parts if x.form == "zero"]
    left = tuple(w for x in zero_parts for w in x.wires if w not in wires)
    remains = [Part("zero", left)] if left else []
    b.swap([*others, *zero_parts], new, *remains)
    return True


def _pays(
    b: Builder, run: Sequence[_Act], wires: frozenset[Wire], parts: Sequence[Part]
) -> bool:
    dynamic = any(b.part_level(x) > p.STATIC or x.form == "identity" for x in parts)
    if not dynamic or len(run) < 2 or len(wires) > WIDEST_MATRIX:
        return False
    if all(x.form in ("zero", "identity") for x in parts):
        return False  # nothing depends on the input yet: the gates act on a static ket
    rows, columns = 2 ** len(wires), 1
    for x in parts:
        columns *= x.env * (x.rows if x.form in ("identity", "density") else x.wide)
    return rows <= ROWS_PER_GATE * len(run) and rows <= 4 * b.samples * columns


def _matrix(
    b: Builder,
    run: Sequence[_Act],
    rows: Sequence[Wire],
    columns: Sequence[Wire],
    zeros: Sequence[Wire],
) -> p.Slot:
    """The run as a matrix; `columns` are the wires of its columns, those in `zeros` are |0⟩."""
    axis = {w: i for i, w in enumerate(rows)}
    parts: list[tuple[p.Use, ...] | p.MatrixUse] = []
    uses: list[p.Use] = []
    for act in run:
        if isinstance(act, Block):
            if uses:
                parts.append(tuple(uses))
            uses = []
            axes = tuple(axis[w] for w in reversed(act.wires))
            parts.append(p.MatrixUse(act.matrix, axes))
        else:
            uses.append(act.use(axis))
    if uses:
        parts.append(tuple(uses))
    assert set(columns) | set(zeros) == set(rows)
    n, k = len(rows), len(columns)
    states = []
    for j in range(2**k):
        bits = {w: (j >> (k - 1 - i)) & 1 for i, w in enumerate(columns)}
        states.append(sum(bits.get(w, 0) << (n - 1 - i) for i, w in enumerate(rows)))
    return b.emit(lambda out: p.Fuse(out, n, tuple(parts), tuple(states)))


def _mixed(parts: Sequence[Part]) -> bool:
    """Whether these parts together are better (or only) held as a density."""
    env = wide = rows = 1
    for x in parts:
        env, rows = env * x.env, rows * x.rows
        wide *= x.rows if x.form == "identity" else x.wide
    return any(x.form == "density" for x in parts) or env * wide > rows


def _all_density(b: Builder, parts: Sequence[Part]) -> Part:
    ready = [b.as_density(x) for x in parts]
    b.swap(parts, *ready)
    return b.joined(ready)


def _kets(b: Builder, parts: Sequence[Part]) -> Part:
    if len(parts) > 1:
        return b.joined(parts)
    ready = b.as_ket(parts[0])
    b.swap(parts, ready)
    return ready


def multiplied_density(
    b: Builder, part: Part, matrix: p.Slot, lead: Sequence[Wire]
) -> Part:
    """MρM† for a matrix on the wires `lead`, most significant first."""
    n, k = len(part.wires), len(lead)
    others = [w for w in part.wires if w not in lead]
    at = {w: i for i, w in enumerate(part.wires)}
    first = tuple([at[w] for w in lead] + [at[w] for w in others] + list(range(n, 2 * n)))
    slot = permuted_axes(b, part.slot, first)
    slot = _multiply(b, matrix, slot, k, False)
    columns = [n + at[w] for w in lead] + list(range(n)) + [n + at[w] for w in others]
    slot = permuted_axes(b, slot, tuple(columns))
    slot = _multiply(b, matrix, slot, k, True)
    back = [*range(k, k + n), *range(k), *range(k + n, 2 * n)]
    slot = permuted_axes(b, slot, tuple(back))
    return replace(part, wires=(*lead, *others), slot=slot)


def permuted_axes(b: Builder, slot: p.Slot | None, order: tuple[int, ...]) -> p.Slot:
    assert slot is not None
    if order == tuple(range(len(order))):
        return slot
    return b.emit(lambda out: p.Permute(out, slot, order))


def _multiply(b: Builder, matrix: p.Slot, ket: p.Slot, lead: int, conj: bool) -> p.Slot:
    return b.emit(lambda out: p.Multiply(out, matrix, ket, lead, 1, conj))


def _one_by_one(b: Builder, run: Sequence[_Act]) -> None:
    if len(run) > LONGEST_UNROLLED:
        for piece in _pieces(run):
            _swept(b, piece)
        return
    for act in run:
        _act(b, act)


def _pieces(run: Sequence[_Act]) -> list[list[_Act]]:
    """A run by connected wires, so that what is independent stays so."""
    pieces: list[list[_Act]] = []
    for act in run:
        meeting = [x for x in pieces if any(_wires(a) & _wires(act) for a in x)]
        pieces = [x for x in pieces if all(x is not m for m in meeting)]
        pieces.append([a for x in meeting for a in x] + [act])
    return pieces


def _swept(b: Builder, run: Sequence[_Act]) -> None:
    """A long run: consecutive pairs in a loop, matrices between."""
    if len(run) <= LONGEST_UNROLLED:
        for act in run:
            _act(b, act)
        return
    uses: list[_Tabled] = []
    for act in [*run, None]:
        if isinstance(act, _Tabled):
            uses.append(act)
            continue
        if uses:
            part = together(b, frozenset().union(*(_wires(u) for u in uses)))
            b.swap([part], _pairs(b, part, uses))
        uses = []
        if act is not None:
            _act(b, act)


def _act(b: Builder, act: _Act) -> None:
    part = together(b, _wires(act))
    if isinstance(act, Block):
        lead = tuple(reversed(act.wires))
        if part.form == "density":
            new = multiplied_density(b, part, act.matrix, lead)
        else:
            moved = b.permuted(part, lead)
            assert moved.slot is not None
            new = replace(moved, slot=_multiply(b, act.matrix, moved.slot, len(lead), False))
    else:
        new = _pairs(b, part, [act])
    b.swap([part], new)


def together(b: Builder, wires: frozenset[Wire]) -> Part:
    """One part, ket or density, that holds all these wires."""
    parts = b.holding(wires)
    # Untouched wires that are not asked for stay untouched.
    for x in parts:
        if x.form == "zero" and not wires.issuperset(x.wires):
            inside = tuple(w for w in x.wires if w in wires)
            outside = tuple(w for w in x.wires if w not in wires)
            b.swap([x], Part("zero", inside), Part("zero", outside))
    parts = b.holding(wires)
    if _mixed(parts):
        return _all_density(b, parts)
    return _kets(b, parts)


def _pairs(b: Builder, part: Part, acts: Sequence[_Tabled]) -> Part:
    n = len(part.wires)
    slot = part.slot
    assert slot is not None
    sides = [(0, False), (n, True)] if part.form == "density" else [(0, False)]
    total = n * len(sides)
    for offset, conj in sides:
        axis = {w: i + offset for i, w in enumerate(part.wires)}
        uses = tuple(act.use(axis) for act in acts)
        old = slot
        if len(uses) > 1:
            slot = b.emit(lambda out, o=old, u=uses, c=conj: p.Sweep(out, o, total, u, c))  # type: ignore[misc]
        else:
            slot = b.emit(lambda out, o=old, u=uses, c=conj: p.Apply(out, o, total, u[0], c))  # type: ignore[misc]
    return replace(part, slot=slot)
