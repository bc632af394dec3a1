"""The unitary of every standard gate, as NumPy matrices.

Conventions are Qiskit's: operand 0 is the least significant bit of the row and column index, angles
are in radians, and the matrices are those of `qiskit.circuit.library`, global phase included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Matrix: TypeAlias = npt.NDArray[np.complexfloating[Any, Any]]

PAULIS: dict[str, Matrix] = {
    "I": np.eye(2, dtype=np.complex128),
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "Z": np.array([[1, 0], [0, -1]], dtype=np.complex128),
}


def unitary(name: str, params: Sequence[float] = ()) -> Matrix:
    """The 2^n × 2^n matrix of gate `name` on its n operands; `gphase` is 1 × 1.

    Raises KeyError for an unknown name and TypeError for a wrong number of parameters.
    """
    return _GATES[name](*params)


def controlled(matrix: Matrix, ctrl: str) -> Matrix:
    """`matrix` under extra controls, which come first among the operands.

    `ctrl[i]` is the state, "0" or "1", in which control i lets the gate act.
    """
    low = 1 << len(ctrl)
    acting = sum(1 << i for i, state in enumerate(ctrl) if state == "1")
    result = np.eye(low * len(matrix), dtype=np.complex128)
    # The controls are the low bits, so the rows on which the gate acts are `low` apart.
    result[acting::low, acting::low] = matrix
    return result


def pauli_product(letters: Sequence[str]) -> Matrix:
    """The product of one Pauli per operand; `letters[0]` acts on the least significant one."""
    result: Matrix = np.eye(1, dtype=np.complex128)
    for letter in letters:
        result = np.kron(PAULIS[letter], result)
    return result


def pauli_rotation(letters: Sequence[str], theta: float) -> Matrix:
    """exp(−i·theta/2·P) for the Pauli product P of `letters`."""
    p = pauli_product(letters)
    rotation: Matrix = np.cos(theta / 2) * np.eye(len(p)) - 1j * np.sin(theta / 2) * p
    return rotation


def _constant(rows: Sequence[Sequence[complex]], factor: float = 1.0) -> Callable[[], Matrix]:
    return (factor * np.array(rows, dtype=np.complex128)).copy


def _phase(angle: float) -> Matrix:
    return np.diag([1, np.exp(1j * angle)])


def _u(theta: float, phi: float, lam: float) -> Matrix:
    c, s = np.cos(theta / 2), np.sin(theta / 2)
    return np.array(
        [[c, -np.exp(1j * lam) * s], [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c]],
        dtype=np.complex128,
    )


def _rotation(letters: str) -> Callable[[float], Matrix]:
    return partial(pauli_rotation, letters)


def _under_control(name: str, ctrl: str = "1") -> Callable[..., Matrix]:
    def matrix(*params: float) -> Matrix:
        return controlled(unitary(name, params), ctrl)

    return matrix


_SX = ((1 + 1j, 1 - 1j), (1 - 1j, 1 + 1j))
_SXDG = ((1 - 1j, 1 + 1j), (1 + 1j, 1 - 1j))
_SWAP = ((1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1))
_ISWAP = ((1, 0, 0, 0), (0, 0, 1j, 0), (0, 1j, 0, 0), (0, 0, 0, 1))
_ECR = ((0, 1, 0, 1j), (1, 0, -1j, 0), (0, 1j, 0, 1), (-1j, 0, 1, 0))

_GATES: dict[str, Callable[..., Matrix]] = {
    "id": _constant(((1, 0), (0, 1))),
    "x": _constant(((0, 1), (1, 0))),
    "y": _constant(((0, -1j), (1j, 0))),
    "z": _constant(((1, 0), (0, -1))),
    "h": _constant(((1, 1), (1, -1)), np.sqrt(0.5)),
    "s": _constant(((1, 0), (0, 1j))),
    "sdg": _constant(((1, 0), (0, -1j))),
    "t": lambda: _phase(np.pi / 4),
    "tdg": lambda: _phase(-np.pi / 4),
    "sx": _constant(_SX, 0.5),
    "sxdg": _constant(_SXDG, 0.5),
    "rx": _rotation("X"),
    "ry": _rotation("Y"),
    "rz": _rotation("Z"),
    "p": _phase,
    "u": _u,
    "cx": _under_control("x"),
    "cy": _under_control("y"),
    "cz": _under_control("z"),
    "ch": _under_control("h"),
    "cp": _under_control("p"),
    "crx": _under_control("rx"),
    "cry": _under_control("ry"),
    "crz": _under_control("rz"),
    "cs": _under_control("s"),
    "csdg": _under_control("sdg"),
    "csx": _under_control("sx"),
    "swap": _constant(_SWAP),
    "iswap": _constant(_ISWAP),
    "ecr": _constant(_ECR, np.sqrt(0.5)),
    "rxx": _rotation("XX"),
    "ryy": _rotation("YY"),
    "rzz": _rotation("ZZ"),
    "rzx": _rotation("ZX"),
    "ccx": _under_control("x", "11"),
    "ccz": _under_control("z", "11"),
    "cswap": _under_control("swap"),
    "gphase": lambda angle: np.array([[np.exp(1j * angle)]], dtype=np.complex128),
}
