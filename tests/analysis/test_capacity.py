"""Memory capacity against delay lines, linear networks in closed form, and noise."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.cells import DELAY, of
from qrnnlang.analysis.capacity import capacities, capacity, targets_of
from qrnnlang.analysis.finding import NotDefined


def driven(matrix: np.ndarray, into: np.ndarray, u: np.ndarray) -> np.ndarray:
    states, h = [], np.zeros(len(into))
    for value in u:
        h = matrix @ h + into * value
        states.append(h)
    return np.array(states)


def closed_form(matrix: np.ndarray, into: np.ndarray, delays: int) -> np.ndarray:
    """Capacities of a linear network for the input k steps ago: vᵀ Aᵏᵀ C⁻¹ Aᵏ v, C = Σ_j Aʲ v vᵀ Aʲᵀ."""
    moved = [into]
    for _ in range(2000):
        moved.append(matrix @ moved[-1])
    covariance = np.array(moved).T @ np.array(moved)
    inverse = np.linalg.inv(covariance)
    return np.array([moved[k] @ inverse @ moved[k] for k in range(delays + 1)])


def test_a_delay_line_of_registers_stores_exactly_its_length() -> None:
    """Fresh qubits with ⟨Z⟩ = u become memory and are let go: three delays are perfect, no other."""
    found = capacity(
        of(DELAY, domain=(-1, 1)), samples=1500, washout=50, delays=6, degree=2, seeds=1
    )
    linear = dict(zip(found.panels[0].curves[0].x, found.panels[0].curves[0].y, strict=True))
    # The register is read before it moves on: it holds the inputs 1 to 3 steps ago.
    # Targets are orthonormal on the sample, which mixes in the shorter delays a little.
    assert [linear[k] for k in range(7)] == pytest.approx([0, 1, 1, 1, 0, 0, 0], abs=5e-3)
    assert found.values["total"].value == pytest.approx(3, abs=0.01)
    assert found.values["readouts"].value == 3
    assert found.values["degree 2"].value == 0


def test_a_linear_echo_state_network_against_its_closed_form() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=(6, 6))
    a *= 0.8 / np.abs(np.linalg.eigvals(a)).max()
    v = rng.normal(size=6)
    u = rng.uniform(-1, 1, 20_000)
    found = capacities(u, driven(a, v, u), 200, 20, 1)
    known = closed_form(a, v, 20)
    for k, c in found.linear().items():
        assert c == pytest.approx(known[k], abs=0.02)
    assert found.rank == 6
    # Jaeger: the capacity of a linear network with n independent nodes is n.
    assert closed_form(a, v, 400).sum() == pytest.approx(6, abs=1e-6)
    assert found.found.sum() <= 6


def test_a_cyclic_reservoir_has_the_published_capacity() -> None:
    """Rodan and Tiňo (IEEE Trans. Neural Netw. 22 (2011) 131): without the current input, a linear

    ring of N units of weight r has memory capacity N − (1 − r^{2N}).
    """
    n, r = 5, 0.7
    ring = r * np.roll(np.eye(n), 1, axis=0)
    v = np.array([1.0, -1, 1, 1, -1])
    known = closed_form(ring, v, 500)
    assert known[1:].sum() == pytest.approx(n - (1 - r ** (2 * n)), abs=1e-6)
    u = np.random.default_rng(1).uniform(-1, 1, 20_000)
    found = capacities(u, driven(ring, v, u), 100, 25, 1).linear()
    assert sum(c for k, c in found.items() if k) == pytest.approx(n - (1 - r ** (2 * n)), abs=0.05)


@pytest.mark.long
def test_the_same_network_written_in_the_language() -> None:
    source = """cell A { input u: real; carry h: real[3] = 0; fixed A: real[3, 3] ~ normal(0, 0.3); fixed v: real[3] ~ normal(0, 1);
      let new = A @ h + v * u; next h = new; output y = new; }"""
    of_it = of(source, domain=(-1, 1))
    found = capacity(of_it, samples=4000, washout=100, delays=10, degree=1, seeds=1)
    params = of_it.params(0)
    known = closed_form(params["A"], params["v"], 10)
    np.testing.assert_allclose(
        found.panels[0].curves[0].y, np.where(known > 0.01, known, 0), atol=0.03
    )
    assert found.values["total"].value <= 3 + 1e-9


def test_noise_has_no_capacity() -> None:
    rng = np.random.default_rng(2)
    u = rng.uniform(-1, 1, 4000)
    totals = [capacities(u, rng.normal(size=(4000, 8)), 50, 15, 3).found.sum() for _ in range(3)]
    assert sorted(totals)[1] == 0
    assert max(totals) < 0.05


def test_the_total_never_exceeds_the_independent_readouts() -> None:
    """Readouts that hold functions of the input, some twice: Bessel's inequality on the sample."""
    u = np.random.default_rng(3).uniform(-1, 1, 1000)
    lagged = np.array([np.roll(u, k) for k in range(4)])
    y = np.array(
        [*lagged, lagged[0] * lagged[1], lagged[0] ** 3, 2 * lagged[0], lagged[1] + lagged[2]]
    ).T
    found = capacities(u, y, 20, 10, 3)
    assert found.rank == 6
    assert 5.5 < found.found.sum() <= 6 + 1e-9
    assert found.of_degree(2) == pytest.approx(1, abs=0.05)


def test_targets_have_their_degree() -> None:
    every = list(targets_of(8, 3))
    assert len(set(every)) == len(every)
    assert {sum(n for _, n in t) for t in every} == {1, 2, 3}
    assert ((0, 1), (1, 1)) in every
    assert ((0, 2),) in every
    assert max(d for t in every for d, _ in t) == 8


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="samples after the washout"):
        capacity(of(DELAY, domain=(-1, 1)), samples=100, washout=10)


def test_without_real_inputs_there_is_no_capacity() -> None:
    with pytest.raises(NotDefined, match="not real numbers"):
        capacity(of("cell A { carry m: qubit; ry(0.3) m; output y = expect(Z(m)); }"))
