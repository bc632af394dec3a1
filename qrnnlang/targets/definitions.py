"""Gate definitions for texts: recipes as gates that a format has, and synthesis for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from ..ir.recipes import DEFINITIONS, Angle, Recipe, Step, const
from .program import Custom, Program

_OPERANDS = "abcdefgh"


@dataclass(frozen=True, slots=True)
class Definition:
    """A gate of a text: its name there, parameters, operands, and what it is made of."""

    name: str
    params: tuple[str, ...]
    operands: tuple[str, ...]
    steps: Recipe


def define(program: Program, has: frozenset[str], name_of: Mapping[str, str]) -> list[Definition]:
    """The definitions that the gates of a program need, each after those it uses.

    `has`: the gates the format knows. `name_of`: what custom unitaries are called in the text.
    """
    found: dict[str, Definition] = {}
    for instr in program.instrs:
        if instr.name in ("measure", "reset", "barrier", "store"):
            continue
        if instr.name in program.customs:
            name = name_of[instr.name]
            if name not in found:
                _add(
                    found,
                    name,
                    _synthesised(program.customs[instr.name]),
                    0,
                    len(instr.qubits),
                    has,
                )
        else:
            _need(found, instr.name, len(instr.angles), len(instr.qubits), has)
    return list(found.values())


def _need(
    found: dict[str, Definition], name: str, params: int, qubits: int, has: frozenset[str]
) -> None:
    label = gate_label(name, qubits)
    if label in has or label in found:
        return
    recipe = mcx(qubits - 1) if name == "mcx" else DEFINITIONS[name]
    _add(found, label, recipe, params, qubits, has)


def _add(
    found: dict[str, Definition],
    name: str,
    steps: Recipe,
    params: int,
    qubits: int,
    has: frozenset[str],
) -> None:
    for step in steps:
        _need(found, step.name, len(step.angles), len(step.qubits), has)
    names = ("theta",) if params == 1 else tuple(f"theta{i}" for i in range(params))
    found[name] = Definition(name, names, operand_names(qubits), steps)


def operand_names(n: int) -> tuple[str, ...]:
    return tuple(_OPERANDS[:n]) if n <= len(_OPERANDS) else tuple(f"a{i}" for i in range(n))


def gate_label(name: str, qubits: int) -> str:
    """The name of a gate in a text; `mcx` has one for each number of controls."""
    return f"mcx_{qubits - 1}" if name == "mcx" else name


@cache
def mcx(controls: int) -> Recipe:
    """An X with three controls or more, without ancillas, up to a global phase."""
    from qiskit.synthesis import synth_mcx_noaux_v24

    return _flattened(synth_mcx_noaux_v24(controls))


def _synthesised(custom: Custom) -> Recipe:
    from qiskit.synthesis import qs_decomposition

    return _flattened(qs_decomposition(custom.matrix))


def _flattened(circuit: object) -> Recipe:
    from qiskit import QuantumCircuit, transpile

    assert isinstance(circuit, QuantumCircuit)
    simple = transpile(
        circuit, basis_gates=["h", "p", "u", "cx"], optimization_level=1, seed_transpiler=0
    )
    return tuple(
        Step(
            instr.operation.name,
            tuple(simple.find_bit(q).index for q in instr.qubits),
            tuple(const(float(a)) for a in instr.operation.params),
        )
        for instr in simple.data
    )


def angle_text(angle: Angle, params: Iterable[str]) -> str:
    """An angle of a definition, such as `-theta/2` or `pi/4`."""
    names = list(params)
    parts = []
    for factor, p in angle:
        if p is None:
            parts.append(repr(factor))
        else:
            parts.append(names[p] if factor == 1.0 else f"{factor!r}*{names[p]}")
    return " + ".join(parts)
