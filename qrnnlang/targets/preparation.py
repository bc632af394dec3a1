"""Amplitude encoding as rotations: Möttönen, Vartiainen, Bergholm and Salomaa,

"Transformation of quantum states using uniformly controlled rotations", Quantum Inf. Comput. 5,
467 (2005), without their Gray-code merging.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..ir.recipes import Recipe, Step, const


def prepare(amplitudes: NDArray[np.complex128]) -> Recipe:
    """Gates that take |0…0⟩ to Σ_k amplitudes[k] |k⟩, operand 0 least significant.

    `amplitudes` has length 2^n and norm 1. Exact up to a global phase. Real amplitudes need RY and
    CX only.
    """
    return _recipe(amplitudes, bool(np.all(amplitudes.imag == 0)), whole=False)


def encoding(n: int, real: bool) -> Recipe:
    """The gates for any amplitudes on n qubits; `encoding_angles` gives their angles in order."""
    return _recipe(np.full(2**n, 2.0 ** (-n / 2), dtype=np.complex128), real, whole=True)


def encoding_angles(amplitudes: NDArray[np.complex128], real: bool) -> list[float]:
    """The angles of `encoding` for some amplitudes of norm 1."""
    steps = _recipe(amplitudes, real, whole=True)
    return [float(c) for step in steps for angle in step.angles for c, _ in angle]


def _recipe(amplitudes: NDArray[np.complex128], real: bool, whole: bool) -> Recipe:
    """`whole`: with the rotations whose angles vanish."""
    n = int(amplitudes.size).bit_length() - 1
    steps = list(_magnitudes(amplitudes.real if real else np.abs(amplitudes), n, whole))
    if not real:
        steps += _phases(np.angle(amplitudes), n, whole)
    return tuple(steps)


def _magnitudes(v: NDArray[np.float64], n: int, whole: bool) -> Iterator[Step]:
    """From the most significant qubit down; the last level takes the signs along."""
    for target in reversed(range(n)):
        # Rows: values of the qubits above `target`; then its two values; then the qubits below.
        blocks = v.reshape(2 ** (n - 1 - target), 2, 2**target)
        low, high = (
            (blocks[:, 0, 0], blocks[:, 1, 0])
            if target == 0
            else (np.linalg.norm(blocks[:, 0], axis=-1), np.linalg.norm(blocks[:, 1], axis=-1))
        )
        turns = 2 * np.arctan2(high, low)
        yield from _multiplexed("ry", turns, target, range(target + 1, n), whole)


def _phases(phases: NDArray[np.float64], n: int, whole: bool) -> Iterator[Step]:
    """diag(e^{i·phases}), one qubit after the other, up to a global phase."""
    for target in range(n):
        pairs = phases.reshape(-1, 2)
        turns = pairs[:, 1] - pairs[:, 0]
        yield from _multiplexed("rz", turns, target, range(target + 1, n), whole)
        phases = pairs.mean(axis=1)


def _multiplexed(
    name: str, angles: NDArray[np.float64], target: int, controls: range, whole: bool
) -> Iterator[Step]:
    """A rotation by angles[k], k the value of `controls` (the first least significant)."""
    if not whole and not np.any(angles):
        return
    if not controls:
        yield Step(name, (target,), (const(float(angles[0])),))
        return
    half = angles.size // 2
    mean, difference = (angles[:half] + angles[half:]) / 2, (angles[:half] - angles[half:]) / 2
    yield from _multiplexed(name, mean, target, controls[:-1], whole)
    if whole or np.any(difference):
        yield Step("cx", (controls[-1], target))
        yield from _multiplexed(name, difference, target, controls[:-1], whole)
        yield Step("cx", (controls[-1], target))
