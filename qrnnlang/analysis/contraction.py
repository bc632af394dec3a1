"""How fast a cell forgets: contraction of its step along real inputs.

Along a trajectory the steps' derivatives J_t = ∂s_t/∂s_{t−1} (for a channel: its transfer matrices
on traceless operators, in an orthonormal basis) are multiplied, Π_k = J_{t+k} … J_{t+1}.

- σ₁(Π_k), the spectral norm: how much of a change of the state is left k steps later, at most.
- Lyapunov exponents: λ_i = lim (1/T) ln r_i, the mean logarithms of the diagonal of R in repeated
  QR decompositions Q_t R_t = J_t Q_{t−1} (Benettin et al. 1980; Eckmann and Ruelle, Rev. Mod. Phys.
  57 (1985) 617). In nats per step; the first is the asymptotic rate of σ₁.
- |λ₂|: the largest modulus of an eigenvalue of J at a fixed input (and, for a cell that is not
  linear, at the state it settles in): the rate at which a constant drive is forgotten in the end.
  For a channel it is the second largest of its eigenvalues, the first being 1.

What bounds what. ‖Π_k‖ ≤ Π σ₁(J_t) says that gradients vanish only where σ₁ < 1: one step of a
channel that is not unital may have σ₁ > 1, and then σ₁ bounds nothing. |λ₂| < 1 says nothing about
a few steps when J is not normal: σ₁ may stay large, or be zero after k steps with |λ₂| = 0 in all
of them. The trace norm of a change never grows under a channel (so in the Hilbert–Schmidt norm
used here σ₁(Π_k) ≤ √(2^h), for any k, since ‖A‖₂ ≤ ‖A‖₁ ≤ √d ‖A‖₂).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..sema.closed import Postselect
from .alone import size_of_state
from .estimates import rate, student
from .finding import Curve, Finding, Panel, exact
from .subject import Subject
from .tangent import Tangent, at

Floats = NDArray[np.float64]

#: States with more coordinates are handled by blocks of directions, not by whole matrices.
WHOLE = 300
#: Directions of a block, and rounds of its power iteration.
BLOCK, ROUNDS = 8, 3
#: Steps at a fixed input before its derivative is taken.
SETTLE = 200


def contraction(
    subject: Subject, steps: int = 20, sequences: int = 4, seeds: int = 3, seed: int = 0
) -> Finding:
    """Spectral norms of products against the lag, Lyapunov exponents, |λ₂| at a fixed input.

    Measured along `sequences` sequences for each of `seeds` draws of the parameters (one if the
    parameters were given); intervals are Student's over the draws and sequences.
    """
    tangent = Tangent(subject)
    n = tangent.coordinates.size
    if n > WHOLE:
        sequences, seeds, steps = 1, min(seeds, 3), min(steps, 16)
    norms, single, exponents, fixed = [], [], [], []
    for i, params in enumerate(subject.repeats(seeds, seed)):
        x = subject.inputs(sequences, steps, seed + i)
        states = tangent.trajectory(params, x)
        for b in range(sequences):
            norm, lyapunov, first = along(tangent, params, states[:, b], x, b)
            norms.append(norm)
            exponents.append(lyapunov)
            single += first
        fixed.append(settled(tangent, params, {k: v[:1].mean(axis=1) for k, v in x.items()}))
    norms_, exponents_ = np.array(norms), np.array(exponents)
    lags = np.arange(1, norms_.shape[1] + 1)
    low, mid, high = np.quantile(norms_, [0.1, 0.5, 0.9], axis=0)
    qubits, _, _ = size_of_state(subject.run)
    leading = student(exponents_[:, 0], "nats per step")
    values = {
        "lyapunov": leading,
        "decay of the norm": rate(lags, norms_),
        "sigma_1 of one step": student(single),
        "largest sigma_1": exact(float(np.max(single))),
        "lambda_2 at a fixed input": student(fixed),
    }
    gone = np.flatnonzero(norms_.max(axis=0) < 1e-13)
    lost = int(gone[0]) + 1 if len(gone) else None
    notes = list(_notes(subject, float(np.max(single)), qubits, lost))
    curves = [Curve("σ₁ of the product", lags.tolist(), mid, low, high)]
    start = mid[0] / max(np.mean(fixed), 1e-300)
    curves.append(Curve("|λ₂|^k", lags.tolist(), start * np.mean(fixed) ** lags, style="dashed"))
    panels = (
        Panel(
            "What is left of a change of the state",
            "lag (steps)",
            "spectral norm",
            tuple(curves),
            logy=True,
        ),
        _spectrum(exponents_),
    )
    conditions = {
        "steps": int(norms_.shape[1]),
        "sequences": sequences,
        "parameters": len(fixed),
        "seed": seed,
        "inputs": subject.source,
        "coordinates": n,
        "method": "whole matrices" if n <= WHOLE else f"blocks of {BLOCK} directions",
    }
    return Finding(
        "contraction", "Contraction of the state", values, conditions, panels, notes=tuple(notes)
    )


def along(
    tangent: Tangent, params: Any, states: Floats, x: dict[str, Any], sample: int
) -> tuple[Floats, Floats, list[float]]:
    """σ₁ of the products of 1, 2, … steps, the Lyapunov exponents, and σ₁ of every single step."""
    n, steps = states.shape[1], len(states) - 1
    places = [(states[t], at(x, sample, t)) for t in range(steps)]
    if n <= WHOLE:
        return products([tangent.push(params, s, here, np.eye(n)) for s, here in places])
    return _by_blocks(tangent, params, places)


def products(matrices: list[Floats]) -> tuple[Floats, Floats, list[float]]:
    """The same from the steps' matrices, the first step first."""
    n = len(matrices[0])
    whole, q, norms, logs, single = np.eye(n), np.eye(n), [], [], []
    for j in matrices:
        whole = j @ whole
        norms.append(np.linalg.norm(whole, 2))
        single.append(float(np.linalg.norm(j, 2)))
        q, r = np.linalg.qr(j @ q)
        logs.append(np.abs(np.diag(r)))
    return np.array(norms), _exponents(np.array(logs)), single


