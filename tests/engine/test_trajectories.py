"""Sampled trajectories against the exact result, within their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.engine import memory

HEAD = "qrnn 1.0; cell A { input x: real; carry m: qubit[2]; fresh e: qubit; "
CELLS = {
    "discarded": "ry(x) e; h m[0]; rx(0.4) m; cx m[0], e; crz(0.7) e, m[1]; "
    "output y = [expect(Z(e)), expect(X(m[0]) * Z(m[1]))]; }",
    "reset and measured": "carry b: bit; ry(x) e; ry(0.5) m; cx m[0], m[1]; if (b) { x m[0]; } "
    "let k = measure e; next b = k; reset m[0]; ry(x + 0.3) m[0]; cz m[0], m[1]; ry(0.9) m; "
    "output y = prob(m); output z = prob(k); }",
    "noise": "ry(x) [e, m]; cx e, m; depolarizing(0.2) m; amplitude_damping(0.3) m[0]; "
    "phase_damping(0.4) m[1]; bit_flip(0.1) e; phase_flip(0.2) m; "
    "pauli_channel(0.1, 0.05, 0.2) m[0]; rx(0.3) m; output y = expect(Z([m, e])); }",
    "postselected": "ry(x) e; ry(0.6) m; cx m[0], e; cx m[1], m[0]; ry(0.8) [e, m]; "
    "let p = postselect e == 0; output y = [p, expect(Z(m[0])), expect(X(m[1]))]; }",
    "feedback": "carry c: real = 0.2; ry(x + c) e; ry(c) m; cx e, m; let z = expect(Z(m[0])); "
    "next c = 0.5 * z + 0.1 * c; rx(z) m; output y = [expect(Y(m[1])), c]; }",
    "evolved": "fresh q: qubit[2]; h e; ry(x) m; let H = 0.7 * X(m[0]) * X(e) + Z(m[0]) + 0.4 * Y(m[1]) * Z(e); "
    "evolve(H, 0.6); prepare([0.6, x, 0.3, 0.1]) q; cx q[0], m[1]; output y = expect(Z(m)); }",
}


@pytest.mark.parametrize("name", CELLS)
def test_the_mean_is_exact_within_the_error(name: str) -> None:
    model = qr.loads(HEAD + CELLS[name])
    x = np.array([[0.4, -0.9, 0.7], [1.1, 0.2, -0.3]])
    exact = model({}, x)
    found = model.trajectories({}, x, count=4000, seed=3)
    assert found.count == 4000
    for output, values in exact.items():
        error = found.std_error[output]
        assert found[output].shape == values.shape == error.shape
        far = np.abs(found[output] - values) / np.maximum(error, 1e-12)
        # Errors estimated from 16 groups: Student's t, 60 numbers at most.
        assert (np.abs(found[output] - values) < 5 * error + 1e-9).all(), far
        assert (error < 0.05).all()


MODEL = """qrnn 1.0;
cell C { input x: real; carry m: qubit; fresh e: qubit; param w: angle[2];
    ry(x) e; rx(w[0]) m; cx e, m; ry(w[1]) m; output z = expect(Z(m)); }
model M { use c = C(); use h = Linear(inputs = 1, outputs = 1); input x: seq real; target y: real;
    output p = h(last(c(x))); loss mse(p, y); }
"""


def test_a_model_around_a_cell_and_the_seed() -> None:
    model = qr.loads(MODEL)
    params = model.init(1)
    x = np.linspace(-1, 1, 8).reshape(2, 4)
    found = model.trajectories(params, x, count=2000, seed=5, lengths=[4, 2])
    exact = model(params, x, lengths=[4, 2])["p"]
    assert (np.abs(found["p"] - exact) < 5 * found.std_error["p"]).all()
    again = model.trajectories(params, x, count=2000, seed=5, lengths=[4, 2])
    np.testing.assert_array_equal(found["p"], again["p"])
    other = model.trajectories(params, x, count=2000, seed=6, lengths=[4, 2])
    assert (found["p"] != other["p"]).all()


WIDE = """qrnn 1.0;
cell A(n: int) { input x: real; carry m: qubit[n]; fresh e: qubit;
    ry(x) e; ry(0.3) m; cx e, m[0]; for (a, b) in chain(m) { cz a, b; } output y = expect(Z(e)); }
"""


def test_where_a_density_matrix_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = qr.loads(WIDE, n=10)
    monkeypatch.setenv(memory.VARIABLE, "0.02")
    x = np.array([[0.4, 1.2]])
    with pytest.raises(CompileError) as error:
        model({}, x)
    (one,) = error.value.diagnostics
    assert one.code == "E0708" and "model.trajectories" in str(one.help)
    found = model.trajectories({}, x, count=320)
    np.testing.assert_allclose(found["y"], np.cos(x), atol=1e-9)
    monkeypatch.setenv(memory.VARIABLE, "0.001")
    with pytest.raises(CompileError, match="trajectories of cell `A`"):
        model.trajectories({}, x, count=320)


def test_wrong_calls() -> None:
    model: Any = qr.loads(HEAD + "output y = expect(Z(e)); }")
    with pytest.raises(ValueError, match="count is at least 32"):
        model.trajectories({}, np.zeros((1, 2)), count=8)
    with pytest.raises(ValueError, match="an axis is missing"):
        model.trajectories({}, np.zeros(2))
    bad = qr.loads(HEAD + "bit_flip(x) e; output y = expect(Z(e)); }")
    with pytest.raises(DataError):
        bad.trajectories({}, np.full((1, 2), 1.5), count=32)
