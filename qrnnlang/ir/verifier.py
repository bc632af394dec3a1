"""The invariants of a cell graph. What breaks one is a bug in the compiler, never in a program."""

from __future__ import annotations

from math import prod

from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    BitCarry,
    BitExpr,
    Call,
    CarryIn,
    Const,
    Discard,
    Elem,
    Gather,
    Input,
    Measure,
    Op,
    Param,
    Postselect,
    Prepare,
    QubitCarry,
    RealCarry,
    Ref,
    Shape,
)
from .graph import CellGraph
from .operands import bits_in, bits_read, scalars, values_read, wires_of
from .shapes import call_shape, value_shape
from .wellformed import complaint


class VerificationError(Exception):
    """A graph that breaks an invariant; `ref` and `op` say where, None at the boundary."""

    def __init__(self, cell: str, message: str, ref: Ref | None = None, op: Op | None = None):
        self.ref = ref
        self.op = op
        place = "" if op is None else f", at %{ref} = {op!r}"
        super().__init__(f"cell `{cell}`: {message}{place}")


def verify(graph: CellGraph) -> None:
    """Raises VerificationError unless every invariant of the graph holds."""
    _check_names(graph)
    carried = _distinct(graph, graph.carried_wires, "carried in")
    bits = {b for c in graph.carries if isinstance(c, BitCarry) for b in c.bits}
    init = _Line(graph, set(carried), set(bits), is_init=True)
    for ref, op in enumerate(graph.init):
        init.check(ref, op)
    if init.alive != set(carried):
        _fail(graph, f"`init` leaves wires {sorted(init.alive ^ set(carried))} open")
    step = _Line(graph, set(carried), set(bits))
    for ref, op in graph.operations():
        step.check(ref, op)
    _check_boundary(graph, init, step)


class _Line:
    """A line of operations read from the front: what exists so far."""

    def __init__(self, graph: CellGraph, alive: set[int], bits: set[int], is_init: bool = False):
        self.graph = graph
        self.alive = alive
        self.begun = set(alive)
        self.bits = bits
        self.shapes: dict[Ref, Shape] = {}
        self.is_init = is_init

    def check(self, ref: Ref, op: Op) -> None:
        """Raises VerificationError if the operation does not fit, else takes note of it."""
        for rule in (self._values, complaint, self._classical, self._wires, self._bits):
            if message := rule(op):
                raise VerificationError(self.graph.name, message, ref, op)
        shape = value_shape(op)
        if shape is not None:
            self.shapes[ref] = shape

    def _values(self, op: Op) -> str | None:
        for ref in values_read(op):
            if ref not in self.shapes:
                return f"reads %{ref}, which is no value before it"
        for scalar in scalars(op):
            if isinstance(scalar, Elem):
                shape = self.shapes[scalar.ref]
                if not 0 <= scalar.index < prod(shape):
                    return f"reads entry {scalar.index} of %{scalar.ref}, which has shape {shape}"
        return None

    def _classical(self, op: Op) -> str | None:
        match op:
            case Input() | CarryIn() if self.is_init:
                return "an input or carried value before the first step"
            case Input(name=name, shape=shape, labels=labels):
                known = {(p.name, p.shape, p.labels) for p in self.graph.inputs}
                return None if (name, shape, labels) in known else f"no such input: `{name}`"
            case Param(name=name, shape=shape):
                declared = {(p.name, p.shape) for p in self.graph.params}
                return None if (name, shape) in declared else f"no such parameter: `{name}`"
            case CarryIn(name=name, shape=shape):
                arrays = [c for c in self.graph.carries if isinstance(c, RealCarry)]
                known_carry = (name, shape) in {(c.name, c.shape) for c in arrays}
                return None if known_carry else f"no such carried array: `{name}`"
            case ApplyUnitary(name=name, wires=wires, ctrl=ctrl):
                size = 2 ** (len(wires) - len(ctrl)) if len(wires) >= len(ctrl) else 0
                declared = {(p.name, p.shape) for p in self.graph.params if p.kind == "unitary"}
                if (name, (size, size, 2)) not in declared:
                    return f"no such unitary on {len(wires) - len(ctrl)} wires: `{name}`"
            case Const(values=values, shape=shape) if len(values) != prod(shape):
                return f"{len(values)} entries in shape {shape}"
            case Gather(sources=sources, index=index):
                size = sum(prod(self.shapes[s]) for s in sources)
                outside = [i for i in index if not 0 <= i < size]
                return f"entry {outside[0]} of {size}" if outside else None
            case Call(fn=fn, args=args, shape=shape):
                try:
                    found = call_shape(fn, tuple(self.shapes[a] for a in args), shape)
                except ValueError as error:
                    return str(error)
                return None if found == shape else f"`{fn}` gives shape {found}, not {shape}"
            case Prepare(wires=wires, re=re, im=im):
                parts = [re] if im is None else [re, im]
                if any(prod(self.shapes[p]) != 2 ** len(wires) for p in parts):
                    return f"{len(wires)} wires need {2 ** len(wires)} amplitudes"
        return None

    def _wires(self, op: Op) -> str | None:
        wires = wires_of(op)
        if isinstance(op, Alloc):
            if again := self.begun.intersection(wires):
                return f"wire {min(again)} begins twice"
            self.begun.update(wires)
            self.alive.update(wires)
            return None
        for wire in wires:
            if wire not in self.alive:
                state = "after its end" if wire in self.begun else "before its begin"
                return f"uses wire {wire} {state}"
        if isinstance(op, Discard):
            self.alive.difference_update(wires)
        return None

    def _bits(self, op: Op) -> str | None:
        for bit in bits_read(op):
            if bit not in self.bits:
                return f"reads bit {bit}, which was not written"
        if isinstance(op, Measure):
            if again := self.bits.intersection(op.bits):
                return f"writes bit {min(again)} twice"
            self.bits.update(op.bits)
        if self.is_init and isinstance(op, Measure | Postselect):
            return "a measurement before the first step"
        return None


