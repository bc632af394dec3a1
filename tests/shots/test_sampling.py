"""Means and standard errors from shots: on Aer, on simulated devices, and against many repetitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.runtime.shots.counts import Counts
from qrnnlang.runtime.shots.device import Request
from tests.std.programs import CASES, IDS
from tests.std.programs import inputs as std_inputs
from tests.std.programs import model as std_model

from .exact import Exact
from .programs import DATA, QLSTM, RATIOS, REPLAY

LINEAR = """qrnn 1.0;
cell C {
    input x: real; carry m: qubit; fresh e: qubit[2]; param w: angle[2];
    ry(x) e[0]; cx e[0], e[1]; cry(w[0]) e[0], m; rx(w[1]) e[1];
    let z = expect(Z(e));
    output difference = z[0] - z[1];
    output y = 2 * z[0] + expect(X(m)) - 1;
    output p = prob(e);
}
"""


def scores(text: str, copies: int, shots: int, steps: int = 2, **inputs: Any) -> Any:
    """Standard scores of `copies` independent runs, (copies, outputs)."""
    model = qr.loads(text)
    params = model.init(1)
    rng = np.random.default_rng(0)
    one = {
        p.name: inputs.get(p.name, rng.uniform(0.2, 0.8, (1, steps, *p.shape)))
        for p in model.closed.inputs
    }
    want = model(params, one)
    many = {k: np.repeat(v, copies, axis=0) for k, v in one.items()}
    found = model.run(params, many, backend=Exact(seed=4), shots=shots)
    columns = []
    for name, value in want.items():
        errors = found.std_error[name].reshape(copies, -1)
        off = (found[name] - value).reshape(copies, -1)
        sure = errors.max(axis=0) < 1e-12
        assert np.abs(off[:, sure]).max(initial=0) < 1e-12
        columns.append(off[:, ~sure] / errors[:, ~sure])
    return np.concatenate(columns, axis=1)


def check_calibration(z: Any) -> None:
    """Mean 0 and variance 1, each within four of its own standard errors (and 1/√shots of bias)."""
    copies = len(z)
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(copies) + 0.12
    assert np.abs(z.var(axis=0) - 1).max() < 4 * np.sqrt(2 / copies) + 0.08
    # All outputs together: as if they were one, at worst.
    assert abs(z.var() - 1) < 3 * np.sqrt(2 / copies)


B = {"b": np.array([[0.0, 1.0]])}
TEXTS = {
    "linear": (LINEAR, {}),
    "ratios": (RATIOS, {}),
    "qlstm": (QLSTM, {}),
    "replay": (REPLAY, {}),
    "data": (DATA, B),
}


@pytest.mark.parametrize("name", ["linear", "ratios", "replay"])
def test_standard_errors_are_calibrated(name: str) -> None:
    text, inputs = TEXTS[name]
    check_calibration(scores(text, 150, 1000, **inputs))


@pytest.mark.long
@pytest.mark.parametrize("name", TEXTS)
def test_standard_errors_are_calibrated_over_many_runs(name: str) -> None:
    text, inputs = TEXTS[name]
    check_calibration(scores(text, 2000, 4000, **inputs))


def test_read_outs_of_one_circuit_vary_together() -> None:
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; fresh q: qubit[2]; ry(x) q[0]; cx q[0], q[1];"
        " let z = expect(Z(q)); output d = z[0] - z[1]; output s = z[0] + z[1]; }"
    )
    x = np.array([[0.7]])
    found = model.run({}, x, backend=Exact(seed=1), shots=1000)
    assert found.std_error["d"][0, 0] == pytest.approx(0, abs=1e-12)
    s = np.cos(0.7)
    assert found.std_error["s"][0, 0] == pytest.approx(2 * np.sqrt((1 - s**2) / 1000), rel=0.1)


def test_what_no_shot_showed_is_not_known_to_be_impossible() -> None:
    """An outcome of probability 1/n is missed by n shots in one of three runs: 0 ± 0 is wrong."""
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; fresh q: qubit; fresh a: qubit; ry(x) q; ry(1.0) a;"
        " output p = prob(q == 1); output z = expect(Z(q)); postselect a == 0; output c = prob(q); }"
    )
    n = 400
    x = np.full((200, 1), 2 * np.arcsin(np.sqrt(1.5 / n)))
    want, found = model({}, x), model.run({}, x, backend=Exact(seed=3), shots=n)
    seen = found["p"][:, 0] > 0
    assert 0.1 < 1 - seen.mean() < 0.4
    assert found.std_error["p"][~seen] == pytest.approx(1 / n, rel=0.01)
    assert found.std_error["z"][~seen] == pytest.approx(2 / n, rel=0.01)
    few = found["c"][:, 0, 1] == 0
    kept = n * np.cos(0.5) ** 2
    assert found.std_error["c"][few][..., 1] == pytest.approx(1 / kept, rel=0.2)
    for name, value in want.items():
        z = (found[name] - value) / found.std_error[name]
        assert np.abs(z).max() < 5, name
        assert np.sqrt(np.mean(z**2)) < 1.3, name


def close(model: Any, params: Any, x: Any, **options: Any) -> Any:
    want = model(params, x)
    found = model.run(params, x, **options)
    for name, value in want.items():
        assert np.all(np.abs(found[name] - value) <= 5 * found.std_error[name]), name
    return found


@pytest.mark.parametrize("name", ["linear", "ratios"])
def test_on_aer(name: str) -> None:
    model = qr.loads(TEXTS[name][0])
    params, x = model.init(1), np.random.default_rng(1).uniform(0.2, 0.8, (2, 2))
    first = close(model, params, x, shots=3000, seed=3)
    one, again, other = (model.run(params, x, shots=1500, seed=seed) for seed in (3, 3, 4))
    for output in one:
        assert np.array_equal(one[output], again[output])
    assert any(not np.array_equal(one[o], other[o]) for o in one)
    # Both sequences from the same circuits; the shots of a simulator come in two portions.
    assert first.circuits == 2 * first.templates
    assert first.jobs == 2 * first.templates


def test_bits_that_decide_on_aer() -> None:
    """Dynamic circuits: a bit carried from step to step, conditions on bits, postselection in one."""
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; carry m: qubit; carry flag: bit; fresh a: qubit;"
        " fresh c: qubit; if (flag) { x m; } ry(x) a; cry(0.7) a, m; let b = measure a; ry(0.5) c;"
        " if (b) { ry(0.9) m; postselect c == 0; } next flag = b ^ flag;"
        " output p = prob(m == 1); output seen = prob(b); }"
    )
    close(model, {}, np.array([[0.8, 1.3, 0.6]]), shots=4000, seed=2)


@pytest.mark.parametrize(
    ("cell", "hyper"),
    [
        pytest.param(cell, hyper, id=name, marks=pytest.mark.long)
        for (cell, hyper), name in zip(CASES, IDS, strict=True)
        if cell not in ("Rnn", "Lstm", "Gru")
    ],
)
def test_cells_of_the_library_on_aer(cell: str, hyper: dict[str, Any]) -> None:
    """Within five standard errors for several seeds; with postselection from what shots are left."""
    if cell == "Bausch":
        hyper = {**hyper, "bias": 0.3}  # neurons that seldom fail: one shot in ten comes through
    model = std_model(cell, **hyper)
    params, x = model.init(1), std_inputs(model.closed, batch=2, steps=2)
    if cell == "Bausch":
        x["observed"] *= 0
    if cell == "Reservoir":
        with pytest.raises(CompileError, match="E0605"):
            model.run(params, x, shots=100)
        return
    for seed in range(3):
        close(model, params, x, shots=8000, seed=seed)


def test_a_noisy_device_is_not_far_off() -> None:
    from qiskit.providers.fake_provider import GenericBackendV2

    model = qr.loads(LINEAR)
    params, x = model.init(1), np.array([[0.3, 0.6]])
    backend = GenericBackendV2(3, seed=1, basis_gates=["cx", "rz", "sx", "x", "reset"])
    found = model.run(params, x, backend=backend, shots=1000, seed=1)
    for name, want in model(params, x).items():
        np.testing.assert_allclose(found[name], want, rtol=0, atol=0.25)


def test_what_a_backend_lacks_is_known_before_the_first_job() -> None:
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit.transpiler import Target

    model = qr.loads(LINEAR)
    params, x = model.init(1), np.array([[0.3, 0.6]])
    bare = GenericBackendV2(8, seed=1, basis_gates=["cx", "rz", "sx", "x"])
    target, bare._target = bare.target, Target(num_qubits=8)
    for name in target.operation_names:
        if name != "reset":
            bare.target.add_instruction(target.operation_from_name(name), target[name], name)
    with pytest.raises(CompileError, match=r"E0612.*no `reset`") as refused:
        model.run(params, x, backend=bare, shots=10)
    assert '`fresh="expand"` (`--fresh expand`)' in refused.value.diagnostics[0].help
    found = model.run(params, x, backend=bare, shots=1000, fresh="expand", seed=1)
    for name, want in model(params, x).items():
        np.testing.assert_allclose(found[name], want, rtol=0, atol=0.2)
    small = GenericBackendV2(2, seed=1)
    with pytest.raises(CompileError, match=r"E0612.*2 qubits, and the circuit takes 3"):
        model.run(params, x, backend=small, shots=10)
    feedback = qr.loads(DATA)
    given = {"x": np.full((1, 2, 2), 0.4), "b": np.zeros((1, 2))}
    with pytest.raises(CompileError, match=r"E0612.*conditional"):
        feedback.run(feedback.init(0), given, backend=GenericBackendV2(6, seed=1), shots=10)


class Failing:
    """Every postselection fails."""

    def run(self, requests: list[Request], shots: int) -> Any:
        def rows(r: Request) -> list[Counts]:
            names = dict(r.stencil.program.cregs)
            ones = {n: np.array([2 ** len(ids) - 1]) for n, ids in names.items()}
            return [Counts(ones, np.array([10.0]), 10) for _ in r.angles]

        return [rows(r) for r in requests]


def test_no_shot_passes() -> None:
    model = qr.loads(RATIOS)
    with pytest.raises(DataError, match=r"no shot passed .* before step \d of sample 0"):
        model.run(model.init(0), np.array([[0.5, 0.5]]), backend=Failing(), shots=10)


def test_too_few_shots_pass() -> None:
    """Of a handful all may read the same: a standard error of 0 would not be honest."""
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; fresh a: qubit; fresh q: qubit; ry(0.3) a; cx a, q;"
        " postselect a == 1; ry(x) q; output y = expect(Z(q)); }"
    )
    x = np.array([[1.0]])
    with pytest.raises(
        DataError, match=r"only \d of 200 shots .* before step 0 of sample 0"
    ) as few:
        model.run({}, x, backend=Exact(seed=1), shots=200)
    enough = int(str(few.value).split("take some ")[1])
    assert 400 <= enough <= 4000
    found = model.run({}, x, backend=Exact(seed=1), shots=enough)
    assert found.success["post_0_0"] * enough >= 10
    assert abs(found["y"] - model({}, x)["y"])[0, 0] < 5 * found.std_error["y"][0, 0]


def test_success_rates_of_postselections() -> None:
    """Two in a row are reported together; a later one of those shots that came so far."""
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; fresh a: qubit[3]; fresh q: qubit; ry(x) a; ry(1.1) q;"
        " cx a[2], q; postselect a[0] == 0; postselect a[1] == 0; output y = expect(Z(q));"
        " postselect a[2] == 1; output z = expect(Z(q)); }"
    )
    found = model.run({}, np.array([[0.8], [1.4]]), backend=Exact(seed=2), shots=4000)
    passed = np.cos(np.array([0.4, 0.7])) ** 2
    want = {"post_1_0": np.mean(passed**2), "post_2_0": np.mean(1 - passed)}
    assert found.success == pytest.approx(want, abs=0.03)


@pytest.mark.parametrize(("text", "rounds"), [(QLSTM, 3), (REPLAY, 6)], ids=["qlstm", "replay"])
def test_what_feedback_costs_is_said_before(
    text: str, rounds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A round a step where nothing is carried on qubits, and all steps again where something is."""

    class Nothing:
        def run(self, requests: Any, shots: int) -> Any:
            raise InterruptedError

    model = qr.loads(text)
    x = np.full((2, 3), 0.4)
    with pytest.raises(InterruptedError):
        model.run(model.init(0), x, backend=Nothing(), shots=10)
    said = capsys.readouterr().err
    assert f"in {rounds} rounds: each needs what was measured before" in said


def test_wrong_backends() -> None:
    model = qr.loads(LINEAR)
    x = np.array([[0.3]])
    with pytest.raises(TypeError, match="BackendV2 or the name of one"):
        model.run(model.init(0), x, backend=3)
    with pytest.raises(CompileError, match="E0611"):
        model.run(model.init(0), x, backend="nowhere")
    with pytest.raises(ValueError, match="shots is at least 1"):
        model.run(model.init(0), x, shots=0)


def test_a_loss_that_skips_every_step_does_not_stand_in_the_way() -> None:
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; fresh e: qubit; ry(x) e; output z = expect(Z(e)); }"
        " model M { use c = C(); input x: seq real; target y: seq real; output p = c(x);"
        " loss mse(skip(p, 4), skip(y, 4)); }"
    )
    found = model.run({}, np.zeros((1, 3)), shots=1000, seed=1)
    assert found["p"].tolist() == [[1.0, 1.0, 1.0]]
    assert found.std_error["p"] == pytest.approx(2 / 1000, rel=0.01)
