"""Sequences of different length: what is added to them counts nowhere."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr

from .programs import LEAKY, leaky, line

RNG = np.random.default_rng(2)
SIZES = [5, 2, 7, 1]
XS = [RNG.normal(size=n) for n in SIZES]
YS = [RNG.normal(size=n) for n in SIZES]


def test_losses_and_gradients_are_those_of_the_steps_that_count():
    model = leaky()
    params = {"cell.w": 0.7}
    loss, grads = model.value_and_grad(params, XS, YS)
    total, slope = 0.0, 0.0
    for x, y in zip(XS, YS, strict=True):
        one, grad = model.value_and_grad(params, x[None], y[None])
        total += one * len(x)
        slope += grad["cell.w"] * len(x)
    assert loss == pytest.approx(total / sum(SIZES), rel=1e-12)
    np.testing.assert_allclose(grads["cell.w"], slope / sum(SIZES), rtol=1e-12)


def test_outputs_of_lists_are_those_of_each_sequence():
    model = leaky()
    found = model({"cell.w": 0.7}, XS)["pred"]
    for row, x in zip(found, XS, strict=True):
        np.testing.assert_allclose(
            row[: len(x)], model({"cell.w": 0.7}, x[None])["pred"][0], rtol=1e-12
        )
    last = leaky(last=True)({"cell.w": 0.7}, XS)["pred"]
    np.testing.assert_allclose(last, [row[len(x) - 1] for row, x in zip(found, XS, strict=True)])


def test_training_on_lists_is_training_on_padded_arrays():
    common = {"epochs": 3, "batch": 2, "optimizer": "sgd", "lr": 0.1, "progress": False}
    run = line().fit(XS, YS, validation=(XS, YS), **common)
    padded = [
        np.stack([np.pad(row, (0, 7 - len(row)), constant_values=9.0) for row in rows])
        for rows in (XS, YS)
    ]
    again = line().fit(*padded, lengths=SIZES, validation=(*padded, SIZES), **common)
    np.testing.assert_allclose(run.params["w"], again.params["w"], rtol=1e-12)
    np.testing.assert_allclose(run.history["val_loss"], again.history["val_loss"], rtol=1e-12)


def test_vectors_at_each_step():
    model = qr.loads(
        LEAKY.replace("input x: real;", "input x: real[2];")
        .replace("w * x", "w * sum(x)")
        .replace("x: seq real;", "x: seq real[2];")
        % ("seq real", "cell(x)")
    )
    xs = [RNG.normal(size=(n, 2)) for n in SIZES]
    loss, _ = model.value_and_grad({"cell.w": 0.7}, xs, YS)
    alone, _ = leaky().value_and_grad({"cell.w": 0.7}, [x.sum(1) for x in xs], YS)
    assert loss == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "lengths", "message"),
    [
        (XS, YS[::-1], None, "not as others"),
        (XS, YS, [5, 2, 7, 2], "not as others"),
        ([np.zeros((3, 2)), np.zeros((2, 3))], YS[:2], None, "steps of different shapes"),
        ([np.zeros(3), np.zeros(0)], YS[:2], None, "no rectangular array"),
    ],
)
def test_what_does_not_fit(x, y, lengths, message):
    with pytest.raises(ValueError, match=message):
        leaky().value_and_grad({"cell.w": 1.0}, x, y, lengths=lengths)
