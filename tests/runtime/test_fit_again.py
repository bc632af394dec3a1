"""A model that is fitted again compiles nothing again."""

from __future__ import annotations

import numpy as np
import optax
import pytest

import qrnnlang as qr

from .programs import line

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 4))
Y = 2 * X


@pytest.fixture
def traced(monkeypatch):
    """How often the engine goes through a model for its loss: once for each compilation."""
    from qrnnlang.engine.executable import Executable

    calls = []
    plain = Executable.evaluate

    def counting(self, *args, **kwargs):
        calls.append(1)
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Executable, "evaluate", counting)
    return calls


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "adam", "lr": 0.1},
        {"optimizer": "spsa"},
        {"optimizer": "lbfgs"},
        {"optimizer": "sgd", "schedule": "cosine", "clip": 1.0},
    ],
)
def test_nothing_is_compiled_again(traced, options):
    model = line()
    first = model.fit(X, Y, epochs=2, batch=4, progress=False, **options)
    assert traced
    traced.clear()
    second = model.fit(X, Y, epochs=2, batch=4, progress=False, **options)
    assert not traced
    assert second.history == first.history


def test_what_an_epoch_does_not_depend_on(traced):
    """Start, seed, number of epochs, data of the same shape."""
    model = line()
    model.fit(X, Y, epochs=2, batch=4, progress=False)
    traced.clear()
    model.fit(2 * X, Y, epochs=3, batch=4, seed=4, params={"w": 2.0}, progress=False)
    assert not traced


def test_what_it_depends_on():
    """Each of these gives what a new model gives."""
    model = line()
    for options in (
        {"lr": 0.1},
        {"lr": 0.2, "clip": 0.1},
        {"lr": 0.2, "batch": 3},
        {"lr": 0.2, "shuffle": True},
        {"lr": 0.2, "schedule": ("step", {"every": 1, "rate": 0.5})},
        {"optimizer": "spsa", "seed": 2},
        {"optimizer": optax.sgd(0.3)},
        {"optimizer": optax.sgd(0.4)},
        {"schedule": "cosine", "epochs": 4},
    ):
        given = {"optimizer": "sgd", "epochs": 3, "batch": 4, **options}
        again = model.fit(X, Y, progress=False, **given)
        assert again.history == line().fit(X, Y, progress=False, **given).history, options


def test_it_keeps_only_a_few():
    model = line()
    for i in range(10):
        model.fit(X, Y, epochs=1, lr=0.1 + i, progress=False)
    assert len(model.runner.epochs) <= 8


def test_histories_say_the_loss_first():
    """`epoch, loss, val_loss, METRIC, val_METRIC`, metrics as the model declares them."""
    model = qr.loads(
        "qrnn 1.0; model M { param w: real = 1; input x: seq real; target y: seq real; output p = w * x; "
        "loss mse(p, y); metric rmse(p, y); metric mae(p, y); }"
    )
    run = model.fit(X, Y, validation=(X, Y), epochs=1, progress=False)
    metrics = ["loss", "val_loss", "rmse", "val_rmse", "mae", "val_mae"]
    assert list(run.history) == ["epoch", *metrics]
    assert list(run.metrics["train"]) == ["loss", "rmse", "mae"]
