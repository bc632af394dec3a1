"""Contraction against channels whose transfer matrices are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.cells import DELAY, DEPOLARISED, RESET, of
from qrnnlang.analysis.contraction import along, contraction, products
from qrnnlang.analysis.subject import Subject
from qrnnlang.analysis.tangent import Tangent
from qrnnlang.ir.density import Density, Factor
from qrnnlang.ir.graph import build
from qrnnlang.ir.interpreter import State, run_cell
from qrnnlang.ir.members import Member

PAULIS = [
    np.eye(2),
    np.array([[0, 1], [1, 0]]),
    np.array([[0, -1j], [1j, 0]]),
    np.diag([1, -1]),
]


def transfer(subject: Subject, x: dict[str, float], qubits: int) -> np.ndarray:
    """The channel's matrix on traceless operators in the Pauli basis, by the interpreter."""
    graph = build(subject.run.cell)
    basis = [np.eye(1)]
    for _ in range(qubits):
        basis = [np.kron(a, b) for a in basis for b in PAULIS]
    d = 2**qubits
    wires = graph.carried_wires

    def image(rho: np.ndarray) -> np.ndarray:
        state = State((Member({}, Density((Factor(wires, rho.astype(complex)),))),), {}, wires)
        given = {k: np.full((1,), v) for k, v in x.items()}
        after = run_cell(graph, subject.params(0), given, state, None if x else 1)[1]
        return after.density

    columns = []
    for p in basis[1:]:
        moved = image((np.eye(d) + p) / d) - image(np.eye(d) / d)
        columns.append([np.trace(q @ moved).real for q in basis[1:]])
    return np.array(columns).T


@pytest.mark.parametrize(
    ("source", "qubits", "x"),
    [
        (DEPOLARISED, 1, {"x": 0.3}),
        (RESET, 2, {}),
        pytest.param(DELAY, 3, {"x": 0.3}, marks=pytest.mark.long),
    ],
)
def test_the_derivative_is_the_transfer_matrix(
    source: str, qubits: int, x: dict[str, float]
) -> None:
    subject = of(source)
    tangent = Tangent(subject)
    n = tangent.coordinates.size
    start = np.asarray(tangent.start(subject.params(0), 1))[0]
    found = tangent.push(
        subject.params(0), start, {k: np.array(v) for k, v in x.items()}, np.eye(n)
    )
    known = transfer(subject, x, qubits)
    assert n == 4**qubits - 1
    np.testing.assert_allclose(
        np.linalg.svd(found, compute_uv=False), np.linalg.svd(known, compute_uv=False), atol=1e-12
    )
    np.testing.assert_allclose(np.trace(found @ found), np.trace(known @ known), atol=1e-12)
    pulled = tangent.pull(
        subject.params(0), start, {k: np.array(v) for k, v in x.items()}, np.eye(n)
    )
    np.testing.assert_allclose(pulled, found.T, atol=1e-12)


def test_a_depolarised_qubit_forgets_at_its_rate() -> None:
    found = contraction(of(DEPOLARISED), steps=12, sequences=2, seeds=1)
    assert found.values["lyapunov"].value == pytest.approx(math.log(0.8), abs=1e-9)
    assert found.values["decay of the norm"].value == pytest.approx(0.8, abs=1e-9)
    assert found.values["lambda_2 at a fixed input"].value == pytest.approx(0.8, abs=1e-9)
    np.testing.assert_allclose(found.panels[0].curves[0].y, 0.8 ** np.arange(1, 13), rtol=1e-9)
    assert any("< 1" in note for note in found.notes)


@pytest.mark.long
def test_a_unitary_forgets_nothing() -> None:
    subject = of(
        "cell A { input x: real; carry m: qubit[2]; rx(x) m; cx m[0], m[1]; output y = expect(Z(m)); }"
    )
    found = contraction(subject, steps=6, sequences=1, seeds=1)
    assert found.values["lyapunov"].value == pytest.approx(0, abs=1e-10)
    assert found.values["sigma_1 of one step"].value == pytest.approx(1, abs=1e-10)


