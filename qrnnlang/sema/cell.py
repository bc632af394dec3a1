"""The state of a cell while its body is elaborated, and closing it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING

from ..diagnostics import Label, Span
from ..syntax.tree import CellItem
from .builder import Builder
from .closed import (
    BitCarry,
    BitExpr,
    Carry,
    ClosedCell,
    Discard,
    Output,
    ParamSpec,
    Port,
    QubitCarry,
    RealCarry,
    Ref,
    RegisterInfo,
    Scalar,
    Shape,
    Wire,
)
from .report import Reporter
from .scope import Env
from .values import Array, Record, Value

if TYPE_CHECKING:
    from .model import ModelState

#: Which branch of which run-time `if` a statement stands in.
Branch = tuple[tuple[int, bool], ...]


@dataclass(eq=False)
class Root:
    """What a closed cell or model collects from all the instances inlined into it."""

    report: Reporter
    init: Builder = field(default_factory=Builder)
    inputs: list[Port] = field(default_factory=list)
    params: dict[str, ParamSpec] = field(default_factory=dict)
    carries: list[Carry] = field(default_factory=list)
    registers: list[RegisterInfo] = field(default_factory=list)
    closed: dict[str, ClosedCell] = field(default_factory=dict)


@dataclass(eq=False)
class Slot:
    """An output or the next value of a carried array, filled whole or entry by entry."""

    name: str
    span: Span
    shape: Shape | None
    entries: dict[int, Scalar] = field(default_factory=dict)
    places: dict[int, Span] = field(default_factory=dict)
    whole: Array | None = None
    doc: str = ""
    #: Where it is first assigned, if that is not where it is declared; where its shape comes from.
    filled: Span | None = None
    declared: Span | None = None

    @property
    def first(self) -> Span:
        """Where it is first assigned, or else declared."""
        return self.filled or self.span


@dataclass(eq=False)
class BitNext:
    """Assignments to the next value of one carried bit, in order, each with its condition."""

    assignments: list[tuple[BitExpr | None, Branch, BitExpr, Span]] = field(default_factory=list)


@dataclass(eq=False)
class CellState:
    """One instance of a cell under elaboration."""

    name: str
    root: Root
    args: dict[str, tuple[Value, Span]] | None = None
    wires: dict[Wire, str] = field(default_factory=dict)
    usable: set[Wire] | None = None  # in the preparation of a carried register: its wires only
    zero: set[Wire] = field(default_factory=set)
    outputs: dict[str, Slot] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)  # outputs with an error of their own
    qubit_carries: dict[str, tuple[tuple[Wire, ...], Span]] = field(default_factory=dict)
    real_carries: dict[str, tuple[Shape, Ref, Ref]] = field(default_factory=dict)  # initial, in
    bit_carries: dict[str, tuple[int, ...]] = field(default_factory=dict)
    carried_at: dict[str, Span] = field(default_factory=dict)
    next_wires: dict[str, tuple[tuple[Wire, ...], Span]] = field(default_factory=dict)
    next_reals: dict[str, Slot] = field(default_factory=dict)
    next_bits: dict[str, dict[int, BitNext]] = field(default_factory=dict)
    called: dict[str, Span] = field(default_factory=dict)
    passed: dict[str, list[Span]] = field(default_factory=dict)  # outputs of branches not taken
    branch: Branch = ()
    model: ModelState | None = None
    line: tuple[CellItem, ...] = ()  # the cells that this one is applied within

    def wire_name(self, wire: Wire) -> str:
        """A wire as the user knows it: `` `m[1]` ``."""
        return f"`{self.wires.get(wire, '?')}`"

    def check_alive(self, env: Env, wires: tuple[Wire, ...], span: Span) -> None:
        """E0402: a register where it may not be used."""
        if self.usable is None:
            return
        wrong = next((w for w in wires if w not in self.usable), None)
        if wrong is not None:
            env.report.fail(
                "E0402",
                f"{self.wire_name(wrong)} does not exist while a carried register is prepared",
                span,
                "only the register itself may be used here",
            )


def touched(env: Env, wires: tuple[Wire, ...]) -> None:
    """Wires that are no longer known to be |0⟩."""
    assert env.cell is not None
    env.cell.zero -= set(wires)


def outputs_of(env: Env, state: CellState) -> dict[str, Array]:
    """The values of all outputs; incomplete ones are reported (E0406)."""
    found: dict[str, Array] = {}
    for slot in state.outputs.values():
        if slot.name in state.broken:
            continue
        if slot.whole is not None:
            found[slot.name] = slot.whole
            continue
        assert slot.shape is not None
        size = 1
        for n in slot.shape:
            size *= n
        missing = size - len(slot.entries)
        if missing and env.report.is_lost(slot.name, env.report.item(slot.span)):
            state.broken.add(slot.name)
            continue
        if missing:
            env.report.error(
                "E0406",
                f"the output `{slot.name}` is not complete",
                slot.span,
                f"never assigned: {_missing(slot, slot.shape)}"
                if slot.entries
                else "is never assigned",
                labels=tuple(
                    Label(span, "assigned here, in a branch that is not taken")
                    for span in dict.fromkeys(state.passed.get(slot.name, ()))
                ),
                help=f"assign it: `output {slot.name} = …;`" if not slot.entries else "",
            )
            state.broken.add(slot.name)
            continue
        found[slot.name] = fill(env.builder, slot, slot.shape, None)
    return found


def _missing(slot: Slot, shape: Shape) -> str:
    """The entries of an output that nothing fills, the first of them by name."""
    places = enumerate(product(*map(range, shape)))
    left = (place for i, place in places if i not in slot.entries)
    named = [f"`{slot.name}[{', '.join(map(str, place))}]`" for place in islice(left, 3)]
    more = prod(shape) - len(slot.entries) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def fill(builder: Builder, slot: Slot, shape: Shape, old: Array | None) -> Array:
    """An array from its entries, and from `old` where there is none."""
    import numpy as np

    from .closed import Elem

    parts: list[Array | float] = []
    size = int(np.prod(shape, dtype=np.int64))
    for i in range(size):
        entry = slot.entries.get(i)
        if entry is None:
            assert old is not None
            parts.append(Array(builder, old.ref, np.asarray(old.index.ravel()[i])))
        elif isinstance(entry, Elem):
            parts.append(Array(builder, entry.ref, np.array(entry.index)))
        else:
            parts.append(entry)
    return builder.join(parts, shape)


def finish(env: Env, state: CellState) -> dict[str, Array]:
    """End of a step: outputs, carried values, and what is discarded."""
    found = outputs_of(env, state)
    builder, root = env.builder, state.root
    for name, (shape, initial, carried) in state.real_carries.items():
        slot = state.next_reals.get(name)
        out = carried
        if slot is not None:
            whole = slot.whole or fill(builder, slot, shape, builder.array(carried, shape))
            out = builder.ref(whole)
        root.carries.append(RealCarry(env.full(name), shape, initial, out))
    for name, bits in state.bit_carries.items():
        exprs = tuple(_bit_out(state, name, i, bit) for i, bit in enumerate(bits))
        root.carries.append(BitCarry(env.full(name), bits, exprs))
    kept = _relabel(env, state)
    gone = tuple(w for w in state.wires if w not in kept)
    if gone:
        builder.emit(Discard(gone))
    return found


def _bit_out(state: CellState, name: str, i: int, bit: int) -> BitExpr:
    from .arithmetic import choose_bit
    from .closed import Bit

    value: BitExpr = Bit(bit)
    made = state.next_bits.get(name, {}).get(i)
    for condition, _, new, _ in made.assignments if made else ():
        value = new if condition is None else choose_bit(condition, new, value)
    return value


def _relabel(env: Env, state: CellState) -> set[Wire]:
    """Where carried registers continue; each wire at most once (E0401)."""
    taken: dict[Wire, tuple[str, Span]] = {}
    for name, (wires, declared) in state.qubit_carries.items():
        out, span = state.next_wires.get(name, (wires, declared))
        for wire in out:
            if wire in taken:
                other, where = taken[wire]
                env.report.error(
                    "E0401",
                    f"two carried registers continue on {state.wire_name(wire)}",
                    span,
                    f"`{name}` continues here",
                    labels=(Label(where, f"`{other}` continues here"),),
                    notes=("a carried register without a `next` continues on its own qubits",),
                )
            taken[wire] = (name, span)
        state.root.carries.append(QubitCarry(env.full(name), wires, out))
    return set(taken)


def close(env: Env, state: CellState, doc: str) -> ClosedCell:
    """The closed cell of a finished body."""
    found = finish(env, state)
    outputs = tuple(Output(n, v.shape, env.builder.ref(v)) for n, v in found.items())
    root = state.root
    return ClosedCell(
        name=state.name,
        inputs=tuple(root.inputs),
        params=tuple(root.params.values()),
        ops=tuple(env.builder.ops),  # type: ignore[arg-type]  # a cell's line holds no model operation
        origins=tuple(env.builder.origins),
        outputs=outputs,
        carries=tuple(root.carries),
        registers=tuple(root.registers),
        init=tuple(root.init.ops),  # type: ignore[arg-type]
        doc=doc,
    )


def record(state: CellState, found: dict[str, Array]) -> Value:
    """The value of a call: the one output, or a record of several."""
    if len(found) == 1:
        ((name, value),) = found.items()
        return replace(value, output=(state.name, name))
    return Record(state.name, dict(found))
