"""`data` blocks: shift, window, split, scale, in this order."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError

from .programs import line


def data_of(tmp_path, options, values=None, text=None):
    """The data of a model x → y over `v` of a file, with these options."""
    values = np.arange(12.0) if values is None else values
    np.savetxt(tmp_path / "v.csv", values, header="v", comments="")
    model = line(
        f'data csv("{tmp_path}/v.csv") {{ x = column("v"); y = shift(column("v"), 1); {options} }}'
    )
    return model.data()


def test_windows_after_the_shift(tmp_path):
    data = data_of(tmp_path, "window = 4; stride = 3;")
    # 12 rows, 11 of them complete; windows start at 0, 3, 6 and end at row 9.
    np.testing.assert_array_equal(
        data.train.inputs["x"], [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    )
    np.testing.assert_array_equal(data.train.targets["y"], data.train.inputs["x"] + 1)
    np.testing.assert_array_equal(data.train.rows[:, 0], [0, 3, 6])
    assert len(data.validation) == len(data.test) == 0 and data.scales == {}


def test_backward_shift_drops_the_first_rows(tmp_path):
    np.savetxt(tmp_path / "v.csv", np.arange(6.0))
    model = line(
        f'data csv("{tmp_path}/v.csv") {{ x = shift(column(0), -2); y = column(0); window = 4; }}'
    )
    data = model.data()
    np.testing.assert_array_equal(data.train.inputs["x"], [[0, 1, 2, 3]])
    np.testing.assert_array_equal(data.train.targets["y"], [[2, 3, 4, 5]])
    np.testing.assert_array_equal(data.train.rows, [[2, 3, 4, 5]])


@pytest.mark.parametrize(
    ("rows", "split", "sizes"),
    [
        (51, "(0.64, 0.16, 0.20)", (32, 8, 10)),
        (11, "(0.25, 0.75)", (3, 0, 7)),  # 2.5 is rounded up
        (11, "(0.25, 0.25, 0.5)", (3, 3, 4)),
        (101, "(0.145, 0.005, 0.85)", (15, 1, 84)),  # exactly 14.5 and 0.5
        (4, "(0.5, 0.5)", (2, 0, 1)),
    ],
)
def test_split_rounds_halves_up(tmp_path, rows, split, sizes):
    data = data_of(tmp_path, f"window = 1; split = {split};", np.arange(float(rows)))
    assert (len(data.train), len(data.validation), len(data.test)) == sizes
    seen = [p.inputs["x"].ravel() for p in (data.train, data.validation, data.test)]
    np.testing.assert_array_equal(np.concatenate(seen), np.arange(rows - 1))


def test_scaling_knows_only_training_windows(tmp_path):
    values = np.array([3.0, 1, 2, 5, 4, 100, -100, 7, 8, 9, 10])
    data = data_of(
        tmp_path, "window = 2; stride = 2; split = (0.4, 0.6); scale = minmax(-1, 3);", values
    )
    # Two training windows: x on rows 0 to 3, y on rows 1 to 4, together 1 to 5.
    assert len(data.train) == 2
    np.testing.assert_allclose(data.train.inputs["x"], (values[:4].reshape(2, 2) - 1) - 1)
    np.testing.assert_allclose(data.train.targets["y"], (values[1:5].reshape(2, 2) - 1) - 1)
    np.testing.assert_allclose(data.test.targets["y"][0], values[5:7] - 2)
    np.testing.assert_allclose(data.scales["y"].undo(data.test.targets["y"][0]), values[5:7])


def test_standard_scaling_counts_every_row_once(tmp_path):
    values = np.array([1.0, 5, 2, 8, 3, 3, 9])
    data = data_of(tmp_path, "window = 3; stride = 1; scale = standard();", values)
    centred = (values - values.mean()) / values.std()
    np.testing.assert_allclose(data.train.inputs["x"][0], centred[:3], rtol=1e-14)
    np.testing.assert_allclose(data.train.targets["y"][-1], centred[4:], rtol=1e-14)


def test_a_constant_column_is_only_moved(tmp_path):
    data = data_of(tmp_path, "window = 2; scale = minmax(2, 3);", np.full(6, 7.0))
    np.testing.assert_array_equal(data.train.inputs["x"], np.full_like(data.train.inputs["x"], 2))


SEVERAL = """qrnn 1.0;
model M {
    input x: seq real[2];
    target y: real;
    target label: class[3];
    output p = sum(last(x)) * [1, 1, 1];
    loss nll(p, label) + 0 * y;
    data npz("%s") { x = [column("a"), shift(column("b"), 1)]; y = column("a");
                     label = column("k"); window = 3; scale = minmax(0, 1); }
}
"""


def test_several_columns_labels_and_last_values(tmp_path):
    a, b, k = np.arange(8.0), 10 * np.arange(8.0), np.arange(8) % 3
    np.savez(tmp_path / "d.npz", a=a, b=b, k=k)
    data = qr.loads(SEVERAL % (tmp_path / "d.npz")).data()
    assert data.train.inputs["x"].shape == (5, 3, 2)
    # `a` is read on rows 0 to 6, `b` one row ahead, on 1 to 7.
    np.testing.assert_allclose(data.train.inputs["x"][0, :, 0], a[:3] / 6)
    np.testing.assert_allclose(data.train.inputs["x"][0, :, 1], (b[1:4] - 10) / 60)
    np.testing.assert_allclose(data.train.targets["y"], a[2:7] / 6)
    np.testing.assert_array_equal(data.train.targets["label"], k[2:7])
    assert set(data.scales) == {"x", "y"}


def test_a_label_out_of_range_is_named(tmp_path):
    k = np.array([0, 1, 2, 0, 3, 0, 0, 0])
    np.savez(tmp_path / "d.npz", a=np.arange(8.0), b=np.arange(8.0), k=k)
    with pytest.raises(DataError, match=r"column `k`, row 4: is 3, not a label of `class\[3\]`"):
        qr.loads(SEVERAL % (tmp_path / "d.npz")).data()


def test_whole_sequences_of_an_archive(tmp_path):
    x = np.random.default_rng(0).normal(size=(10, 5))
    np.savez(tmp_path / "d.npz", x=x, y=2 * x)
    model = line(
        f'data npz("{tmp_path}/d.npz") {{ x = column("x"); y = column("y"); split = (0.7, 0.3); }}'
    )
    data = model.data()
    np.testing.assert_array_equal(data.train.inputs["x"], x[:7])
    np.testing.assert_array_equal(data.test.targets["y"], 2 * x[7:])


def test_paths_are_relative_to_the_source(tmp_path):
    np.savetxt(tmp_path / "v.csv", np.arange(5.0))
    source = 'data csv("v.csv") { x = column(0); y = column(0); window = 2; }'
    from .programs import LINE

    (tmp_path / "m.qrnn").write_text(LINE % source)
    assert len(qr.load(tmp_path / "m.qrnn").data().train) == 4
    with pytest.raises(DataError, match=r"^gone.csv: no such file"):
        (tmp_path / "m.qrnn").write_text(LINE % source.replace("v.csv", "gone.csv"))
        qr.load(tmp_path / "m.qrnn").data()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("window = 20;", "11 complete rows are fewer than a window of 20"),
        ("split = (0.01, 0.99);", "the split leaves no window of 11 for training"),
        ("window = 8; split = (0.1, 0.9);", "the split leaves no window of 4 for training"),
    ],
)
def test_data_that_do_not_fit(tmp_path, options, message):
    with pytest.raises(DataError, match=message):
        data_of(tmp_path, options)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("window = 0;", "E0509", "`window` is at least 1"),
        ("window = 2.5;", "E0509", "`window` is a whole number"),
        ("stride = 2;", "E0509", "`stride` without `window`"),
        ("window = 2; split = (0.5, 0.6);", "E0509", "the shares of `split` add up to 1"),
        ("window = 2; split = 0.5;", "E0509", "`split` has two shares"),
        ("window = 2; split = (1.5, -0.5);", "E0509", "a share of `split` is between 0 and 1"),
        ("scale = minmax(1, 0);", "E0509", "the lower end is below the upper end"),
        ("scale = minmax(0, 1, 2);", "E0510", "`minmax` takes at most 2 arguments"),
        ("scale = minmax(lo = 0);", "E0510", "`minmax` has no argument `lo`"),
        ("scale = 3;", "E0509", "`scale` is"),
        ("shuffle = 1;", "E0509", "`shuffle` is `true` or `false`"),
    ],
)
def test_wrong_options_are_shown_in_the_source(tmp_path, options, code, message):
    with pytest.raises(CompileError) as error:
        data_of(tmp_path, options)
    (found,) = error.value.diagnostics
    assert (found.code, found.message[: len(message)]) == (code, message)
    assert found.span.text in options


def test_a_model_without_the_block():
    with pytest.raises(ValueError, match="`Line` has no `data` block"):
        line().data()


# --- one long series ------------------------------------------------------------------------------


def test_one_long_series_is_split_in_time(tmp_path):
    """Without a window the rows are split, each part one sequence; scaled by the training rows."""
    values = np.array([3.0, 1, 2, 5, 4, 100, -100, 7, 8, 9, 10])
    data = data_of(tmp_path, "split = (0.5, 0.25, 0.25); scale = minmax(0, 1);", values)
    # 10 complete rows: 5 train, 2.5 rounded up validate, the rest test.
    shapes = [p.inputs["x"].shape for p in (data.train, data.validation, data.test)]
    assert shapes == [(1, 5), (1, 3), (1, 2)]
    np.testing.assert_array_equal(data.validation.rows, [[5, 6, 7]])
    # x on rows 0 to 4 and y on rows 1 to 5 share a scale: 1 to 100.
    np.testing.assert_allclose(data.train.inputs["x"][0], (values[:5] - 1) / 99)
    np.testing.assert_allclose(data.test.targets["y"][0], (values[9:11] - 1) / 99)


def test_a_split_series_has_its_own_last_values(tmp_path):
    np.savetxt(tmp_path / "v.csv", np.arange(8.0))
    model = qr.loads(
        "qrnn 1.0; model M { param w: real = 1; input x: seq real; target y: real;"
        f' output p = last(x) * w; loss mse(p, y); data csv("{tmp_path}/v.csv")'
        " { x = column(0); y = shift(column(0), 1); split = (0.6, 0.4); } }"
    )
    data = model.data()
    np.testing.assert_array_equal(data.train.inputs["x"], [[0, 1, 2, 3]])
    np.testing.assert_array_equal(data.train.targets["y"], [4])
    np.testing.assert_array_equal(data.test.targets["y"], [7])
    assert len(data.validation) == 0
    assert model.fit(data=data, epochs=1, progress=False).metrics["test"]["loss"] >= 0


# --- rows after the last window -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "window", "stride", "starts", "lengths"),
    [
        (11, 4, 4, [0, 4, 8], [4, 4, 3]),
        (12, 4, 4, [0, 4, 8], None),
        (10, 4, 3, [0, 3, 6], None),
        (11, 4, 3, [0, 3, 6, 9], [4, 4, 4, 2]),
        (9, 2, 4, [0, 4, 8], [2, 2, 1]),
        (8, 2, 4, [0, 4], None),  # rows between windows are left out, by the stride
        (3, 4, 4, [0], [3]),
    ],
)
def test_the_rest_is_a_shorter_window(rows, window, stride, starts, lengths):
    from qrnnlang.runtime.data.windows import Windows

    found, counted = Windows(window, stride, None).starts(rows, "f", rest=True)
    assert found.tolist() == starts
    assert (None if counted is None else counted.tolist()) == lengths
