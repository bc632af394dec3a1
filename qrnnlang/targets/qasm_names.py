"""One name for each thing in a text with a single namespace."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .program import Program
from .symbols import Leaf

QASM3_WORDS = frozenset(
    [
        "OPENQASM",
        "include",
        "defcalgrammar",
        "def",
        "cal",
        "defcal",
        "gate",
        "extern",
        "box",
        "let",
        "break",
        "continue",
        "if",
        "else",
        "end",
        "return",
        "for",
        "while",
        "in",
        "switch",
        "case",
        "default",
        "nop",
        "pragma",
        "input",
        "output",
        "const",
        "readonly",
        "mutable",
        "qreg",
        "qubit",
        "creg",
        "bool",
        "bit",
        "int",
        "uint",
        "float",
        "angle",
        "complex",
        "array",
        "void",
        "duration",
        "stretch",
        "gphase",
        "inv",
        "pow",
        "ctrl",
        "negctrl",
        "dim",
        "durationof",
        "delay",
        "reset",
        "measure",
        "barrier",
        "true",
        "false",
        "im",
        "U",
        "CX",
        "pi",
        "tau",
        "euler",
        "arccos",
        "arcsin",
        "arctan",
        "ceiling",
        "cos",
        "exp",
        "floor",
        "log",
        "mod",
        "popcount",
        "rotl",
        "rotr",
        "sin",
        "sqrt",
        "tan",
        "sizeof",
        "real",
        "imag",
    ]
)
QASM2_WORDS = frozenset(
    [
        "OPENQASM",
        "include",
        "qreg",
        "creg",
        "gate",
        "opaque",
        "barrier",
        "measure",
        "reset",
        "if",
        "pi",
        "sin",
        "cos",
        "tan",
        "exp",
        "ln",
        "sqrt",
        "U",
        "CX",
    ]
)


@dataclass
class Names:
    """Names of registers and unbound data as a text has them, made unique with trailing `_`.

    Dots become `_`. `lower`: names must begin with a small letter (OpenQASM 2).
    """

    taken: set[str]
    lower: bool = False
    registers: dict[str, str] = field(default_factory=dict)
    leaves: dict[Leaf, str] = field(default_factory=dict)
    leaf: Callable[[Leaf], str] = lambda leaf: leaf.name
    qubits: dict[int, str] = field(default_factory=dict)
    clbits: dict[int, str] = field(default_factory=dict)

    def add_registers(self, program: Program) -> None:
        """Every register, and the text of each of its bits."""
        for registers, bits in ((program.qregs, self.qubits), (program.cregs, self.clbits)):
            for name, ids in registers:
                own = self.registers[name] = self.fresh(name)
                bits.update((b, f"{own}[{i}]") for i, b in enumerate(ids))

    def add_leaves(self, program: Program) -> None:
        """Unbound data: `enc_3`, `x_07_0`, `x_07` for a scalar."""
        for leaf in program.unbound():
            name = program.names.step(leaf.name, leaf.step)
            self.leaves[leaf] = self.fresh(name if leaf.index is None else f"{name}_{leaf.index}")
        self.leaf = self.leaves.__getitem__

    def fresh(self, name: str) -> str:
        """A name that is not taken yet, close to this one."""
        name = re.sub(r"\W", "_", name, flags=re.ASCII)
        if self.lower and not name[0].islower():
            name = name[0].lower() + name[1:] if name[0].isalpha() else f"r{name}"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name
