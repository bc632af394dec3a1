"""Data larger than the memory: the same training, window by window from the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import DataError
from qrnnlang.runtime.data import large, read_csv, stream

RNG = np.random.default_rng(1)
ROWS = 203

SOURCE = """qrnn 1.0;
cell Leaky {
    input x: real[2];
    carry h: real = 0;
    param w: real[2] = 0.4;
    let h1 = 0.5 * h + sum(w * x);
    next h = h1;
    output y = h1;
}
model M {
    use cell = Leaky();
    param a: real = 0.3;
    input x: seq real[2];
    target y: seq real;
    target z: real;
    output p = a * cell(x);
    loss mse(p, y) + 0.1 * rmse(last(p), z) + 0.01 * a ** 2 + 0.001 * mean(p);
    metric rmse(p, y);
    metric nmse(p, y);
    metric r2(last(p, 3), last(y, 3));
    metric mae(last(p), z);
    data csv("d.csv") {
        x = [column("a"), shift(column("b"), 2)];
        y = shift(column("a"), 1);
        z = column("b");
        window = 7;
        stride = 2;
        scale = minmax(-1, 1);
        split = (0.6, 0.2, 0.2);
    }
    train { optimizer = adam(lr = 0.01); epochs = 4; batch = 8; shuffle = true; seed = 3; }
}
"""


@pytest.fixture
def folder(tmp_path):
    values = np.cumsum(RNG.normal(size=(ROWS, 3)), axis=0)
    text = "a,c,b\n" + "\n".join(",".join(map(repr, row)) for row in values.tolist())
    (tmp_path / "d.csv").write_text(text + "\n")
    (tmp_path / "m.qrnn").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """Everything counts as large, and little is held at a time."""
    monkeypatch.setattr(large, "LARGE", 0)
    monkeypatch.setattr(large, "PIECE", 50)
    monkeypatch.setattr(stream, "LIMIT", 0)
    monkeypatch.setattr(stream, "CHUNK", 7 * 8 * 5 * 20)  # some twenty windows


def test_windows_are_the_same(folder, monkeypatch):
    whole = qr.load(folder / "m.qrnn").data()
    monkeypatch.setattr(stream, "LIMIT", 0)
    data = qr.load(folder / "m.qrnn").data()
    for part, streamed in zip(
        (whole.train, whole.validation, whole.test),
        (data.train, data.validation, data.test),
        strict=True,
    ):
        assert streamed.stream is not None and len(streamed) == len(part)
        every = np.arange(len(part))
        inputs, targets = streamed.stream.take(every)
        np.testing.assert_array_equal(inputs["x"], part.inputs["x"])
        for name in ("y", "z"):
            np.testing.assert_array_equal(targets[name], part.targets[name])
        np.testing.assert_array_equal(streamed.stream.rows(every), part.rows)
    assert {k: s.to_json() for k, s in data.scales.items()} == {
        k: s.to_json() for k, s in whole.scales.items()
    }


def test_training_is_the_same(folder, small, monkeypatch, tmp_path):
    streamed = qr.load(folder / "m.qrnn").fit(progress=False, checkpoint=tmp_path / "s")
    with monkeypatch.context() as patch:
        patch.setattr(stream, "LIMIT", 1 << 40)
        whole = qr.load(folder / "m.qrnn").fit(progress=False)
    assert list(streamed.history) == list(whole.history)
    for name, values in whole.history.items():
        np.testing.assert_allclose(streamed.history[name], values, rtol=1e-9, err_msg=name)
    for part, found in whole.metrics.items():
        assert streamed.metrics[part] == pytest.approx(found, rel=1e-9), part
    for name, value in whole.params.items():
        np.testing.assert_allclose(streamed.params[name], value, rtol=1e-9)
    assert (tmp_path / "s" / "forecast.png").exists()


def test_a_streamed_run_is_resumed(folder, small, tmp_path):
    whole = qr.load(folder / "m.qrnn").fit(progress=False)
    qr.load(folder / "m.qrnn").fit(epochs=2, progress=False, checkpoint=tmp_path / "s")
    run = qr.load(folder / "m.qrnn").fit(progress=False, checkpoint=tmp_path / "s", resume=True)
    assert run.history == whole.history
    assert all(np.array_equal(run.params[k], v) for k, v in whole.params.items())


def test_methods_that_need_everything_at_once(folder, small):
    model = qr.load(folder / "m.qrnn")
    with pytest.raises(ValueError, match="`lbfgs` takes all windows at once"):
        model.fit(optimizer="lbfgs", progress=False)
    with pytest.raises(ValueError, match="`seeds` needs data that fit into the memory"):
        model.fit(seeds=2, progress=False)


# --- reading --------------------------------------------------------------------------------------


def spooled(tmp_path, text, *keys):
    (tmp_path / "a.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return large.read(tmp_path / "a.csv", "a.csv", keys, "csv")


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n\n3,4\n5,6\n",
        "1;2\n3;4\n",
        '\ufeff"a"\tb\n1\t2\n3\t4\n',
        'a,b\n1,"2"\n3,"\n4"\n5,6\n',
    ],
)
def test_pieces_give_the_same_table(tmp_path, monkeypatch, text):
    monkeypatch.setattr(large, "LARGE", 0)
    monkeypatch.setattr(large, "PIECE", 2)
    table = spooled(tmp_path, text, 1)
    whole = read_csv(tmp_path / "a.csv", "a.csv")
    np.testing.assert_array_equal(table.column(1)[1], whole.column(1)[1])
    assert list(table.columns) == list(whole.columns)
    assert [table.line(i) for i in range(whole.rows)] == [whole.line(i) for i in range(whole.rows)]


@pytest.mark.parametrize(
    "text",
    [
        "v\n1\nx\n", "v\n1\n\nnan\n", "v,w\n1,2\n3,4\n5\n", "v,v\n1,2\n", "", "\n \n", "v\n",
        "w\n1\n", "1\n2\n", "v\n1\n2\n3\n\n\n-\n",
    ],
)  # fmt: skip
def test_pieces_give_the_same_messages(tmp_path, monkeypatch, text):
    monkeypatch.setattr(large, "PIECE", 2)
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError) as whole:
        read_csv(tmp_path / "a.csv", "a.csv").column("v")
    monkeypatch.setattr(large, "LARGE", -1)
    with pytest.raises(DataError) as piece:
        spooled(tmp_path, text, "v")
    assert str(piece.value) == str(whole.value)


def test_not_utf8(tmp_path, monkeypatch):
    monkeypatch.setattr(large, "LARGE", 0)
    with pytest.raises(DataError, match=r"a\.csv: not UTF-8 text"):
        spooled(tmp_path, b"v\n\xff\xfe\n", "v")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_are_mapped_where_they_stand(tmp_path, monkeypatch, save):
    monkeypatch.setattr(large, "LARGE", 0)
    arrays = {"a": RNG.normal(size=(40, 3)), "b": np.asfortranarray(RNG.normal(size=(40, 2)))}
    save(tmp_path / "a.npz", **arrays)
    table = large.read(tmp_path / "a.npz", "a.npz", ("a", "b"), "npz")
    assert isinstance(table.columns["a"], np.memmap) == (save is np.savez)
    for name, values in arrays.items():
        np.testing.assert_array_equal(table.column(name)[1], values)
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-40])
    with pytest.raises(DataError, match="not an NPZ file of plain arrays"):
        large.read(tmp_path / "b.npz", "b.npz", ("a",), "npz")


BIG = """
import resource, sys
import numpy as np
import qrnnlang as qr
model = qr.load("big.qrnn")
model.fit(np.zeros((4, 100)), np.zeros((4, 100)), epochs=1, progress=False)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run = model.fit(progress=False)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(run.metrics["train"]["loss"], (after - before) / 1024)
"""


@pytest.mark.long
def test_windows_of_gigabytes_take_little_memory(tmp_path):
    """1,000,000 rows of 60 columns; windows of 2 × 100 at every second row: 800 MB."""
    rng = np.random.default_rng(0)
    row = ",".join("0.25" for _ in range(58))
    with (tmp_path / "big.csv").open("w") as file:
        file.write(",".join(["x", "y", *(f"c{i}" for i in range(58))]) + "\n")
        for x, y in rng.normal(size=(1_000_000, 2)):
            file.write(f"{x:.6f},{y:.6f},{row}\n")
    (tmp_path / "big.qrnn").write_text(
        "qrnn 1.0; model M { param w: real = 0.5; input x: seq real; target y: seq real;"
        ' output p = w * x; loss mse(p, y); data csv("big.csv") { x = column("x"); y = column("y");'
        " window = 100; stride = 2; } train { epochs = 1; batch = 4096; } }"
    )
    assert (tmp_path / "big.csv").stat().st_size > 250e6
    environment = {**os.environ, "PYTHONPATH": str(Path(qr.__file__).resolve().parents[1])}
    found = subprocess.run(
        [sys.executable, "-c", BIG],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loss, megabytes = map(float, found.stdout.split())
    assert 1 < loss < 1.5 and megabytes < 150
