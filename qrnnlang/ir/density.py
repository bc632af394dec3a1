"""A density operator as a product of independent factors.

Wires that never met stay in factors of their own, so a cell with several circuits side by side
never needs the matrix of all of them. Operators are unnormalised: the trace is a weight. In the
matrix of a factor, `wires[0]` is the least significant bit of the row and of the column index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..sema.closed import Wire
from .gates import PAULIS, Matrix


@dataclass(frozen=True, eq=False)
class Factor:
    """An operator on `wires`: a matrix `rho` of 2^n × 2^n for n wires."""

    wires: tuple[Wire, ...]
    rho: Matrix

    def axis(self, wire: Wire) -> int:
        """The row axis of a wire in `tensor()`; its column axis comes n later."""
        return len(self.wires) - 1 - self.wires.index(wire)

    def tensor(self) -> Matrix:
        """`rho` with 2n axes of length 2: rows, then columns, each most significant wire first."""
        return self.rho.reshape((2,) * (2 * len(self.wires)))


@dataclass(frozen=True, eq=False)
class Density:
    """`scale` times the product of `factors`, which have no wire in common."""

    factors: tuple[Factor, ...] = ()
    scale: float = 1.0

    @property
    def wires(self) -> tuple[Wire, ...]:
        return tuple(w for f in self.factors for w in f.wires)

    def trace(self) -> float:
        traces = [np.trace(f.rho).real for f in self.factors]
        return self.scale * float(np.prod(traces))

    def scaled(self, by: float) -> Density:
        return replace(self, scale=self.scale * by)

    def with_zeros(self, wires: Iterable[Wire]) -> Density:
        """With new wires in |0⟩."""
        return self._with(*(Factor((w,), _basis(0)) for w in wires))

    def with_pure(self, wires: Sequence[Wire], amplitudes: npt.ArrayLike) -> Density:
        """With new wires in the pure state of these 2^n amplitudes."""
        psi = np.asarray(amplitudes, dtype=np.complex128)
        return self._with(Factor(tuple(wires), np.outer(psi, psi.conj())))

    def without(self, wires: Iterable[Wire]) -> Density:
        """Wires traced out."""
        state = self
        for wire in wires:
            factor, others = state._joined([wire])
            n, axis = len(factor.wires), factor.axis(wire)
            rest = np.asarray(factor.tensor().trace(axis1=axis, axis2=axis + n))
            state = others._with_rest(factor, wire, rest)
        return state

    def projected(self, wire: Wire, value: int) -> Density:
        """⟨v|ρ|v⟩ with the wire in |v⟩ on its own; the trace drops to the probability of v."""
        factor, others = self._joined([wire])
        n, axis = len(factor.wires), factor.axis(wire)
        block = np.asarray(factor.tensor().take(value, axis + n).take(value, axis))
        return others._with_rest(factor, wire, block)._with(Factor((wire,), _basis(value)))

    def mapped(self, operators: Iterable[Matrix], wires: Sequence[Wire]) -> Density:
        """Σ K ρ K† for Kraus operators K on `wires`; a unitary is a single one."""
        if not wires:
            return self  # a global phase
        factor, others = self._joined(wires)
        rho = np.zeros_like(factor.rho)
        for k in operators:
            left = _act(k, factor, wires)
            # K ρ K† = (K (K ρ)†)†, so acting on columns is acting on rows twice.
            rho += _act(k, replace(factor, rho=left.conj().T), wires).conj().T
        return others._with(replace(factor, rho=rho))

    def expectation(self, paulis: Mapping[Wire, str]) -> float:
        """tr(Pρ) for a product P of Paulis, one letter a wire."""
        value = self.scale
        for factor in self.factors:
            rho = factor.rho
            for wire in factor.wires:
                if wire in paulis:
                    rho = _act(PAULIS[paulis[wire]], replace(factor, rho=rho), [wire])
            value *= float(np.trace(rho).real)
        return value

    def reduced(self, wires: Sequence[Wire]) -> Matrix:
        """The operator on exactly these wires in this order, the others traced out."""
        alone = self.without([w for w in self.wires if w not in set(wires)])
        factor, rest = alone._joined(wires)
        rows = [factor.axis(w) for w in reversed(wires)]
        n = len(rows)
        ordered = factor.tensor().transpose([*rows, *(r + n for r in rows)])
        return rest.scale * ordered.reshape(2**n, 2**n)

    def renamed(self, names: Mapping[Wire, Wire]) -> Density:
        """Every wire under another name."""
        factors = (replace(f, wires=tuple(names[w] for w in f.wires)) for f in self.factors)
        return replace(self, factors=tuple(factors))

    def _joined(self, wires: Iterable[Wire]) -> tuple[Factor, Density]:
        """The factors that hold any of `wires` as one, and what is left of the product."""
        wanted = set(wires)
        if missing := wanted - set(self.wires):
            raise KeyError(f"no such wire: {sorted(missing)}")
        joined = Factor((), np.ones((1, 1), dtype=np.complex128))
        others = []
        for factor in self.factors:
            if wanted.isdisjoint(factor.wires):
                others.append(factor)
            else:
                joined = Factor(joined.wires + factor.wires, np.kron(factor.rho, joined.rho))
        return joined, replace(self, factors=tuple(others))

    def _with(self, *factors: Factor) -> Density:
        return replace(self, factors=self.factors + factors)

    def _with_rest(self, factor: Factor, wire: Wire, rest: Matrix) -> Density:
        """With what is left of `factor` after `wire` was taken from it; a bare number is scale."""
        wires = tuple(w for w in factor.wires if w != wire)
        if not wires:
            return self.scaled(float(rest.real))
        return self._with(Factor(wires, rest.reshape(2 ** len(wires), 2 ** len(wires))))


def _basis(value: int) -> Matrix:
    return np.diag([1.0 - value, value]).astype(np.complex128)


def _act(matrix: Matrix, factor: Factor, wires: Sequence[Wire]) -> Matrix:
    """`matrix`, whose operand 0 is `wires[0]`, on the rows of a factor."""
    k, n = len(wires), len(factor.wires)
    axes = [factor.axis(w) for w in reversed(wires)]
    rho = factor.rho.reshape((2,) * n + (2**n,))
    acted = np.tensordot(matrix.reshape((2,) * (2 * k)), rho, axes=(range(k, 2 * k), axes))
    return np.moveaxis(acted, range(k), axes).reshape(2**n, 2**n)
