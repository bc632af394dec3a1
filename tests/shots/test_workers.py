"""Jobs of simulators on an executor: the same bytes wherever they run, and none lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from executing import dask_cluster

import qrnnlang as qr
from qrnnlang.cli.main import main
from qrnnlang.runtime.executor import Result, Task, connect
from qrnnlang.runtime.executor.tasks import died, perform
from qrnnlang.runtime.failures import RunError
from qrnnlang.runtime.sampled import Outputs
from qrnnlang.runtime.shots import tasks
from qrnnlang.runtime.shots.ticket import Ticket

from .watched import MODEL, pulled

X = np.random.default_rng(0).uniform(0.2, 0.8, (12, 2))


@pytest.fixture(scope="module")
def model() -> Any:
    return qr.loads(MODEL)


def run(model: Any, **options: Any) -> Outputs:
    given = {"backend": "generic_3", "shots": 40, "seed": 3} | options
    return model.run(model.init(1), X, **given)


def same(a: Outputs, b: Outputs) -> None:
    for name in a:
        assert np.array_equal(a[name], b[name])
        assert np.array_equal(a.std_error[name], b.std_error[name])


def test_the_same_bytes_wherever_jobs_run(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = run(model, readout=True, jobs=tmp_path / "alone")
    assert want.jobs == 4
    files = {p.name: p.read_bytes() for p in (tmp_path / "alone").glob("*.npz")}
    for count in (None, 2):
        folder = tmp_path / str(count)
        with connect(workers=count) as executor:
            same(run(model, readout=True, jobs=folder, executor=executor), want)
        assert {p.name: p.read_bytes() for p in folder.glob("*.npz")} == files
        assert {p.stem for p in folder.glob("*.json")} == {p.stem for p in folder.glob("*.npz")}
    # What workers left is taken up by a run without any, and the other way round.
    monkeypatch.setattr(Ticket, "_awaited", pulled)
    monkeypatch.setattr(tasks, "measured", pulled)
    same(run(model, readout=True, jobs=tmp_path / "2"), want)
    with connect() as executor:
        same(run(model, readout=True, jobs=tmp_path / "alone", executor=executor), want)


def test_a_worker_that_dies(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYING", str(tmp_path))
    monkeypatch.setenv("DYING_AT", "0")
    want = run(model, backend="dying:Dying")
    assert len(list(tmp_path.glob("run-*"))) == want.jobs > 2
    monkeypatch.setenv("DYING_AT", str(want.jobs + 2))
    with connect(workers=1) as executor:
        same(run(model, backend="dying:Dying", executor=executor), want)
    assert len(list(tmp_path.glob("run-*"))) == 2 * want.jobs + 1


@dataclass
class Failing:
    """Carries out some tasks in this process, and loses the workers of the others."""

    good: int
    name: str = "bad machines"

    def results(self, given: Sequence[Task]) -> Iterator[Result]:
        for i, task in enumerate(given):
            ok = i < self.good
            yield Result.from_json(perform(task.to_json())) if ok else died(task.key, "SIGKILL", 3)


def test_a_job_that_ends_its_workers_loses_no_other(model: Any, tmp_path: Path) -> None:
    want = run(model)
    with pytest.raises(RunError, match=r"on bad machines failed: its worker died 3 times \(SIGKI"):
        run(model, jobs=tmp_path, executor=Failing(1))
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    assert len(kept) == 1 < want.jobs
    same(run(model, jobs=tmp_path, executor=Failing(want.jobs - 1)), want)
    assert all((tmp_path / name).stat().st_mtime_ns == t for name, t in kept.items())


def test_what_workers_cannot_have_runs_here(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from qiskit_aer import AerSimulator

    with connect(workers=2) as executor:
        found = run(model, backend=AerSimulator(), executor=executor)
        assert not executor._workers
    same(found, run(model, backend="aer"))
    assert (
        "`aer_simulator` is an object of this process: its jobs go out from here, not from 2 p"
        in (capsys.readouterr().err)
    )


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.qrnn").write_text(MODEL)
    np.savez("x.npz", x=X)
    given = ["run", "c.qrnn", "--inputs", "x.npz", "--seed", "1"]
    on = [*given, "--backend", "aer", "--shots", "30"]
    assert main([*on, "-o", "one.json"]) == 0
    assert main([*on, "-o", "two.json", "--workers", "1", "--jobs", "jobs"]) == 0
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    assert list(Path("jobs").glob("*.npz"))
    capsys.readouterr()
    monkeypatch.setattr("qrnnlang.runtime.executor.cluster.PATIENCE_S", 0.2)
    assert main([*on, "--cluster", "tcp://127.0.0.1:1"]) == 3
    assert "no scheduler of Dask at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert main([*given, "--workers", "2"]) == 2
    assert "`--workers` is about shots" in capsys.readouterr().err
    assert main([*on, "--workers", "2", "--cluster", "tcp://127.0.0.1:1"]) == 2


def test_training_takes_the_same_steps(tmp_path: Path) -> None:
    model = qr.loads(
        MODEL + "model M { use c = C(); input x: seq real; target t: seq real; let o = c(x);"
        " output y = o.y; loss mse(o.y, t); }"
    )
    given: dict[str, Any] = {"epochs": 1, "optimizer": "sgd", "seed": 1, "progress": False}
    given |= {"backend": "aer", "shots": 20}
    alone = model.fit(X[:2], X[:2], **given)
    with connect(workers=1) as executor:
        there = model.fit(X[:2], X[:2], **given, executor=executor, jobs=tmp_path)
    assert alone.metrics == there.metrics and len(list(tmp_path.glob("*.npz"))) == 5
    for name, value in alone.params.items():
        assert np.array_equal(value, there.params[name])
    with connect() as executor, pytest.raises(ValueError, match="executor= is for training on a b"):
        model.fit(X[:2], X[:2], executor=executor)


@pytest.mark.long
def test_a_cluster_of_which_a_worker_is_killed(model: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"backend": "generic_3", "shots": 5000}
    want = run(model, **options)
    found: list[Outputs] = []
    jobs = tmp_path / "jobs"
    with dask_cluster(tmp_path, 2) as (address, _, pids), connect(cluster=address) as executor:

        def go() -> None:
            found.append(run(model, **options, jobs=jobs, executor=executor))

        thread = Thread(target=go)
        thread.start()
        while not list(jobs.glob("*.npz")):
            thread.join(0.01)
        os.kill(pids[0], signal.SIGKILL)
        assert len(list(jobs.glob("*.npz"))) < want.jobs
        thread.join(240)
    same(found[0], want)
