"""Gates in pair form: amplitude i of the result comes from amplitudes i and i ^ flips.

(Gψ)[i] = diag(i)·ψ[i] + cross(i)·ψ[i ^ flips]. Every gate of the language, every controlled gate
and every rotation about a Pauli product has this form or is a product of two or three that have it.
`diag` and `cross` depend on few bits of i and on one angle, through 1, cos and sin: so a list of
gates is a table of numbers, and tables are evaluated in one go, however many gates they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import cos, pi, sin, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..sema.closed import Bit as BitRef
from ..sema.closed import BitConst, BitExpr, BitNot, BitOp, Elem, Gate, Scalar, Wire
from .errors import Unsupported

Matrix: TypeAlias = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Angle:
    """`scale` times the product of `elems`, in radians."""

    scale: float
    elems: tuple[Elem, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A gate in pair form on `wires`; wires[j] is bit j of the local index.

    `diag` and `cross` have shape (3, 2^k): the coefficients of 1, cos(angle) and sin(angle).
    """

    wires: tuple[Wire, ...]
    flips: frozenset[Wire]
    diag: Matrix
    cross: Matrix
    angle: Angle | None = None


def angle_of(scale: float, *factors: Scalar) -> Angle | float:
    """The product of numbers and entries of values; a plain number when nothing is left open."""
    elems = []
    for factor in factors:
        if isinstance(factor, Elem):
            elems.append(factor)
        else:
            scale *= factor
    if scale == 0.0:
        return 0.0
    return Angle(scale, tuple(elems)) if elems else scale


def pair(
    wires: Sequence[Wire],
    flips: Sequence[Wire],
    diag: npt.ArrayLike,
    cross: npt.ArrayLike,
    angle: Angle | float = 0.0,
) -> Pair:
    """A pair from its coefficient rows (1, cos, sin); a known angle is folded into the first."""
    a, b = np.zeros((3, 2 ** len(wires)), complex), np.zeros((3, 2 ** len(wires)), complex)
    diag, cross = np.asarray(diag), np.asarray(cross)
    a[: len(diag)], b[: len(cross)] = diag, cross
    if isinstance(angle, Angle):
        return Pair(tuple(wires), frozenset(flips), a, b, angle)
    weights = np.array([1.0, cos(angle), sin(angle)])
    a[0], b[0], a[1:], b[1:] = weights @ a, weights @ b, 0, 0
    return Pair(tuple(wires), frozenset(flips), a, b)


def pauli_rotation(paulis: Sequence[tuple[Wire, str]], angle: Angle | float) -> Pair:
    """exp(−i·angle·P) for a product P of Paulis."""
    wires = tuple(w for w, _ in paulis)
    flips = tuple(w for w, letter in paulis if letter in "XY")
    phase = pauli_phases([letter for _, letter in paulis])
    one, zero = np.ones(2 ** len(wires)), np.zeros(2 ** len(wires))
    if not flips:
        return pair(wires, (), np.array([zero, one, -1j * phase]), [[0.0]], angle)
    return pair(wires, flips, np.array([zero, one]), np.array([zero, zero, -1j * phase]), angle)


def pauli_phases(letters: Sequence[str]) -> Matrix:
    """The entry of a Pauli product in row i (there is one a row), letter j acting on bit j."""
    row = {"I": (1, 1), "X": (1, 1), "Y": (-1j, 1j), "Z": (1, -1)}
    phases = np.ones(1, complex)
    for letter in letters:
        phases = np.kron(np.array(row[letter]), phases)
    return phases


def constant(matrix: npt.ArrayLike, wire: Wire) -> Pair:
    """A fixed one-qubit gate."""
    m = np.asarray(matrix, complex)
    flips = (wire,) if abs(m[0, 1]) + abs(m[1, 0]) > 0 else ()
    return pair((wire,), flips, np.diag(m)[None], [[m[0, 1], m[1, 0]]])


def where(base: Pair, wires: Sequence[Wire], holds: npt.NDArray[np.bool_]) -> Pair:
    """`base` where `holds` is true of the bits of further wires, the identity elsewhere."""
    if not wires:
        return base if bool(holds[0]) else pair((), (), [[1]], [[0]])
    on = np.kron(holds, np.ones(2 ** len(base.wires), bool))
    identity = np.zeros((3, 1), complex)
    identity[0] = 1
    copies = 2 ** len(wires)
    diag = np.where(on, np.tile(base.diag, copies), identity)
    cross = np.where(on, np.tile(base.cross, copies), 0)
    return replace(base, wires=(*base.wires, *wires), diag=diag, cross=cross)


