"""Gates of many samples at once: the unitaries of `ir.gates` with arrays of angles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.gates import controlled, pauli_product, unitary

Matrices = NDArray[Any]
Floats = NDArray[np.float64]

_ROTATIONS = {
    "rx": "X",
    "ry": "Y",
    "rz": "Z",
    "rxx": "XX",
    "ryy": "YY",
    "rzz": "ZZ",
    "rzx": "ZX",
}


def unitaries(name: str, params: Sequence[Floats], ctrl: str = "") -> Matrices:
    """The matrices of a gate, (batch, 2^n, 2^n), of angles (batch,) each; without angles (1, …)."""
    if not params:
        return controlled(unitary(name), ctrl)[None]
    if name in ("crx", "cry", "crz", "cp"):
        return unitaries(name[1:], params, ctrl + "1")
    base = _base(name, params)
    return np.array([controlled(m, ctrl) for m in base]) if ctrl else base


def _base(name: str, params: Sequence[Floats]) -> Matrices:
    angle = np.asarray(params[0], dtype=np.float64)
    if name in _ROTATIONS:
        p = pauli_product(_ROTATIONS[name])
        half = angle[:, None, None] / 2
        return np.asarray(np.cos(half) * np.eye(len(p)) - 1j * np.sin(half) * p)
    if name == "gphase":
        return np.asarray(np.exp(1j * angle)[:, None, None])
    found = np.zeros((len(angle), 2, 2), dtype=np.complex128)
    if name == "p":
        found[:, 0, 0], found[:, 1, 1] = 1, np.exp(1j * angle)
        return found
    if name == "u":
        _, phi, lam = params
        c, s = np.cos(angle / 2), np.sin(angle / 2)
        found[:, 0, 0], found[:, 0, 1] = c, -np.exp(1j * lam) * s
        found[:, 1, 0], found[:, 1, 1] = np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c
        return found
    rows = zip(*params, strict=True)
    return np.array([unitary(name, [float(a) for a in row]) for row in rows])
