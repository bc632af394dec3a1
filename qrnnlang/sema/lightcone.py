"""Parameters that no output can feel: the light cone through the recurrence (W0301).

Liveness runs backwards over a step. A wire is live while a later read can depend on it; what is
live as the step begins is live as the step before it ends, until nothing is added. The cone is
conservative: a gate on a live wire makes all its wires and parameters live.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from math import prod

from ..diagnostics import Diagnostic, Span
from .closed import (
    Alloc,
    ApplyUnitary,
    Bit,
    BitCarry,
    BitExpr,
    BitNot,
    BitOp,
    Call,
    CarryIn,
    Channel,
    ClosedCell,
    Discard,
    Elem,
    Evolve,
    Expect,
    Extern,
    Gate,
    Gather,
    Measure,
    Op,
    Param,
    ParamSpec,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    RealCarry,
    Ref,
    Reset,
    Scalar,
    Shape,
    Wire,
)
from .report import Reporter


@dataclass(eq=False)
class _Live:
    """What later reads depend on."""

    wires: set[Wire] = field(default_factory=set)
    bits: set[int] = field(default_factory=set)
    entries: dict[Ref, set[int]] = field(default_factory=dict)
    params: dict[str, set[int]] = field(default_factory=dict)
    carried: dict[str, set[int]] = field(default_factory=dict)

    def need(self, scalars: Iterable[Scalar]) -> None:
        for s in scalars:
            if isinstance(s, Elem):
                self.entries.setdefault(s.ref, set()).add(s.index)

    def whole(self, ref: Ref, shape: Shape) -> None:
        self.entries.setdefault(ref, set()).update(range(prod(shape)))

    def when(self, expr: BitExpr | None) -> None:
        match expr:
            case Bit(id):
                self.bits.add(id)
            case BitNot(a):
                self.when(a)
            case BitOp(_, a, b):
                self.when(a)
                self.when(b)


def check_light_cone(cell: ClosedCell, report: Reporter) -> None:
    """Warn of every trained parameter with entries outside the light cone of the outputs."""
    live = _fixpoint(cell)
    idle: dict[tuple[Span, tuple[int, ...]], list[ParamSpec]] = {}
    for spec in cell.params:
        missing = sorted(set(range(prod(spec.shape))) - live.params.get(spec.name, set()))
        if not missing or not spec.trained or spec.span is None:
            continue
        if not spec.span.source.name.startswith("<std"):
            idle.setdefault((spec.span, tuple(missing)), []).append(spec)
    for (_, entries), specs in idle.items():
        report.add(_warning(specs[0], entries, [s.name for s in specs[1:]]))


def _warning(spec: ParamSpec, missing: tuple[int, ...], others: list[str]) -> Diagnostic:
    """Of a parameter, and of those of other instances that are declared in the same place."""
    assert spec.span is not None
    if len(missing) == prod(spec.shape):
        message, label = f"`{spec.name}` cannot influence any output", "has no effect"
    else:
        message = f"{len(missing)} of {prod(spec.shape)} entries of `{spec.name}` have no effect"
        label = "cannot influence any output: " + _entries(spec, missing)
    return Diagnostic(
        "W0301",
        message,
        spec.span,
        label,
        notes=(
            *(("so it is with " + ", ".join(f"`{name}`" for name in others),) if others else ()),
            "gates after the last read of a qubit, and of what it is entangled with, are idle",
        ),
        help="read more qubits, or leave these gates out",
    )


def _entries(spec: ParamSpec, missing: tuple[int, ...]) -> str:
    names = list(product(*(range(n) for n in spec.shape)))
    shown = [f"[{', '.join(map(str, names[i]))}]" for i in missing[:4]]
    return ", ".join(shown) + (", …" if len(missing) > 4 else "")


def _fixpoint(cell: ClosedCell) -> _Live:
    wires: set[Wire] = set()
    bits: set[int] = set()
    reals: dict[str, set[int]] = {}
    while True:
        live = _Live()
        for output in cell.outputs:
            live.whole(output.ref, output.shape)
        for carry in cell.carries:
            match carry:
                case QubitCarry(wires=before, out=after):
                    live.wires |= {a for b, a in zip(before, after, strict=True) if b in wires}
                case BitCarry(bits=before, out=exprs):
                    for bit, expr in zip(before, exprs, strict=True):
                        if bit in bits:
                            live.when(expr)
                case RealCarry(name=name, out=ref):
                    live.entries.setdefault(ref, set()).update(reals.get(name, ()))
        _backwards(cell.ops, live)
        if live.wires <= wires and live.bits <= bits and _within(live.carried, reals):
            _backwards_init(cell, live)
            return live
        wires |= live.wires
        bits |= live.bits
        for name, found in live.carried.items():
            reals.setdefault(name, set()).update(found)


def _within(new: dict[str, set[int]], known: dict[str, set[int]]) -> bool:
    return all(found <= known.get(name, set()) for name, found in new.items())


def _backwards_init(cell: ClosedCell, live: _Live) -> None:
    """Through the preparation of the carried state."""
    start = _Live(wires=set(live.wires), params=live.params)
    for carry in cell.carries:
        if isinstance(carry, RealCarry):
            found = live.carried.get(carry.name, set())
            start.entries.setdefault(carry.initial, set()).update(found)
    _backwards(cell.init, start)


def _backwards(ops: tuple[Op, ...], live: _Live) -> None:
    for ref in range(len(ops) - 1, -1, -1):
        op = ops[ref]
        match op:
            case Param(name=name):
                live.params.setdefault(name, set()).update(live.entries.get(ref, ()))
            case CarryIn(name=name):
                live.carried.setdefault(name, set()).update(live.entries.get(ref, ()))
            case Gather(sources=sources, index=index):
                _gather(live, sources, index, live.entries.get(ref, set()), ops)
            case Call(args=args) | Extern(args=args):
                if live.entries.get(ref):
                    for arg in args:
                        live.whole(arg, _shape(ops[arg]))
            case Expect(observables=observables):
                needed = live.entries.get(ref, set())
                for i, terms in enumerate(observables):
                    if i in needed:
                        live.wires.update(w for t in terms for w, _ in t.paulis)
                        live.need(t.coefficient for t in terms)
            case Prob(wires=wires, bits=bits):
                if live.entries.get(ref):
                    live.wires.update(wires)
                    for expr in bits:
                        live.when(expr)
            case _:
                _quantum(op, live)


def _quantum(op: Op, live: _Live) -> None:
    match op:
        case Alloc(wires=wires) | Discard(wires=wires):
            live.wires -= set(wires)
        case Reset(wires=wires, when=when):
            if when is None:
                live.wires -= set(wires)
            elif live.wires & set(wires):
                live.when(when)
        case Measure(wires=wires, bits=bits, when=when):
            if live.wires & set(wires) or live.bits & set(bits):
                live.wires |= set(wires)
                live.when(when)
        case Postselect(wires=wires, values=values, when=when):
            # What every later read finds depends on the event, and so does its probability.
            live.wires |= set(wires)
            live.need(values)
            live.when(when)
        case Gate(wires=wires, params=params, when=when):
            if live.wires & set(wires):
                live.wires |= set(wires)
                live.need(params)
                live.when(when)
        case ApplyUnitary(wires=wires, when=when):
            if live.wires & set(wires):
                live.wires |= set(wires)
                live.when(when)
        case Prepare(wires=wires, re=re, im=im, when=when):
            if live.wires & set(wires):
                for ref in (re, im):
                    if ref is not None:
                        live.whole(ref, (2 ** len(wires),))
                live.when(when)
        case Evolve(terms=terms, time=time, when=when):
            touched = {w for t in terms for w, _ in t.paulis}
            if live.wires & touched:
                live.wires |= touched
                live.need([time, *(t.coefficient for t in terms)])
                live.when(when)
        case Channel(wire=wire, rates=rates, when=when):
            if wire in live.wires:
                live.need(rates)
                live.when(when)


def _gather(
    live: _Live,
    sources: tuple[Ref, ...],
    index: tuple[int, ...],
    needed: set[int],
    ops: tuple[Op, ...],
) -> None:
    bounds: list[tuple[int, int, Ref]] = []
    start = 0
    for source in sources:
        stop = start + prod(_shape(ops[source]))
        bounds.append((start, stop, source))
        start = stop
    for i in needed:
        flat = index[i]
        begin, _, source = next(b for b in bounds if b[0] <= flat < b[1])
        live.entries.setdefault(source, set()).add(flat - begin)


def _shape(op: Op) -> Shape:
    if isinstance(op, Prob):
        count = len(op.wires) + len(op.bits)
        return () if op.value is not None else (2**count,)
    return getattr(op, "shape", ())
