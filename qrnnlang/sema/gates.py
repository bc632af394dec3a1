"""The standard gates: how many parameters and operands each has, and its inverse.

Names, operand order and matrices are Qiskit's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateInfo:
    """`inverse`: the gate that undoes it; None when that is itself with every parameter negated."""

    params: int
    qubits: int
    inverse: str | None = None


GATES: dict[str, GateInfo] = {
    **{name: GateInfo(0, 1, name) for name in ("id", "x", "y", "z", "h")},
    **{
        name: GateInfo(0, 1, inverse)
        for a, b in (("s", "sdg"), ("t", "tdg"), ("sx", "sxdg"))
        for name, inverse in ((a, b), (b, a))
    },
    **{name: GateInfo(1, 1) for name in ("rx", "ry", "rz", "p")},
    "u": GateInfo(3, 1),  # its inverse also exchanges φ and λ: see modifiers.inverse
    **{name: GateInfo(0, 2, name) for name in ("cx", "cy", "cz", "ch", "swap", "ecr")},
    **{name: GateInfo(1, 2) for name in ("cp", "crx", "cry", "crz", "rxx", "ryy", "rzz", "rzx")},
    "cs": GateInfo(0, 2, "csdg"),
    "csdg": GateInfo(0, 2, "cs"),
    # No gate of the language undoes these two: modifiers.inverse writes them with others.
    "csx": GateInfo(0, 2),
    "iswap": GateInfo(0, 2),
    **{name: GateInfo(0, 3, name) for name in ("ccx", "ccz", "cswap")},
    "gphase": GateInfo(1, 0),
}
