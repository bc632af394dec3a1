"""Fisher information, effective dimension, plateaus and landscapes in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

import qrnnlang as qr
from analysis.cells import of
from qrnnlang.analysis.finding import NotDefined
from qrnnlang.analysis.fisher import effective_dimension, fisher, normalised
from qrnnlang.analysis.landscape import landscape
from qrnnlang.analysis.plateau import decay, gradients, plateau
from qrnnlang.analysis.subject import subject


def test_a_linear_model_has_the_moments_of_its_input() -> None:
    """y = w·x: F = E x xᵀ, here per step, whatever w is."""
    of_it = of("cell A { input x: real[3]; param w: real[3]; output y = dot(w, x); }")
    found = fisher(of_it, steps=5, sequences=32, seeds=2)
    x = of_it.inputs(32, 5, 0)["x"]
    known = np.einsum("bti,btj->ij", x, x) / 32
    assert found.values["trace"].value == pytest.approx(np.trace(known))
    assert found.conditions["likelihood"] == "gaussian"
    eigen = np.linalg.eigvalsh(known) * 3 / np.trace(known)
    kappa = 10_000 / (2 * math.pi * math.log(10_000))
    dimension = np.log(1 + kappa * eigen).sum() / math.log(kappa)
    assert found.values["effective dimension"].value == pytest.approx(dimension)


def test_bernoulli_and_categorical_likelihoods() -> None:
    """p = sin²(t/2) has Fisher information 1 about t, for any t."""
    source = "cell A { input x: real; fresh q: qubit; param t: angle; ry(t) q; output y = OUT; }"
    for out, named in (("prob(q == 1)", "bernoulli"), ("prob(q)", "categorical")):
        found = fisher(
            of(source.replace("OUT", out)), steps=1, sequences=2, seeds=3, likelihood=named
        )
        assert found.values["trace"].value == pytest.approx(1, abs=1e-6)


def test_softmax_of_logits() -> None:
    """Two logits (w, 0): F = p(1 − p), p = sigmoid(w)."""
    of_it = of("cell A { input x: real; param w: real; output y = [w, 0]; }")
    found = fisher(of_it, steps=1, sequences=2, seeds=1, likelihood="logits")
    p = 1 / (1 + math.exp(-float(of_it.params(0)["w"])))
    assert found.values["trace"].value == pytest.approx(p * (1 - p))


def test_a_parameter_that_does_nothing_has_no_dimension() -> None:
    """Of two angles of RZ then RY on |0⟩ only one matters: the eigenvalues of F̂ are 2 and 0."""
    of_it = of(
        "cell A { input x: real; fresh q: qubit; param t: angle[2]; rz(t[0]) q; ry(t[1]) q; output y = expect(Z(q)); }"
    )
    found = fisher(of_it, steps=1, sequences=2, seeds=4)
    assert found.values["share of eigenvalues below 1e-3 of the largest"].value == pytest.approx(
        0.5
    )
    assert found.values["effective dimension"].value < 1.2


def test_the_effective_dimension_of_known_matrices() -> None:
    full = np.array([np.eye(4)] * 3)
    kappa = 1e6 / (2 * math.pi * math.log(1e6))
    assert effective_dimension(full, 1_000_000).value == pytest.approx(
        4 * math.log(1 + kappa) / math.log(kappa)
    )
    one = normalised(np.array([np.diag([1.0, 0, 0, 0])] * 3))
    assert effective_dimension(one, 1_000_000).value == pytest.approx(
        math.log(1 + 4 * kappa) / math.log(kappa)
    )
    with pytest.raises(ValueError, match="more data"):
        effective_dimension(full, 10)


def haar_variance(qubits: int) -> float:
    """Var ∂⟨Z⟩/∂θ of exp(−iθX/2) between two 2-designs: N²/(2 (N² − 1)(N + 1)).

    With A = i[X, ρ]/2: E tr(A O)² = tr O² tr A²/(N² − 1), tr O² = N, tr A² = (1 − ⟨X⟩²)/2,
    E⟨X⟩² = 1/(N + 1).
    """
    n = 2**qubits
    return n * n / (2 * (n * n - 1) * (n + 1))


@pytest.mark.long
def test_a_two_design_decays_by_its_closed_form() -> None:
    source = """cell A(n: int = 4) { input x: real; fresh q: qubit[n]; fixed U: unitary[n] ~ haar; fixed V: unitary[n] ~ haar; param t: angle;
      apply(U) q; rx(t) q[0]; apply(V) q; output y = expect(Z(q[0])); }"""
    found = plateau(of(source), vary={"n": (1, 2, 3, 4)}, steps=1, starts=250)
    for n, row in zip((1, 2, 3, 4), found.tables["n"].rows, strict=True):
        assert row[3] * 0.9 < haar_variance(n) < row[4] * 1.1
    exponent = found.values["exponent per qubit"]
    x = np.arange(1, 5)
    known = -np.polyfit(x, np.log([haar_variance(n) for n in x]), 1)[0]
    assert exponent.low - 0.03 < known < exponent.high + 0.03
    assert 0.4 < exponent.value < math.log(2) + 0.15


def test_a_product_circuit_has_no_plateau() -> None:
    """y = ⟨Z_0⟩ after one RY a qubit: one gradient entry, −sin θ, of variance 1/2 for any n."""
    source = "cell A(n: int = 3) { input x: real; fresh q: qubit[n]; param t: angle[n]; ry(t) q; output y = expect(Z(q[0])); }"
    found = plateau(of(source), vary={"n": (1, 2, 3)}, steps=1, starts=200)
    assert abs(found.values["exponent per qubit"].value) < 0.05
    assert found.tables["n"].rows[2][2] == pytest.approx(0.5, abs=0.08)


def test_the_gradients_are_the_derivatives() -> None:
    of_it = of(
        "cell A { input x: real; fresh q: qubit; param t: angle; ry(t) q; output y = expect(Z(q)); }"
    )
    found = gradients(of_it, 1, 5, seed=3)[:, 0]
    known = [-math.sin(float(of_it.params(3 + i)["t"])) for i in range(5)]
    np.testing.assert_allclose(found, known, atol=1e-12)


def test_an_exponent_of_known_data() -> None:
    rng = np.random.default_rng(0)
    x = [1, 2, 3, 4]
    samples = [rng.normal(size=(400, 5)) * math.exp(-0.4 * n) for n in x]
    found, _ = decay(x, samples)
    assert found.low < 0.8 < found.high
    assert found.high - found.low < 0.2


def test_names_that_do_not_exist() -> None:
    of_it = of(
        "cell A { input x: real; fresh q: qubit; param t: angle; ry(t) q; output y = expect(Z(q)); }"
    )
    with pytest.raises(ValueError, match="no int hyperparameter `n`"):
        plateau(of_it, vary={"n": (1, 2)})
    with pytest.raises(NotDefined, match="nothing to vary"):
        plateau(of_it)


def test_slices_of_a_parabola() -> None:
    """L = w² over one parameter: curvature 2 along its only direction, one minimum on the line."""
    source = """qrnn 1.0; cell C { input x: real; fresh q: qubit; ry(x) q; output y = expect(Z(q)); }
    model M { input x: seq real; target y: seq real; use c = C(); param w: real; output z = c(x) * 0 + w; loss mse(z, y * 0);
    data series.sine(points = 40) { x = column(0); y = shift(column(0), 1); window = 4; stride = 4; split = (0.8, 0.2); } }"""
    model = qr.loads(source)
    found = landscape(subject(model, dataset=model.data()), slices=2)
    assert found.values["curvature"].value == pytest.approx(2, rel=1e-6)
    assert found.values["minima on a slice"].value == 1
