"""A model runs on any number of steps; a loss or a metric complains when it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.ir.model import run_model

CELL = """qrnn 1.0;
cell A {
    input x: real;
    carry q: qubit;
    param w: angle = 0.3;
    ry(w * x) q;
    output y = expect(Z(q));
}
"""
MODEL = (
    CELL
    + """
model M {
    use a = A();
    input x: seq real;
    target y: seq real;
    output p = a(x);
    let late = last(p, 5);
    loss mse(skip(p, 3), skip(y, 3));
    metric rmse(late, last(y, 5));
}
"""
)
X = np.linspace(0.1, 0.9, 6).reshape(2, 3)
LONG = np.linspace(0.1, 0.9, 8).reshape(2, 4)


def exact(x: Any) -> Any:
    return np.cos(0.3 * np.cumsum(x, axis=1))


def test_outputs_need_no_more_steps_than_they_say() -> None:
    model = qr.loads(MODEL)
    params = model.init(0)
    np.testing.assert_allclose(model(params, X)["p"], exact(X), atol=1e-12)
    np.testing.assert_allclose(model(params, X, lengths=[3, 3])["p"], exact(X), atol=1e-12)
    first, _ = model.step(params, X[:, 0])
    np.testing.assert_allclose(first["p"], exact(X)[:, 0], atol=1e-12)
    assert model.states(params, X)
    np.testing.assert_allclose(model.rollout(params, X, 1)["p"], exact(X)[:, -1:], atol=1e-12)
    oracle = run_model(model.closed, params, {"x": X})
    np.testing.assert_allclose(oracle.outputs["p"], exact(X), atol=1e-12)


def test_a_loss_that_needs_more_steps_says_so() -> None:
    model = qr.loads(MODEL)
    message = "the loss: `skip` needs a sequence of at least 4 steps, this one has 3"
    with pytest.raises(ValueError, match=message):
        model.value_and_grad(model.init(0), X, X)
    with pytest.raises(ValueError, match=message):
        run_model(model.closed, model.init(0), {"x": X}, {"y": X})


def test_a_metric_that_needs_more_steps_does_not_stop_the_loss() -> None:
    model = qr.loads(MODEL)
    params = model.init(0)
    loss, _ = model.value_and_grad(params, LONG, 0 * LONG)
    assert loss == pytest.approx(np.mean(exact(LONG)[:, 3:] ** 2), abs=1e-12)
    with pytest.raises(ValueError, match="metric `rmse`: `last` needs a sequence of at least 5"):
        run_model(model.closed, params, {"x": LONG}, {"y": LONG})
    with pytest.raises(ValueError, match="metric `rmse`: `last` needs a sequence of at least 5"):
        model.fit(LONG, LONG, epochs=1, progress=False)


def test_an_output_that_needs_more_steps_says_so() -> None:
    model = qr.loads(CELL + "model M { use a = A(); input x: seq real; output p = last(a(x), 4); }")
    with pytest.raises(ValueError, match="output `p`: `last` needs a sequence of at least 4"):
        model(model.init(0), X)
    with pytest.raises(ValueError, match="output `p`: `last` needs a sequence of at least 4"):
        run_model(model.closed, model.init(0), {"x": X})


def test_a_closed_form_names_the_loss_and_no_output_of_its_own() -> None:
    model = qr.loads(
        "qrnn 1.0; model M { use head = Linear(inputs = 1, outputs = 1); input x: seq real;"
        " target y: seq real; output pred = head(x); loss mse(skip(pred, 5), skip(y, 5));"
        " train { optimizer = ridge(); } }"
    )
    message = "^the loss: `skip` needs a sequence of at least 6 steps, this one has 3"
    with pytest.raises(ValueError, match=message):
        model.fit(X, X, progress=False)
