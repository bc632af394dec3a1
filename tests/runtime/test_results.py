"""The folder of a run, predictions, circuits, shots: what goes out of the runtime."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.runtime.forecasts import forecast
from qrnnlang.runtime.predict import predict, target_of, to_csv
from qrnnlang.runtime.results import write_run
from qrnnlang.runtime.train import train_file

from .programs import LINE, QUBIT, line

DATA = (
    'data series.sine(points = 60) { x = column("v"); y = shift(column("v"), 1); window = 5;'
    " stride = 5; scale = minmax(0, 3); split = (0.6, 0.2, 0.2); }"
    " train { optimizer = sgd(lr = 0.05); epochs = 3; batch = 4; }"
)


def test_a_file_trains_into_a_folder(tmp_path):
    (tmp_path / "m.qrnn").write_text(LINE % DATA)
    model, run, data, files = train_file(
        tmp_path / "m.qrnn", folder=tmp_path / "run", progress=False, epochs=4
    )
    names = ["model.qrnnz", "history.csv", "metrics.json", "curves.png", "forecast.png"]
    assert [f.name for f in files] == names
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == sorted(names)
    with (tmp_path / "run" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["epoch"] for r in rows] == ["1", "2", "3", "4"]
    assert [float(r["val_rmse"]) for r in rows] == run.history["val_rmse"]
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == run.metrics
    assert set(run.metrics) == {"train", "validation", "test"}
    for name in ("curves.png", "forecast.png"):
        assert (tmp_path / "run" / name).read_bytes().startswith(b"\x89PNG")
    _, params = qr.open(tmp_path / "run" / "model.qrnnz")
    assert params["w"] == run.params["w"] and len(data.test) == 2
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    write_run(tmp_path / "run", model, run, data)
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}


def test_predictions_are_in_the_unit_of_the_data():
    model = line(DATA)
    data = model.data()
    found = predict(model, {"w": 1.0}, data.test)["pred"]
    # With w = 1 the prediction is the input, which shares its column's scale with the target.
    np.testing.assert_allclose(
        found, np.sin(2 * np.pi * data.test.rows * (20 / 59) / 5), atol=1e-12
    )


def test_which_target_an_output_predicts():
    model = qr.loads(
        "qrnn 1.0; model M { input x: seq real; target a: real; target b: real; target c: seq real;"
        " output p = 2 * x; output q = last(x); output r = last(3 * x);"
        " loss mse(skip(p, 1), skip(c, 1)) + mse(r, a); metric mae(q, b); }"
    )
    assert [target_of(model, name) for name in "pqr"] == ["c", "b", "a"]


def test_a_forecast_is_drawn_where_most_was_seen_and_without_the_wash_out():
    """The output says at which step of its window it stands: rows from 8 on, a window every row."""
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; carry n: real = 0; next n = n + 1; output y = n + 0 * x;"
        " } model M { use c = C(); input x: seq real; target t: seq real; output p = c(x);"
        ' loss mse(skip(p, 2), skip(t, 2)); data series.sine(points = 20) { x = column("v");'
        ' t = column("v"); window = 5; split = (0.5, 0.5); } }'
    )
    found = forecast(model, {}, model.data())
    assert found is not None
    assert found.at_truth.tolist() == list(range(8, 20))
    assert found.at_predicted.tolist() == list(range(10, 20))
    assert found.predicted.tolist() == [2.0, 3.0] + [4.0] * 8


def test_predictions_as_a_table():
    model = qr.loads(
        "qrnn 1.0; model M { input x: seq real; output p = x; output v = [last(x), 1];"
        " output k = last(x, 1); }"
    )
    outputs = model({}, np.array([[1.0, 2.0], [3.0, 0.1]]))
    assert to_csv(model, outputs).splitlines() == [
        "sequence,step,p,v[0],v[1],k",
        "0,0,1.0,,,",
        "0,1,2.0,2.0,1.0,2.0",
        "1,0,3.0,,,",
        "1,1,0.1,0.1,1.0,0.1",
    ]


@pytest.fixture(scope="module")
def qubit():
    return qr.loads(QUBIT)


def test_circuits_take_parameters_and_one_sequence(qubit):
    params, x = qubit.init(0), np.linspace(0.1, 0.9, 3)
    free = qubit.to_qiskit(3)
    assert [p.name for p in free.parameters] == qubit.parameter_order(3)
    assert {p.name for p in free.parameters} == {"w[0]", "w[1]", "x_0", "x_1", "x_2"}
    assert not qubit.to_qiskit(3, params=params, x=x).parameters
    assert qubit.to_qasm(3, steps=3, params=params, x=x).startswith("OPENQASM 3")
    assert qubit.to_qasm(2, steps=3, params=params, x=x[:, None]).startswith("OPENQASM 2.0")
    assert len(qubit.circuits(3)) >= 1
    with pytest.raises(ValueError, match="OpenQASM has versions 2 and 3"):
        qubit.to_qasm(4, steps=3)
    with pytest.raises(ValueError, match="OpenQASM 2 has no loops"):
        qubit.to_qasm(2, steps=3, rolled=True)


def test_info(qubit):
    found = qubit.info(steps=4)
    assert {"parameters", "qubits", "depth", "gates", "circuits", "plan"} <= set(found)
    assert found["parameters"]["total"] == 2 and found["qubits"] == 2
    json.dumps(found)


def test_shots_agree_with_the_exact_values(qubit):
    params, x = qubit.init(0), np.array([[0.4, 1.1], [2.0, 0.3]])
    exact = qubit(params, x)["z"]
    found = qubit.run(params, x, shots=4000, seed=1)
    error = found.std_error["z"]
    assert found["z"].shape == exact.shape == error.shape
    assert (np.abs(found["z"] - exact) < 5 * error + 1e-12).all() and (error < 0.02).all()
    again = qubit.run(params, x, shots=4000, seed=1)
    np.testing.assert_array_equal(again["z"], found["z"])
