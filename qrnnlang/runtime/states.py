"""States as users read them: registers, bits and reals by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..sema.closed import BitCarry, ClosedModel, QubitCarry, RealCarry, RunCell


def named_states(model: ClosedModel, states: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What is carried, by path (`cell.m`), with leading axes (batch, steps).

    A register is its own reduced density matrix (2^n, 2^n), q[0] least significant; several of an
    instance are also there together, under their names joined by `+`, the first least significant.
    Bits are the probability of each of their values (2^n,). Reals are as declared.
    """
    found: dict[str, np.ndarray] = {}
    for op in model.ops:
        if isinstance(op, RunCell) and op.instance in states:
            found |= _of(op, states[op.instance])
    return found


def _of(op: RunCell, state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    registers = [c for c in op.cell.carries if isinstance(c, QubitCarry)]
    bits = [c for c in op.cell.carries if isinstance(c, BitCarry)]
    found: dict[str, np.ndarray] = {}
    if "density" in state:
        density = np.asarray(state["density"])
        if bits:
            weights = np.einsum("...kii->...k", density).real
            sizes = [len(c.bits) for c in bits]
            for i, bit in enumerate(bits):
                found[bit.name] = _marginal(weights, sizes, i)
            density = density.sum(axis=-3)
        sizes = [len(c.wires) for c in registers]
        for i, register in enumerate(registers):
            found[register.name] = _reduced(density, sizes, i)
        if len(registers) > 1:
            found["+".join(r.name for r in registers)] = density
    for carry in op.cell.carries:
        if isinstance(carry, RealCarry):
            found[carry.name] = np.asarray(state["reals"][carry.name])
    return found


def _reduced(density: np.ndarray, sizes: list[int], keep: int) -> np.ndarray:
    """The matrix of one group of qubits; the first group is the least significant."""
    low, size, high = 2 ** sum(sizes[:keep]), 2 ** sizes[keep], 2 ** sum(sizes[keep + 1 :])
    lead = density.shape[:-2]
    split = density.reshape(*lead, high, size, low, high, size, low)
    return np.asarray(np.einsum("...aibajb->...ij", split))


def _marginal(weights: np.ndarray, sizes: list[int], keep: int) -> np.ndarray:
    low, size, high = 2 ** sum(sizes[:keep]), 2 ** sizes[keep], 2 ** sum(sizes[keep + 1 :])
    split = weights.reshape(*weights.shape[:-1], high, size, low)
    return np.asarray(split.sum(axis=(-3, -1)))
