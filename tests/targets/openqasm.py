"""A small reader of OpenQASM 3 with loops, arrays and variables: unrolls a text into a circuit.

Written against the language specification, on the syntax tree of the reference parser.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import openqasm3
from openqasm3 import ast
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr

FUNCTIONS = {
    "sin": math.sin,
    "cos": math.cos,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
}
ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
LOGIC = {"&&": expr.logic_and, "||": expr.logic_or, "^": expr.bit_xor}


class Reader:
    def __init__(self, text: str, inputs: dict[str, Any], digits: int):
        self.inputs = inputs
        self.digits = digits
        self.circuit = QuantumCircuit()
        self.values: dict[str, Any] = {}
        self.bits: dict[str, Any] = {}
        self.qubits: dict[str, Any] = {}
        self.gates: dict[str, ast.QuantumGateDefinition] = {}
        for statement in openqasm3.parse(text).statements:
            self.run(statement)

    def run(self, s: Any) -> None:
        match s:
            case ast.Include():
                pass
            case ast.IODeclaration():
                self.values[s.identifier.name] = np.asarray(
                    self.inputs[s.identifier.name.rstrip("_")]
                )
            case ast.QubitDeclaration():
                register = QuantumRegister(self.value(s.size), s.qubit.name)
                self.circuit.add_register(register)
                self.qubits[s.qubit.name] = list(register)
            case ast.ClassicalDeclaration():
                self.declare(s)
            case ast.QuantumGateDefinition():
                self.gates[s.name.name] = s
            case ast.QuantumGate():
                angles = [self.value(a) for a in s.arguments]
                qubits = [self.qubit(q) for q in s.qubits]
                self.gate(s.name.name, angles, qubits, bool(s.modifiers))
            case ast.QuantumReset():
                self.circuit.reset(self.qubit(s.qubits))
            case ast.QuantumMeasurementStatement():
                self.circuit.measure(self.qubit(s.measure.qubit), self.bit(s.target))
            case ast.ClassicalAssignment():
                self.assign(s)
            case ast.BranchingStatement():
                self.branch(s)
            case ast.ForInLoop():
                r = s.set_declaration
                step = 1 if r.step is None else self.value(r.step)
                for t in range(self.value(r.start), self.value(r.end) + 1, step):
                    self.values[s.identifier.name] = t
                    for inner in s.block:
                        self.run(inner)
                del self.values[s.identifier.name]
            case _:
                raise AssertionError(s)

    def declare(self, s: ast.ClassicalDeclaration) -> None:
        name = s.identifier.name
        match s.type:
            case ast.ArrayType(base_type=ast.BitType(size=size), dimensions=[steps]):
                self.bits[name] = [
                    self.register(f"{name.rstrip('_')}_{t:0{self.digits}d}", self.value(size))
                    for t in range(self.value(steps))
                ]
            case ast.BitType(size=size):
                self.bits[name] = self.register(name, self.value(size))
                assert s.init_expression is None or s.init_expression.value == 0
            case ast.ArrayType(dimensions=dimensions):
                shape = tuple(self.value(d) for d in dimensions)
                if s.init_expression is None:
                    self.values[name] = np.full(shape, np.nan)
                else:
                    self.values[name] = np.array(self.nested(s.init_expression)).reshape(shape)
            case ast.FloatType():
                start = s.init_expression
                self.values[name] = np.array(np.nan if start is None else self.value(start))
            case _:
                raise AssertionError(s)

    def register(self, name: str, n: int) -> list[Any]:
        made = ClassicalRegister(n, name)
        self.circuit.add_register(made)
        return list(made)

    def nested(self, node: Any) -> Any:
        if isinstance(node, ast.ArrayLiteral):
            return [self.nested(v) for v in node.values]
        return self.value(node)

    def assign(self, s: ast.ClassicalAssignment) -> None:
        name = s.lvalue.name if isinstance(s.lvalue, ast.Identifier) else s.lvalue.name.name
        if name in self.bits:
            self.circuit.store(self.bit(s.lvalue), self.condition(s.rvalue))
            return
        index = self.index(s.lvalue.indices) if isinstance(s.lvalue, ast.IndexedIdentifier) else ()
        self.values[name] = self.values[name].copy()
        self.values[name][index] = self.value(s.rvalue)

    def branch(self, s: ast.BranchingStatement) -> None:
        with self.circuit.if_test(self.condition(s.condition)) as orelse:
            for inner in s.if_block:
                self.run(inner)
        if s.else_block:
            with orelse:
                for inner in s.else_block:
                    self.run(inner)

    def gate(self, name: str, angles: list[float], qubits: list[Any], control: bool) -> None:
        if control:
            assert name == "x"
            self.circuit.mcx(qubits[:-1], qubits[-1])
        elif name in self.gates:
            d = self.gates[name]
            outer = self.values
            self.values = {a.name: v for a, v in zip(d.arguments, angles, strict=True)}
            own = {q.name: v for q, v in zip(d.qubits, qubits, strict=True)}
            for inner in d.body:
                inside = [own[q.name] for q in inner.qubits]
                self.gate(
                    inner.name.name,
                    [self.value(a) for a in inner.arguments],
                    inside,
                    bool(inner.modifiers),
                )
            self.values = outer
        else:
            getattr(self.circuit, {"U": "u"}.get(name, name))(*angles, *qubits)

    def index(self, indices: Any) -> tuple[int, ...]:
        return tuple(self.value(i) for group in indices for i in group)

    def qubit(self, node: Any) -> Any:
        return self.qubits[node.name.name][self.index(node.indices)[0]]

    def bit(self, node: Any) -> Any:
        name, indices = self.flat(node)
        found = self.bits[name]
        for i in indices:
            found = found[i]
        return found

    def flat(self, node: Any) -> tuple[str, list[int]]:
        """`y[t][0]` is nested where it is read, flat where it is written."""
        if isinstance(node, ast.IndexExpression):
            name, indices = self.flat(node.collection)
            return name, [*indices, *(self.value(i) for i in node.index)]
        if isinstance(node, ast.IndexedIdentifier):
            return node.name.name, list(self.index(node.indices))
        return node.name, []

    def condition(self, node: Any) -> Any:
        match node:
            case ast.BinaryExpression():
                return LOGIC[node.op.name](self.condition(node.lhs), self.condition(node.rhs))
            case ast.UnaryExpression():
                return expr.logic_not(self.condition(node.expression))
            case ast.BooleanLiteral():
                return expr.lift(node.value)
        return expr.lift(self.bit(node))

    def value(self, node: Any) -> Any:
        match node:
            case ast.IntegerLiteral() | ast.FloatLiteral():
                return node.value
            case ast.Identifier():
                found = self.values[node.name]
                return float(found) if isinstance(found, np.ndarray) else found
            case ast.IndexExpression():
                return float(self.values[node.collection.name][tuple(map(self.value, node.index))])
            case ast.BinaryExpression():
                return ARITHMETIC[node.op.name](self.value(node.lhs), self.value(node.rhs))
            case ast.UnaryExpression():
                return -self.value(node.expression)
            case ast.FunctionCall():
                return FUNCTIONS[node.name.name](*map(self.value, node.arguments))
        raise AssertionError(node)


def unrolled(text: str, inputs: dict[str, Any], digits: int) -> QuantumCircuit:
    """The circuit of a text; `inputs` by name, without the trailing `_` of a collision."""
    return Reader(text, inputs, digits).circuit
