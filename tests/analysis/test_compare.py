"""A comparison's statistics in closed cases, and one small comparison from end to end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import qrnnlang as qr
from qrnnlang.analysis.compare import Trained, _runs, compare, finding, holm, matched, signed_rank
from qrnnlang.analysis.family import trained, whole_numbers
from qrnnlang.cli.main import main
from qrnnlang.runtime.training.run import Run

CELL = {
    "rnn": "use c = Rnn(inputs = 1, hidden = size);",
    "gru": "use c = Gru(inputs = 1, hidden = size);",
}
MODEL = """qrnn 1.0;
import std.cells;
model M(size: int = SIZE) {
    CELL
    use head = Linear(inputs = size, outputs = 1);
    input x: seq real[1];
    target y: seq real[1];
    output z = head(c(x));
    loss mse(last(z, 3), last(y, 3));
    metric rmse(last(z, 3), last(y, 3));
    data series.sine(points = 90) {
        x = column(0);
        y = shift(column(0), 1);
        window = 8;
        stride = 4;
        split = (0.6, 0.2, 0.2);
    }
    train { optimizer = adam(lr = 0.01); epochs = 5; batch = 8; }
}
"""


def source(name: str, size: int = 4) -> str:
    return MODEL.replace("SIZE", str(size)).replace("CELL", CELL[name])


def test_signed_ranks_of_one_sign() -> None:
    """All n differences of one sign: p = 2 · 2^−n."""
    assert signed_rank(np.arange(1.0, 9)) == pytest.approx(2 * 0.5**8)
    assert signed_rank(-np.arange(1.0, 6)) == pytest.approx(2 * binom.pmf(5, 5, 0.5))
    assert signed_rank(np.zeros(4)) == 1


def test_holm_corrects_by_rank() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1])


def test_who_is_better() -> None:
    def one(name: str, scores: list[float]) -> Trained:
        return Trained(name, 10, {}, 0.1, tuple(scores), ((1.0, 0.5),) * len(scores))

    rng = np.random.default_rng(0)
    base = rng.uniform(1, 2, 10)
    found = finding(
        [
            one("a", list(base)),
            one("b", list(base - 0.5)),
            one("c", list(base + rng.normal(0, 0.1, 10))),
        ],
        {},
    )
    pairs = {(row[0], row[1]): row for row in found.tables["pairs"].rows}
    assert pairs["a", "b"][6] == "b"
    assert pairs["a", "b"][2:5] == pytest.approx((0.5, 0.5, 0.5))
    assert pairs["a", "c"][6] == "undecided"
    assert found.values["a"].value == pytest.approx(np.median(base))


def test_a_failed_training_counts_as_the_worst() -> None:
    one = Trained("a", 10, {}, 0.1, (1.0, 2.0, 3.0), ())
    two = Trained("b", 12, {}, 0.1, (0.5, float("inf"), 0.5), ())
    found = finding([one, two], {})
    assert found.tables["models"].rows[1][7] == 1
    assert found.values["b"].value == 0.5
    assert found.notes == ("`b` has 12 parameters, +20%",)


def test_sizes_are_matched_as_near_as_they_go() -> None:
    model = qr.loads(source("gru"))
    assert whole_numbers(model) == {"size": 4}
    made, hyper = matched(model, 200)
    counts = {n: 3 * (n + n * n + 2 * n) + n + 1 for n in range(1, 20)}
    best = min(counts, key=lambda n: abs(counts[n] - 200))
    assert (hyper, trained(made)) == ({"size": best}, counts[best])
    with pytest.raises(ValueError, match="no int hyperparameter `hidden`; it has `size`"):
        matched(model, 200, "hidden")


def test_seeds_trained_at_once_are_as_alone() -> None:
    """And a rate more compiles nothing: the model keeps one program for each number of seeds."""
    model = qr.loads(source("rnn", 2))
    data = model.data()
    for rate in (0.01, 0.05):
        found = _runs(model, data, (3, 9), epochs=3, lr=rate)
        for seed, (metrics, curve) in zip((3, 9), found, strict=True):
            alone = model.fit(data=data, seed=seed, epochs=3, lr=rate, progress=False)
            assert metrics["test"]["rmse"] == pytest.approx(alone.metrics["test"]["rmse"], rel=1e-9)
            assert curve == pytest.approx(alone.history["val_loss"], rel=1e-9)
    assert len(model.runner.epochs) == 2  # one seed, two seeds


def test_seeds_that_fail_and_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = qr.loads(source("rnn", 2))
    one = Run({}, {"loss": [2.0, 1.0]}, {"test": {"rmse": 0.5}}, seed=9)
    made = replace(one, runs=(one,), failures={1: "the loss is inf"})
    monkeypatch.setattr(type(model), "fit", lambda *_, **__: made)
    data = model.data()
    assert _runs(model, data, (3, 9)) == [({}, []), ({"test": {"rmse": 0.5}}, [2.0, 1.0])]
    made = replace(made, stopped="interrupted")
    with pytest.raises(KeyboardInterrupt):
        _runs(model, data, (3, 9))


@pytest.mark.long
def test_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in CELL:
        (tmp_path / f"{name}.qrnn").write_text(source(name))
    files = [str(tmp_path / f"{name}.qrnn") for name in CELL]
    options = ["--seeds", "2", "--epochs", "4", "--rates", "0.01,0.05"]
    assert main(["compare-models", *files, *options, "-o", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Comparison\n  rnn")
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    rows = {row[0]: row for row in found["tables"]["models"]["rows"]}
    assert rows["rnn"][1] == 4 + 16 + 8 + 5
    assert abs(rows["gru"][1] - rows["rnn"][1]) <= 12
    assert rows["gru"][3] in (0.01, 0.05)
    assert found["conditions"]["score"] == "rmse on the test part"
    assert (tmp_path / "out" / "comparison.svg").read_bytes().startswith(b"<?xml")
    # The same model, data and seed by hand give the same score.
    model = qr.loads(source("rnn"))
    scores = [
        model.fit(epochs=4, lr=rows["rnn"][3], seed=s, progress=False).metrics["test"]["rmse"]
        for s in range(2)
    ]
    assert rows["rnn"][4] == pytest.approx(np.median(scores))


def test_other_data_is_no_comparison() -> None:
    other = qr.loads(source("gru").replace("points = 90", "points = 80"))
    with pytest.raises(ValueError, match="tested on different data"):
        compare({"a": qr.loads(source("rnn")), "b": other}, seeds=2, epochs=1)
    with pytest.raises(ValueError, match="at least two models"):
        compare({"a": other})
