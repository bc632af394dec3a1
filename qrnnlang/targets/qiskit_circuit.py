"""Programs as Qiskit circuits."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    Clbit,
    IfElseOp,
    Measure,
    Parameter,
    ParameterExpression,
    ParameterVector,
    Qubit,
    Reset,
    Store,
)
from qiskit.circuit import library as lib
from qiskit.circuit.classical import expr

from ..sema.closed import Bit, BitConst, BitExpr, BitNot, BitOp
from .program import Instr, Names, Program
from .simplify import Memo, check_sums
from .symbols import Expr, Fn, Leaf, fold

_GATES: dict[str, Callable[..., Any]] = {
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
    writer = _Writer(program, qubits, clbits)
    circuit.global_phase = writer.angle(program.phase)
    for when, instrs in _runs(program.instrs):
        if when is None:
            circuit._data.extend(writer.made(instrs))
            continue
        branch = writer.branch(when, instrs)
        if branch is not None:
            circuit._data.append(branch)
        else:
            with circuit.if_test(writer.condition(when)):
                for instr in writer.made(instrs):
                    circuit.append(instr)
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
    def __init__(self, program: Program, qubits: list[Qubit], clbits: list[Clbit]):
        self.program = program
        self.qubits = qubits
        self.clbits = clbits
        self.parameters = parameters(program)
        self._memo: dict[Hashable, tuple[Expr, Any]] = {}
        self._same: dict[int, CircuitInstruction] = {}  # by identity
        self._alike: dict[Hashable, CircuitInstruction] = {}
        self._bodies: dict[Hashable, QuantumCircuit] = {}
        self._weights: Memo = {}

    def made(self, instrs: Sequence[Instr]) -> list[CircuitInstruction]:
        """Every object once, and once each gate with known angles: steps repeat them."""
        same, known = self._same, list(map(id, instrs))
        for key, instr in zip(known, instrs, strict=True):
            if key not in same:
                same[key] = self._made(instr)
        return [same[key] for key in known]

    def _made(self, instr: Instr) -> CircuitInstruction:
        plain = not instr.clbits and all(isinstance(a, float) for a in instr.angles)
        if not plain:
            return self._new(instr)
        key = (instr.name, instr.qubits, instr.angles)
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = self._new(instr)
        return found

    def _new(self, instr: Instr) -> CircuitInstruction:
        clbits = [self.clbits[c] for c in instr.clbits]
        if instr.name == "store":
            assert instr.value is not None
            return CircuitInstruction(Store(expr.lift(clbits[0]), self.bit(instr.value)), (), ())
        qubits = [self.qubits[q] for q in instr.qubits]
        return CircuitInstruction(self.operation(instr), qubits, clbits)

    def branch(self, when: BitExpr, instrs: Sequence[Instr]) -> CircuitInstruction | None:
        """Gates under one bit, made without Qiskit's builder, which looks at every bit there is."""
        if not isinstance(when, Bit) or any(i.clbits or i.name == "store" for i in instrs):
            return None
        places = tuple(dict.fromkeys(q for i in instrs for q in i.qubits))
        qubits = [self.qubits[q] for q in places]
        clbit = self.clbits[when.id]
        body = self._body(places, instrs)
        return CircuitInstruction(IfElseOp((clbit, 1), body), qubits, [clbit])

    def _body(self, places: tuple[int, ...], instrs: Sequence[Instr]) -> QuantumCircuit:
        """What a condition holds; once for all steps if its angles are known.

        Its bits stand for those of the operation in their order, so they need not be the same.
        """
        key = tuple([(i.name, i.qubits, i.angles) for i in instrs])
        found = self._bodies.get(key)
        if found is None:
            found = QuantumCircuit([self.qubits[q] for q in places], [Clbit()])
            found._data.extend(self.made(instrs))
            if all(isinstance(a, float) for i in instrs for a in i.angles):
                self._bodies[key] = found
        return found

    def operation(self, instr: Instr) -> Any:
        match instr.name:
            case "measure":
                return Measure()
            case "reset":
                return Reset()
            case "barrier":
                return Barrier(len(instr.qubits))
            case "mcx":
                return lib.MCXGate(len(instr.qubits) - 1)
            case name if name in _GATES:
                return _GATES[name](*(self.angle(a) for a in instr.angles))
            case name:
                return lib.UnitaryGate(self.program.customs[name].matrix, label=name)

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
                return _apply(fn, args)
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


def _apply(fn: str, args: tuple[Any, ...]) -> Any:
    a = args[0]
    match fn:
        case "add":
            return a + args[1]
        case "sub":
            return a - args[1]
        case "mul":
            return a * args[1]
        case "div":
            return a / args[1]
        case "neg":
            return -a
        case "pow":
            return a ** args[1]
        case "sqrt":
            return a**0.5
        case "abs":
            return abs(a)
        case _:
            return getattr(a, fn)()


def parameters(program: Program) -> dict[Leaf, Parameter]:
    """The unbound data as parameters: elements of vectors, or plain ones for scalars."""
    made: dict[str, Any] = {}
    found: dict[Leaf, Parameter] = {}
    taken: dict[str, tuple[str, str]] = {}
    for leaf in program.unbound():
        name = qiskit_name(leaf, program.names, taken)
        if name not in made:
            size = None if leaf.index is None else _size(program.names, leaf)
            made[name] = _named(name, size)
        found[leaf] = made[name] if leaf.index is None else made[name][leaf.index]
    return found


def _named(name: str, size: int | None) -> Any:
    """A `Parameter`, or a vector of some size.

    Its identity comes from its name and not from chance: equal programs are equal QPY files, and
    all circuits of a model share their parameters.
    """
    digest = sha256(f"qrnnlang:{name}:{size}".encode()).digest()
    identity = UUID(bytes=digest[:16])
    if size is None:
        return Parameter(name, uuid=identity)
    return ParameterVector(name, size, uuid=identity)


def qiskit_name(leaf: Leaf, names: Names, taken: dict[str, tuple[str, str]]) -> str:
    """The name of a parameter or vector; an input that meets a parameter's name gets a `_`."""
    name = names.step(leaf.name, leaf.step)
    while taken.setdefault(name, (leaf.kind, leaf.name)) != (leaf.kind, leaf.name):
        name += "_"
    return name


def _size(names: Names, leaf: Leaf) -> int:
    size = 1
    for n in names.shapes[leaf.name]:
        size *= n
    return size
