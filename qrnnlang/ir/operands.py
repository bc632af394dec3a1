"""What an operation reads and touches: values, wires, bits. The one place that knows all fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Bit,
    BitConst,
    BitExpr,
    BitNot,
    BitOp,
    Call,
    Channel,
    Discard,
    Elem,
    Evolve,
    Expect,
    Extern,
    Gate,
    Gather,
    Measure,
    Op,
    Postselect,
    Prepare,
    Prob,
    Ref,
    Reset,
    Scalar,
    Term,
    Wire,
)


def scalars(op: Op) -> tuple[Scalar, ...]:
    """The scalar operands of an operation (angles, rates, coefficients), constants included."""
    match op:
        case Gate(params=params):
            return params
        case Postselect(values=values):
            return values
        case Channel(rates=rates):
            return rates
        case Evolve(terms=terms, time=time):
            return (time, *(t.coefficient for t in terms))
        case Expect(observables=observables):
            return tuple(t.coefficient for terms in observables for t in terms)
        case _:
            return ()


def values_read(op: Op) -> tuple[Ref, ...]:
    """The values an operation depends on, each once, in order of appearance."""
    match op:
        case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
            found = list(refs)
        case Prepare(re=re, im=im):
            found = [re] if im is None else [re, im]
        case _:
            found = [s.ref for s in scalars(op) if isinstance(s, Elem)]
    return tuple(dict.fromkeys(found))


def wires_of(op: Op) -> tuple[Wire, ...]:
    """The wires an operation touches, each once, in order of appearance."""
    match op:
        case (
            Alloc(wires=wires)
            | Discard(wires=wires)
            | Gate(wires=wires)
            | Reset(wires=wires)
            | Measure(wires=wires)
            | Postselect(wires=wires)
            | Prepare(wires=wires)
            | ApplyUnitary(wires=wires)
            | Barrier(wires=wires)
            | Channel(wires=wires)
            | Prob(wires=wires)
        ):
            return tuple(dict.fromkeys(wires))
        case Evolve(terms=terms):
            return _term_wires(terms)
        case Expect(observables=observables):
            return _term_wires(t for terms in observables for t in terms)
        case _:
            return ()


def _term_wires(terms: Iterable[Term]) -> tuple[Wire, ...]:
    return tuple(dict.fromkeys(wire for term in terms for wire, _ in term.paulis))


def bits_in(expr: BitExpr) -> tuple[int, ...]:
    """The bits of an expression, each once."""
    match expr:
        case Bit(id):
            return (id,)
        case BitConst():
            return ()
        case BitNot(a):
            return bits_in(a)
        case BitOp(_, a, b):
            return tuple(dict.fromkeys((*bits_in(a), *bits_in(b))))


def condition(op: Op) -> BitExpr | None:
    """The bit condition under which a quantum operation acts; None: always."""
    return getattr(op, "when", None)


def bits_read(op: Op) -> tuple[int, ...]:
    when = condition(op)
    found = list(bits_in(when)) if when is not None else []
    if isinstance(op, Prob):
        found += [b for expr in op.bits for b in bits_in(expr)]
    return tuple(dict.fromkeys(found))


def bits_written(op: Op) -> tuple[int, ...]:
    return op.bits if isinstance(op, Measure) else ()


def renumbered(op: Op, new: Mapping[Ref, Ref]) -> Op:
    """The operation reading other values: `new[r]` in the place of `r`."""

    def scalar(s: Scalar) -> Scalar:
        return Elem(new[s.ref], s.index) if isinstance(s, Elem) else s

    def moved(terms: Iterable[Term]) -> tuple[Term, ...]:
        return tuple(replace(t, coefficient=scalar(t.coefficient)) for t in terms)

    match op:
        case Gather(sources=refs):
            return replace(op, sources=tuple(new[r] for r in refs))
        case Call(args=refs) | Extern(args=refs):
            return replace(op, args=tuple(new[r] for r in refs))
        case Gate(params=params):
            return replace(op, params=tuple(map(scalar, params)))
        case Postselect(values=values):
            return replace(op, values=tuple(map(scalar, values)))
        case Channel(rates=rates):
            return replace(op, rates=tuple(map(scalar, rates)))
        case Evolve(terms=terms, time=time):
            return replace(op, terms=moved(terms), time=scalar(time))
        case Prepare(re=re, im=im):
            return replace(op, re=new[re], im=None if im is None else new[im])
        case Expect(observables=observables):
            return replace(op, observables=tuple(map(moved, observables)))
        case _:
            return op