def controlled(base: Pair, wires: Sequence[Wire], ctrl: str) -> Pair:
    """`base` with controls: wires[i] must read ctrl[i]."""
    index = sum(int(c) << i for i, c in enumerate(ctrl))
    return where(base, wires, np.arange(2 ** len(wires)) == index)


def truth(expr: BitExpr, bits: Sequence[int]) -> npt.NDArray[np.bool_]:
    """The value of a bit expression for every setting of `bits`; bits[j] is bit j of the index."""
    index = np.arange(2 ** len(bits))
    match expr:
        case BitRef(id):
            return np.asarray((index >> bits.index(id)) & 1 == 1)
        case BitConst(value):
            return np.full(len(index), value)
        case BitNot(a):
            return ~truth(a, bits)
        case BitOp("and", a, b):
            return truth(a, bits) & truth(b, bits)
        case BitOp("or", a, b):
            return truth(a, bits) | truth(b, bits)
        case BitOp("xor", a, b):
            return truth(a, bits) ^ truth(b, bits)
    raise Unsupported(f"bit expression {expr!r}")


def renamed(part: Pair, names: Callable[[Wire], Wire]) -> Pair:
    return replace(
        part,
        wires=tuple(names(w) for w in part.wires),
        flips=frozenset(names(w) for w in part.flips),
    )


_H = np.array([[1, 1], [1, -1]]) / sqrt(2)
_SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_FIXED: dict[str, npt.ArrayLike] = {
    "id": np.eye(2),
    "x": [[0, 1], [1, 0]],
    "y": [[0, -1j], [1j, 0]],
    "z": np.diag([1, -1]),
    "h": _H,
    "s": np.diag([1, 1j]),
    "sdg": np.diag([1, -1j]),
    "t": np.diag([1, np.exp(0.25j * pi)]),
    "tdg": np.diag([1, np.exp(-0.25j * pi)]),
    "sx": _SX,
    "sxdg": _SX.conj(),
}
_CONTROLLED = {
    **{"c" + name: name for name in ("x", "y", "z", "h", "p", "rx", "ry", "rz", "s", "sdg", "sx")},
    "cswap": "swap",
    "ccx": "cx",
    "ccz": "cz",
}


def pairs_of(gate: Gate) -> tuple[Pair, ...]:
    """The pairs whose product, first to last, is the gate with its `ctrl` (without its `when`)."""
    k = len(gate.ctrl)
    base = _standard(gate.name, gate.params, gate.wires[k:])
    return tuple(controlled(p, gate.wires[:k], gate.ctrl) if k else p for p in base)


def _standard(name: str, params: Sequence[Scalar], wires: Sequence[Wire]) -> tuple[Pair, ...]:
    if name in _CONTROLLED:
        base = _standard(_CONTROLLED[name], params, wires[1:])
        return tuple(controlled(p, wires[:1], "1") for p in base)
    if name in _FIXED:
        return (constant(_FIXED[name], wires[0]),)
    match name:
        case "rx" | "ry" | "rz":
            return (pauli_rotation([(wires[0], name[1].upper())], angle_of(0.5, *params)),)
        case "rxx" | "ryy" | "rzz" | "rzx":
            letters = name[1:].upper()
            paulis = list(zip(wires, letters, strict=True))
            return (pauli_rotation(paulis, angle_of(0.5, *params)),)
        case "p":
            rows = np.array([[1, 0], [0, 1], [0, 1j]])
            return (pair(wires, (), rows, [[0, 0]], angle_of(1.0, *params)),)
        case "gphase":
            return (pair((), (), np.array([[0], [1], [1j]]), [[0]], angle_of(1.0, *params)),)
        case "u":
            theta, phi, lam = params
            return (
                *_standard("p", (lam,), wires),
                *_standard("ry", (theta,), wires),
                *_standard("p", (phi,), wires),
            )
        case "swap":
            return (pair(wires, wires, [[1, 0, 0, 1]], [[0, 1, 1, 0]]),)
        case "iswap":
            return (pair(wires, wires, [[1, 0, 0, 1]], [[0, 1j, 1j, 0]]),)
        case "ecr":
            # (IX − XY)/√2 = X₀ · exp(−iπ/4 Z₀X₁)
            turn = pauli_rotation(list(zip(wires, "ZX", strict=True)), pi / 4)
            return (turn, constant(_FIXED["x"], wires[0]))
    raise Unsupported(f"gate `{name}`")
