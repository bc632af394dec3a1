"""Frames and series in, frames with their index out."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr

pd = pytest.importorskip("pandas", reason="needs the extra `pandas`")

from qrnnlang.pandas import outputs, predict  # noqa: E402

SOURCE = """qrnn 1.0;
model Line(k: int = 3) {
    param w: real[2] = 0.5;
    input x: seq real;
    target y: seq real;
    output p = w[0] * x;
    output both = [x * w[0], x * w[1]];
    output end = last(x);
    loss mse(last(p, k), last(y, k));
    data csv("absent.csv") { x = column("v"); y = shift(column("v"), 1); scale = minmax(0, 1); window = 4; stride = 3; split = (0.5, 0.5); }
    train { optimizer = sgd(lr = 0.1); epochs = 2; }
}
"""
DAYS = pd.date_range("2026-03-01", periods=15)
FRAME = pd.DataFrame({"note": ["a"] * 15, "v": 10.0 + np.arange(15) % 7}, index=DAYS)


def test_frames_and_series_are_arrays() -> None:
    model = qr.loads(SOURCE)
    params = model.init(0)
    x = pd.DataFrame(np.arange(8.0).reshape(2, 4), index=["a", "b"])
    plain = model(params, x.to_numpy())
    assert all(np.array_equal(model(params, x)[k], v) for k, v in plain.items())
    assert (
        model.value_and_grad(params, x, x)[0]
        == model.value_and_grad(params, x.to_numpy(), x.to_numpy())[0]
    )
    ends = qr.loads(
        "qrnn 1.0; model M { param w: real = 1; input x: seq real; target y: real; output p = w * last(x); loss mse(p, y); }"
    )
    run = ends.fit(x, pd.Series([1.0, 2.0], index=x.index), epochs=1, progress=False)
    assert run.history["loss"]


def test_a_frame_in_place_of_the_file(tmp_path: object) -> None:
    model = qr.loads(SOURCE)
    data = model.data(FRAME)
    FRAME.to_csv(f"{tmp_path}/v.csv", index=False)
    same = qr.loads(SOURCE).data(f"{tmp_path}/v.csv")
    assert np.array_equal(data.train.inputs["x"], same.train.inputs["x"])
    assert np.array_equal(data.test.targets["y"], same.test.targets["y"])
    assert model.fit(data=data, progress=False).history["loss"]
    with pytest.raises(qr.DataError, match="the frame: no column `v`"):
        model.data(FRAME[["note"]])
    with pytest.raises(qr.DataError, match="the frame, column `v`, row 2"):
        model.data(FRAME.assign(v=FRAME["v"].where(np.arange(15) != 2)))
    with pytest.raises(qr.DataError, match="the frame, column `v`, row 0: is `a`, not a number"):
        model.data(FRAME.assign(v="a"))


def test_predictions_keep_the_index_and_the_units() -> None:
    model = qr.loads(SOURCE)
    model.data(FRAME)
    params = model.init(0)
    found = predict(model, params, FRAME)
    assert found.index.equals(DAYS) and list(found.columns) == ["p", "both[0]", "both[1]", "end"]
    scale = model.scales["y"]
    # Windows begin at rows 0, 3, 6, 9: rows 13 and 14 are in none.
    expected = scale.undo(0.5 * model.scales["x"].apply(FRAME["v"].to_numpy()))
    np.testing.assert_allclose(found["p"][:13], expected[:13])
    assert found["p"][13:].isna().all()
    assert found["end"].notna().to_numpy().nonzero()[0].tolist() == [3, 6, 9, 12]
    np.testing.assert_allclose(found["end"].iloc[3], FRAME["v"].iloc[3])
    with pytest.raises(ValueError, match="no `data` block"):
        predict(qr.loads("qrnn 1.0; cell A { input x: real; output y = x; }"), {}, FRAME)


def test_outputs_of_samples() -> None:
    model = qr.loads(SOURCE)
    params, x = model.init(0), FRAME[["v"]].to_numpy()[:8].reshape(2, 4)
    frame = pd.DataFrame(x, index=["first", "second"], columns=list("abcd"))
    found = outputs(model, params, frame)
    plain = model(params, x)
    assert found["p"].columns.tolist() == list("abcd")
    np.testing.assert_array_equal(found["p"], plain["p"])
    assert found["both"].loc["second", ("c", "both[1]")] == plain["both"][1, 2, 1]
    assert found["end"].loc["second", "end"] == plain["end"][1]
