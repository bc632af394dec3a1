"""The line of operations under construction, for a cell or for a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from ..diagnostics import Span
from .closed import (
    Alloc,
    Barrier,
    BitExpr,
    BitOp,
    Call,
    CarryIn,
    Const,
    Discard,
    Elem,
    Extern,
    Gather,
    Input,
    ModelOp,
    Op,
    Origin,
    Param,
    QuantumOp,
    Ref,
    Scalar,
    Shape,
    ValueType,
)
from .values import Array, ConstArray, IntArray, Parameter, Value

#: Operations without effect on the state: the same one twice is one.
_SHARED = (Const, Input, Param, CarryIn, Gather, Call)


class Builder:
    """Emits operations. `types[ref]` is the type of each value; in a cell nothing is a sequence."""

    def __init__(self) -> None:
        self.ops: list[Op | ModelOp] = []
        self.types: list[ValueType] = []
        self.origins: list[Origin] = []
        self.span: Span | None = None
        self.scope = ""
        self.when: BitExpr | None = None
        self.wires = 0
        self.bits = 0
        self.expanded: dict[object, tuple[QuantumOp, ...]] = {}  # what calls of gates gave
        self.evaluated: dict[object, Value] = {}  # and those of functions
        self.bit_sizes: dict[int, tuple[BitExpr, int, int]] = {}  # operations and depth, by id
        self.full = False  # more operations than a cell may have, which has been reported
        self._known: dict[object, Ref] = {}
        self._collected: list[QuantumOp] | None = None

    # --- emitting ---------------------------------------------------------------------------

    def emit(
        self, op: Op | ModelOp, shape: Shape = (), seq: bool = False, batch: bool = False
    ) -> Ref:
        """Append an operation and return its position; equal classical ones are shared."""
        if isinstance(op, _SHARED) and op in self._known:
            return self._known[op]
        ref = len(self.ops)
        self.ops.append(op)
        self.types.append(ValueType(shape, seq, batch))
        self.origins.append(Origin(self.span, self.scope))
        if isinstance(op, _SHARED):
            self._known[op] = ref
        return ref

    def quantum(self, op: QuantumOp) -> Ref:
        """Emit a quantum operation under the condition in force, or collect it for a modifier."""
        if self._collected is not None:
            self._collected.append(op)
            return -1
        if self.when is not None and not isinstance(op, Alloc | Discard | Barrier):
            when = self.when if op.when is None else BitOp("and", self.when, op.when)
            op = replace(op, when=when)
        return self.emit(op)

    def quantum_all(self, ops: Sequence[QuantumOp]) -> None:
        """`quantum` of each."""
        if self._collected is not None:
            self._collected += ops
            return
        for op in ops:
            self.quantum(op)

    @property
    def pending(self) -> int:
        """How many operations there are, with those that wait for a modifier."""
        return len(self.ops) + len(self._collected or ())

    @contextmanager
    def collect(self) -> Iterator[list[QuantumOp]]:
        """Quantum operations inside go into the list instead of the line."""
        outer, self._collected = self._collected, []
        try:
            yield self._collected
        finally:
            self._collected = outer

    @contextmanager
    def at(self, span: Span) -> Iterator[None]:
        """Operations inside come from this place."""
        outer, self.span = self.span, span
        try:
            yield
        finally:
            self.span = outer

    def new_wires(self, n: int) -> tuple[int, ...]:
        self.wires += n
        return tuple(range(self.wires - n, self.wires))

    def new_bits(self, n: int) -> tuple[int, ...]:
        self.bits += n
        return tuple(range(self.bits - n, self.bits))

    # --- values -----------------------------------------------------------------------------

    def array(self, ref: Ref, shape: Shape) -> Array:
        """All of a value."""
        return Array(self, ref, _whole(shape))

    def const(self, value: ConstArray | float) -> Ref:
        data = np.asarray(value, dtype=np.float64)
        return self.emit(Const(tuple(data.ravel().tolist()), data.shape), data.shape)

    def ref(self, value: ConstArray | float | Array | Parameter) -> Ref:
        """The position of a value of exactly this shape, emitting what it takes."""
        match value:
            case Parameter(name=name, shape=shape):
                return self.emit(Param(name, shape), shape)
            case Array(ref=ref, index=index):
                kind = self.types[ref]
                if kind.shape == index.shape and np.array_equal(index, _whole(kind.shape)):
                    return ref
                return self._gather((ref,), index)
            case _:
                return self.const(value)

    def join(self, parts: Sequence[ConstArray | float | Array | Parameter], shape: Shape) -> Array:
        """The entries of `parts`, one after the other in C order, as an array of `shape`."""
        sources: dict[Ref, int] = {}
        width = 0
        index: list[IntArray] = []
        for part in parts:
            here = self.read(part)
            if here.ref not in sources:
                sources[here.ref] = width
                width += int(np.prod(self.types[here.ref].shape, dtype=np.int64))
            index.append(here.index.ravel() + sources[here.ref])
        flat = np.concatenate(index) if index else np.zeros(0, np.int64)
        if len(sources) == 1:
            return Array(self, next(iter(sources)), flat.reshape(shape))
        return self.array(self._gather(tuple(sources), flat.reshape(shape)), shape)

    def read(self, value: ConstArray | float | Array | Parameter) -> Array:
        """A value as a view, without rearranging anything."""
        match value:
            case Array():
                return value
            case Parameter(shape=shape):
                return self.array(self.ref(value), shape)
            case _:
                return self.array(self.const(value), np.shape(value))

    def call(
        self, fn: str, args: Sequence[ConstArray | float | Array | Parameter], shape: Shape
    ) -> Array:
        """A function of values, emitted."""
        refs = tuple(self.ref(a) for a in args)
        return self.array(self._derived(Call(fn, refs, shape), refs, shape), shape)

    def extern(
        self, name: str, args: Sequence[ConstArray | float | Array | Parameter], shape: Shape
    ) -> Array:
        refs = tuple(self.ref(a) for a in args)
        return self.array(self._derived(Extern(name, refs, shape), refs, shape), shape)

    def scalars(self, value: ConstArray | float | Array | Parameter) -> list[Scalar]:
        """The entries of a value in C order, as operands of gates."""
        if isinstance(value, Array | Parameter):
            here = self.read(value)
            return [Elem(here.ref, int(i)) for i in here.index.ravel()]
        return [float(v) for v in np.asarray(value, dtype=np.float64).ravel()]

    def negated(self, scalar: Scalar) -> Scalar:
        """−scalar, for inverses."""
        return self.scaled(scalar, -1.0)

    def scaled(self, scalar: Scalar, factor: float) -> Scalar:
        if not isinstance(scalar, Elem):
            return factor * scalar
        one = Array(self, scalar.ref, np.array(scalar.index))
        product = (
            self.call("neg", [one], ()) if factor == -1.0 else self.call("mul", [factor, one], ())
        )
        return Elem(product.ref, int(product.index))

    def _gather(self, sources: tuple[Ref, ...], index: IntArray) -> Ref:
        op = Gather(sources, tuple(index.ravel().tolist()), index.shape)
        return self._derived(op, sources, index.shape)

    def _derived(self, op: Op, args: Sequence[Ref], shape: Shape) -> Ref:
        seq = any(self.types[a].seq for a in args)
        batch = any(self.types[a].batch for a in args)
        return self.emit(op, shape, seq, batch)


def _whole(shape: Shape) -> IntArray:
    return np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64).reshape(shape)