@pytest.mark.long
def test_a_single_step_bounds_nothing_where_the_channel_is_not_unital() -> None:
    """σ₁ = √2 in every step, and yet nothing at all is left after three."""
    found = contraction(of(DELAY), steps=6, sequences=1, seeds=1)
    assert found.values["largest sigma_1"].value == pytest.approx(math.sqrt(2), abs=1e-9)
    norms = np.asarray(found.panels[0].curves[0].y)
    assert norms[1] > 1
    np.testing.assert_allclose(norms[2:], 0, atol=1e-12)
    assert found.values["lyapunov"].value == -np.inf
    assert found.values["lambda_2 at a fixed input"].value < 1e-4
    assert "nothing at all is left of a change after 3 steps" in found.notes


def test_eigenvalues_bound_nothing_where_the_channel_is_not_normal() -> None:
    """Against powers of the interpreter's own matrix: |λ₂|^k is far below ‖R^k‖ at short lags."""
    subject = of(RESET)
    tangent = Tangent(subject)
    matrix = transfer(subject, {}, 2)
    radius = float(np.abs(np.linalg.eigvals(matrix)).max())
    powers = [np.linalg.norm(np.linalg.matrix_power(matrix, k), 2) for k in range(1, 13)]
    norms, _, single = products([matrix] * 12)
    np.testing.assert_allclose(norms, powers, rtol=1e-9)
    assert 0.1 < radius < 0.95
    assert powers[0] > 1 > radius
    assert powers[1] > 1.5 * radius**2
    assert single[0] == pytest.approx(powers[0])
    # The Lyapunov exponent is the asymptotic rate, which is |λ₂| here.
    long = products([matrix] * 400)[1][0]
    assert long == pytest.approx(math.log(radius), abs=0.01)
    n = tangent.coordinates.size
    states = np.repeat(np.asarray(tangent.start({}, 1)), 13, axis=0)
    by_engine = along(tangent, {}, states, {}, 0)
    np.testing.assert_allclose(by_engine[0], powers, rtol=1e-9)
    assert n == 15


def test_the_trace_norm_of_a_change_never_grows() -> None:
    matrix_of = of(RESET)
    graph = build(matrix_of.run.cell)
    rng = np.random.default_rng(5)
    wires = graph.carried_wires

    def image(rho: np.ndarray) -> np.ndarray:
        state = State((Member({}, Density((Factor(wires, rho),))),), {}, wires)
        return run_cell(graph, {}, {}, state, 1)[1].density

    def random() -> np.ndarray:
        a = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        return a @ a.conj().T / np.trace(a @ a.conj().T)

    for _ in range(20):
        a, b = random(), random()
        before, after = a - b, image(a) - image(b)
        assert np.linalg.norm(after, "nuc") <= np.linalg.norm(before, "nuc") + 1e-12
    norms, _, _ = products([transfer(matrix_of, {}, 2)] * 12)
    assert norms.max() <= 2 + 1e-12  # √(2^2)


@pytest.mark.long
def test_blocks_of_directions_agree_with_whole_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    from qrnnlang.analysis import contraction as module

    subject = of(RESET)
    tangent = Tangent(subject)
    states = np.repeat(np.asarray(tangent.start({}, 1)), 9, axis=0)
    whole = along(tangent, {}, states, {}, 0)
    settled = module.settled(tangent, {}, {})
    monkeypatch.setattr(module, "WHOLE", 1)
    monkeypatch.setattr(module, "ROUNDS", 30)
    blocks = along(tangent, {}, states, {}, 0)
    np.testing.assert_allclose(blocks[0][[0, 1, 3, 7]], whole[0][[0, 1, 3, 7]], rtol=1e-6)
    assert module.settled(tangent, {}, {}) == pytest.approx(settled, rel=1e-3)


@pytest.mark.long
def test_a_linear_network_has_its_matrix() -> None:
    """h ← A h + x: the derivative is A everywhere."""
    subject = of(
        "cell A { input x: real; carry h: real[2] = 0; next h = [0.5 * h[0] + 0.9 * h[1], 0.3 * h[1] + x]; output y = h; }"
    )
    found = contraction(subject, steps=10, sequences=1, seeds=1)
    a = np.array([[0.5, 0.9], [0, 0.3]])
    powers = [np.linalg.norm(np.linalg.matrix_power(a, k), 2) for k in range(1, 11)]
    np.testing.assert_allclose(found.panels[0].curves[0].y, powers, rtol=1e-9)
    assert found.values["lambda_2 at a fixed input"].value == pytest.approx(0.5)
    assert found.values["largest sigma_1"].value > 1
