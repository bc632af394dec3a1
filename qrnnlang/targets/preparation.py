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
    n = int(amplitudes.size).bit_length() - 1
    real = bool(np.all(amplitudes.imag == 0))
    magnitudes = amplitudes.real if real else np.abs(amplitudes)
    steps = list(_magnitudes(magnitudes, n))
    if not real:
        steps += _phases(np.angle(amplitudes), n)
    return tuple(steps)


def _magnitudes(v: NDArray[np.float64], n: int) -> Iterator[Step]:
    """From the most significant qubit down; the last level takes the signs along."""
    for target in reversed(range(n)):
        # Rows: values of the qubits above `target`; then its two values; then the qubits below.
        blocks = v.reshape(2 ** (n - 1 - target), 2, 2**target)
        low, high = (
            (blocks[:, 0, 0], blocks[:, 1, 0])
            if target == 0
            else (np.linalg.norm(blocks[:, 0], axis=-1), np.linalg.norm(blocks[:, 1], axis=-1))
        )
        yield from _multiplexed("ry", 2 * np.arctan2(high, low), target, range(target + 1, n))


def _phases(phases: NDArray[np.float64], n: int) -> Iterator[Step]:
    """diag(e^{i·phases}), one qubit after the other, up to a global phase."""
    for target in range(n):
        pairs = phases.reshape(-1, 2)
        yield from _multiplexed("rz", pairs[:, 1] - pairs[:, 0], target, range(target + 1, n))
        phases = pairs.mean(axis=1)


def _multiplexed(
    name: str, angles: NDArray[np.float64], target: int, controls: range
) -> Iterator[Step]:
    """A rotation by angles[k], k the value of `controls` (the first least significant)."""
    if not np.any(angles):
        return
    if not controls:
        yield Step(name, (target,), (const(float(angles[0])),))
        return
    half = angles.size // 2
    mean, difference = (angles[:half] + angles[half:]) / 2, (angles[:half] - angles[half:]) / 2
    yield from _multiplexed(name, mean, target, controls[:-1])
    if np.any(difference):
        yield Step("cx", (controls[-1], target))
        yield from _multiplexed(name, difference, target, controls[:-1])
        yield Step("cx", (controls[-1], target))
