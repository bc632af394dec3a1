"""Programs as OpenQASM 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from ..ir.operands import bits_in
from ..sema.closed import Bit, BitConst, BitExpr, BitNot, BitOp
from .bits import FALSE, TRUE, assume
from .definitions import Definition, angle_text, define
from .program import Instr, Program
from .qasm_names import QASM3_WORDS, Names
from .text import header, number, render

#: What `stdgates.inc` and the language define.
STDGATES = frozenset(
    [
        "p",
        "x",
        "y",
        "z",
        "h",
        "s",
        "sdg",
        "t",
        "tdg",
        "sx",
        "rx",
        "ry",
        "rz",
        "cx",
        "cy",
        "cz",
        "cp",
        "crx",
        "cry",
        "crz",
        "ch",
        "swap",
        "ccx",
        "cswap",
        "cu",
        "phase",
        "cphase",
        "id",
        "u1",
        "u2",
        "u3",
        "CX",
        "U",
        "gphase",
    ]
)
#: Conditions on more bits are written as one expression, which not every reader takes.
_NESTED = 4


def qasm3(program: Program) -> str:
    """The text of a program, the same for the same program."""
    names = Names(set(QASM3_WORDS | STDGATES))
    customs = {name: names.fresh(name) for name in program.customs}
    definitions = define(program, known_gates(program.instrs), customs)
    names.taken |= {d.name for d in definitions}
    names.add_registers(program)
    names.add_leaves(program)
    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        *header(program.name, program.metadata, "unrolled"),
    ]
    lines += [f"input float[64] {name};" for name in names.leaves.values()]
    lines += [definition_text(d) for d in definitions]
    lines += [f"qubit[{len(ids)}] {names.registers[name]};" for name, ids in program.qregs]
    lines += [f"bit[{len(ids)}] {names.registers[name]};" for name, ids in program.cregs]
    if program.phase != 0.0:
        lines.append(f"gphase({render(program.phase, names.leaf)});")
    lines += statements(program.instrs, names, customs)
    return "\n".join(lines) + "\n"


def statements(instrs: Iterable[Instr], names: Names, customs: Mapping[str, str]) -> Iterator[str]:
    """Instructions as statements; neighbours under one condition share a block."""
    for when, group in groupby(instrs, key=lambda i: i.when):
        body = [_statement(i, names, customs) for i in group]
        yield from body if when is None else _conditional(when, body, names)


def known_gates(instrs: Iterable[Instr]) -> frozenset[str]:
    """Gates that need no definition; an `mcx` is written with a modifier."""
    return STDGATES | {"u"} | {f"mcx_{len(i.qubits) - 1}" for i in instrs if i.name == "mcx"}


def definition_text(d: Definition) -> str:
    """A `gate` statement."""
    params = f"({', '.join(d.params)})" if d.params else ""
    body = " ".join(
        f"{'U' if s.name == 'u' else s.name}"
        + (f"({', '.join(angle_text(a, d.params) for a in s.angles)})" if s.angles else "")
        + f" {', '.join(d.operands[q] for q in s.qubits)};"
        for s in d.steps
    )
    return f"gate {d.name}{params} {', '.join(d.operands)} {{ {body} }}"


def _statement(instr: Instr, names: Names, customs: Mapping[str, str]) -> str:
    qubits = [names.qubits[q] for q in instr.qubits]
    operands = ", ".join(qubits)
    match instr.name:
        case "measure":
            return f"{names.clbits[instr.clbits[0]]} = measure {operands};"
        case "store":
            assert instr.value is not None
            return f"{names.clbits[instr.clbits[0]]} = {bit_text(instr.value, names)};"
        case "reset" | "barrier":
            return f"{instr.name} {operands};"
        case "mcx":
            return f"ctrl({len(qubits) - 1}) @ x {operands};"
    name = "U" if instr.name == "u" else customs.get(instr.name, instr.name)
    angles = [number(a) if isinstance(a, float) else render(a, names.leaf) for a in instr.angles]
    return f"{name}{'(' + ', '.join(angles) + ')' if angles else ''} {operands};"


def _conditional(when: BitExpr, body: list[str], names: Names) -> Iterator[str]:
    """A block under a condition, as nested tests of single bits where there are few."""
    if len(bits_in(when)) > _NESTED:
        yield f"if ({bit_text(when, names)}) {{"
        yield from indented(body)
        yield "}"
        return
    if when == TRUE:
        yield from body
        return
    bit = bits_in(when)[0]
    yes, no = assume(when, bit, True), assume(when, bit, False)
    first, second = (yes, no) if yes != FALSE else (no, FALSE)
    yield f"if ({'' if yes != FALSE else '!'}{names.clbits[bit]}) {{"
    yield from indented(_conditional(first, body, names))
    if second != FALSE:
        yield "} else {"
        yield from indented(_conditional(second, body, names))
    yield "}"


def indented(lines: Iterable[str]) -> Iterator[str]:
    """Lines inside a block."""
    return (f"  {line}" for line in lines)


def bit_text(value: BitExpr, names: Names) -> str:
    """A bit expression."""
    match value:
        case Bit(id):
            return names.clbits[id]
        case BitConst(known):
            return "true" if known else "false"
        case BitNot(a):
            return f"!{bit_text(a, names)}" if isinstance(a, Bit) else f"!({bit_text(a, names)})"
        case BitOp(op, a, b):
            sign = {"and": "&&", "or": "||", "xor": "^"}[op]
            return f"({bit_text(a, names)} {sign} {bit_text(b, names)})"
