"""What callbacks are told, when, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr

from .programs import line

X = np.linspace(-1, 1, 24).reshape(6, 4)


class Listener:
    def __init__(self, name, said):
        self.name, self.said = name, said

    def on_start(self, info):
        self.said.append((self.name, "start", info))

    def on_epoch(self, epoch, metrics):
        self.said.append((self.name, epoch, metrics))

    def on_end(self, run):
        self.said.append((self.name, "end", run))

    def on_error(self, error):
        self.said.append((self.name, "error", error))


class OnlyEnd:
    def __init__(self, folder):
        self.folder = folder

    def on_end(self, run):
        self.seen = {p.name for p in self.folder.iterdir()}


def test_everything_is_told_in_order(tmp_path):
    said = []
    end = OnlyEnd(tmp_path / "run")
    run = line().fit(
        *(X, 2 * X), validation=(X, X), epochs=2, batch=4, optimizer="sgd", lr=0.1, seed=3,
        progress=False, callbacks=[Listener("a", said), Listener("b", said), end],
        checkpoint=tmp_path / "run",
    )  # fmt: skip
    assert [(who, what) for who, what, _ in said] == [
        *(("a", "start"), ("b", "start")),
        *(("a", 1), ("b", 1), ("a", 2), ("b", 2)),
        *(("a", "end"), ("b", "end")),
    ]
    info = said[0][2]
    assert info["model"] == "Line" and info["parameters"] == 1 and "cell" not in info["source"]
    assert info["samples"] == {"train": 6, "validation": 6}
    assert info["settings"]["seed"] == 3 and info["settings"]["optimizer"]["lr"] == 0.1
    assert info["folder"] == str(tmp_path / "run")
    assert list(said[2][2]) == ["loss", "val_loss", "rmse", "val_rmse"]
    assert [m["val_loss"] for who, e, m in said[2:6] if who == "a"] == run.history["val_loss"]
    assert said[-1][2] is run
    assert {"model.qrnnz", "history.csv"} <= end.seen


def test_the_closed_form_tells_too():
    model = qr.loads(
        "qrnn 1.0; model M { use head = Linear(inputs = 1, outputs = 1); input x: seq real[1];"
        " target y: seq real[1]; output p = head(x); loss mse(p, y);"
        " train { optimizer = ridge(); } }"
    )
    said = []
    model.fit(X, 2 * X, progress=False, callbacks=[Listener("a", said)])
    assert [what for _, what, _ in said] == ["start", 1, "end"]


def test_parameters_along_the_way_are_those_of_shorter_trainings():
    class Way:
        def __init__(self):
            self.seen = {}

        def on_parameters(self, epoch, parameters):
            self.seen[epoch] = parameters

    model, options = line(), {"batch": 4, "lr": 0.1, "progress": False}
    way, both = Way(), Way()
    # With a validation set `params` are the best epoch's; these are where the epoch ended.
    model.fit(X, 2 * X, validation=(X, -X), epochs=3, callbacks=[way], **options)
    runs = model.fit(X, 2 * X, epochs=3, seeds=[5, 7], callbacks=[both], **options).runs
    assert list(way.seen) == list(both.seen) == [1, 2, 3]
    for epoch, (found,) in way.seen.items():
        shorter = model.fit(X, 2 * X, epochs=epoch, **options).params
        assert {k: v.tolist() for k, v in found.items()} == {
            k: v.tolist() for k, v in shorter.items()
        }
    for run, found in zip(runs, both.seen[3], strict=True):
        assert {k: v.tolist() for k, v in found.items()} == {
            k: v.tolist() for k, v in run.params.items()
        }


def test_an_error_is_told_and_raised():
    said = []
    with pytest.raises(qr.TrainingError) as error:
        line().fit(
            *(X, 1e150 * X), epochs=9, optimizer="sgd", lr=1e10, progress=False,
            callbacks=[Listener("a", said)],
        )  # fmt: skip
    assert said[-1] == ("a", "error", error.value)


def test_what_a_callback_raises_ends_the_training():
    class Enough:
        def on_epoch(self, epoch, metrics):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        line().fit(X, X, epochs=5, progress=False, callbacks=[Enough()])


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([3], "a callback has one of `on_start`"),
        ([Listener], r"a callback is an object: write `Listener\(\)`"),
        (3, "callbacks is a list of objects, not 3"),
    ],
)
def test_what_is_no_callback(callbacks, message):
    with pytest.raises(TypeError, match=message):
        line().fit(X, X, epochs=1, progress=False, callbacks=callbacks)
