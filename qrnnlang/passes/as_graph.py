"""A step as a cell graph again: to print it, and to run it in the interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod

from ..ir.graph import CellGraph
from ..ir.operands import values_read
from ..ir.shapes import value_shape
from ..sema.closed import (
    Call,
    Carry,
    CarryIn,
    Channel,
    Const,
    Elem,
    Expect,
    Extern,
    Gate,
    Gather,
    Input,
    Op,
    Origin,
    Param,
    Postselect,
    Prepare,
    Prob,
    RealCarry,
    Ref,
    Scalar,
    Term,
)
from .line import Polynomial, Stamp, Step

_VALUES = Const | Input | Param | CarryIn | Gather | Call | Extern
_NOWHERE = Origin(None)


def as_graph(step: Step) -> CellGraph:
    """The graph of a step. Values stand before the first gate that needs them.

    Read-outs that are not measured are zeros.
    """
    made = _Maker(step.graph, frozenset(ref for ref, _ in step.line))
    for ref, item in step.line:
        made.item(ref, item)
    for ref, op in step.graph.operations():
        if isinstance(op, _VALUES):
            made.value(ref)
    outputs = tuple(replace(o, ref=made.value(o.ref)) for o in step.graph.outputs)
    carries: list[Carry] = [
        replace(c, out=made.value(c.out)) if isinstance(c, RealCarry) else c for c in step.carries
    ]
    rows = ((i, op, _NOWHERE) for i, op in enumerate(made.ops))
    return step.graph.with_operations(rows, outputs, tuple(carries))


@dataclass
class _Maker:
    graph: CellGraph
    line: frozenset[Ref]
    ops: list[Op] = field(default_factory=list)
    refs: dict[Ref, Ref] = field(default_factory=dict)

    def add(self, op: Op) -> Ref:
        self.ops.append(op)
        return len(self.ops) - 1

    def value(self, ref: Ref) -> Ref:
        if ref not in self.refs:
            op = self.graph.op(ref)
            if not isinstance(op, _VALUES):
                if ref in self.line:
                    raise ValueError(f"%{ref} is read before it stands in the line")
                shape = value_shape(op) or ()
                self.refs[ref] = self.add(Const((0.0,) * prod(shape), shape))
                return self.refs[ref]
            for before in values_read(op):
                self.value(before)
            self.refs[ref] = self.add(_with(op, self.refs))
        return self.refs[ref]

    def item(self, ref: Ref, item: Stamp | Op) -> None:
        match item:
            case Stamp():
                params = tuple(self.angle(a) for a in item.angles)
                name, ctrl = item.name, item.ctrl
                if name == "mcx":
                    name, ctrl = "x", "1" * (len(item.wires) - 1)
                self.add(Gate(name, params, item.wires, ctrl, item.when))
                return
            case Postselect():
                values = tuple(self.scalar(v) for v in item.values)
                self.refs[ref] = self.add(replace(item, values=values))
            case Channel():
                self.add(replace(item, rates=tuple(self.scalar(r) for r in item.rates)))
            case Prepare():
                im = None if item.im is None else self.value(item.im)
                self.add(replace(item, re=self.value(item.re), im=im))
            case Expect():
                observables = tuple(
                    tuple(Term(self.scalar(t.coefficient), t.paulis) for t in terms)
                    for terms in item.observables
                )
                self.refs[ref] = self.add(replace(item, observables=observables))
            case Prob():
                self.refs[ref] = self.add(item)
            case _:
                self.add(item)

    def scalar(self, scalar: Scalar) -> Scalar:
        return Elem(self.value(scalar.ref), scalar.index) if isinstance(scalar, Elem) else scalar

    def angle(self, angle: Polynomial) -> Scalar:
        """A polynomial as operations on scalars."""
        total: Ref | None = None
        for coefficient, factors in angle:
            product = self.add(Const((coefficient,), ()))
            for factor in factors:
                product = self._call("mul", product, self._single(factor))
            total = product if total is None else self._call("add", total, product)
        return 0.0 if total is None else Elem(total, 0)

    def _single(self, scalar: Scalar) -> Ref:
        if isinstance(scalar, Elem):
            return self.add(Gather((self.value(scalar.ref),), (scalar.index,), ()))
        return self.add(Const((scalar,), ()))

    def _call(self, fn: str, a: Ref, b: Ref) -> Ref:
        return self.add(Call(fn, (a, b), ()))


def _with(op: Op, refs: Mapping[Ref, Ref]) -> Op:
    match op:
        case Gather(sources=sources):
            return replace(op, sources=tuple(refs[r] for r in sources))
        case Call(args=args) | Extern(args=args):
            return replace(op, args=tuple(refs[r] for r in args))
        case _:
            return op
