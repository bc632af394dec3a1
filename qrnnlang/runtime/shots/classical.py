"""What a model computes around its circuits: the same model with the read-outs as inputs.

In every cell with qubits the quantum operations are left out, and what they measure comes in from
outside: products of Paulis, probabilities of outcomes, the success of postselections. The result is
a classical model that the engine runs and differentiates as any other, loss and metrics included.
Its outputs are the model's own and, besides, the values that the circuits' angles are made of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import TypeAlias

from ...ir.operands import renumbered, values_read
from ...sema.closed import (
    Call,
    CarryIn,
    CellOutput,
    ClosedCell,
    ClosedModel,
    Const,
    Elem,
    Expect,
    Extern,
    Gather,
    Input,
    LossFn,
    ModelOp,
    ModelOutput,
    Op,
    Origin,
    Output,
    Param,
    Port,
    Postselect,
    Prob,
    RealCarry,
    Ref,
    RunCell,
    SeqFn,
    Shape,
    Term,
    ValueType,
    Wire,
)

#: A product of Paulis, and which read-out of which run.
Product: TypeAlias = tuple[tuple[Wire, str], ...]
Site: TypeAlias = tuple[Ref, Ref]
#: A value of a cell: run, operation, and whether that stands in the cell's `init`.
Place: TypeAlias = tuple[Ref, Ref, bool]

_VALUES = Const | Input | Param | CarryIn | Gather | Call | Extern


@dataclass(frozen=True)
class Classical:
    """`model` with an input for each of `reads`, and an output for each of `values`."""

    model: ClosedModel
    reads: Mapping[Site, str]
    values: Mapping[Place, str]


def products(op: Expect) -> tuple[Product, ...]:
    """The different products of Paulis that a read-out takes, the identity left out."""
    found = (t.paulis for terms in op.observables for t in terms if t.paulis)
    return tuple(dict.fromkeys(found))


def components(op: Expect | Prob | Postselect) -> int:
    """How many numbers are measured for a read-out."""
    match op:
        case Expect():
            return len(products(op))
        case Prob(value=None):
            return int(2 ** (len(op.wires) + len(op.bits)))
        case _:
            return 1


def classical(model: ClosedModel, values: Collection[Place]) -> Classical:
    """The classical part of a model, giving `values` too."""
    return _rewritten(model, values, quantum=False)


def _rewritten(model: ClosedModel, values: Collection[Place], quantum: bool) -> Classical:
    reads: dict[Site, str] = {}
    ports: list[Port] = []
    rows: list[tuple[ModelOp, ValueType]] = []
    for ref, op in enumerate(model.ops):
        if not isinstance(op, RunCell):
            continue
        for r, inner in enumerate(op.cell.ops):
            if isinstance(inner, Expect | Prob | Postselect):
                name, seq = f"@{ref}.{r}", model.types[ref].seq
                shape = _measured_shape(inner)
                reads[ref, r] = name
                ports.append(Port(name, shape, seq=seq))
                rows.append((Input(name, shape), ValueType(shape, seq, True)))
    first = len(rows)
    place = {site: i for i, site in enumerate(reads)}
    cells: dict[Ref, _Cell] = {}
    for ref, op in enumerate(model.ops):
        kind = model.types[ref]
        if isinstance(op, RunCell):
            wanted = [v for v in values if v[0] == ref]
            cells[ref] = made = _Cell(op.cell, wanted, quantum)
            args = tuple(a + first for a in op.args) + tuple(
                place[ref, r] for r in range(len(op.cell.ops)) if (ref, r) in place
            )
            rows.append((RunCell(op.instance, made.closed(), args), replace(kind, batch=True)))
        else:
            rows.append((_moved(op, first), kind))
    outputs = [replace(o, ref=o.ref + first) for o in model.outputs]
    names: dict[Place, str] = {}
    for ref, made in cells.items():
        for place_, (name, shape) in made.outputs.items():
            names[place_] = f"@{ref}.{name}"
            seq = model.types[ref].seq
            rows.append((CellOutput(ref + first, name), ValueType(shape, seq, True)))
            outputs.append(ModelOutput(names[place_], shape, seq, len(rows) - 1))
    moved = replace(
        model,
        inputs=(*model.inputs, *ports),
        ops=tuple(op for op, _ in rows),
        types=tuple(kind for _, kind in rows),
        outputs=tuple(outputs),
        loss=None if model.loss is None else model.loss + first,
        metrics=tuple((n, r + first) for n, r in model.metrics),
    )
    return Classical(moved, reads, names)


def perturbed(model: ClosedModel) -> Classical:
    """The whole model, circuits included, with an input that is added to what is measured.

    Its derivative with respect to that input is how the outputs respond to the noise of shots, on
    all ways: through the arithmetic and, with ensemble feedback, through later angles.
    """
    return _rewritten(model, (), quantum=True)


def _measured_shape(op: Expect | Prob | Postselect) -> Shape:
    return (components(op),)


def _moved(op: ModelOp, by: int) -> ModelOp:
    match op:
        case Gather(sources=refs):
            return replace(op, sources=tuple(r + by for r in refs))
        case CellOutput(run=run):
            return replace(op, run=run + by)
        case Const() | Input() | Param():
            return op
        case SeqFn(arg=arg):
            return replace(op, arg=arg + by)
        case Call() | Extern() | RunCell() | LossFn():
            return replace(op, args=tuple(r + by for r in op.args))


@dataclass
class _Cell:
    """A cell without its quantum operations, or with them where `quantum`."""

    cell: ClosedCell
    values: list[Place]
    quantum: bool
    ops: list[Op] = field(default_factory=list)
    new: dict[Ref, Ref] = field(default_factory=dict)
    outputs: dict[Place, tuple[str, Shape]] = field(default_factory=dict)

    def closed(self) -> ClosedCell:
        inputs = list(self.cell.inputs)
        for ref, op in enumerate(self.cell.ops):
            match op:
                case Expect() | Prob() | Postselect():
                    shape = _measured_shape(op)
                    inputs.append(Port(f"@{ref}", shape))
                    measured = self.add(Input(f"@{ref}", shape))
                    if self.quantum:
                        measured = self._with_noise(op, measured)
                    self.new[ref] = self._read(op, measured)
                case _ if isinstance(op, _VALUES):
                    self.new[ref] = self.add(renumbered(op, self.new))
                case _ if self.quantum:
                    self.add(renumbered(op, self.new))
        init, begun = self._init()
        outputs = [replace(o, ref=self.new[o.ref]) for o in self.cell.outputs]
        for place in self.values:
            _, ref, prepared = place
            at = self._prepared(ref) if prepared else self.new[ref]
            name, shape = f"@v{ref}{'i' if prepared else ''}", _shape(self.ops[at])
            self.outputs[place] = name, shape
            outputs.append(Output(name, shape, at))
        carries = tuple(
            replace(c, initial=begun[c.initial], out=self.new[c.out])
            if isinstance(c, RealCarry)
            else c
            for c in self.cell.carries
            if self.quantum or isinstance(c, RealCarry)
        )
        return replace(
            self.cell,
            inputs=tuple(inputs),
            ops=tuple(self.ops),
            origins=(Origin(None),) * len(self.ops),
            outputs=tuple(outputs),
            carries=carries,
            registers=self.cell.registers if self.quantum else (),
            init=init,
        )

    def add(self, op: Op) -> Ref:
        self.ops.append(op)
        return len(self.ops) - 1

    def _init(self) -> tuple[tuple[Op, ...], dict[Ref, Ref]]:
        ops: list[Op] = []
        new: dict[Ref, Ref] = {}
        for ref, op in enumerate(self.cell.init):
            if self.quantum or isinstance(op, _VALUES):
                ops.append(renumbered(op, new))
                new[ref] = len(ops) - 1
        return tuple(ops), new

    def _with_noise(self, op: Expect | Prob | Postselect, noise: Ref) -> Ref:
        """What is measured, one number for each component, and the noise on it."""
        match op:
            case Expect():
                kinds = products(op)
                exact = self.add(Expect(tuple((Term(1.0, p),) for p in kinds), (len(kinds),)))
            case _:
                exact = self.add(renumbered(op, self.new))
                if isinstance(op, Postselect) or op.value is not None:
                    exact = self.add(Gather((exact,), (0,), (1,)))
        return self.add(Call("add", (exact, noise), _measured_shape(op)))

    def _prepared(self, ref: Ref) -> Ref:
        """A value of `init`, computed again in the step: it depends on parameters alone."""
        op = self.cell.init[ref]
        assert isinstance(op, _VALUES)
        return self.add(renumbered(op, {r: self._prepared(r) for r in values_read(op)}))

    def _read(self, op: Expect | Prob | Postselect, measured: Ref) -> Ref:
        """The value of a read-out from what is measured for it."""
        if not isinstance(op, Expect):
            shape = () if isinstance(op, Postselect) or op.value is not None else None
            if shape is None:
                return measured
            return self.add(Gather((measured,), (0,), ()))
        kinds = products(op)
        terms = [(i, t) for i, terms in enumerate(op.observables) for t in terms]
        sources: list[Ref] = [measured, self.add(Const((1.0,), (1,)))]
        ends = [len(kinds), len(kinds) + 1]
        where: dict[Ref, int] = {}
        for ref in values_read(op):
            where[ref] = ends[-1]
            sources.append(self.new[ref])
            ends.append(ends[-1] + prod(_shape(self.ops[self.new[ref]])))
        factors, shown, rows = [], [], []
        for i, term in terms:
            shown.append(kinds.index(term.paulis) if term.paulis else len(kinds))
            rows.append(i)
            c = term.coefficient
            if isinstance(c, Elem):
                factors.append(where[c.ref] + c.index)
            else:
                factors.append(ends[-1])
                sources.append(self.add(Const((float(c),), (1,))))
                ends.append(ends[-1] + 1)
        n, size = len(terms), len(op.observables)
        a = self.add(Gather(tuple(sources), tuple(factors), (n,)))
        b = self.add(Gather(tuple(sources), tuple(shown), (n,)))
        parts = self.add(Call("mul", (a, b), (n,)))
        # One row for each observable: which terms are its own.
        table = tuple(float(rows[j] == i) for i in range(size) for j in range(n))
        matrix = self.add(Const(table, (size, n)))
        total = self.add(Call("matmul", (matrix, parts), (size,)))
        return self.add(Gather((total,), tuple(range(size)), op.shape))


def _shape(op: Op) -> Shape:
    shape = getattr(op, "shape", None)
    assert isinstance(shape, tuple)
    return shape
