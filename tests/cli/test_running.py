"""`run`, `train`, `predict`, `info`: what they print is what the Python interface gives."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr

from .conftest import Run


def test_run(qrnnc: Run) -> None:
    model = qr.load("cell.qrnn")
    params = {"w": np.array([0.3, -0.4])}
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    np.savez("p.npz", **params)
    np.savez("x.npz", x=x)
    found = qrnnc("run", "cell.qrnn", "--params", "p.npz", "--inputs", "x.npz")
    assert (found.code, found.err) == (0, "")
    data = json.loads(found.out)
    expected = model(params, x)
    assert list(data) == ["y", "z", "std_error"]
    assert data["std_error"] == {}
    for name in ("y", "z"):
        assert np.array_equal(np.array(data[name]), expected[name])


def test_run_draws_what_is_not_given(qrnnc: Run) -> None:
    Path("x.csv").write_text("x\n0.1\n0.2\n")
    found = qrnnc("run", "cell.qrnn", "--inputs", "x.csv", "--seed", "4", "-o", "out.json")
    assert (found.code, found.out) == (0, "")
    model = qr.load("cell.qrnn")
    expected = model(model.init(4), np.array([[0.1, 0.2]]))
    assert np.array_equal(json.loads(Path("out.json").read_text())["y"], expected["y"])


def test_run_with_shots(qrnnc: Run) -> None:
    Path("x.csv").write_text("x\n0.1\n0.2\n")
    line = ("run", "cell.qrnn", "--inputs", "x.csv", "--seed", "4")
    data = json.loads(qrnnc(*line, "--shots", "400").out)
    exact = json.loads(qrnnc(*line).out)
    errors = np.array(data["std_error"]["y"])
    assert errors.shape == np.array(exact["y"]).shape == (1, 2)
    assert np.all(np.abs(np.array(data["y"]) - exact["y"]) < 6 * errors + 0.02)
    assert json.loads(qrnnc(*line, "--shots", "400").out) == data


def test_run_of_a_model_without_inputs(qrnnc: Run) -> None:
    Path("n.qrnn").write_text("qrnn 1.0; cell N { carry n: real; next n = n + 1; output y = n; }")
    assert json.loads(qrnnc("run", "n.qrnn", "--steps", "3").out)["y"] == [[0.0, 1.0, 2.0]]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "missing input `x`"),
        ({"u": np.zeros(3)}, "`u`"),
        ({"x": np.zeros((1, 3, 2))}, "needs shape (batch, steps), got (1, 3, 2)"),
        ({"x": np.array([0.0, np.nan])}, "input `x` is nan at sample 0, step 1"),
    ],
)
def test_run_on_wrong_inputs(qrnnc: Run, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez("x.npz", **arrays)
    found = qrnnc("run", "cell.qrnn", "--inputs", "x.npz")
    assert (found.code, found.out, found.err.count("\n")) == (1, "", 1)
    assert said in found.err


def test_train_and_predict(qrnnc: Run) -> None:
    found = qrnnc("train", "model.qrnn", "-o", "out")
    assert found.code == 0
    head, columns, train, validation, test, files = found.out.splitlines()
    assert head.startswith("M: 3 epochs in ")
    assert columns.split() == ["loss", "mae"]
    rows = {line.split()[0]: line.split()[1:] for line in (train, validation, test)}
    metrics = json.loads(Path("out/metrics.json").read_text())
    for part in ("train", "validation", "test"):
        assert [float(v) for v in rows[part]] == pytest.approx(
            [metrics[part]["loss"], metrics[part]["mae"]], rel=1e-5
        )
    assert files.startswith("in out: model.qrnnz, history.csv, metrics.json, curves.png")

    model, params = qr.open("out/model.qrnnz")
    expected = qr.load("model.qrnn").fit(progress=False)
    assert all(np.array_equal(params[k], expected.params[k]) for k in params)

    Path("new.csv").write_text("v\n" + "\n".join(str(i / 10) for i in range(10)))
    found = qrnnc("predict", "out/model.qrnnz", "--data", "new.csv")
    assert (found.code, found.err) == (0, "")
    table = list(csv.DictReader(found.out.splitlines()))
    assert [(r["sequence"], r["step"]) for r in table] == [
        (str(i // 5), str(i % 5)) for i in range(10)
    ]
    outputs = model(params, np.arange(10).reshape(2, 5) / 10)["p"]
    assert [float(r["p"]) for r in table] == outputs.ravel().tolist()
    assert qrnnc("predict", "out/model.qrnnz", "--data=new.csv", "-o", "p.csv").out == ""
    assert Path("p.csv").read_text() == found.out

    np.savez("p.npz", **params)
    found = qrnnc("run", "model.qrnn", "--params", "out/model.qrnnz", "--inputs", "new.csv")
    assert (found.code, "no column `x`" in found.err) == (1, True)


def test_train_options(qrnnc: Run) -> None:
    found = qrnnc("train", "model.qrnn", "--epochs=1", "--seed=5", "--quiet", "--data", "data.csv")
    assert (found.code, found.out, found.err) == (0, "", "")
    assert len(Path("runs/model-1/history.csv").read_text().splitlines()) == 2
    assert qrnnc("train", "model.qrnn", "--epochs", "1", "--quiet").code == 0
    assert Path("runs/model-2/model.qrnnz").exists()
    first, second = (qr.open(f"runs/model-{i}/model.qrnnz")[1] for i in (1, 2))
    assert not np.array_equal(first["cell.w"], second["cell.w"])


def test_train_refuses(qrnnc: Run) -> None:
    found = qrnnc("train", "cell.qrnn")
    assert (found.code, "`A` has no loss" in found.err) == (1, True)
    text = Path("model.qrnn").read_text()
    cut = text[: text.index("    data csv")] + text[text.index("    train {") :]
    Path("nodata.qrnn").write_text(cut)
    found = qrnnc("train", "nodata.qrnn")
    assert (found.code, "`M` has no `data` block" in found.err) == (1, True)
    Path("file").write_text("")
    found = qrnnc("train", "model.qrnn", "-o", "file")
    assert (found.code, found.err) == (3, "error: cannot write to file: file exists\n")
    found = qrnnc("train", "model.qrnn", "--data", "gone.csv", "-o", "x")
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "gone.csv" in found.err


def test_predict_refuses_what_is_no_artefact(qrnnc: Run) -> None:
    for name in ("gone.qrnnz", "cell.qrnn", "data.csv"):
        found = qrnnc("predict", name, "--data", "data.csv")
        assert (found.code, found.out, found.err.count("\n")) == (1, "", 1)
        assert name in found.err


def test_info(qrnnc: Run) -> None:
    found = qrnnc("info", "model.qrnn", "--json")
    assert (found.code, found.err) == (0, "")
    data = json.loads(found.out)
    assert {"parameters", "qubits", "depth", "gates", "circuits", "plan"} <= data.keys()
    assert (data["steps"], data["qubits"], data["parameters"]["total"]) == (5, 2, 3)
    text = qrnnc("info", "model.qrnn", "--steps", "2").out
    assert text.startswith("M, 2 steps\n  parameters  3\n  qubits      2\n  depth ")
    assert "\n  gates " in text
    assert "\n  plan " in text


def test_info_of_what_is_no_circuit(qrnnc: Run) -> None:
    Path("e.qrnn").write_text(
        "qrnn 1.0; cell E { carry m: qubit; h m; let z = expect(X(m)); rx(z) m; output y = z; }"
    )
    found = qrnnc("info", "e.qrnn", "--steps", "2")
    assert found.code == 0
    assert "\n  circuit     none: " in found.out
    Path("c.qrnn").write_text(
        "qrnn 1.0; cell C { input x: real; param w: real; output y = w * x; }"
    )
    assert qrnnc("info", "c.qrnn").out == "C, 1 step\n  parameters  1\n  qubits      0\n"


def test_a_training_that_breaks_down_is_a_failed_run(qrnnc: Run) -> None:
    text = Path("model.qrnn").read_text().replace("adam(lr = 0.1)", "sgd(lr = 1e200)")
    Path("wild.qrnn").write_text(text)
    found = qrnnc("train", "wild.qrnn", "-o", "out", "--quiet")
    assert (found.code, found.out, found.err.count("\n")) == (3, "", 1)
    assert found.err.startswith("error: ")


def test_resuming_without_a_checkpoint(qrnnc: Run) -> None:
    found = qrnnc("train", "model.qrnn", "--epochs", "1", "--resume", "-o", "new")
    assert (found.code, found.out) == (1, "")
    assert found.err == "error: new: no checkpoint to go on from; start without resuming\n"
    assert not Path("new").exists()
    assert qrnnc("train", "model.qrnn", "--epochs", "1", "--quiet", "-o", "new").code == 0
    found = qrnnc("train", "model.qrnn", "--epochs", "2", "--resume", "-o", "new")
    assert found.code == 0 and found.out.startswith("M: 2 epochs in ")


def test_a_run_is_not_overwritten_by_accident(qrnnc: Run) -> None:
    line = ("train", "model.qrnn", "--epochs", "1", "--quiet", "-o", "new")
    assert qrnnc(*line).code == 0
    before = Path("new/model.qrnnz").read_bytes()
    found = qrnnc(*line, "--seed", "9")
    assert (found.code, found.out) == (2, "")
    assert "new holds a run (model.qrnnz): `--resume` goes on with it" in found.err
    assert Path("new/model.qrnnz").read_bytes() == before
    assert qrnnc(*line, "--seed", "9", "--overwrite").code == 0
    assert Path("new/model.qrnnz").read_bytes() != before
    assert qrnnc(*line, "--resume", "--overwrite").code == 2
    Path("empty").mkdir()
    assert qrnnc(*line[:-1], "empty").code == 0


def test_train_from_several_seeds(qrnnc: Run) -> None:
    found = qrnnc("train", "model.qrnn", "--epochs", "2", "--seeds", "3", "-o", "new")
    assert found.code == 0
    assert "the best of 3 seeds (" in found.out and "median" in found.out
    assert "seeds.csv, seeds.json" in found.out
    lines = found.out.splitlines()
    head = next(i for i, text in enumerate(lines) if "quartiles" in text)
    assert lines[head].split() == ["median", "quartiles", "min", "max"]
    for text in lines[head + 1 : -1]:  # columns stand apart, however long a number is
        _, median, quartiles, *ends = re.split(r" {2,}", text)
        low, high = quartiles.split(" to ")
        numbers = [float(n) for n in (median, low, high, *ends)]
        assert len(numbers) == 5 and numbers[3] <= numbers[1] <= numbers[0] <= numbers[2]
    rows = list(csv.DictReader(Path("new/seeds.csv").read_text().splitlines()))
    assert [r["seed"] for r in rows] == ["1", "2", "3"]


def test_train_says_why_a_seed_failed(qrnnc: Run) -> None:
    source = """qrnn 1.0;
    model M {
        param w: real ~ uniform(-1, 1);
        input x: seq real; target y: seq real;
        output p = w * x;
        loss mse(p, y) + exp(800 * w) * 1e-200;
        data series.sine(points = 40) { x = column("v"); y = column("v"); window = 10; }
        train { optimizer = sgd(lr = 1e-4); epochs = 1; batch = 4; }
    }"""
    Path("steep.qrnn").write_text(source)
    starts = [qr.loads(source).init(seed)["w"].item() for seed in range(60)]
    # exp(800·w) overflows for w above 0.887.
    bad = next(s for s, w in enumerate(starts) if w > 0.89 and starts[s + 1] < 0.8)
    found = qrnnc("train", "steep.qrnn", "--seeds", "2", "--seed", str(bad), "-o", "shown")
    assert f"seed {bad} failed: the loss is inf" in found.out
    assert f"the best of 1 seeds ({bad + 1}), 1 failed" in found.out


def test_predict_leaves_no_row_out(qrnnc: Run) -> None:
    assert qrnnc("train", "model.qrnn", "--quiet", "-o", "out").code == 0
    model, params = qr.open("out/model.qrnnz")
    values = [i / 10 for i in range(13)]
    Path("new.csv").write_text("v\n" + "\n".join(map(str, values)))
    found = qrnnc("predict", "out/model.qrnnz", "--data", "new.csv")
    note = "fewer than the window that the model was trained on\n"
    assert (found.code, found.err) == (0, f"note: sequence 2 has 3 rows, {note}")
    table = list(csv.DictReader(found.out.splitlines()))
    assert [(r["sequence"], r["step"]) for r in table] == [
        (str(i // 5), str(i % 5)) for i in range(13)
    ]
    rest = model(params, np.array([values[10:]]))["p"].ravel()
    np.testing.assert_allclose([float(r["p"]) for r in table[10:]], rest, rtol=1e-12)
    Path("few.csv").write_text("v\n0.5\n0.25\n")
    found = qrnnc("predict", "out/model.qrnnz", "--data", "few.csv")
    assert found.err == f"note: sequence 0 has 2 rows, {note}"
    table = list(csv.DictReader(found.out.splitlines()))
    assert [(r["sequence"], r["step"]) for r in table] == [("0", "0"), ("0", "1")]


def test_predict_says_what_it_leaves_out(qrnnc: Run) -> None:
    text = Path("model.qrnn").read_text().replace("output p = ", "output p = last(", 1)
    text = text.replace("cell(x);\n    loss", "cell(x), 2);\n    loss", 1)
    text = text.replace("mse(p, y)", "mse(p, last(y, 2))").replace(
        "mae(p, y)", "mae(p, last(y, 2))"
    )
    Path("last.qrnn").write_text(text)
    found = qrnnc("train", "last.qrnn", "--epochs", "1", "--quiet", "-o", "out")
    assert (found.code, found.err) == (0, "")
    Path("new.csv").write_text("v\n" + "\n".join(str(i / 10) for i in range(11)))
    found = qrnnc("predict", "out/model.qrnnz", "--data", "new.csv")
    assert found.code == 0 and "the last 1 rows are left out" in found.err
    Path("more.csv").write_text("v\n" + "\n".join(str(i / 10) for i in range(13)))
    found = qrnnc("predict", "out/model.qrnnz", "--data", "more.csv")
    rows = [
        (r["sequence"], r["step"], r["p"] != "") for r in csv.DictReader(found.out.splitlines())
    ]
    # Steps are those of the input: two values of five stand at the steps 3 and 4.
    assert rows == [(k, s, True) for k, s in zip("001122", "343412", strict=True)]
    assert found.err.startswith("note: sequence 2 has 3 rows")


def test_predict_puts_a_single_value_at_the_last_step(qrnnc: Run) -> None:
    text = Path("model.qrnn").read_text().replace("scale * cell(x)", "scale * last(cell(x))")
    text = text.replace("mse(p, y)", "mse(p, last(y))").replace("mae(p, y)", "mae(p, last(y))")
    Path("last.qrnn").write_text(text)
    found = qrnnc("train", "last.qrnn", "--epochs", "1", "--quiet", "-o", "out")
    assert (found.code, found.err) == (0, "")
    Path("new.csv").write_text("v\n" + "\n".join(str(i / 10) for i in range(13)))
    for rows, steps in ((13, ["4", "4", "2"]), (10, ["4", "4"]), (3, ["2"])):
        Path("new.csv").write_text("v\n" + "\n".join(str(i / 10) for i in range(rows)))
        found = qrnnc("predict", "out/model.qrnnz", "--data", "new.csv")
        table = list(csv.DictReader(found.out.splitlines()))
        assert [(r["sequence"], r["step"]) for r in table] == list(zip("012", steps, strict=False))


def test_a_missing_file_of_the_data_block_is_told_with_its_place(qrnnc: Run) -> None:
    assert qrnnc("train", "model.qrnn", "--epochs", "1", "--quiet", "-o", "out").code == 0
    model, _ = qr.open("out/model.qrnnz")
    with pytest.raises(qr.DataError) as raised:
        model.data()
    assert str(raised.value).startswith("data.csv: no such file or directory")
    assert str(Path("out/data.csv").absolute()) in str(raised.value)
    assert '`model.data("data.csv")`' in str(raised.value)
    assert len(model.data("data.csv").train)
