"""Parameters that no output can feel: the light cone through the recurrence (W0301).

Liveness runs backwards over a step. A wire is live while a later read can depend on it; what is
live as the step begins is live as the step before it ends, until nothing is added. The cone is
conservative: a gate on a live wire makes all its wires and parameters live.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import Diagnostic, Span
from .closed import (
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

#: Which entries of an array, flat, are live.
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(eq=False)
class _Live:
    """What later reads depend on; `ops` are the operations that entries are entries of."""

    ops: tuple[Op, ...]
    wires: set[Wire] = field(default_factory=set)
    bits: set[int] = field(default_factory=set)
    entries: dict[Ref, Mask] = field(default_factory=dict)
    params: dict[str, Mask] = field(default_factory=dict)
    carried: dict[str, Mask] = field(default_factory=dict)

    def of(self, ref: Ref) -> Mask:
        """The mask of an array, to be set in place."""
        mask = self.entries.get(ref)
        if mask is None:
            mask = self.entries[ref] = np.zeros(prod(_shape(self.ops[ref])), bool)
        return mask

    def need(self, scalars: Iterable[Scalar]) -> None:
        for s in scalars:
            if isinstance(s, Elem):
                self.of(s.ref)[s.index] = True

    def whole(self, ref: Ref) -> None:
        self.of(ref)[:] = True

    def any(self, ref: Ref) -> bool:
        mask = self.entries.get(ref)
        return mask is not None and bool(mask.any())

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
    idle: dict[tuple[Span, bytes], list[ParamSpec]] = {}
    for spec in cell.params:
        felt = live.params.get(spec.name, np.zeros(prod(spec.shape), bool))
        if felt.all() or not spec.trained or spec.span is None:
            continue
        if not spec.span.source.name.startswith("<std"):
            idle.setdefault((spec.span, felt.tobytes()), []).append(spec)
    for (_, felt_bytes), specs in idle.items():
        missing = np.flatnonzero(~np.frombuffer(felt_bytes, bool))
        report.add(_warning(specs[0], missing, [s.name for s in specs[1:]]))


def _warning(spec: ParamSpec, missing: NDArray[np.intp], others: list[str]) -> Diagnostic:
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


def _entries(spec: ParamSpec, missing: NDArray[np.intp]) -> str:
    places = zip(*np.unravel_index(missing[:4], spec.shape), strict=True)
    shown = [f"[{', '.join(map(str, place))}]" for place in places]
    return ", ".join(shown) + (", …" if len(missing) > 4 else "")


def _fixpoint(cell: ClosedCell) -> _Live:
    wires: set[Wire] = set()
    bits: set[int] = set()
    reals: dict[str, Mask] = {}
    while True:
        live = _Live(cell.ops)
        for output in cell.outputs:
            live.whole(output.ref)
        for carry in cell.carries:
            match carry:
                case QubitCarry(wires=before, out=after):
                    live.wires |= {a for b, a in zip(before, after, strict=True) if b in wires}
                case BitCarry(bits=before, out=exprs):
                    for bit, expr in zip(before, exprs, strict=True):
                        if bit in bits:
                            live.when(expr)
                case RealCarry(name=name, out=ref) if name in reals:
                    live.of(ref)[:] |= reals[name]
        _backwards(live)
        if live.wires <= wires and live.bits <= bits and _within(live.carried, reals):
            _backwards_init(cell, live)
            return live
        wires |= live.wires
        bits |= live.bits
        for name, found in live.carried.items():
            reals[name] = found | reals.get(name, False)


def _within(new: dict[str, Mask], known: dict[str, Mask]) -> bool:
    return all(bool((found <= known.get(name, False)).all()) for name, found in new.items())


def _backwards_init(cell: ClosedCell, live: _Live) -> None:
    """Through the preparation of the carried state."""
    start = _Live(cell.init, wires=set(live.wires), params=live.params)
    for carry in cell.carries:
        if isinstance(carry, RealCarry) and carry.name in live.carried:
            start.of(carry.initial)[:] |= live.carried[carry.name]
    _backwards(start)


def _backwards(live: _Live) -> None:
    for ref in range(len(live.ops) - 1, -1, -1):
        op = live.ops[ref]
        match op:
            case Param(name=name):
                live.params[name] = live.of(ref) | live.params.get(name, False)
            case CarryIn(name=name):
                live.carried[name] = live.of(ref) | live.carried.get(name, False)
            case Gather(sources=sources, index=index):
                if live.any(ref):
                    _gather(live, sources, index, live.of(ref))
            case Call(args=args) | Extern(args=args):
                if live.any(ref):
                    for arg in args:
                        live.whole(arg)
            case Expect(observables=observables):
                if live.any(ref):
                    for i in np.flatnonzero(live.of(ref)):
                        live.wires.update(w for t in observables[i] for w, _ in t.paulis)
                        live.need(t.coefficient for t in observables[i])
            case Prob(wires=wires, bits=bits):
                if live.any(ref):
                    live.wires.update(wires)
                    for expr in bits:
                        live.when(expr)
            case _:
                _quantum(op, live)


def _quantum(op: Op, live: _Live) -> None:
    match op:
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
                        live.whole(ref)
                live.when(when)
        case Evolve(terms=terms, time=time, when=when):
            touched = {w for t in terms for w, _ in t.paulis}
            if live.wires & touched:
                live.wires |= touched
                live.need([time, *(t.coefficient for t in terms)])
                live.when(when)
        case Channel(wires=wires, rates=rates, when=when):
            if live.wires.intersection(wires):
                live.wires |= set(wires)
                live.need(rates)
                live.when(when)


def _gather(live: _Live, sources: tuple[Ref, ...], index: tuple[int, ...], needed: Mask) -> None:
    flat = np.asarray(index, dtype=np.int64)[needed]
    start = 0
    for source in sources:
        mask = live.of(source)
        inside = flat[(flat >= start) & (flat < start + len(mask))]
        mask[inside - start] = True
        start += len(mask)


def _shape(op: Op) -> Shape:
    if isinstance(op, Prob):
        count = len(op.wires) + len(op.bits)
        return () if op.value is not None else (2**count,)
    return getattr(op, "shape", ())
