"""Programs as Qiskit circuits."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    Clbit,
    IfElseOp,
    Measure,
    ParameterExpression,
    Qubit,
    Reset,
    Store,
)
from qiskit.circuit import library as lib
from qiskit.circuit.classical import expr

from ..sema.closed import Bit, BitConst, BitExpr, BitNot, BitOp
from .program import Block, Instr, Program
from .qiskit_parameters import applied, parameters
from .simplify import Memo, check_sums
from .symbols import Expr, Fn, Leaf, fold

_GATES: dict[str, Any] = {
    "id": lib.IGate,
    "x": lib.XGate,
    "y": lib.YGate,
    "z": lib.ZGate,
    "h": lib.HGate,
    "s": lib.SGate,
    "sdg": lib.SdgGate,
    "t": lib.TGate,
    "tdg": lib.TdgGate,
    "sx": lib.SXGate,
    "sxdg": lib.SXdgGate,
    "rx": lib.RXGate,
    "ry": lib.RYGate,
    "rz": lib.RZGate,
    "p": lib.PhaseGate,
    "u": lib.UGate,
    "cx": lib.CXGate,
    "cy": lib.CYGate,
    "cz": lib.CZGate,
    "ch": lib.CHGate,
    "cp": lib.CPhaseGate,
    "crx": lib.CRXGate,
    "cry": lib.CRYGate,
    "crz": lib.CRZGate,
    "cs": lib.CSGate,
    "csdg": lib.CSdgGate,
    "csx": lib.CSXGate,
    "swap": lib.SwapGate,
    "iswap": lib.iSwapGate,
    "ecr": lib.ECRGate,
    "rxx": lib.RXXGate,
    "ryy": lib.RYYGate,
    "rzz": lib.RZZGate,
    "rzx": lib.RZXGate,
    "ccx": lib.CCXGate,
    "ccz": lib.CCZGate,
    "cswap": lib.CSwapGate,
}

#: Stands in a hole of a block until that is filled.
_PLUG = Instr("x", (0,))


def circuit_of(program: Program) -> QuantumCircuit:
    """The circuit of a program; unbound data become parameters named as in `language.md`.

    Raises:
        CompileError: E0602 for an angle that Qiskit's expressions cannot hold.
    """
    qubits: list[Any] = [None] * program.qubits
    clbits: list[Any] = [None] * program.clbits
    circuit = QuantumCircuit(name=program.name)
    for name, ids in program.qregs:
        register = QuantumRegister(len(ids), name)
        circuit.add_register(register)
        for i, bit in zip(ids, register, strict=True):
            qubits[i] = bit
    for name, ids in program.cregs:
        cregister = ClassicalRegister(len(ids), name)
        circuit.add_register(cregister)
        for i, cbit in zip(ids, cregister, strict=True):
            clbits[i] = cbit
    writer = _Writer(program, circuit, qubits, clbits)
    circuit.global_phase = writer.angle(program.phase)
    circuit._data.reserve(len(program.instrs))
    for start, end, block in program.parts():
        if end > start:
            writer.write(program.instrs[start:end])
        if block is not None:
            writer.repeat(block, program.instrs[end : end + len(block.instrs)])
    writer.flush()
    circuit.metadata = program.metadata
    return circuit


def _runs(instrs: list[Instr]) -> Iterator[tuple[BitExpr | None, list[Instr]]]:
    """Neighbours under the same condition."""
    start = 0
    under = [k for k, i in enumerate(instrs) if i.when is not None]
    for k in under:
        if k < start:
            continue
        if k > start:
            yield None, instrs[start:k]
        when, end = instrs[k].when, k + 1
        while end < len(instrs) and instrs[end].when == when:
            end += 1
        yield when, instrs[k:end]
        start = end
    if start < len(instrs):
        yield None, instrs[start:]


class _Writer:
    """Writes into a circuit; `ready` is what goes into it next, all at once."""

    def __init__(
        self, program: Program, circuit: QuantumCircuit, qubits: list[Qubit], clbits: list[Clbit]
    ):
        self.program = program
        self.circuit = circuit
        self.qubits = qubits
        self.clbits = clbits
        self.parameters = parameters(program)
        self.ready: list[CircuitInstruction] = []
        self._memo: dict[Hashable, tuple[Expr, Any]] = {}
        self._same: dict[int, CircuitInstruction] = {}  # by identity
        self._customs: dict[str, Any] = {}
        self._bodies: dict[Hashable, tuple[tuple[int, ...], QuantumCircuit]] = {}
        self._blocks: dict[int, Any] = {}  # by identity
        self._weights: Memo = {}

    def flush(self) -> None:
        self.circuit._data.extend(self.ready)
        self.ready.clear()

    def write(self, instrs: list[Instr]) -> None:
        """Some of the instructions."""
        if all(i.when is None for i in instrs):
            self.ready += self.made(instrs)
            return
        for when, run in _runs(instrs):
            branch = None if when is None else self.branch(when, run)
            if when is None:
                self.ready += self.made(run)
            elif branch is not None:
                self.ready.append(branch)
            else:
                self.flush()
                with self.circuit.if_test(self.condition(when)):
                    for item in self.made(run):
                        self.circuit.append(item)

    def repeat(self, block: Block, instrs: list[Instr]) -> None:
        """Instructions as in a block: copied inside Qiskit's library, and the holes filled."""
        data = self.circuit._data
        if not hasattr(data, "native_extend"):  # an older Qiskit
            self.write(instrs)
            return
        if id(block) not in self._blocks:
            gates = list(block.instrs)
            for k in block.holes:
                gates[k] = _PLUG
            alone = QuantumCircuit(self.qubits)
            alone._data.extend(self.made(gates))
            self._blocks[id(block)] = alone._data
        self.flush()
        start = len(data)
        data.native_extend(self._blocks[id(block)])
        for k in block.holes:
            instr = instrs[k]
            made = self._made(instr) if instr.when is None else self.branch(instr.when, [instr])
            assert made is not None
            data[start + k] = made

    def made(self, instrs: Sequence[Instr]) -> list[CircuitInstruction]:
        """Every object once: steps repeat them."""
        same, found = self._same, []
        for instr in instrs:
            item = same.get(id(instr))
            if item is None:
                item = same[id(instr)] = self._made(instr)
            found.append(item)
        return found

    def _made(self, instr: Instr) -> CircuitInstruction:
        at = self.qubits
        qubits = [at[q] for q in instr.qubits]
        gate = _GATES.get(instr.name)
        if gate is not None:
            angles = [a if type(a) is float else self.angle(a) for a in instr.angles]
            return CircuitInstruction.from_standard(gate._standard_gate, qubits, angles)
        clbits = [self.clbits[c] for c in instr.clbits]
        if instr.name == "store":
            assert instr.value is not None
            return CircuitInstruction(Store(expr.lift(clbits[0]), self.bit(instr.value)), (), ())
        return CircuitInstruction(self.operation(instr), qubits, clbits)

    def branch(self, when: BitExpr, instrs: Sequence[Instr]) -> CircuitInstruction | None:
        """Gates under one bit, made without Qiskit's builder, which looks at every bit there is."""
        if not isinstance(when, Bit) or any(i.clbits or i.name == "store" for i in instrs):
            return None
        places, body = self._body(instrs)
        clbit = self.clbits[when.id]
        operation = IfElseOp((clbit, 1), body)
        return CircuitInstruction(operation, [self.qubits[q] for q in places], [clbit])

    def _body(self, instrs: Sequence[Instr]) -> tuple[tuple[int, ...], QuantumCircuit]:
        """On which qubits a condition acts, and how; once for all steps if its angles are known.

        Its bits stand for those of the operation in their order, so they need not be the same.
        """
        key = tuple([(i.name, i.qubits, i.angles) for i in instrs])
        found = self._bodies.get(key)
        if found is None:
            places = tuple(dict.fromkeys(q for i in instrs for q in i.qubits))
            body = QuantumCircuit([self.qubits[q] for q in places], [Clbit()])
            body._data.extend(self.made(instrs))
            found = places, body
            if all(isinstance(a, float) for i in instrs for a in i.angles):
                self._bodies[key] = found
        return found

    def operation(self, instr: Instr) -> Any:
        """What is no standard gate."""
        match instr.name:
            case "measure":
                return Measure()
            case "reset":
                return Reset()
            case "barrier":
                return Barrier(len(instr.qubits))
            case "mcx":
                return lib.MCXGate(len(instr.qubits) - 1)
            case name:
                if name not in self._customs:
                    matrix = self.program.customs[name].matrix
                    self._customs[name] = lib.UnitaryGate(matrix, label=name)
                return self._customs[name]

    def angle(self, angle: Expr) -> float | ParameterExpression:
        if isinstance(angle, float):
            return angle
        check_sums(angle, self._weights)
        return fold(angle, self._value, self._memo)

    def _value(self, node: Expr, args: tuple[Any, ...]) -> Any:
        match node:
            case float():
                return node
            case Leaf():
                return self.parameters[node]
            case Fn(fn=fn):
                return applied(fn, args)
        raise AssertionError(node)

    # --- bits -----------------------------------------------------------------------------------

    def condition(self, when: BitExpr) -> Any:
        """A condition as Qiskit takes it; the plain pair where one bit decides."""
        match when:
            case Bit(id):
                return (self.clbits[id], 1)
            case BitNot(Bit(id)):
                return (self.clbits[id], 0)
            case _:
                return self.bit(when)

    def bit(self, value: BitExpr) -> expr.Expr:
        match value:
            case Bit(id):
                return expr.lift(self.clbits[id])
            case BitConst(known):
                return expr.lift(known)
            case BitNot(a):
                return expr.logic_not(self.bit(a))
            case BitOp(op, a, b):
                make = {"and": expr.logic_and, "or": expr.logic_or, "xor": expr.bit_xor}[op]
                return make(self.bit(a), self.bit(b))
