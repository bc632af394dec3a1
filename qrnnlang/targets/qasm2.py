"""Programs as OpenQASM 2, with every gate defined that the paper's `qelib1.inc` lacks."""

from __future__ import annotations

from itertools import product

from ..ir.operands import bits_in
from ..sema.closed import BitConst, BitExpr
from .bits import substitute
from .definitions import Definition, angle_text, define, gate_label
from .errors import BIND, target_error
from .program import Instr, Program
from .qasm_names import QASM2_WORDS, Names
from .text import header, number

#: What every `qelib1.inc` has: Cross, Bishop, Smolin, Gambetta, arXiv:1707.03429.
QELIB1 = frozenset(
    [
        "u3",
        "u2",
        "u1",
        "cx",
        "id",
        "x",
        "y",
        "z",
        "h",
        "s",
        "sdg",
        "t",
        "tdg",
        "rx",
        "ry",
        "rz",
        "cz",
        "cy",
        "ch",
        "ccx",
        "crz",
        "cu1",
        "cu3",
    ]
)
#: What later files of that name, and readers of the format, add: unnamed matrices keep clear of it.
_ADDED = frozenset(
    "c3sqrtx c3x c4x cp crx cry cswap csx cu delay p rc3x rccx rxx rzz swap sx sxdg u u0".split()  # noqa: SIM905
)
_RENAMED = {"p": "u1", "cp": "cu1", "u": "u3"}


def qasm2(program: Program) -> str:
    """The text of a program without unbound data.

    Raises:
        CompileError: E0608 for unbound data, E0609 for a condition or an assignment of bits that
            the format cannot express.
    """
    open_ = program.unbound()
    if open_:
        data = ", ".join(dict.fromkeys(f"`{leaf.name}`" for leaf in open_))
        raise target_error(
            "E0608", "OpenQASM 2 has no unbound data", None, f"open: {data}", help=_HELP
        )
    names = Names(set(QASM2_WORDS | QELIB1), lower=True)
    apart = Names(names.taken | _ADDED, lower=True)
    customs = {name: apart.fresh(name) for name in program.customs}
    names.taken.update(customs.values())
    definitions = define(program, QELIB1 | frozenset(_RENAMED), customs)
    names.taken |= {d.name for d in definitions}
    names.add_registers(program)
    lines = [
        "OPENQASM 2.0;",
        'include "qelib1.inc";',
        *header(program.name, program.metadata, "unrolled"),
    ]
    lines += [_definition(d) for d in definitions]
    lines += [f"qreg {names.registers[name]}[{len(ids)}];" for name, ids in program.qregs]
    lines += [f"creg {names.registers[name]}[{len(ids)}];" for name, ids in program.cregs]
    for instr in program.instrs:
        statement = _statement(instr, names, customs)
        if instr.when is None:
            lines.append(statement)
        else:
            register, outcomes = _outcomes(instr, instr.when, program)
            lines += [f"if({names.registers[register]}=={k}) {statement}" for k in outcomes]
    return "\n".join(lines) + "\n"


_HELP = (
    BIND.replace("to_qiskit(steps, ", "to_qasm(2, steps, ")
    + ", or on the command line `--params P --inputs X`"
)


def _definition(d: Definition) -> str:
    params = f"({','.join(d.params)})" if d.params else ""
    body = " ".join(
        _RENAMED.get(s.name, gate_label(s.name, len(s.qubits)))
        + (f"({','.join(angle_text(a, d.params) for a in s.angles)})" if s.angles else "")
        + f" {','.join(d.operands[q] for q in s.qubits)};"
        for s in d.steps
    )
    return f"gate {d.name}{params} {','.join(d.operands)} {{ {body} }}"


def _statement(instr: Instr, names: Names, customs: dict[str, str]) -> str:
    operands = ",".join(names.qubits[q] for q in instr.qubits)
    match instr.name:
        case "measure":
            return f"measure {operands} -> {names.clbits[instr.clbits[0]]};"
        case "reset" | "barrier":
            return f"{instr.name} {operands};"
        case "store":
            raise target_error(
                "E0609",
                "OpenQASM 2 cannot compute with bits",
                instr.origin,
                "a bit expression has to be stored here",
                help="write OpenQASM 3",
            )
    name = (
        customs.get(instr.name)
        or _RENAMED.get(instr.name)
        or gate_label(instr.name, len(instr.qubits))
    )
    angles = [number(a) for a in instr.angles if isinstance(a, float)]
    return f"{name}{'(' + ','.join(angles) + ')' if angles else ''} {operands};"


def _outcomes(instr: Instr, when: BitExpr, program: Program) -> tuple[str, list[int]]:
    """The register that decides a condition, and the values for which it holds."""
    bits = bits_in(when)
    found = next(((name, ids) for name, ids in program.cregs if set(bits) <= set(ids)), None)
    if found is None:
        raise target_error(
            "E0609",
            "OpenQASM 2 tests one register at a time",
            instr.origin,
            "this condition reads bits of several measurements",
            help="write OpenQASM 3, or measure the qubits together: `let b = measure [q, r];`",
        )
    name, ids = found
    outcomes = []
    for values in product((False, True), repeat=len(ids)):
        known: dict[int, BitExpr] = {b: BitConst(v) for b, v in zip(ids, values, strict=True)}
        if substitute(when, known) == BitConst(True):
            outcomes.append(sum(v << i for i, v in enumerate(values)))
    return name, sorted(outcomes)
