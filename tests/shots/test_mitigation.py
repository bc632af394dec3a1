"""Noise that is known is scaled, extrapolated, and taken back."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import mthree
import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.runtime.shots.counts import Counts, moments
from qrnnlang.runtime.shots.folding import weights
from qrnnlang.runtime.shots.readout import MOST, Flips
from qrnnlang.runtime.shots.stencil import Quantity

MODEL = """qrnn 1.0;
cell C { input x: real; fresh q: qubit; param w: angle[4];
  for i in 0..4 { ry(w[i]) q; rx(x) q; }
  output y = expect(Z(q)); }
"""


def noisy(rate: float, flips: float = 0.0) -> Any:
    """Every rotation depolarises; every measurement flips."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel(basis_gates=["rx", "ry", "x", "cx"])
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
        w = weights(scales, fit)
        assert w.sum() == pytest.approx(1)
        assert w @ np.array(scales) == pytest.approx(0, abs=1e-12)
    assert weights(scales, "richardson") @ np.array([s**2 for s in scales]) == pytest.approx(0)
    with pytest.raises(ValueError, match='"linear" or "richardson"'):
        weights(scales, "cubic")


def test_folding_on_a_known_decay(task: Any) -> None:
    """A depolarising error after each of 8 gates: the value decays as (1 − p)^(8 s) with the scale s."""
    model, params, x, exact = task
    p, shots, scales = 0.02, 20000, (1, 3, 5)
    decay = [exact * (1 - p) ** (8 * s) for s in scales]
    plain = model.run(params, x, backend=noisy(p), shots=shots, seed=1)
    assert abs(plain["y"][0, 0] - decay[0]) < 5 * plain.std_error["y"][0, 0]
    for fit in ("linear", "richardson"):
        found = model.run(params, x, backend=noisy(p), shots=shots, seed=1, zne=scales, fit=fit)
        want = float(weights(scales, fit) @ decay)
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


def test_long_sequences_of_bits() -> None:
    """Of 24 bits all outcomes of all shots differ; every read-out is still taken back."""
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; carry m: qubit; fresh q: qubit[2]; ry(x) q[0]; cx q[0], q[1];"
        " cx m, q[1]; ry(0.4) m;"
        " output y = expect(Z(q[0])); output p = prob(q); }"
    )
    x = np.linspace(0.2, 2.0, 12)[None]
    plain, found = (
        model.run({}, x, backend=noisy(0, 0.1), shots=4000, seed=1, readout=r)
        for r in (False, True)
    )
    for name, want in model({}, x).items():
        assert np.abs(plain[name] - want).max() > 0.1
        # The calibration's 2,048 shots: 0.012 of a bit.
        assert np.all(np.abs(found[name] - want) < 5 * found.std_error[name] + 0.04)
        assert np.abs(found[name] - want).mean() < 0.3 * np.abs(plain[name] - want).mean()


def drawn(shots: int, seed: int, flips: Any) -> Any:
    """Shots of three bits, two of them entangled, one of them postselected, and read wrongly."""
    rng = np.random.default_rng(seed)
    a = rng.random(shots) < 0.3
    b = a ^ (rng.random(shots) < 0.1)
    c = rng.random(shots) < np.where(a, 0.8, 0.25)
    bits = np.stack([a, b, c])
    wrong = np.where(bits, flips[:, 1:], flips[:, :1])
    return bits ^ (rng.random(bits.shape) < wrong)


FLIPS = np.array([[0.02, 0.07], [0.05, 0.1], [0.03, 0.15]])
READS = [np.array([[1 - u, d], [u, 1 - d]]) for u, d in FLIPS]


def solver(reads: Any) -> Any:
    made = mthree.M3Mitigation(None)
    made.num_qubits = len(reads)
    made.cals_from_matrices(list(reads))
    return made


def taken_back() -> Flips:
    undo = np.linalg.inv(READS)
    places = {("o", 0): 0, ("o", 1): 1, ("post", 0): 2}
    return Flips({"o": undo[:2], "post": undo[2:]}, places, solver(READS))


def three(bits: Any, mitigate: bool = True) -> Any:
    """The moments of ⟨Z Z⟩, of P(01), and of ⟨Z⟩ where the last bit is 0 with its weight."""
    program = SimpleNamespace(metadata={"postselections": {"post": {"value": 0}}})
    stencil: Any = SimpleNamespace(
        program=program,
        registers={"post": (2,)},
        quantities=(
            Quantity("o", (0, 1), True, 0, (), 0),
            Quantity("o", (0, 1), False, 1, (), 0),
            Quantity("o", (0,), True, 0, ("post",), 0),
            Quantity("", (), True, 0, ("post",), 0),
        ),
    )
    registers = {"o": bits[0] + 2 * bits[1], "post": bits[2].astype(int)}
    size = len(bits[0])
    flips = taken_back() if mitigate else None
    return moments(stencil, Counts(registers, np.ones(size), size, flips), {})


