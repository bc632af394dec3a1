"""`qrnnc sweep`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qrnnlang.cli.errors import CliError
from qrnnlang.cli.values import lists

from .conftest import Run

MODEL = """qrnn 1.0;
model M(power: int = 1) {
    param w: real ~ normal(0, 1);
    input x: seq real;
    target y: seq real;
    output p = w * x ** power;
    loss mse(p, y);
    data series.sine(points = 30) { x = column("v"); y = shift(column("v"), 1); window = 4; split = (0.7, 0.3); }
    train { optimizer = sgd(lr = 0.1); epochs = 2; }
}
"""


def test_a_table_and_its_continuation(qrnnc: Run, folder: Path) -> None:
    Path("m.qrnn").write_text(MODEL)
    asked = ("sweep", "m.qrnn", "--set", "power=1,2", "--seeds", "2")
    done = qrnnc(*asked)
    assert done.code == 0, done.err
    head, *lines = done.out.splitlines()
    assert head.split() == ["power", "runs", "test.loss"]
    assert [line.split()[:2] for line in lines[:2]] == [["1", "2"], ["2", "2"]]
    assert lines[2].startswith("best: power=2 seed=")
    assert lines[3] == "in sweeps/m-1: results.csv, summary.json"
    refused = qrnnc(*asked, "-o", "sweeps/m-1")
    assert refused.code == 2 and "`--resume` goes on with it" in refused.err
    again = qrnnc(*asked, "-o", "sweeps/m-1", "--resume", "--json", "--quiet")
    assert again.code == 0 and again.err == ""
    assert json.loads(again.out) == json.loads(Path("sweeps/m-1/summary.json").read_text())
    assert json.loads(again.out)["points"][1]["set"] == {"power": 2}


def test_all_runs_fail(qrnnc: Run, folder: Path) -> None:
    Path("m.qrnn").write_text(MODEL)
    done = qrnnc("sweep", "m.qrnn", "--train", "lr=1e300", "--quiet", "--seeds", "3,4")
    assert done.code == 3
    assert "2 of 2 runs failed" in done.out and "lr=1e+300 seed=3: the loss is" in done.err


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--set", "power"], 2, "expected `--set name=value,value,…`"),
        (["--set", "power=1,,2"], 2, "a value is empty"),
        (["--set", "power=1", "--set", "power=2"], 2, "given twice"),
        (["--set", "powr=1"], 1, "powr"),
        (["--train", "rate=1"], 1, "no setting of training is called `rate`"),
        (["--seeds", "0"], 2, "at least one seed"),
        (["--seeds", "a"], 2, "expected a number"),
        (["--resume"], 2, "`--resume` needs the folder"),
        (["--workers", "0"], 2, "from 1"),
        (["--workers", "1", "--cluster", "tcp://a:1"], 2, "not allowed with"),
        (["--cluster", "nonsense://a"], 3, "no scheduler of Dask"),
        (["--data", "absent.csv"], 1, "absent.csv: no such file"),
    ],
)
def test_what_is_wrong(qrnnc: Run, folder: Path, asked: list[str], code: int, said: str) -> None:
    Path("m.qrnn").write_text(MODEL)
    done = qrnnc("sweep", "m.qrnn", *asked)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_lists_of_values() -> None:
    found = lists(["a=1,2", "b=0.5", 'c="x,y",z', "d=true,false"], "--set")
    assert found == {"a": [1, 2], "b": [0.5], "c": ["x,y", "z"], "d": [True, False]}
    for wrong in ("a=", "=1", "a=1,"):
        with pytest.raises(CliError):
            lists([wrong], "--set")
