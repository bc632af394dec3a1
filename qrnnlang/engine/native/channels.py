"""Prepared states, stored unitaries and noise in the native programs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import steps as p
from . import factors, projecting
from .arrays import Array, Programs, real_array
from .writer import Ids, NotCovered


def amplitudes(q: Programs, re: Array, im: Array | None) -> Array:
    """The ket normalize(re + i·im); not a number where that is zero."""
    parts = [a for a in (re, im) if a is not None]
    fixed = all(a.fixed for a in parts)
    flat = [q.at(a, fixed).re.reshape(-1) for a in parts]
    w, whole = q.writer(fixed), np.concatenate(flat)
    square = w.bilinear(np.zeros(len(whole), np.int64), whole, whole, 1.0, 1)
    if square[0] == -1:
        raise NotCovered("amplitudes that are all zero")
    factor = projecting.inverse(q, projecting.scalar(square, fixed), root=True)
    none = np.full(len(flat[0]), -1)
    ket = Array(flat[0], none if im is None else flat[1], fixed)
    return q.times(ket, factor).reshape(-1, 1, 1)


def stored(q: Programs, drawn: Array, adjoint: bool) -> Array:
    """A unitary from real and imaginary parts, (N, N, 2)."""
    whole = Array(drawn.re[..., 0], drawn.re[..., 1], drawn.fixed)
    return q.conjugate(whole.transpose((1, 0))) if adjoint else whole


def controlled(q: Programs, matrix: Array, holds: np.ndarray) -> Array:
    """The matrix where `holds` is true of further, more significant wires, else the identity."""
    n, k = matrix.shape[0], len(holds)
    one = q.one(matrix.fixed)
    re, im = (np.full((k, n, k, n), -1) for _ in range(2))
    for state, acts in enumerate(holds):
        re[state, :, state] = matrix.re if acts else np.where(np.eye(n, dtype=bool), one, -1)
        im[state, :, state] = matrix.im if acts else -1
    return Array(re, im, matrix.fixed).reshape(n * k, n * k)


def noise(q: Programs, density: Array, step: p.Noise, rates: Sequence[Array]) -> Array:
    """ρ[r, k] ← diag[r, k]·ρ[r, k] + cross[r, k]·ρ[1−r, 1−k]."""
    if len(step.rows) > 1:
        raise NotCovered("several qubits depolarised together at a rate that is no number")
    (at_row,), (at_column,) = step.rows, step.columns
    fixed = all(r.fixed for r in rates)
    algebra = _Rates(q, fixed)
    same, flipped = algebra.channel(step.name, [algebra.checked(r) for r in rates])
    size = 2**step.n
    index = np.arange(size)

    def bit(axis: int) -> Ids:
        return (index >> (step.n - 1 - axis)) & 1

    row, column = bit(at_row), bit(at_column)
    place = np.where(row != column, 2, row)  # 0: ρ00, 1: ρ11, 2: off the diagonal
    state = sum((bit(a) << j for j, a in enumerate(step.condition)), 0 * index)
    acts = np.asarray(step.holds)[state]
    diag = np.where(acts, np.array(same)[place], q.one(fixed))
    cross = np.where(acts, np.array(flipped)[place], -1)
    other = index ^ (1 << (step.n - 1 - at_row)) ^ (1 << (step.n - 1 - at_column))
    left, right = (real_array(x, fixed) for x in (diag, cross))
    return factors.paired(q, density, other, left, right)


class _Rates:
    """Sums and roots of rates, as entries of a program."""

    def __init__(self, q: Programs, fixed: bool) -> None:
        self.q, self.fixed, self.w = q, fixed, q.writer(fixed)
        self.one = q.one(fixed)

    def checked(self, rate: Array) -> int:
        """A rate, not a number outside [0, 1]."""
        flat = self.q.at(rate, self.fixed).re.reshape(-1)
        return -1 if flat[0] == -1 else int(self.w.unary("rate", flat)[0])

    def sum(self, *terms: tuple[float, int]) -> int:
        ids = np.array([i for _, i in terms])
        weights = np.array([w for w, _ in terms])
        return int(self.w.linear(np.zeros(len(terms), np.int64), ids, weights, 1)[0])

    def rest(self, factor: float, rate: int) -> int:
        """1 − factor·rate."""
        return self.sum((1.0, self.one), (-factor, rate))

    def root(self, rate: int) -> int:
        """√(1 − rate)."""
        left = self.rest(1.0, rate)
        return left if left == self.one else int(self.w.unary("root", np.array([left]))[0])

    def channel(self, name: str, rates: Sequence[int]) -> tuple[list[int], list[int]]:
        """Factors of (ρ00, ρ11, off-diagonals) for an entry itself, and for its mirror image."""
        one = self.one
        match name, rates:
            case "bit_flip", [r]:
                return [self.rest(1.0, r)] * 3, [r] * 3
            case "phase_flip", [r]:
                return [one, one, self.rest(2.0, r)], [-1] * 3
            case "depolarizing", [r]:
                half = self.sum((0.5, r))
                stay = self.rest(0.5, r)
                return [stay, stay, self.rest(1.0, r)], [half, half, -1]
            case "pauli_channel", [x, y, z]:
                flips = self.total((x, y, z))
                x = self.sum((1.0, x), (1.0, flips))
                stay = self.sum((1.0, one), (-1.0, x), (-1.0, y))
                both = self.sum((1.0, x), (1.0, y))
                off = self.sum((1.0, stay), (-2.0, z))
                return [stay, stay, off], [both, both, self.sum((1.0, x), (-1.0, y))]
            case "amplitude_damping", [r]:
                return [one, self.rest(1.0, r), self.root(r)], [r, -1, -1]
            case "phase_damping", [r]:
                return [one, one, self.root(r)], [-1] * 3
        raise NotCovered(f"channel `{name}`")

    def total(self, rates: Sequence[int]) -> int:
        """0, not a number where the sum of the rates is no rate."""
        whole = self.sum(*((1.0, r) for r in rates))
        if whole == -1:
            return -1
        valid = self.w.unary("rate", np.array([whole]))
        return int(self.w.unary("certain", valid)[0])
