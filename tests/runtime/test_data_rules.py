"""The rules of `data` and of metrics, one by one, each where a slip would show."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr

RNG = np.random.default_rng(11)

ONE = """qrnn 1.0;
model M {
    param w: real = 0.5;
    input x: seq real;
    target y: real;
    output p = w * last(x);
    loss mse(p, y);
    data csv("v.csv") { x = column(0); y = shift(column(0), 1); %s }
}
"""

TWO = """qrnn 1.0;
model M {
    param w: real = 0.5;
    input x: seq real[2];
    target y: seq real[2];
    output p = w * x;
    loss mse(p, y);
    metric nmse(p, y);
    metric r2(p, y);
    metric rmse(p, y);
}
"""


def model_of(folder, options, values):
    np.savetxt(folder / "v.csv", values)
    (folder / "m.qrnn").write_text(ONE % options)
    return qr.load(folder / "m.qrnn")


def test_a_single_target_is_the_shifted_value_at_the_end_of_its_window(tmp_path):
    data = model_of(tmp_path, "window = 3; stride = 2;", np.arange(10.0) ** 2).data()
    np.testing.assert_array_equal(data.train.inputs["x"][:, -1], np.array([2, 4, 6, 8]) ** 2)
    np.testing.assert_array_equal(data.train.targets["y"], np.array([3, 5, 7, 9]) ** 2)


def test_rows_shared_by_training_windows_count_once_and_others_not_at_all(tmp_path):
    """Overlapping windows, some of them for testing: rows 0 to 5 train x, rows 1 to 6 train y."""
    values = np.array([1.0, 5, 2, 8, 3, 3, 9, 50, -70, 90, 20])
    options = "window = 3; stride = 1; split = (0.5, 0.5); scale = standard();"
    data = model_of(tmp_path, options, values).data()
    assert (len(data.train), len(data.test)) == (4, 4)
    rows = values[:7]
    np.testing.assert_allclose(data.scales["x"].factor, 1 / rows.std(), rtol=1e-14)
    np.testing.assert_allclose(data.scales["x"].offset, -rows.mean() / rows.std(), rtol=1e-14)
    assert data.scales["y"].to_json() == data.scales["x"].to_json()
    np.testing.assert_allclose(data.scales["y"].undo(data.test.targets["y"]), values[7:])


def test_rows_between_training_windows_do_not_count(tmp_path):
    """Windows of 2 rows, 4 apart: x holds rows 0, 1, 4, 5 and y, one row ahead, 1, 2, 5, 6."""
    values = np.array([1.0, 5, 2, 800, 3, 3, 9, -700, 4, 4, 4])
    data = model_of(
        tmp_path, "window = 2; stride = 4; split = (0.6, 0.4); scale = minmax(0, 1);", values
    ).data()
    assert (len(data.train), len(data.test)) == (2, 1)
    np.testing.assert_allclose(data.scales["x"].factor, 1 / 8)
    np.testing.assert_allclose(data.train.targets["y"], [(2 - 1) / 8, (9 - 1) / 8])


def test_shuffling_leaves_the_parts_in_time_order_and_reorders_batches(tmp_path):
    values = RNG.normal(size=40)
    options = "window = 3; split = (0.5, 0.25, 0.25); shuffle = %s;"
    made = {}
    for shuffled in ("true", "false"):
        model = model_of(tmp_path, options % shuffled, values)
        data = model.data()
        run = model.fit(epochs=1, batch=1, optimizer="sgd", lr=0.1, seed=3, progress=False)
        made[shuffled] = data, run, model
    kept = made["false"][0]
    for part in ("train", "validation", "test"):
        a, b = getattr(made["true"][0], part), getattr(kept, part)
        np.testing.assert_array_equal(a.inputs["x"], b.inputs["x"])
        np.testing.assert_array_equal(a.targets["y"], b.targets["y"])
    starts = np.concatenate([getattr(kept, p).rows[:, 0] for p in ("train", "validation", "test")])
    assert list(starts) == sorted(starts)
    assert made["true"][1].params["w"] != made["false"][1].params["w"]
    # In order, update by update.
    w = 0.5
    for x, y in zip(kept.train.inputs["x"][:, -1], kept.train.targets["y"], strict=True):
        w -= 0.1 * 2 * x * (w * x - y)
    assert made["false"][1].params["w"] == pytest.approx(w, rel=1e-12)


def test_metrics_are_of_the_whole_set_with_components_pooled():
    """Not the mean over batches, nor over components, whose spreads and means differ here."""
    x = RNG.normal(size=(7, 5, 2))
    y = x * [0.8, 0.1] + RNG.normal(size=x.shape) * [2, 0.2] + [3.0, -4.0]
    held = (x[:3] + 1, y[:3])
    run = qr.loads(TWO).fit(
        *(x, y), validation=held, epochs=1, batch=2, optimizer="sgd", lr=1e-3, progress=False
    )
    for part, (a, b) in {"train": (x, y), "validation": held}.items():
        square = np.mean((run.params["w"] * a - b) ** 2)
        found = run.metrics[part]
        assert found["loss"] == pytest.approx(square, rel=1e-12)
        assert found["rmse"] == pytest.approx(np.sqrt(square), rel=1e-12)
        assert found["nmse"] == pytest.approx(square / b.var(), rel=1e-12)
        assert found["r2"] == pytest.approx(1 - square / b.var(), rel=1e-12)
