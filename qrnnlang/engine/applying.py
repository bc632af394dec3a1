"""Planning how a run of gates is applied: as one matrix, in a loop, or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..sema.closed import Wire
from . import steps as p
from .builder import Builder, Part
from .merging import Block, Item, Product
from .rotations import Rotation
from .tabling import Tabled, gates, rotated, separate, start, tabulated

#: No matrix is built on more wires than this.
WIDEST_MATRIX = 8

#: Bytes of the matrices of all samples and steps above which they are not computed ahead.
AHEAD = 1 << 28

#: How many times as long what is computed once takes: it is not shared among threads.
AT_ONCE = 2

#: More pairs in a row than this are applied in a loop: longer to run, much shorter to compile.
LONGEST_UNROLLED = 16

Circuit = Sequence[Item]


def fused(b: Builder, run: Circuit) -> bool:
    """Applies an input-independent run as one matrix if that pays.

    Gates on all samples take as long as `rows_per_gate` products each on every row. The matrix
    takes its products instead, and the gates once on its own columns.
    """
    wires = frozenset().union(*(x.wires for x in run))
    parts = b.holding(wires)
    if not _pays(b, run, wires, parts):
        return False
    if _mixed(parts):
        whole = _all_density(b, parts)
        rows = [w for w in whole.wires if w in wires]
        matrix = matrix_of(b, run, rows, rows, ())
        b.swap([whole], multiplied_density(b, whole, matrix, rows))
        return True
    rows = sorted(wires, key=lambda w: -b.death.get(w, -1.0))
    zeros = [x for x in parts if x.form == "zero"]
    carried = [x for x in parts if x.form == "identity" and wires.issuperset(x.wires)]
    known = [*zeros, *carried]
    rest = [x for x in parts if all(x is not k for k in known)]
    ket = _kets(b, rest) if rest else None
    if ket is not None:
        moved = b.permuted(ket, [w for w in ket.wires if w in wires])
        b.swap([ket], moved)
        ket = moved
    lead = [w for w in ket.wires if w in wires] if ket else []
    carried_wires = [w for x in carried for w in x.wires]
    zero_wires = [w for x in zeros for w in x.wires if w in wires]
    matrix = matrix_of(b, run, rows, [*lead, *carried_wires], zero_wires)
    wide = 2 ** len(carried_wires)
    level = p.STATIC
    if (
        wide > 1
        and 16 * b.samples * 2 ** len(rows) * (ket.env * ket.wide if ket else 1) * wide > AHEAD
    ):
        level = p.RECURRENT  # rather again at each step than all of them kept
    slot = b.emit(p.Multiply(p.NEW, matrix, ket.slot if ket else None, len(lead), wide), level)
    sources = [*([ket] if ket else []), *carried]
    bases = tuple(x.base for x in sources if x.base is not None)
    base = bases[0] if len(bases) == 1 else None
    if len(bases) > 1:
        base = b.emit(p.MergeBases(p.NEW, bases))
    new = Part(
        "ket",
        (*rows, *((w for w in ket.wires if w not in wires) if ket else ())),
        slot,
        ket.env if ket else 1,
        (ket.wide if ket else 1) * wide,
        base,
        b.weight_product(tuple(x.weight for x in sources if x.weight is not None)),
    )
    left = tuple(w for x in zeros for w in x.wires if w not in wires)
    b.swap([*sources, *zeros], new, *([Part("zero", left)] if left else []))
    return True


def _pays(b: Builder, run: Circuit, wires: frozenset[Wire], parts: Sequence[Part]) -> bool:
    if len(run) < 2 or len(wires) > WIDEST_MATRIX:
        return False
    if all(b.part_level(x) == p.STATIC for x in parts if x.form != "identity") and all(
        x.form in ("zero", "product", "identity", "ket") for x in parts
    ):
        return False  # nothing depends on the input yet: the gates act on a static ket
    columns, width = 1, 1  # of what the gates act on, and of the matrix
    depth = 1  # products in a row: none with untouched wires, whose columns are the matrix's own
    for x in parts:
        here = 2 ** len(wires.intersection(x.wires))
        columns *= x.env * (x.rows if x.form in ("identity", "density") else x.wide)
        width *= 1 if x.form == "zero" else here
        if x.form not in ("identity", "zero") or not wires.issuperset(x.wires):
            depth *= here
    gates = b.rows_per_gate * len(run)  # of a row, in products
    return bool(b.samples * columns * (gates - depth) >= AT_ONCE * width * gates)


def matrix_of(
    b: Builder,
    run: Circuit,
    rows: Sequence[Wire],
    columns: Sequence[Wire],
    zeros: Sequence[Wire],
) -> p.Slot:
    """The run as a matrix; `columns` are the wires of its columns, those in `zeros` are |0⟩."""
    parts: list[p.Gates | p.MatrixUse] = []
    products: list[Product] = []
    for item in [*run, None]:
        if isinstance(item, Product):
            products.append(item)
            continue
        if products:
            parts.append(gates(b, separate(products, len(rows)), rows))
        products = []
        if isinstance(item, Block):
            axes = tuple(list(rows).index(w) for w in reversed(item.wires))
            parts.append(p.MatrixUse(item.matrix, axes))
    assert set(columns) | set(zeros) == set(rows)
    n, k = len(rows), len(columns)
    states = []
    for j in range(2**k):
        bits = {w: (j >> (k - 1 - i)) & 1 for i, w in enumerate(columns)}
        states.append(sum(bits.get(w, 0) << (n - 1 - i) for i, w in enumerate(rows)))
    return b.emit(p.Fuse(p.NEW, n, tuple(parts), tuple(states)))


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


def multiplied_density(b: Builder, part: Part, matrix: p.Slot, lead: Sequence[Wire]) -> Part:
    """MρM† for a matrix on the wires `lead`, most significant first."""
    n, k = len(part.wires), len(lead)
    others = [w for w in part.wires if w not in lead]
    at = {w: i for i, w in enumerate(part.wires)}
    first = tuple([at[w] for w in lead] + [at[w] for w in others] + list(range(n, 2 * n)))
    slot = permuted_axes(b, part.held, first)
    slot = _multiply(b, matrix, slot, k, False)
    columns = [n + at[w] for w in lead] + list(range(n)) + [n + at[w] for w in others]
    slot = permuted_axes(b, slot, tuple(columns))
    slot = _multiply(b, matrix, slot, k, True)
    back = [*range(k, k + n), *range(k), *range(k + n, 2 * n)]
    slot = permuted_axes(b, slot, tuple(back))
    return replace(part, wires=(*lead, *others), slot=slot)


def permuted_axes(b: Builder, slot: p.Slot, order: tuple[int, ...]) -> p.Slot:
    if order == tuple(range(len(order))):
        return slot
    return b.emit(p.Permute(p.NEW, slot, order))


def _multiply(b: Builder, matrix: p.Slot, ket: p.Slot, lead: int, conj: bool) -> p.Slot:
    return b.emit(p.Multiply(p.NEW, matrix, ket, lead, 1, conj))


def one_by_one(b: Builder, run: Circuit, tables: dict[int, Tabled]) -> None:
    missing = [x for x in run if isinstance(x, Product) and id(x) not in tables]
    if len(missing) == len(run) > LONGEST_UNROLLED and _few_rows(b, run):
        for piece in _pieces(run):
            _looped(b, [x for x in piece if isinstance(x, Product)])
        return
    tables = {**tables, **tabulated(b, missing)}
    if len(run) <= LONGEST_UNROLLED:
        for item in run:
            _one(b, item, tables)
        return
    for piece in _pieces(run):
        _swept(b, piece, tables)


def _few_rows(b: Builder, run: Circuit) -> bool:
    """Whether a coefficient for every row is little to write down."""
    parts = b.holding({w for x in run for w in x.wires})
    n = sum(len(x.wires) for x in parts) * (2 if _mixed(parts) else 1)
    return n <= WIDEST_MATRIX


def _pieces(run: Circuit) -> list[list[Item]]:
    """A run by connected wires, so that what is independent stays so."""
    pieces: list[list[Item]] = []
    for item in run:
        wires = set(item.wires)
        meeting = [x for x in pieces if any(wires & set(i.wires) for i in x)]
        pieces = [x for x in pieces if all(x is not m for m in meeting)]
        pieces.append([i for x in meeting for i in x] + [item])
    return pieces


def _looped(b: Builder, products: Sequence[Product]) -> None:
    """Static gates in a loop."""
    part = together(b, frozenset().union(*(x.wires for x in products)))
    old = part.held
    if part.form == "density":
        # Columns in the place of rows: the same gates, conjugated, on the other half of the axes.
        names = {w: -1 - w for w in part.wires}
        rows = [*part.wires, *names.values()]
        loop = gates(b, products, rows)
        slot = b.emit(p.Run(p.NEW, old, loop))
        mirror = [*names.values(), *part.wires]
        mirrored = gates(b, products, mirror)
        slot = b.emit(p.Run(p.NEW, slot, mirrored, True))
    else:
        loop = gates(b, products, part.wires)
        slot = b.emit(p.Run(p.NEW, old, loop))
    b.swap([part], replace(part, slot=slot))


def _swept(b: Builder, run: Circuit, tables: dict[int, Tabled]) -> None:
    """A long run: consecutive pairs in a loop, matrices between."""
    uses: list[Tabled] = []
    for item in [*run, None]:
        if isinstance(item, Product):
            uses.append(tables[id(item)])
            continue
        if uses:
            part = together(b, frozenset().union(*(u.wires for u in uses)))
            b.swap([part], _pairs(b, part, uses))
        uses = []
        if item is not None:
            _one(b, item, tables)


def _one(b: Builder, item: Item, tables: dict[int, Tabled]) -> None:
    wires = frozenset(item.wires)
    if isinstance(item, Product) and len(wires) == 1 and b.holding(wires)[0].form == "zero":
        start(b, [item])
        return
    part = together(b, wires)
    if isinstance(item, Block):
        lead = tuple(reversed(item.wires))
        if part.form == "density":
            new = multiplied_density(b, part, item.matrix, lead)
        else:
            moved = b.permuted(part, lead)
            new = replace(moved, slot=_multiply(b, item.matrix, moved.held, len(lead), False))
    else:
        new = _pairs(b, part, [tables[id(item)]])
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


def turned(b: Builder, x: Rotation) -> None:
    part = together(b, frozenset(x.wires))
    b.swap([part], _pairs(b, part, [rotated(b, x)]))


def _pairs(b: Builder, part: Part, acts: Sequence[Tabled]) -> Part:
    n = len(part.wires)
    slot = part.held
    sides = [(0, False), (n, True)] if part.form == "density" else [(0, False)]
    total = n * len(sides)
    for offset, conj in sides:
        axis = {w: i + offset for i, w in enumerate(part.wires)}
        uses = tuple(act.use(axis) for act in acts)
        if len(uses) > 1:
            slot = b.emit(p.Sweep(p.NEW, slot, total, uses, conj))
        else:
            slot = b.emit(p.Apply(p.NEW, slot, total, uses[0], conj))
    return replace(part, slot=slot)
