"""Noise that is known is scaled, extrapolated, and taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError
from qrnnlang.runtime.shots.folding import weights

pytest.importorskip("mthree")

MODEL = """qrnn 1.0;
cell C { input x: real; fresh q: qubit; param w: angle[4];
  for i in 0..4 { ry(w[i]) q; rx(x) q; }
  output y = expect(Z(q)); }
"""


def noisy(rate: float, flips: float = 0.0) -> Any:
    """Every rotation depolarises; every measurement flips."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel(basis_gates=["rx", "ry", "x"])
    if rate:
        model.add_all_qubit_quantum_error(depolarizing_error(rate, 1), ["rx", "ry"])
    if flips:
        error = ReadoutError([[1 - flips, flips], [2 * flips, 1 - 2 * flips]])
        model.add_all_qubit_readout_error(error)
    return AerSimulator(noise_model=model)


@pytest.fixture(scope="module")
def task() -> tuple[Any, Any, Any, float]:
    model = qr.loads(MODEL)
    params = {"w": np.array([0.1, -0.2, 0.15, 0.3])}
    x = np.full((1, 1), 0.2)
    return model, params, x, float(model(params, x)["y"][0, 0])


def test_weights() -> None:
    scales = (1, 3, 5)
    for fit in ("linear", "richardson"):
        w = weights(scales, fit)  # type: ignore[arg-type]
        assert w.sum() == pytest.approx(1)
        assert w @ np.array(scales) == pytest.approx(0, abs=1e-12)
    assert weights(scales, "richardson") @ np.array([s**2 for s in scales]) == pytest.approx(0)
    with pytest.raises(ValueError, match='"linear" or "richardson"'):
        weights(scales, "cubic")  # type: ignore[arg-type]


def test_folding_on_a_known_decay(task: Any) -> None:
    """A depolarising error after each of 8 gates: the value decays as (1 − p)^(8 s) with the scale s."""
    model, params, x, exact = task
    p, shots, scales = 0.02, 20000, (1, 3, 5)
    decay = [exact * (1 - p) ** (8 * s) for s in scales]
    plain = model.run(params, x, backend=noisy(p), shots=shots, seed=1)
    assert abs(plain["y"][0, 0] - decay[0]) < 5 * plain.std_error["y"][0, 0]
    for fit in ("linear", "richardson"):
        found = model.run(params, x, backend=noisy(p), shots=shots, seed=1, zne=scales, fit=fit)
        want = float(weights(scales, fit) @ decay)  # type: ignore[arg-type]
        assert abs(found["y"][0, 0] - want) < 5 * found.std_error["y"][0, 0]
        assert abs(found["y"][0, 0] - exact) < 0.5 * abs(plain["y"][0, 0] - exact)
        assert found.std_error["y"][0, 0] > plain.std_error["y"][0, 0]
    assert found.circuits == 3


@pytest.mark.parametrize("scales", [(1,), (1, 2), (3, 5), (1, 1)])
def test_wrong_scales(task: Any, scales: Any) -> None:
    model, params, x, _ = task
    with pytest.raises(ValueError, match="scales are odd numbers"):
        model.run(params, x, shots=10, zne=scales)


def test_readout_errors_are_taken_back(task: Any) -> None:
    model, params, x, exact = task
    plain = model.run(params, x, backend=noisy(0, 0.1), shots=8000, seed=1)
    # ⟨Z⟩ of a bit that flips with 0.1 from 0 and 0.2 from 1.
    assert abs(plain["y"][0, 0] - (0.7 * exact + 0.1)) < 5 * plain.std_error["y"][0, 0]
    found = model.run(params, x, backend=noisy(0, 0.1), shots=8000, seed=1, readout=True)
    # The calibration has shots of its own.
    assert abs(found["y"][0, 0] - exact) < 4 * found.std_error["y"][0, 0] + 0.02
    assert abs(plain["y"][0, 0] - exact) > 0.05
    assert found.std_error["y"][0, 0] > plain.std_error["y"][0, 0]


def test_waiting_qubits_are_decoupled() -> None:
    from qiskit.providers.fake_provider import GenericBackendV2

    text = """qrnn 1.0; cell C { input x: real; carry m: qubit; fresh e: qubit; ry(x) m; CONDITION
      for i in 0..6 { ry(x) e; rx(0.3) e; } cx e, m; output y = expect(Z(e)); output z = expect(Z(m)); }"""
    model = qr.loads(text.replace("CONDITION", ""))
    backend = GenericBackendV2(
        3, ["cx", "rz", "sx", "x", "reset", "delay"], seed=1, control_flow=True
    )
    params, x = {}, np.array([[0.4, 0.7]])
    made: list[Any] = []
    run = backend.run
    backend.run = lambda circuits, **options: made.extend(circuits) or run(circuits, **options)
    found = model.run(params, x, backend=backend, shots=1000, seed=1, decoupling=True)
    for name, want in model(params, x).items():
        np.testing.assert_allclose(found[name], want, rtol=0, atol=0.25)
    counts = made[0].count_ops()
    assert counts["delay"] > 2 and counts["x"] >= 2 and counts["x"] % 2 == 0
    with pytest.raises(CompileError, match=r"E0612.*no `x` or no `delay`"):
        model.run(
            params, x, backend=GenericBackendV2(3, ["cx", "u"], seed=1), shots=10, decoupling=True
        )
    feedback = qr.loads(text.replace("CONDITION", "let b = measure e; if (b) { x m; }"))
    with pytest.raises(CompileError, match=r"E0612.*cannot decouple a circuit with conditions"):
        feedback.run(params, x, backend=backend, shots=10, decoupling=True)
    with pytest.raises(CompileError, match=r"E0612.*says no duration of"):
        model.run(params, x, backend="aer", shots=10, decoupling=True)
