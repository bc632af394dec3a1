"""Jobs on disk: the plug is pulled at every moment, and no finished job is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import DataError
from qrnnlang.runtime.failures import RunError
from qrnnlang.runtime.shots.backend import DELAYS, Backend
from qrnnlang.runtime.shots.ledger import Ledger

from .watched import MODEL, Plug, Watched, X, pulled


@pytest.fixture(scope="module")
def model() -> Any:
    return qr.loads(MODEL)


@pytest.fixture(scope="module")
def whole(model: Any) -> tuple[Any, int]:
    device = Watched(None)
    return model.run(model.init(1), X, backend=device, shots=50), device.sent


def test_the_plug_at_every_moment(
    model: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    want, jobs = whole
    assert jobs > 1
    current: list[Watched] = []
    for name in ("sending", "sent", "done"):
        method = getattr(Ledger, name)

        def before_and_after(self: Ledger, *args: Any, method: Any = method) -> None:
            current[0].event()
            method(self, *args)
            current[0].event()

        monkeypatch.setattr(Ledger, name, before_and_after)
    moment, died = 0, True
    while died:
        moment += 1
        folder = tmp_path / str(moment)
        first = Watched(folder, dies=moment)
        current[:] = [first]
        try:
            model.run(model.init(1), X, backend=first, shots=50)
            died = False
        except Plug:
            pass
        finished = len(list(folder.glob("*.npz")))
        assert not list(folder.glob("*.part"))
        second = Watched(folder)
        current[:] = [second]
        found = model.run(model.init(1), X, backend=second, shots=50)
        assert second.sent == jobs - finished
        for name in want:
            assert np.array_equal(found[name], want[name])
    assert moment > 7 * jobs


def test_the_same_call_on_a_device_sends_nothing_twice(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transpiler's sums of parameters come in another order every time: jobs do not go by them.

    And the qubits are those of the first time, whatever the transpiler would say now.
    """
    options: Any = {
        "backend": "generic_4",
        "shots": 40,
        "seed": 1,
        "jobs": tmp_path,
        "readout": True,
    }
    first = model.run(model.init(1), X, **options)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".npz", ".qpy"}
    monkeypatch.setattr("qiskit.transpile", pulled)
    again = qr.loads(MODEL).run(model.init(1), X, **options)
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == kept
    for name in first:
        assert np.array_equal(first[name], again[name])
        assert np.array_equal(first.std_error[name], again.std_error[name])


def test_a_device_gives_the_same_for_the_same_seed(model: Any) -> None:
    runs = [
        model.run(model.init(1), X, backend="generic_4", shots=40, seed=1)["y"] for _ in range(3)
    ]
    assert all(np.array_equal(r, runs[0]) for r in runs)


def test_a_failing_backend_is_asked_again(model: Any, whole: Any, tmp_path: Path) -> None:
    device = Watched(tmp_path, fails=2)
    found = model.run(model.init(1), X, backend=device, shots=50)
    assert np.array_equal(found["y"], whole[0]["y"])
    assert device.sent == whole[1] + 2


