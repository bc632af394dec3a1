"""Entanglement between carried and discarded qubits along a sequence; purity and rank of memory.

At the end of every step, before anything is traced out, the joint state ρ_AB of the qubits that are
carried on (A) and those about to be discarded (B) is taken:

- negativity N = (‖ρ^{T_A}‖₁ − 1)/2 (Vidal and Werner, Phys. Rev. A 65 (2002) 032314), 0 for every
  separable state, 1/2 for a Bell pair;
- mutual information I = S(A) + S(B) − S(AB) in bits, classical correlation included;
- purity tr ρ_A² of the memory (from 2^−h to 1), its rank (eigenvalues above 1e-10) and its entropy
  S(A) in bits.

Computed exactly by the reference interpreter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.interpreter import run_steps
from .estimates import student
from .exposed import circuits, exposed
from .finding import Curve, Finding, NotDefined, Panel
from .subject import Subject

Matrix = NDArray[Any]

#: Qubits of the largest joint state.
LARGEST = 9
#: Eigenvalues below this are rounding.
LEAST = 1e-10


@dataclass(frozen=True)
class Shared:
    """What one joint state shows."""

    negativity: float
    information: float
    purity: float
    rank: int
    entropy: float


def entanglement(
    subject: Subject, steps: int = 16, sequences: int = 2, seeds: int = 4, seed: int = 0
) -> Finding:
    """The quantities after every step of `sequences` sequences for each of `seeds` starts."""
    cell = subject.run.cell
    groups = circuits(cell)
    made = exposed(cell, groups[0]) if groups else None
    if made is None or not made.kept:
        raise NotDefined("it carries no qubits")
    if made.qubits > LARGEST:
        raise NotDefined(f"a joint state of {made.qubits} qubits is above the limit of {LARGEST}")
    rows: list[list[Shared]] = []
    starts = subject.repeats(seeds, seed)
    for i, params in enumerate(starts):
        x = subject.inputs(sequences, steps, seed + i)
        for b in range(sequences):
            along = {p.name: x[p.name][b] for p in cell.inputs}
            run = run_steps(
                made.graph, params, along, None, None if along else steps, subject.model.externs
            )
            size = 2 ** len(made.kept)
            rows.append([shared(state.density, size) for _, state in run])
    names = ("negativity", "information", "purity", "rank", "entropy")
    units = {"information": "bit", "entropy": "bit"}
    table = {n: np.array([[getattr(s, n) for s in row] for row in rows], float) for n in names}
    # Sequences of one start are no independent repeats.
    by_start = {n: v.mean(axis=1).reshape(len(starts), -1).mean(axis=1) for n, v in table.items()}
    values = {n: student(by_start[n], units.get(n, "")) for n in names}
    index = list(range(1, table["rank"].shape[1] + 1))

    def curve(name: str, label: str) -> Curve:
        low, mid, high = np.quantile(table[name], [0.1, 0.5, 0.9], axis=0)
        return Curve(label, index, mid, low, high)

    between = (curve("negativity", "negativity"), curve("information", "mutual information (bit)"))
    memory = (curve("purity", "purity"), curve("entropy", "entropy (bit)"))
    panels = (
        Panel("Carried and discarded qubits", "step", "", between if made.lost else between[:0]),
        Panel("The carried state", "step", "", memory),
    )
    conditions = {
        "carried": len(made.kept),
        "discarded": len(made.lost),
        "steps": len(index),
        "sequences": sequences,
        "parameters": len(starts),
        "seed": seed,
        "inputs": subject.source,
    }
    notes = () if made.lost else ("nothing is discarded: there is nothing to be entangled with",)
    return Finding(
        "entanglement",
        "Entanglement with what is discarded",
        values,
        conditions,
        tuple(p for p in panels if p.curves),
        notes=notes,
    )


def shared(rho: Matrix, size: int) -> Shared:
    """The quantities of a joint state of A, the least significant `size` levels, and the rest."""
    rest = len(rho) // size
    split = rho.reshape(rest, size, rest, size)
    a = np.einsum("rirj->ij", split)
    b = np.einsum("risi->rs", split)
    transposed = split.swapaxes(1, 3).reshape(len(rho), len(rho))
    negative = np.linalg.eigvalsh(transposed)
    inside = np.linalg.eigvalsh(a)
    information = (
        entropy(inside) + entropy(np.linalg.eigvalsh(b)) - entropy(np.linalg.eigvalsh(rho))
    )
    return Shared(
        negativity=float(-negative[negative < 0].sum()),
        information=max(information, 0.0),
        purity=float((inside**2).sum()),
        rank=int((inside > LEAST).sum()),
        entropy=entropy(inside),
    )


def entropy(eigenvalues: NDArray[Any]) -> float:
    """−Σ p log₂ p, in bits."""
    p = eigenvalues[eigenvalues > LEAST]
    return float(-(p * np.log2(p)).sum())
