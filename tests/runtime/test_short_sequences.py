"""Outputs of fewer steps than the loss skips."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.ir.model import run_model

SOURCE = """
qrnn 1.0;
cell Sum { input x: real; carry m: qubit; ry(x) m; output y = expect(Z(m)); }
model Late {
    use sum = Sum();
    input x: seq real;
    target y: seq real;
    output z = sum(x);
    loss mse(skip(z, 4), skip(y, 4));
    metric rmse(last(z, 3), last(y, 3));
}
"""


def test_outputs_states_and_rollouts_do_without_the_loss() -> None:
    model = qr.loads(SOURCE)
    x = np.array([[0.3, 0.4]])
    expected = np.cos([[0.3, 0.7]])
    np.testing.assert_allclose(model({}, x)["z"], expected, atol=1e-12)
    np.testing.assert_allclose(run_model(model.closed, {}, {"x": x}).outputs["z"], expected)
    first, state = model.step({}, x[:, 0])
    second, _ = model.step({}, x[:, 1], state)
    np.testing.assert_allclose([first["z"], second["z"]], expected.T, atol=1e-12)
    assert model.states({}, x)["sum.m"].shape == (1, 2, 2, 2)
    rolled = model.rollout({}, x, steps=2)["z"]
    np.testing.assert_allclose(rolled, [[np.cos(0.7), np.cos(0.7 + np.cos(0.7))]], atol=1e-12)


def test_the_loss_itself_needs_them() -> None:
    model = qr.loads(SOURCE)
    with pytest.raises(ValueError, match="skip"):
        model.value_and_grad({}, np.zeros((1, 2)), np.zeros((1, 2)))
