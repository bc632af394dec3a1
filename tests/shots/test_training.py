"""Training on circuits: as the exact gradient does with exact distributions, and with shots."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.cli.main import main
from qrnnlang.runtime.sampled import machine
from qrnnlang.runtime.shots.gradient import Gradients

from .exact import Exact

MODEL = """qrnn 1.0;
cell C { input x: real; carry m: qubit; fresh e: qubit; param w: angle[3];
  ry(x) e; cry(w[0]) e, m; crz(0.4) m, e; rx(w[1]) e; rxx(w[2]) e, m; output y = expect(Z(e)); }
model M { use c = C(); param s: real = 0.8; input x: seq real; target t: seq real; output y = s * c(x);
  loss mse(y, t); metric mae(y, t); }
"""


@pytest.fixture(scope="module")
def task() -> tuple[Any, Any, Any, Any]:
    model, rng = qr.loads(MODEL), np.random.default_rng(0)
    x = rng.uniform(0.1, 0.9, (4, 2))
    return model, model.init(2), x, model(model.init(7), x)["y"]


def test_exact_distributions_train_as_the_engine(task: Any) -> None:
    model, params, x, y = task
    options = {"epochs": 3, "batch": 3, "optimizer": "adam", "lr": 0.1, "params": params}
    exact = model.fit(x, y, progress=False, **options)
    found = model.fit(x, y, progress=False, backend=Exact(), shots=1, **options)
    for name, value in exact.params.items():
        np.testing.assert_allclose(found.params[name], value, rtol=0, atol=1e-9)
    assert found.metrics["train"]["mae"] == pytest.approx(exact.metrics["train"]["mae"], abs=1e-9)
    assert found.device["circuits"] > 100


def test_shots_lower_the_loss_as_the_exact_gradient_does(
    task: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    model, params, x, y = task
    options = {"epochs": 15, "batch": 4, "optimizer": "adam", "lr": 0.15, "params": params}
    exact = model.fit(x, y, progress=False, **options)
    found = model.fit(x, y, backend=Exact(seed=2), shots=400, **options)
    assert "parameter shifts: 68 circuits an update of 4 sequences" in capsys.readouterr().err
    before, _ = model.value_and_grad(params, x, y)
    after = [model.value_and_grad(run.params, x, y)[0] for run in (exact, found)]
    assert after[0] < 0.3 * before
    assert after[1] < 0.4 * before
    assert 0 < found.history["grad_error"][0] < 1


def test_a_budget_of_shots_ends_a_run(task: Any) -> None:
    model, params, x, y = task
    options: Any = {"epochs": 9, "batch": 2, "optimizer": "sgd", "lr": 0.1, "params": params}
    options |= {"validation": (x[:1], y[:1]), "progress": False, "shots": 10}
    # Two updates of 34 circuits an epoch, its validation, and metrics of 4 + 1 sequences.
    run = model.fit(x, y, backend=Exact(seed=1), shot_budget=1800, **options)
    assert run.stopped == "budget"
    assert len(run.history["loss"]) == 3 and run.device["shots"] == 10 * (5 * 34 + 3 + 5)
    whole = model.fit(x, y, backend=Exact(seed=1), **options | {"epochs": 2})
    assert run.history["loss"][:2] == whole.history["loss"]
    exactly = whole.device["shots"]
    again = model.fit(x, y, backend=Exact(seed=1), shot_budget=exactly, **options | {"epochs": 2})
    assert again.stopped == "epochs" and again.device["shots"] == exactly
    with pytest.raises(ValueError, match="take 40 circuits of 10 shots: more than the budget"):
        model.fit(x, y, backend=Exact(), shot_budget=399, **options)
    with pytest.raises(ValueError, match="shot_budget= is for training on a backend"):
        model.fit(x, y, shot_budget=5, progress=False)


def test_spsa_lowers_the_loss(task: Any) -> None:
    model, params, x, y = task
    spsa = ("spsa", {"lr": 0.8, "c": 0.2, "stability": 5.0})
    run = model.fit(
        x, y, backend=Exact(seed=2), shots=2000, epochs=60, batch=4, optimizer=spsa, params=params,
        progress=False,
    )  # fmt: skip
    assert model.value_and_grad(run.params, x, y)[0] < 0.5 * model.value_and_grad(params, x, y)[0]


def test_standard_errors_of_a_gradient(task: Any) -> None:
    model, params, x, y = task
    want = model.value_and_grad(params, x, y)[1]
    made = Gradients(machine(model, params, 2, "reuse"), model.trained)
    device = Exact(seed=1)
    runs = [
        made.value_and_grad(params, {"x": x}, {"t": y}, None, device, 300, i) for i in range(60)
    ]
    for name, value in want.items():
        z = np.array([(r.grads[name] - value) / r.std_error[name] for r in runs])
        # 60 runs: within 0.6 to 1.4 of 1 in all but 1 of 1,000 cases.
        assert np.all(np.abs(z.std(axis=0) - 1) < 0.4), name
        assert np.all(np.abs(z.mean(axis=0)) < 0.55), name


def test_what_needs_exact_values_is_refused(task: Any) -> None:
    model, params, x, y = task
    with pytest.raises(ValueError, match="`lbfgs` needs exact values"):
        model.fit(x, y, backend=Exact(), optimizer="lbfgs", params=params, progress=False)


PROGRAM = MODEL.replace(
    "metric",
    'data series.sine(points = 16) { x = column("v"); t = shift(column("v"), 1); window = 2; stride = 4; '
    "split = (0.6, 0.4); } train { optimizer = sgd(lr = 0.1); epochs = 1; seed = 1; } metric",
)


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.qrnn").write_text(PROGRAM)
    arguments = ["train", "m.qrnn", "--backend", "aer", "--shots", "100", "-o", "run"]
    assert main(arguments) == 0
    err = capsys.readouterr().err
    assert "circuits an update" in err
    assert list(Path("run/jobs").glob("*.npz"))
    assert set(json.loads(Path("run/metrics.json").read_text())) == {"train", "test"}
    # Made again, it goes by its jobs: not one is run a second time, and nothing else comes out.
    kept = {p.name: p.stat().st_mtime_ns for p in Path("run/jobs").glob("*.npz")}
    history = Path("run/history.csv").read_bytes()
    assert main([*arguments, "--resume"]) == 0
    assert kept == {p.name: p.stat().st_mtime_ns for p in Path("run/jobs").glob("*.npz")}
    assert Path("run/history.csv").read_bytes() == history
    assert main([*arguments, "--resume", "--optimizer", "adam"]) == 1
    assert "`optimizer`" in capsys.readouterr().err
    assert main([*arguments[:-1], "other", "--resume"]) == 1
    assert "no jobs of a run to go on with" in capsys.readouterr().err
    np.savez("x.npz", x=np.full((1, 2), 0.3))
    given = ["run", "m.qrnn", "--params", "run/model.qrnnz", "--inputs", "x.npz"]
    assert main([*given, "--backend", "aer", "--shots", "200", "--jobs", "kept"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert np.shape(found["y"]) == np.shape(found["std_error"]["y"]) == (1, 2)
    assert list(Path("kept").glob("*.npz"))
    assert main([*given, "--backend", "nowhere"]) == 1
    assert "E0611" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "gate", "backend", "other"),
    [
        ("E0605", "evolve(X(m) + Z(m), w);", "aer", "evolve(X(m) + Z(m), w, steps = 2);"),
        ("E0606", "ry(w) m; bit_flip(sigmoid(w) / 4) m;", "generic_2", "ry(w) m;"),
        ("E0613", "prepare([w, 2 + x]) q; cx q, m;", "aer", "ry(w) q; cx q, m;"),
    ],
)
def test_what_has_no_rule_is_told_with_ways_out_that_work(
    code: str,
    gate: str,
    backend: str,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command that the help names is given as it stands there."""
    program = """qrnn 1.0;
cell A { input x: real; carry m: qubit; fresh q: qubit; param w: real = 0.5; ry(x) m; GATE
  output y = expect(Z(m)); }
model M { use a = A(); input x: seq real; target y: seq real; output p = a(x); loss mse(p, y);
  data series.sine(points = 6) { x = column("v"); y = shift(column("v"), 1); window = 2; stride = 2; }
  train { optimizer = sgd(lr = 0.1); epochs = 1; } }
"""
    monkeypatch.chdir(tmp_path)
    Path("m.qrnn").write_text(program.replace("GATE", gate))
    on = ["--backend", backend, "--shots", "16"]
    assert main(["train", "m.qrnn", *on, "-o", "first"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"error[{code}]" in said
    command = re.search(r"`qrnnc (train FILE [^`]*--optimizer spsa)`", said)
    assert command is not None
    given = command[1].replace("FILE", "m.qrnn").replace("NAME", backend).split()
    assert main([*given, "--quiet", "-o", "spsa"]) == 0
    Path("m.qrnn").write_text(program.replace("GATE", other))
    assert main(["train", "m.qrnn", *on, "--quiet", "-o", "other"]) == 0
    assert ("evolve(H, t, steps = 8)" in said) == (code == "E0605")
