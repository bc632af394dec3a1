"""`qrnnc new`: projects that check, train and do what their pages say; `qrnnc compare`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import qrnnlang as qr
from qrnnlang.runtime.starting import STARTS
from qrnnlang.sema import check_path

from .conftest import Run


@pytest.mark.parametrize("cell", STARTS)
def test_every_cell_has_a_project_without_a_warning(qrnnc: Run, folder: Path, cell: str) -> None:
    done = qrnnc("new", "my-project", "--cell", cell.lower())
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "my-project: model.qrnn, data.csv, README.md, .gitignore"
    assert check_path("my-project/model.qrnn") == ()
    assert qrnnc("fmt", "--check", "my-project/model.qrnn").code == 0
    model = qr.load("my-project/model.qrnn")
    assert model.closed.name == "MyProject"
    data = model.data()
    assert len(data.train) > 8 and len(data.validation) > 1 and len(data.test) > 1
    larger = {STARTS[cell].size: STARTS[cell].value + 1}
    assert sum(v.size for v in qr.load("my-project/model.qrnn", set=larger).init(0).values()) > sum(
        v.size for v in model.init(0).values()
    )


@pytest.mark.long
@pytest.mark.parametrize("cell", STARTS)
def test_every_project_trains(qrnnc: Run, folder: Path, cell: str) -> None:
    assert qrnnc("new", "p", "--cell", cell.lower()).code == 0
    done = qrnnc("train", "p/model.qrnn", "-o", "run", "--quiet")
    assert done.code == 0, done.err
    history = Path("run/history.csv").read_text().splitlines()
    names = history[0].split(",")
    losses = [float(row.split(",")[names.index("loss")]) for row in history[1:]]
    assert losses[-1] < losses[0] or STARTS[cell].ridge
    metrics = json.loads(Path("run/metrics.json").read_text())
    rmse = metrics["test"].get("rmse")  # the scaled series has a standard deviation near 0.4
    assert rmse is None or rmse < 0.4


def test_the_commands_of_a_readme_work_and_runs_compare(
    qrnnc: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert qrnnc("new", "a/wave", "--cell", "rnn").code == 0
    monkeypatch.chdir("a/wave")
    page = Path("README.md").read_text()
    commands = re.findall(r"^\$ qrnnc (.*)$", page, re.MULTILINE)
    assert [c.split()[0] for c in commands] == ["check", "info", "train", "predict", "sweep"]
    Path("model.qrnn").write_text(
        Path("model.qrnn").read_text().replace("epochs = 30", "epochs = 2")
    )
    for command in commands:
        done = qrnnc(*command.split())
        assert done.code == 0, done.err
    assert Path("forecast.csv").read_text().startswith("sequence,step,pred")
    second = (
        "train",
        "model.qrnn",
        "-o",
        "runs/second",
        "--quiet",
        "--epochs",
        "1",
        "--set",
        "hidden=2",
    )
    assert qrnnc(*second).code == 0

    shown = qrnnc("compare", "runs/first", "runs/second")
    head, *rows = shown.out.splitlines()
    assert head.split()[:5] == ["run", "model", "hidden", "parameters", "epochs"]
    assert head.split()[5:7] == ["train.loss", "train.rmse"]
    assert rows[0].split()[:4] == ["runs/first", "Wave", "33", "2"]
    assert rows[1].split()[:5] == ["runs/second", "Wave", "2", "13", "1"]
    listed = qrnnc("compare", "runs/second", "runs/first", "--json", "--sort", "validation.loss")
    found = json.loads(listed.out)
    losses = [run["metrics"]["validation"]["loss"] for run in found]
    assert losses == sorted(losses) and {run["run"] for run in found} == {
        "runs/first",
        "runs/second",
    }
    assert found[0]["metrics"] == json.loads(Path(found[0]["run"], "metrics.json").read_text())
    wrong = qrnnc("compare", "runs/first", "--sort", "loss")
    assert wrong.code == 2 and "there are train.loss, train.rmse" in wrong.err
    Path("runs/first/history.csv").write_text("nothing\n1\n")
    damaged = qrnnc("compare", "runs/first")
    assert damaged.code == 1 and "history.csv: damaged, or no history of a run" in damaged.err


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["new", "cell.qrnn"], 2, "exists already, and is left as it is"),
        (["new", "full"], 2, "exists already, and is left as it is"),
        (["new", "p", "--cell", "emcc"], 2, "did you mean `emc`?"),
        (["new", "123"], 2, "needs a letter"),
        (["compare", "full"], 1, "full: no finished run"),
        (["compare", "full/mine.txt"], 1, "full/mine.txt: a file, not a run's folder"),
        (["compare", "absent"], 1, "absent: no such folder"),
        (["compare"], 2, "required: RUN"),
    ],
)
def test_what_is_refused(qrnnc: Run, folder: Path, asked: list[str], code: int, said: str) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    done = qrnnc(*asked)
    assert (done.code, said in done.err) == (code, True), done.err
    assert [p.name for p in Path("full").iterdir()] == ["mine.txt"] and not Path("p").exists()
