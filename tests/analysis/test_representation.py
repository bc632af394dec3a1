"""Expressibility, entangling capability, entanglement and Fourier frequencies of known circuits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.cells import BELL, ENTANGLER, of
from qrnnlang.analysis.entanglement import entanglement, shared
from qrnnlang.analysis.entangling import entangling, meyer_wallach
from qrnnlang.analysis.expressibility import BINS, divergence, expressibility, haar_floor
from qrnnlang.analysis.finding import NotDefined
from qrnnlang.analysis.fourier import fourier
from qrnnlang.analysis.pure import sampled
from qrnnlang.runtime.init import init
from qrnnlang.sema.closed import ParamSpec


def haar_states(qubits: int, count: int) -> np.ndarray:
    spec = ParamSpec("U", (2**qubits, 2**qubits, 2), False, "unitary", ("haar",))
    drawn = np.array([init([spec], seed)["U"] for seed in range(count)])
    return drawn[:, :, 0, 0] + 1j * drawn[:, :, 0, 1]


def test_haar_states_diverge_from_haar_by_no_more_than_the_sample() -> None:
    states = haar_states(2, 2000)
    f = np.abs((states[:1000].conj() * states[1000:]).sum(axis=1)) ** 2
    assert divergence(f, 2) < 2 * haar_floor(2, 1000)
    assert haar_floor(2, 1000) == pytest.approx((BINS - 1) / 2000, rel=0.3)


@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_an_idle_circuit_diverges_by_its_closed_form(qubits: int) -> None:
    """All fidelities are 1, in the last bin, of Haar probability (1/bins)^(N−1)."""
    found = expressibility(
        of(
            f"cell A {{ param t: angle; carry m: qubit[{qubits}]; rz(t) m; output y = expect(Z(m)); }}"
        )
    )
    assert found.values["divergence"].value == pytest.approx((2**qubits - 1) * math.log(BINS))


def test_more_layers_are_more_expressive() -> None:
    source = (
        ENTANGLER
        + " cell A { param t: angle[LAYERS, 2, 3]; carry m: qubit[2]; g(t) m; output y = expect(Z(m)); }"
    )
    one, four = (expressibility(of(source.replace("LAYERS", n))).values["divergence"] for n in "14")
    assert one.low > 5 * four.high
    assert four.value < 0.02


def test_product_and_ghz_states() -> None:
    ghz = np.zeros((1, 16), complex)
    ghz[0, [0, -1]] = math.sqrt(0.5)
    assert meyer_wallach(ghz)[0] == pytest.approx(1)
    rng = np.random.default_rng(1)
    product = np.ones(1, complex)
    for _ in range(4):
        v = rng.normal(size=2) + 1j * rng.normal(size=2)
        product = np.kron(product, v / np.linalg.norm(v))
    assert meyer_wallach(product[None])[0] == pytest.approx(0, abs=1e-12)
    # One Bell pair and two idle qubits: half of the qubits are mixed.
    pair = np.kron(np.array([1, 0, 0, 1]) / math.sqrt(2), [1, 0, 0, 0]).astype(complex)
    assert meyer_wallach(pair[None])[0] == pytest.approx(0.5)


def test_haar_states_are_as_entangled_as_they_should_be() -> None:
    assert meyer_wallach(haar_states(3, 1500)).mean() == pytest.approx(6 / 9, abs=0.01)


def test_circuits_of_known_entanglement() -> None:
    ghz = of(
        "cell A { param t: angle; carry m: qubit; fresh e: qubit[2]; h m; cx m, e[0]; cx m, e[1]; rz(t) m; output y = expect(Z(e)); }"
    )
    assert entangling(ghz).values["Meyer–Wallach"].value == pytest.approx(1)
    apart = of(
        "cell A { param t: angle; carry m: qubit; fresh e: qubit[2]; h m; ry(t) e; output y = expect(Z(e)); }"
    )
    states = sampled(apart, 20)
    assert [s.qubits for s in states] == [1, 1, 1]
    assert entangling(apart, states=states).values["Meyer–Wallach"].value == pytest.approx(
        0, abs=1e-12
    )


def test_sampled_states_are_those_of_the_engine() -> None:
    """Read-outs of the first step against the same of the state vectors, for many kinds of gates."""
    source = """cell A { input x: real; carry m: qubit[2] { h m[0]; } fresh e: qubit[2]; param t: angle[6]; fixed U: unitary[2] ~ haar;
      ry(x) e; crx(t[0]) e[0], m[0]; rzz(t[1]) m[0], m[1]; apply(U) [e[1], m[0]]; ctrl @ ry(t[2]) m[1], e[0]; u(t[3], t[4], t[5]) m[1];
      evolve(0.3 * X(m[0]) * X(e[0]) + t[0] * Z(m[1]), 0.8); cswap e[0], m[0], m[1]; ctrl(2) @ x e[0], m[0], m[1]; let p = postselect e[1] == 0;
      output y = [expect(Z(m)), expect(X(e[0])), expect(Y(m[0]) * Z(m[1])), p]; }"""
    from qrnnlang.analysis.exposed import circuits
    from qrnnlang.analysis.kets import Step
    from qrnnlang.sema.closed import CellOutput, QubitCarry

    of_it = of(source)
    cell = of_it.run.cell
    rng = np.random.default_rng(0)
    x, t = rng.uniform(-1, 1, 3), rng.uniform(-3, 3, (3, 6))
    step = Step(circuits(cell), {"x": x, "t": t}, of_it.params(0), 3, {})
    step.run(cell, [w for c in cell.carries if isinstance(c, QubitCarry) for w in c.wires])
    found = step.values[cell.outputs[0].ref]
    for i in range(3):
        known = of_it.model({**of_it.params(0), "t": t[i]}, x[i].reshape(1, 1))["y"][0, 0]
        np.testing.assert_allclose(found[i], known, atol=1e-12)
    assert any(isinstance(op, CellOutput) for op in of_it.closed.ops)


def test_noise_and_measurements_have_no_unitary() -> None:
    with pytest.raises(NotDefined, match="noise"):
        expressibility(
            of(
                "cell A { param t: angle; carry m: qubit; ry(t) m; bit_flip(0.1) m; output y = expect(Z(m)); }"
            )
        )
    with pytest.raises(NotDefined, match="measures"):
        entangling(
            of(
                "cell A { param t: angle; carry m: qubit; ry(t) m; let b = measure m; if (b) { x m; } output y = expect(Z(m)); }"
            )
        )


def test_a_bell_pair_between_memory_and_what_is_discarded() -> None:
    found = entanglement(of(BELL), steps=3, sequences=1, seeds=1)
    assert found.values["negativity"].value == pytest.approx(0.5)
    assert found.values["information"].value == pytest.approx(2)
    assert found.values["purity"].value == pytest.approx(0.5)
    assert found.values["rank"].value == 2
    assert found.values["entropy"].value == pytest.approx(1)


def test_classical_correlation_is_no_entanglement() -> None:
    rho = np.diag([0.5, 0, 0, 0.5]).astype(complex)
    found = shared(rho, 2)
    assert found.negativity == pytest.approx(0, abs=1e-12)
    assert found.information == pytest.approx(1)


def test_a_partly_entangled_pair() -> None:
    """cos a |00⟩ + sin a |11⟩ has negativity |sin 2a|/2."""
    a = 0.4
    psi = np.array([math.cos(a), 0, 0, math.sin(a)])
    assert shared(np.outer(psi, psi).astype(complex), 2).negativity == pytest.approx(
        math.sin(2 * a) / 2
    )


def test_the_memory_left_by_the_rebuilt_cell_is_the_models() -> None:
    import qrnnlang as qr
    from qrnnlang.analysis.subject import subject

    model = qr.loads(
        "qrnn 1.0; import std.cells; model M { input x: seq real[1]; use c = LiStaggered(history = 2); output y = c(x); }"
    )
    of_it = subject(model)
    params, x = of_it.params(0), of_it.inputs(1, 5)
    rho = model.states(params, x["x"])["c.h"][0]
    known = [float(np.trace(r @ r).real) for r in rho]
    found = entanglement(of_it, steps=5, sequences=1, seeds=1)
    assert found.conditions["discarded"] == 1
    np.testing.assert_allclose(found.panels[1].curves[0].y, known, atol=1e-10)


@pytest.mark.parametrize("uploads", [1, 2, 3])
def test_re_uploading_reaches_as_many_frequencies_as_uploads(uploads: int) -> None:
    source = "cell A(n: int = {n}) {{ input x: real; carry m: qubit; param t: angle[n, 2]; for i in 0..n {{ rx(x) m; ry(t[i, 0]) m; rz(t[i, 1]) m; }} output y = expect(Z(m)); }}"
    found = fourier(of(source.format(n=uploads)), seeds=4)
    assert found.values["accessible"].value == uploads
    assert found.values["highest accessible"].value == pytest.approx(uploads)
    assert found.values["seen"].value == uploads
    assert found.values["weight elsewhere"].value < 1e-25


def test_the_weights_of_a_cosine() -> None:
    """⟨Z⟩ = cos 2x: all weight at frequency 2, |c₂|² + |c₋₂|² = 1/2."""
    found = fourier(
        of("cell A { input x: real; fresh q: qubit; ry(2 * x) q; output y = expect(Z(q)); }"),
        seeds=1,
    )
    weights = {round(row[0], 6): row[1] for row in found.tables["weights"].rows}
    assert weights[2.0] == pytest.approx(0.5)
    assert sum(weights.values()) == pytest.approx(0.5)


def test_controlled_rotations_and_evolutions_have_their_gaps() -> None:
    half = fourier(
        of(
            "cell A { input x: real; fresh q: qubit[2]; h q; crx(x) q[0], q[1]; rz(0.3) q[1]; output y = expect(Y(q[1]) * X(q[0])); }"
        ),
        seeds=1,
    )
    assert half.values["accessible"].value == 2
    assert half.values["highest accessible"].value == pytest.approx(1)
    gaps = fourier(
        of(
            "cell A { input x: real; fresh q: qubit[2]; h q; evolve(Z(q[0]) + 2 * Z(q[1]), x); output y = expect(X(q)); }"
        ),
        seeds=1,
    )
    assert gaps.values["highest accessible"].value == pytest.approx(6)  # energies ±3, ±1
    assert gaps.values["weight elsewhere"].value < 1e-25


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("fresh q: qubit; ry(arccos(x)) q; output y = expect(Z(q));", "not affine"),
        ("fresh q: qubit; ry(0.4) q; output y = x * expect(Z(q));", "no angle"),
        (
            "fresh q: qubit; ry(x) q; let z = expect(Z(q)); rx(z) q; output y = expect(Z(q));",
            "read-out",
        ),
    ],
)
def test_what_is_no_trigonometric_polynomial(body: str, why: str) -> None:
    with pytest.raises(NotDefined, match=why):
        fourier(of(f"cell A {{ input x: real; {body} }}"))
