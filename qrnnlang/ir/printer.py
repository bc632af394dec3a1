"""A cell graph as text, one operation a line. The same graph always gives the same text.

`%7` is the value of operation 7, `%7[2]` its entry 2, `w3` wire 3, `b1` bit 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Bit,
    BitCarry,
    BitConst,
    BitExpr,
    BitNot,
    BitOp,
    Call,
    Carry,
    CarryIn,
    Channel,
    Const,
    Discard,
    Elem,
    Evolve,
    Expect,
    Extern,
    Gate,
    Gather,
    Input,
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
    Term,
)
from .graph import CellGraph
from .operands import condition
from .shapes import value_shape

_SYMBOLS = {"and": "&&", "or": "||", "xor": "^"}


def print_graph(graph: CellGraph) -> str:
    """The whole cell, ending in a line break."""
    return "".join(f"{line}\n" for line in _lines(graph))


def print_operation(op: Op, ref: Ref | None = None) -> str:
    """One operation, with the value it defines where it has one."""
    when = condition(op)
    text = _operation(op) + (f" if {_bit(when)}" if when is not None else "")
    shape = value_shape(op)
    if shape is None or ref is None:
        return text
    return f"%{ref}: {_type(shape)} = {text}"


def _lines(graph: CellGraph) -> Iterator[str]:
    yield f"cell {graph.name} {{"
    for port in graph.inputs:
        kind = _type(port.shape) if port.labels is None else f"class[{port.labels}]"
        yield f"  input {port.name}: {kind}"
    for param in graph.params:
        yield f"  {_param(param)}"
    for carry in graph.carries:
        yield f"  {_carry_in(carry)}"
    for register in graph.registers:
        if register.role == "fresh":
            yield f"  fresh {register.name}: {_wires(register.wires)}"
    if graph.init:
        yield "  init {"
        for ref, op in enumerate(graph.init):
            yield f"    {print_operation(op, ref)}"
        yield "  }"
    yield "  step {"
    for ref, op in graph.operations():
        yield f"    {print_operation(op, ref)}"
    yield "  }"
    for output in graph.outputs:
        yield f"  output {output.name}: {_type(output.shape)} = %{output.ref}"
    for carry in graph.carries:
        yield f"  {_carry_out(carry)}"
    yield "}"


def _param(param: ParamSpec) -> str:
    word = "param" if param.trained else "fixed"
    kind, *numbers = param.start
    values = [v for n in numbers for v in (n if isinstance(n, tuple) else (n,))]
    start = str(kind) + (f"({_list(map(_number, values))})" if values else "")
    return f"{word} {param.name}: {_type(param.shape, param.kind)} ~ {start}"


def _carry_in(carry: Carry) -> str:
    match carry:
        case QubitCarry(name=name, wires=wires):
            return f"carry {name}: {_wires(wires)}"
        case RealCarry(name=name, shape=shape, initial=initial):
            return f"carry {name}: {_type(shape)} = init %{initial}"
        case BitCarry(name=name, bits=bits):
            return f"carry {name}: {' '.join(f'b{b}' for b in bits)}"


def _carry_out(carry: Carry) -> str:
    match carry:
        case QubitCarry(name=name, out=out):
            return f"next {name} = {_wires(out)}"
        case RealCarry(name=name, out=ref):
            return f"next {name} = %{ref}"
        case BitCarry(name=name, out=exprs):
            return f"next {name} = {_list(map(_bit, exprs))}"


def _operation(op: Op) -> str:
    match op:
        case Const(values=values):
            return f"const {_list(map(_number, values))}"
        case Input(name=name):
            return f"input {name}"
        case Param(name=name):
            return f"param {name}"
        case CarryIn(name=name):
            return f"carried {name}"
        case Gather(sources=sources, index=index):
            return f"gather {_list(f'%{s}' for s in sources)} at {_list(map(str, index))}"
        case Call(fn=fn, args=args):
            return f"{fn}({_list(f'%{a}' for a in args)})"
        case Extern(name=name, args=args):
            return f"extern {name}({_list(f'%{a}' for a in args)})"
        case Alloc(wires=wires):
            return f"alloc {_wires(wires)}"
        case Discard(wires=wires):
            return f"discard {_wires(wires)}"
        case Gate(name=name, params=params, wires=wires, ctrl=ctrl):
            angles = f"({_list(map(_scalar, params))})" if params else ""
            return f"{_controls(ctrl)}{name}{angles} {_wires(wires)}".rstrip()
        case Reset(wires=wires):
            return f"reset {_wires(wires)}"
        case Measure(wires=wires, bits=bits, name=name):
            named = f" as {name}" if name else ""
            return f"measure {_wires(wires)} -> {' '.join(f'b{b}' for b in bits)}{named}"
        case Postselect(wires=wires, values=values):
            return f"postselect {_wires(wires)} == {_list(map(_scalar, values))}"
        case Prepare(wires=wires, re=re, im=im):
            return f"prepare(%{re}{'' if im is None else f', %{im}'}) {_wires(wires)}"
        case ApplyUnitary(name=name, wires=wires, adjoint=adjoint, ctrl=ctrl):
            return f"{_controls(ctrl)}{'inv @ ' if adjoint else ''}apply({name}) {_wires(wires)}"
        case Evolve(terms=terms, time=time, steps=steps, order=order):
            how = "" if steps is None else f", steps = {steps}, order = {order}"
            return f"evolve({_sum(terms)}, {_scalar(time)}{how})"
        case Channel(name=name, rates=rates, wires=wires):
            return f"{name}({_list(map(_scalar, rates))}) {_wires(wires)}"
        case Barrier(wires=wires):
            return f"barrier {_wires(wires)}"
        case Expect(observables=observables):
            return f"expect({_list(map(_sum, observables))})"
        case Prob(wires=wires, bits=bits, value=value):
            what = " ".join([*(f"w{w}" for w in wires), *map(_bit, bits)])
            return f"prob({what}{'' if value is None else f' == {value}'})"


def _controls(ctrl: str) -> str:
    return "".join("ctrl @ " if state == "1" else "negctrl @ " for state in ctrl)


def _sum(terms: Iterable[Term]) -> str:
    return " + ".join(_term(t) for t in terms) or "0"


def _term(term: Term) -> str:
    letters = " * ".join(f"{letter}(w{wire})" for wire, letter in term.paulis)
    if term.coefficient == 1.0 and letters:
        return letters
    return _scalar(term.coefficient) + (f" * {letters}" if letters else "")


def _scalar(scalar: Scalar) -> str:
    match scalar:
        case Elem(ref, index):
            return f"%{ref}[{index}]"
        case number:
            return _number(number)


def _number(value: object) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(value)) if isinstance(value, int | float) else str(value)


def _bit(expr: BitExpr) -> str:
    match expr:
        case Bit(id):
            return f"b{id}"
        case BitConst(value):
            return "true" if value else "false"
        case BitNot(a):
            return f"!{_bit(a)}"
        case BitOp(op, a, b):
            return f"({_bit(a)} {_SYMBOLS[op]} {_bit(b)})"


def _type(shape: Shape, kind: str = "real") -> str:
    return kind + (f"[{_list(map(str, shape))}]" if shape else "")


def _wires(wires: Iterable[int]) -> str:
    return " ".join(f"w{w}" for w in wires)


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)