def test_mitigated_means_have_no_bias_and_honest_errors() -> None:
    a = np.array([0.7, 0.3])
    want = [0.8, 0.3 * 0.1, 0.7 * 0.75 - 0.3 * 0.2, 0.7 * 0.75 + 0.3 * 0.2]
    assert three(drawn(200, 0, 0 * FLIPS), False).mean.shape == (4,) and a.sum() == 1
    runs = [three(drawn(1000, seed, FLIPS)) for seed in range(300)]
    errors = [np.sqrt(np.diag(r.covariance)) for r in runs]
    z = np.array([(r.mean - want) / e for r, e in zip(runs, errors, strict=True)])
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(300)
    assert np.abs(z.var(axis=0) - 1).max() < 4 * np.sqrt(2 / 300)
    raw = np.array([(three(drawn(1000, seed, FLIPS), False).mean - want) for seed in range(20)])
    assert np.abs(raw.mean(axis=0)).min() > 0.01


@pytest.mark.parametrize("shots", [5000, 12])
def test_means_are_those_of_mthree(shots: int) -> None:
    """With 12 shots some outcomes are not seen: read-outs of two and three bits say so."""
    bits = drawn(shots, 1, FLIPS)
    flips = taken_back()

    def quasi(*which: int) -> dict[str, float]:
        rows = np.stack([bits[i] for i in reversed(which)], axis=1).astype(int)
        keys, counts = np.unique(rows, axis=0, return_counts=True)
        seen = {"".join(map(str, k)): int(n) for k, n in zip(keys, counts, strict=True)}
        return dict(flips.solver.apply_correction(seen, list(which), distance=-1, method="direct"))

    zz = sum(v * (-1) ** k.count("1") for k, v in quasi(0, 1).items())
    p01 = quasi(0, 1).get("01", 0.0)
    z = sum(v * (-1) ** int(k[0]) for k, v in quasi(2, 0).items() if k[1] == "0")
    weight = quasi(2)["0"]
    found = three(bits)
    # (mthree's numbers have 32 bits)
    np.testing.assert_allclose(found.mean, [zz, p01, z, weight], rtol=0, atol=1e-5)
    each = np.ones((2, shots))
    for i in (0, 1):
        each *= np.stack([v @ flips.inverse["o"][i] for v in ((1, -1), (1 - i, i))])[
            :, bits[i].astype(int)
        ]
    same = np.abs(each[0].mean() - zz) < 1e-6
    assert same == (shots == 5000)


@pytest.mark.parametrize("bits", [MOST, MOST + 1])
def test_many_bits_go_by_what_each_shot_contributes(bits: int) -> None:
    """Up to `MOST` mthree is asked; above, the mean of single shots, which has no bias."""
    asked: list[int] = []

    class Solver:
        def apply_correction(self, seen: Any, qubits: Any, **options: Any) -> Any:
            asked.append(len(qubits))
            assert options["distance"] == len(qubits) and options["method"] == "iterative"
            return solver([np.eye(2)] * bits).apply_correction(seen, qubits, **options)

    flips = Flips({}, {("o", i): i for i in range(bits)}, Solver())
    product = [("o", i, np.array([1.0, -1.0])) for i in range(bits)]
    found = flips.means({"o": np.array([0, 0, 0, 1])}, np.ones(4), [product], np.array([7.0]))
    assert asked == [bits] * (bits <= MOST)
    assert found == pytest.approx([0.5 if bits <= MOST else 7.0])


def test_an_iteration_that_does_not_converge() -> None:
    reads = [np.array([[0.55, 0.42], [0.45, 0.58]])] * 9
    rng = np.random.default_rng(0)
    shots = {"o": rng.integers(0, 2**9, 1000)}
    flips = Flips({}, {("o", i): i for i in range(9)}, solver(reads))
    product = [("o", i, np.array([1.0, -1.0])) for i in range(9)]
    assert flips.means(shots, np.ones(1000), [product], np.array([7.0])) == [7.0]


def test_mitigated_means_of_a_device_lie_within_their_errors() -> None:
    """Flips that are known, to both sides: of the means of 60 runs 99 in 100 within 2.6 errors."""
    model = qr.loads(MODEL)
    params, x = {"w": np.array([0.1, -0.2, 0.15, 0.3])}, np.linspace(0, 1, 60)[:, None]
    exact = model(params, x)["y"]
    plain, found = (
        model.run(params, x, backend=noisy(0, 0.1), shots=500, seed=2, readout=r)
        for r in (False, True)
    )
    # The calibration's 2,048 shots move all means together, by 0.02 at most.
    z = (found["y"] - exact) / np.hypot(found.std_error["y"], 0.02)
    assert np.mean(np.abs(z) < 2.6) > 0.95
    assert np.median(np.abs(plain["y"] - exact) / plain.std_error["y"]) > 2.6


def test_without_mthree(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, params, x, _ = task
    monkeypatch.setitem(sys.modules, "mthree", None)
    backend = noisy(0, 0.1)
    backend.run = None  # nothing is sent
    with pytest.raises(DataError, match=r"`mthree`.*pip install 'qrnnlang\[mitigation\]'"):
        model.run(params, x, backend=backend, shots=10, readout=True)


def test_a_qubit_that_says_nothing() -> None:
    model = qr.loads(MODEL)
    with pytest.raises(DataError, match="qubit 0 of the backend reads much the same"):
        model.run(model.init(0), np.array([[0.2]]), backend=noisy(0, 1 / 3), shots=10, readout=True)


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