def test_the_time_between_tries_grows(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    device = Watched(tmp_path, fails=4)
    device.delays = DELAYS
    model.run(model.init(1), X, backend=device, shots=50)
    assert slept == [1.0, 4.0, 15.0, 60.0]
    device = Watched(None, fails=5)
    device.delays = DELAYS
    with pytest.raises(RunError, match="failed 5 times"):
        model.run(model.init(1), X, backend=device, shots=50)


def test_the_limits_of_a_backend_only_mean_more_jobs(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiskit.providers.fake_provider import GenericBackendV2

    backend = GenericBackendV2(2, seed=1)
    backend.configuration = lambda: SimpleNamespace(max_shots=30, max_experiments=3)
    sizes: list[tuple[int, int]] = []
    sampler = Backend.sampler

    def watched(self: Backend, seed: int | None) -> Any:
        made = sampler(self, seed)
        run = made.run

        def counted(pubs: Any, shots: int) -> Any:
            sizes.append((sum(len(angles) for _, angles in pubs), shots))
            return run(pubs, shots=shots)

        made.run = counted
        return made

    monkeypatch.setattr(Backend, "sampler", watched)
    x = np.concatenate([X, X])
    found = model.run(model.init(1), x, backend=backend, shots=70, seed=1)
    assert max(n for n, _ in sizes) == 3 and max(shots for _, shots in sizes) == 30
    assert sum(n * shots for n, shots in sizes) == found.circuits * 70
    assert found.jobs == len(sizes) > 3 * found.templates


def test_progress_is_told_job_by_job(
    model: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[int, int]] = []
    device = Watched(None)
    device.tell = lambda done, total: told.append((done, total))
    model.run(model.init(1), X, backend=device, shots=50)
    assert told == [(2 * n, told[-1][1]) for n in range(1, len(told) + 1)]
    assert told[-1][0] == told[-1][1] and len(told) > 1
    model.run(model.init(1), X, shots=50, progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    model.run(model.init(1), X, shots=50, progress=True)
    size = told[-1][1]
    assert f"circuit {size}/{size}" in capsys.readouterr().err


def test_a_backend_that_keeps_failing_ends_the_run(model: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="failed 3 times: the line is down"):
        model.run(model.init(1), X, backend=Watched(tmp_path, fails=100), shots=50)


def test_a_damaged_result_is_said(model: Any, tmp_path: Path) -> None:
    model.run(model.init(1), X, backend=Watched(tmp_path), shots=50)
    victim = sorted(tmp_path.glob("*.npz"))[0]
    victim.write_bytes(b"PK not an archive")
    with pytest.raises(DataError, match="damaged; remove it"):
        model.run(model.init(1), X, backend=Watched(tmp_path), shots=50)
    victim.unlink()
    kept = Backend(None, 5, Ledger(tmp_path))
    model.run(model.init(1), X, backend=kept, shots=50)
    next(tmp_path.glob("*.qpy")).write_bytes(b"QISKIT not a circuit")
    with pytest.raises(DataError, match="its circuit is made again"):
        model.run(model.init(1), X, backend=Backend(None, 5, Ledger(tmp_path)), shots=50)


def test_the_same_question_twice_gets_new_shots(model: Any) -> None:
    device = Watched(None)
    first = model.run(model.init(1), X, backend=device, shots=50)
    second = model.run(model.init(1), X, backend=device, shots=50)
    assert not np.array_equal(first["y"], second["y"])


@pytest.mark.long
def test_a_killed_training_goes_on(tmp_path: Path) -> None:
    program = """qrnn 1.0;
cell C { input x: real; carry m: qubit; fresh e: qubit; param w: angle[2];
  ry(x) e; cry(w[0]) e, m; rx(w[1]) e; output y = expect(Z(e)); }
model M { use c = C(); input x: seq real; target y: seq real; output p = c(x); loss mse(p, y);
  data series.sine(points = 24) { x = column("v"); y = shift(column("v"), 1); window = 4; stride = 4; }
  train { optimizer = adam(lr = 0.1); epochs = 4; batch = 2; seed = 3; } }
"""
    (tmp_path / "m.qrnn").write_text(program)
    command = [sys.executable, "-m", "qrnnlang", "train", "m.qrnn", "--backend", "aer"]
    command += ["--shots", "200", "-o", "run", "--quiet"]
    env = {**os.environ, "PYTHONPATH": str(Path(qr.__file__).parents[1])}
    first = subprocess.Popen(command, cwd=tmp_path, env=env)
    jobs = tmp_path / "run" / "jobs"
    while len(list(jobs.glob("*.npz")) if jobs.exists() else ()) < 5 and first.poll() is None:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    kept = {p.name: p.stat().st_mtime_ns for p in jobs.glob("*.npz")}
    assert len(kept) >= 5
    subprocess.run([*command, "--resume"], cwd=tmp_path, env=env, check=True)
    assert all((jobs / name).stat().st_mtime_ns == t for name, t in kept.items())
    alone = [*command[:-3], "-o", "alone", "--quiet"]
    subprocess.run(alone, cwd=tmp_path, env=env, check=True)
    same = [(tmp_path / f / "history.csv").read_bytes() for f in ("run", "alone")]
    assert same[0] == same[1]