def _by_blocks(
    tangent: Tangent, params: Any, places: list[tuple[Floats, dict[str, Any]]]
) -> tuple[Floats, Floats, list[float]]:
    """`products` without the matrices: power iteration on a block of directions."""
    n = len(places[0][0])
    start = np.linalg.qr(np.random.default_rng(n).normal(size=(n, min(BLOCK, n))))[0]

    def norm(chain: list[tuple[Floats, dict[str, Any]]], block: Floats) -> tuple[float, Floats]:
        for _ in range(ROUNDS):
            forth = block
            for s, x in chain:
                forth = tangent.push(params, s, x, forth)
            back = forth
            for s, x in reversed(chain):
                back = tangent.pull(params, s, x, back)
            if not np.abs(back).max() > 0:
                break
            block = np.linalg.qr(back / np.abs(back).max())[0]
        return float(np.linalg.norm(forth, 2)), block

    lags = sorted({1, 2, 4, 8, 16} & set(range(1, len(places) + 1)))
    found, block = {}, start
    for lag in lags:
        found[lag], block = norm(places[:lag], block)
    every = np.arange(1, lags[-1] + 1)
    with np.errstate(divide="ignore"):
        logs = np.interp(every, lags, np.log(np.maximum([found[k] for k in lags], 1e-300)))
    q, diagonals = start, []
    for s, x in places:
        q, r = np.linalg.qr(tangent.push(params, s, x, q))
        diagonals.append(np.abs(np.diag(r)))
    single = [norm([place], start)[0] for place in places[:: max(1, len(places) // 3)]]
    return np.exp(logs), _exponents(np.array(diagonals)), single


def settled(tangent: Tangent, params: Any, x: dict[str, Any]) -> float:
    """|λ₂|: the spectral radius of the derivative at a constant input, where the state settles.

    `x`: the input, (1, …) by name; empty for a cell that has none.
    """
    here = {name: np.repeat(value[:, None], SETTLE, axis=1) for name, value in x.items()}
    here = here or {"steps": np.zeros((1, SETTLE))}
    state = tangent.trajectory(params, here)[-1, 0]
    one = {name: value[0] for name, value in x.items()}
    n = len(state)
    if n <= WHOLE:
        matrix = tangent.push(params, state, one, np.eye(n))
        return float(np.abs(np.linalg.eigvals(matrix)).max())
    from scipy.sparse.linalg import LinearOperator, eigs

    operator = LinearOperator(
        (n, n),
        matvec=lambda v: tangent.push(params, state, one, np.reshape(v, (n, 1)))[:, 0],
        dtype=float,
    )
    start = np.random.default_rng(n).normal(size=n)
    return float(np.abs(eigs(operator, k=1, v0=start, tol=1e-3, return_eigenvectors=False)).max())


def _exponents(diagonals: Floats) -> Floats:
    """Mean logarithms along the steps; −∞ where a direction is lost for good."""
    with np.errstate(divide="ignore"):
        return np.sort(np.log(np.where(diagonals < 1e-14, 0.0, diagonals)).mean(axis=0))[::-1]


def _spectrum(exponents: Floats) -> Panel:
    shown = exponents[:, : min(16, exponents.shape[1])]
    index = list(range(1, shown.shape[1] + 1))
    with np.errstate(invalid="ignore"):
        low, mid, high = np.quantile(np.maximum(shown, -40), [0.1, 0.5, 0.9], axis=0)
    curve = Curve("median and 10–90 %", index, mid, low, high, "points")
    return Panel("Lyapunov spectrum", "number", "nats per step", (curve,))


def _notes(subject: Subject, sigma: float, qubits: int, lost: int | None) -> Any:
    ops = subject.run.cell.ops
    if any(isinstance(op, Postselect) for op in ops):
        yield "postselection renormalises: this is the derivative at the trajectory, no channel"
    if sigma < 1:
        yield f"every step has σ₁ ≤ {sigma:.4g} < 1: after k steps at most {sigma:.4g}^k is left"
    else:
        yield f"some step has σ₁ = {sigma:.4g} ≥ 1: single steps bound nothing, the product does"
    if qubits and not any(isinstance(op, Postselect) for op in ops):
        yield f"the trace norm of a change never grows, so no product exceeds √(2^{qubits})"
    if lost is not None:
        yield f"nothing at all is left of a change after {lost} steps"
