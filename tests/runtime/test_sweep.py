"""Sweeps: the grid, equal results through every executor, what is kept, what fails."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from executing import dask_cluster

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.runtime.sweep import Grid, Row, Sweep, sweep

BLOCKS = """qrnn 1.0;
cell Scaled(power: int = 1) { input x: real; param w: real = 0.5; output y = w * x ** power; }
"""
MODEL = """qrnn 1.0;
import "blocks.qrnn";
model M(power: int = 1, spread: real = 0.5) {
    use cell = Scaled(power = power);
    param b: real ~ normal(0, spread);
    input x: seq real;
    target y: seq real;
    output p = cell(x) + b;
    loss mse(p, y);
    metric mae(p, y);
    data csv("data.csv") { x = column("v"); y = shift(column("v"), 1); window = 5; split = (0.6, 0.2, 0.2); }
    train { optimizer = sgd(lr = 0.1); epochs = 4; }
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = "\n".join(repr(float(v)) for v in np.sin(np.arange(40) / 3))
    (tmp_path / "data.csv").write_text(f"v\n{rows}\n")
    (tmp_path / "blocks.qrnn").write_text(BLOCKS)
    (tmp_path / "model.qrnn").write_text(MODEL)
    return tmp_path / "model.qrnn"


# --- the grid -------------------------------------------------------------------------------------


def test_points_of_a_grid() -> None:
    grid = Grid({"a": [1, 2], "b": ["u", "v"]}, {"lr": [0.1, 0.2]})
    labels = [point.label for point in grid.points()]
    assert labels[:3] == ["a=1 b=u lr=0.1", "a=1 b=u lr=0.2", "a=1 b=v lr=0.1"] and len(labels) == 8
    assert list(grid.lines()) == [{"a": 1, "b": "u"}, {"a": 2, "b": "u"}, {"a": 1, "b": "v"}]
    assert [point.label for point in Grid().points()] == [""]


@pytest.mark.parametrize(
    ("hyper", "settings", "said"),
    [
        ({}, {"rate": [1]}, "no setting of training is called `rate`"),
        ({"lr": [1]}, {"lr": [1]}, "as a hyperparameter and as a setting"),
        ({"a": []}, {}, "`a` has no value"),
        ({"a": [1, 2, 1]}, {}, "a value twice"),
    ],
)
def test_wrong_grids(
    hyper: dict[str, list[int]], settings: dict[str, list[int]], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Grid(hyper, settings)


# --- runs -----------------------------------------------------------------------------------------


def stripped(made: Sweep) -> list[dict[str, object]]:
    """The runs without what differs between machines."""
    return [{k: v for k, v in row.as_json().items() if k != "seconds"} for row in made.rows]


def test_a_sweep_gives_what_fit_gives(file: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []

    def report(done: int, total: int, row: Row) -> None:
        seen.append((done, total, row.point.label))

    folder = tmp_path / "out"
    grid, settings = {"power": [1, 2]}, {"lr": [0.05, 0.1]}
    made = sweep(file, grid, seeds=2, settings=settings, folder=folder, report=report)
    assert [d for d, _, _ in seen] == list(range(1, 9)) and seen[0][1:] == (8, "power=1 lr=0.05")
    assert len(made.rows) == 8 and made.failed == 0 and len(made.points) == 4
    row = made.rows[7]
    assert row.point.values == {"power": 2, "lr": 0.1} and row.seed == 1
    alone = qr.load(file, power=2).fit(seed=1, lr=0.1, progress=False)
    assert row.metrics == alone.metrics and row.epochs == 4
    assert made.rows[0].metrics != made.rows[1].metrics  # seeds differ
    best = made.best
    assert best is not None
    assert best.metrics["validation"]["loss"] == min(
        r.metrics["validation"]["loss"] for r in made.rows
    )
    summary = made.points[3]
    losses = [r.metrics["test"]["loss"] for r in made.rows[6:]]
    assert summary.scores["test.loss"] == (min(losses), sum(losses) / 2, max(losses))
    written = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    assert [r["power"] for r in written] == list("11112222") and written[7]["seed"] == "1"
    assert float(written[7]["test.mae"]) == row.metrics["test"]["mae"]
    assert json.loads((folder / "summary.json").read_text()) == made.as_json()
    assert str(made).splitlines()[0].split() == [
        *("power", "lr", "runs"),
        *("validation.loss", "validation.mae", "test.loss", "test.mae"),
    ]

    min((folder / "results").iterdir()).unlink()
    again = sweep(file, grid, seeds=2, settings=settings, folder=folder)
    assert stripped(again) == stripped(made)
    assert sum(a.seconds != b.seconds for a, b in zip(again.rows, made.rows, strict=True)) == 1


def test_other_data_or_another_source_is_another_sweep(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    first = sweep(file, folder=folder)
    (tmp_path / "other.csv").write_text((tmp_path / "data.csv").read_text().replace("0.", "0.1", 3))
    other = sweep(file, folder=folder, data=tmp_path / "other.csv")
    assert first.rows[0].metrics != other.rows[0].metrics
    file.write_text(MODEL.replace("epochs = 4", "epochs = 5"))
    assert sweep(file, folder=folder).rows[0].epochs == 5
    assert len(list((folder / "results").iterdir())) == 3


def test_a_run_that_fails_is_a_row(file: Path) -> None:
    made = sweep(file, settings={"lr": [1e200, 0.1]})
    assert made.failed == 1 and "the loss is" in str(made.rows[0].error)
    assert made.best is made.rows[1]
    assert made.points[0].failed == 1 and made.points[0].scores == {}
    assert "0/1" in str(made) and made.to_csv().count("the loss is") == 1


def test_processes_give_the_same_and_need_no_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sweep(file, {"power": [1, 2]}, seeds=[0, 3])
    assert [row.seed for row in made.rows] == [0, 3, 0, 3]
    monkeypatch.setattr("qrnnlang.runtime.sweep.work.DataFile.here", _elsewhere)
    afar = sweep(file, {"power": [1, 2]}, seeds=[0, 3])
    monkeypatch.undo()
    there = sweep(file, {"power": [1, 2]}, seeds=[0, 3], workers=2)
    assert stripped(afar) == stripped(made) == stripped(there)


def _elsewhere(self: object, folder: Path) -> Path:
    """As on a machine that does not have the file."""
    from qrnnlang.runtime.sweep.work import DataFile

    assert isinstance(self, DataFile)
    path = Path(folder, "sent.csv")
    import base64

    path.write_bytes(base64.b64decode(str(self.content)))
    return path


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    from qrnnlang.runtime.sweep.work import DataFile

    path = tmp_path / "data.csv"
    path.write_text("v\n1\n")
    small = DataFile.of(path)
    assert small.here(tmp_path / "none") == path
    path.write_text("v\n2\n")  # another file by the same name
    (tmp_path / "at").mkdir()
    assert small.here(tmp_path / "at").read_text() == "v\n1\n"
    with pytest.raises(DataError, match="not on this worker"):
        DataFile(small.path, small.digest).here(tmp_path)


def test_an_interrupt_ends_the_sweep_and_keeps_no_half_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, count = qr.Model.fit, 0

    def fit(self: qr.Model, **options: Any) -> qr.Run:
        nonlocal count
        count += 1
        run = whole(self, **options)
        return run if count < 3 else replace(run, stopped="interrupted")

    monkeypatch.setattr(qr.Model, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        sweep(file, seeds=5, folder=tmp_path / "out")
    assert len(list((tmp_path / "out" / "results").iterdir())) == 2
    monkeypatch.undo()
    assert [row.stopped for row in sweep(file, seeds=5, folder=tmp_path / "out").rows] == [
        "epochs"
    ] * 5


# --- what is wrong --------------------------------------------------------------------------------


def test_wrong_sweeps(file: Path) -> None:
    with pytest.raises(CompileError):
        sweep(file, {"powr": [1]})
    with pytest.raises(CompileError):
        sweep(file, {"power": [1, "two"]})
    with pytest.raises(ValueError, match="seeds"):
        sweep(file, seeds=0)
    with pytest.raises(ValueError, match="different"):
        sweep(file, seeds=[1, 1])
    with pytest.raises(DataError, match=r"absent\.csv"):
        sweep(file, data="absent.csv")
    file.write_text("qrnn 1.0; cell A { input x: real; output y = x; }")
    with pytest.raises(ValueError, match="no loss"):
        sweep(file)


# --- a cluster ------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_sweep_on_a_cluster_of_which_a_worker_is_killed(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    grid = {"power": [1, 2, 3]}
    made = sweep(file, grid, seeds=4)
    with dask_cluster(tmp_path, workers=3) as (address, _, workers):
        folder = tmp_path / "out"

        def kill() -> None:
            while len(list(folder.glob("results/*.json"))) < 2:
                time.sleep(0.005)
            os.kill(workers[0], signal.SIGKILL)

        thread = Thread(target=kill)
        thread.start()
        there = sweep(file, grid, seeds=4, cluster=address, folder=folder)
        thread.join()
    assert stripped(there) == stripped(made) and there.failed == 0
