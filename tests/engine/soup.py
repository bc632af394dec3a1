"""Random closed cells: every operation of the language, in any order that makes sense."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qrnnlang.sema.closed import (
    Alloc,
    ApplyUnitary,
    Bit,
    BitCarry,
    BitConst,
    BitExpr,
    BitNot,
    BitOp,
    Call,
    Carry,
    CarryIn,
    CellOutput,
    Channel,
    ClosedCell,
    ClosedModel,
    Const,
    Discard,
    Elem,
    Evolve,
    Expect,
    Gate,
    Gather,
    Input,
    Measure,
    ModelOutput,
    Op,
    Origin,
    Output,
    Param,
    ParamSpec,
    Port,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    RealCarry,
    Reset,
    RunCell,
    Scalar,
    Term,
    ValueType,
)
from qrnnlang.sema.gates import GATES

ALL = ("gate", "reset", "measure", "postselect", "channel", "prepare", "evolve", "unitary", "read")
UNITARY = ("gate", "gate", "gate", "evolve", "unitary")


def model_of(cell: ClosedCell) -> ClosedModel:
    """The model that applies a cell to its inputs and has its outputs."""
    ops: list = [Input(p.name, p.shape, p.labels) for p in cell.inputs]
    types = [ValueType(p.shape, p.seq, True) for p in cell.inputs]
    run = len(ops)
    ops.append(RunCell("", cell, tuple(range(run))))
    types.append(ValueType((), True, True))
    outputs = []
    for o in cell.outputs:
        outputs.append(ModelOutput(o.name, o.shape, True, len(ops)))
        ops.append(CellOutput(run, o.name))
        types.append(ValueType(o.shape, True, True))
    return ClosedModel(
        "Test", cell.inputs, (), cell.params, tuple(ops), tuple(types), tuple(outputs)
    )


def cell_of(ops, outputs, inputs=(), params=(), carries=(), init=()) -> ClosedCell:
    ops = tuple(ops)
    return ClosedCell(
        "Test",
        tuple(inputs),
        tuple(params),
        ops,
        (Origin(None),) * len(ops),
        tuple(Output(n, s, r) for n, (r, s) in outputs.items()),
        tuple(carries),
        init=tuple(init),
    )


@dataclass
class Soup:
    """A cell with `carried` qubits, `fresh` ones, `bits` carried bits and a carried array."""

    rng: np.random.Generator
    kinds: tuple[str, ...] = ALL
    carried: int = 2
    fresh: int = 2
    bits: int = 1
    length: int = 14
    feedback: bool = True
    static: float = 0.5
    ops: list[Op] = field(default_factory=list)
    outputs: dict[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    scalars: list[Scalar] = field(default_factory=list)
    static_scalars: list[Scalar] = field(default_factory=list)
    live_bits: list[int] = field(default_factory=list)
    rates: int = 0

    def build(self) -> ClosedCell:
        rng = self.rng
        self.wires = list(range(self.carried + self.fresh))
        self.live_bits = list(range(self.bits))
        x = self.add(Input("x", (2,)))
        w = self.add(Param("w", (6,)))
        c = self.add(CarryIn("c", (2,)))
        self.rates = self.add(Const((0.05, 0.3, 0.2), (3,)))
        self.add(Alloc(tuple(self.wires[self.carried :])))
        both = self.add(Gather((x, w), (0, 2, 1), (3,)))
        square = self.add(Call("mul", (both, both), (3,)))
        self.static_scalars = [Elem(w, i) for i in range(6)] + [0.7, -0.4]
        self.scalars = [Elem(x, 0), Elem(x, 1), Elem(square, 2)]
        if self.feedback:
            self.scalars += [Elem(c, 0), Elem(c, 1)]
        for _ in range(self.length):
            getattr(self, "_" + str(rng.choice(self.kinds)))()
        last = self.add(Expect(tuple((Term(1.0, ((q, "Z"),)),) for q in self.wires[:2]), (2,)))
        self.outputs["last"] = (last, (2,))
        out = tuple(int(q) for q in rng.permutation(self.wires)[: self.carried])
        self.add(Discard(tuple(q for q in self.wires if q not in out)))
        new = self.add(Call("tanh", (last,), (2,)))
        carries: list[Carry] = [RealCarry("c", (2,), 0, new if self.feedback else c)]
        if self.carried:
            half = self.carried // 2
            mine = tuple(range(self.carried))
            carries.append(QubitCarry("m", mine[:half], out[:half]))
            carries.append(QubitCarry("k", mine[half:], out[half:]))
        if self.bits:
            exprs = tuple(self.expr() for _ in range(self.bits))
            carries.append(BitCarry("b", tuple(range(self.bits)), exprs))
        init: list[Op] = [Const((0.1, -0.2), (2,))]
        if self.carried:
            init += [Gate("ry", (0.4,), (0,)), Param("w", (6,))]
            init.append(Gate("rx", (Elem(2, 1),), (self.carried - 1,)))
        params = [
            ParamSpec("w", (6,), True, "angle", ("uniform", 0.0, 1.0)),
            ParamSpec("U", (4, 4, 2), False, "unitary", ("haar",)),
        ]
        return cell_of(self.ops, self.outputs, [Port("x", (2,))], params, carries, init)

    def add(self, op: Op) -> int:
        self.ops.append(op)
        return len(self.ops) - 1

    def scalar(self) -> Scalar:
        known = self.rng.random() < self.static
        choices = self.static_scalars if known else self.scalars
        return choices[self.rng.integers(len(choices))]

    def some(self, n: int) -> tuple[int, ...]:
        return tuple(int(w) for w in self.rng.choice(self.wires, n, replace=False))

    def expr(self, depth: int = 2) -> BitExpr:
        kind = self.rng.integers(5 if depth else 1)
        if not self.live_bits:
            return BitConst(True)
        if kind == 0:
            return Bit(int(self.rng.choice(self.live_bits)))
        if kind == 1:
            return BitNot(self.expr(depth - 1))
        op = ("and", "or", "xor")[kind - 2]
        return BitOp(op, self.expr(depth - 1), self.expr(depth - 1))

    def when(self) -> BitExpr | None:
        return self.expr() if self.live_bits and self.rng.random() < 0.3 else None

    def _gate(self) -> None:
        names = [n for n, g in GATES.items() if 0 < g.qubits <= len(self.wires)]
        name = str(self.rng.choice(names))
        info = GATES[name]
        most = min(2, len(self.wires) - info.qubits)
        k = int(self.rng.integers(most + 1)) if self.rng.random() < 0.3 else 0
        ctrl = "".join(self.rng.choice(["0", "1"], k))
        params = tuple(self.scalar() for _ in range(info.params))
        self.add(Gate(name, params, self.some(k + info.qubits), ctrl, self.when()))

    def _reset(self) -> None:
        self.add(Reset(self.some(1), self.when()))

    def _measure(self) -> None:
        if len(self.live_bits) > 3:
            return
        bit = 100 + len(self.ops)
        self.add(Measure(self.some(1), (bit,), "", self.when()))
        self.live_bits.append(bit)

    def _postselect(self) -> None:
        wires = self.some(int(self.rng.integers(1, 3)))
        for wire in wires:  # so that no outcome is impossible
            self.add(Gate("ry", (1.1,), (wire,)))
        ref = self.add(Postselect(wires, (0.0, 1.0)[: len(wires)], self.when()))
        self.outputs[f"p{ref}"] = (ref, ())
        self.scalars.append(Elem(ref, 0))

    def _channel(self) -> None:
        names = ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping", "phase_damping")
        name = str(self.rng.choice((*names, "pauli_channel")))
        count = 3 if name == "pauli_channel" else 1
        rates: tuple[Scalar, ...] = tuple(Elem(self.rates, i) for i in range(count))
        if self.rng.integers(2):
            rates = tuple(self.rng.uniform(0, 0.3, count).tolist())
        wires = self.some(2 if name == "depolarizing" else 1)
        self.add(Channel(name, rates, wires, self.when()))

    def _prepare(self) -> None:
        wires, when = self.some(2), self.when()
        self.add(Reset(wires, when))
        re = self.add(Const(tuple(self.rng.normal(size=4)), (4,)))
        entries = [e for e in self.scalars if isinstance(e, Elem)]
        picked = [entries[i] for i in self.rng.integers(len(entries), size=4)]
        parts = [self.add(Gather((e.ref,), (e.index,), ())) for e in picked]
        im = self.add(Gather(tuple(parts), (0, 1, 2, 3), (4,)))
        self.add(Prepare(wires, re, im if self.rng.random() < 0.5 else None, when))

    def _evolve(self) -> None:
        terms = []
        for _ in range(3):
            wires = self.some(int(self.rng.integers(1, min(3, len(self.wires)) + 1)))
            letters = self.rng.choice(list("XYZ"), len(wires))
            terms.append(Term(self.scalar(), tuple(zip(wires, map(str, letters), strict=True))))
        terms.append(Term(0.3, ()))
        steps, order = [(None, 1), (2, 1), (2, 2)][self.rng.integers(3)]
        self.add(Evolve(tuple(terms), self.scalar(), steps, order, self.when()))

    def _unitary(self) -> None:
        k = int(self.rng.integers(2)) if len(self.wires) > 2 else 0
        adjoint = bool(self.rng.integers(2))
        self.add(ApplyUnitary("U", self.some(2 + k), adjoint, "01"[k:][:k], self.when()))

    def _read(self) -> None:
        rng = self.rng
        if rng.random() < 0.5:
            observables = []
            for _ in range(2):
                wires = self.some(int(rng.integers(1, 3)))
                letters = map(str, rng.choice(list("XYZ"), len(wires)))
                term = Term(self.scalar(), tuple(zip(wires, letters, strict=True)))
                observables.append((term, Term(0.5, ()), Term(-0.2, ((wires[0], "Y"),))))
            ref = self.add(Expect(tuple(observables), (2,)))
            self.outputs[f"e{ref}"] = (ref, (2,))
            self.scalars.append(Elem(ref, 1))
            return
        bits = (self.expr(), self.expr()) if self.live_bits and rng.random() < 0.5 else ()
        wires = self.some(2)
        value = int(rng.integers(2 ** (2 + len(bits)))) if rng.random() < 0.5 else None
        ref = self.add(Prob(wires, bits, value))
        shape = () if value is not None else (2 ** (2 + len(bits)),)
        self.outputs[f"q{ref}"] = (ref, shape)
        if value is not None:
            self.scalars.append(Elem(ref, 0))


def arrays(rng: np.random.Generator, batch: int, steps: int):
    """Parameters and inputs for a soup."""
    q, _ = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))
    params = {"w": rng.normal(size=6), "U": np.stack([q.real, q.imag], -1)}
    return params, {"x": rng.uniform(-1, 1, size=(batch, steps, 2))}
