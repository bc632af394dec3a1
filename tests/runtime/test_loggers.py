"""The callbacks of `qrnnlang.callbacks`, read back from what they write."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.callbacks import MLflow, TensorBoard

SOURCE = """qrnn 1.0;
model Line {
    param w: real = 0;
    input x: seq real;
    target y: seq real;
    output p = w * x;
    loss mse(p, y);
    metric mae(p, y);
    train { optimizer = sgd(lr = 0.1); epochs = 3; }
}
"""
X = np.linspace(-1, 1, 12).reshape(3, 4)


def fit(*callbacks: Any, **options: Any) -> qr.Run:
    return qr.loads(SOURCE).fit(
        X, 2 * X, validation=(X, X), progress=False, callbacks=callbacks, **options
    )


def events(folder: Path) -> list[Any]:
    """The records of the event files in a folder: length, its check, the event, its check."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in folder.glob("events*"):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            found.append(Event.FromString(data[at + 12 : at + 12 + size]))
            at += 16 + size
    return found


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="needs the extra `tensorboard`")
    run = fit(TensorBoard(tmp_path / "a"), checkpoint=tmp_path / "run")
    values = [(v, e.step) for e in events(tmp_path / "a") for v in e.summary.value]
    found = {(v.tag, step): v.simple_value for v, step in values if v.HasField("simple_value")}
    for name, tag in {"loss": "loss/train", "val_mae": "mae/validation"}.items():
        for epoch, value in enumerate(run.history[name], 1):
            assert found[tag, epoch] == pytest.approx(value)
    assert found["best/validation.loss", run.best_epoch] == pytest.approx(
        run.metrics["validation"]["loss"]
    )
    texts = [v.tensor.string_val[0].decode() for v, _ in values if v.tensor.string_val]
    assert any("model Line" in t for t in texts) and any("| epochs | 3 |" in t for t in texts)
    fit(TensorBoard(), checkpoint=tmp_path / "run")
    assert events(tmp_path / "run" / "tensorboard")


def test_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a server needs more than the client
    mlflow = pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    uri = (tmp_path / "tracked").as_uri()
    logger = MLflow("Lines", tracking_uri=uri)
    run = fit(logger, checkpoint=tmp_path / "run")
    client = mlflow.MlflowClient(uri)
    kept = client.get_run(logger.run_id)
    assert kept.info.status == "FINISHED" and kept.info.run_name == "Line"
    assert kept.data.params["optimizer.name"] == "sgd" and kept.data.params["epochs"] == "3"
    losses = client.get_metric_history(logger.run_id, "val_loss")
    assert [m.value for m in losses] == run.history["val_loss"] and [m.step for m in losses] == [
        1,
        2,
        3,
    ]
    assert kept.data.metrics["train.loss"] == run.metrics["train"]["loss"]
    files = {f.path for f in client.list_artifacts(logger.run_id)}
    assert {"model.qrnn", "model.qrnnz", "history.csv"} <= files

    again = MLflow("Lines", tracking_uri=uri, name="wild")
    with pytest.raises(qr.TrainingError):
        fit(again, lr=1e300)
    kept = client.get_run(again.run_id)
    assert kept.info.status == "FAILED" and "the loss is" in kept.data.tags["error"]
    assert len(client.search_runs([kept.info.experiment_id])) == 2


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorboardX", "torch", "torch.utils.tensorboard", "mlflow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pip install 'qrnnlang\[tensorboard\]'"):
        TensorBoard("a")
    with pytest.raises(ImportError, match=r"pip install 'qrnnlang\[mlflow\]'"):
        MLflow()