def _check_names(graph: CellGraph) -> None:
    groups = {
        "input": [p.name for p in graph.inputs],
        "parameter": [p.name for p in graph.params],
        "output": [o.name for o in graph.outputs],
        "carried": [c.name for c in graph.carries],
    }
    for what, names in groups.items():
        for name in names:
            if names.count(name) > 1:
                _fail(graph, f"two of kind {what} named `{name}`")


def _check_boundary(graph: CellGraph, init: _Line, step: _Line) -> None:
    for output in graph.outputs:
        if step.shapes.get(output.ref) != output.shape:
            _fail(graph, f"output `{output.name}`: %{output.ref} has no value of its shape")
    leaving = _distinct(graph, graph.carried_wires_out, "carried out")
    for carry in graph.carries:
        match carry:
            case QubitCarry(name=name, wires=wires, out=out):
                if len(wires) != len(out):
                    _fail(graph, f"`{name}` enters on {len(wires)} wires, leaves on {len(out)}")
                if dead := set(out) - step.alive:
                    _fail(graph, f"`{name}` continues on wire {min(dead)}, which has ended")
            case RealCarry(name=name, shape=shape, initial=initial, out=ref):
                if init.shapes.get(initial) != shape:
                    _fail(graph, f"`{name}` starts from %{initial}, no value of its shape")
                if step.shapes.get(ref) != shape:
                    _fail(graph, f"`{name}` continues as %{ref}, no value of its shape")
            case BitCarry(name=name, bits=bits, out=exprs):
                if len(bits) != len(exprs):
                    _fail(graph, f"`{name}` enters as {len(bits)} bits, leaves as {len(exprs)}")
                if unknown := _bits_of(exprs) - step.bits:
                    _fail(graph, f"`{name}` continues as bit {min(unknown)}, which was not written")
    if left := step.alive - set(leaving):
        _fail(graph, f"wires {sorted(left)} are neither carried on nor discarded")


def _bits_of(exprs: tuple[BitExpr, ...]) -> set[int]:
    return {bit for expr in exprs for bit in bits_in(expr)}


def _distinct(graph: CellGraph, wires: tuple[int, ...], what: str) -> tuple[int, ...]:
    if len(set(wires)) < len(wires):
        twice = next(w for w in wires if wires.count(w) > 1)
        _fail(graph, f"wire {twice} is {what} twice")
    return wires


def _fail(graph: CellGraph, message: str) -> None:
    raise VerificationError(graph.name, message)
