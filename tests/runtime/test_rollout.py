"""Forecasts of many steps, against a loop written out."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr

from .programs import QUBIT, leaky

PRIME = np.random.default_rng(2).normal(size=(2, 4))


def slow(model, params, prime, steps, grow):
    found = []
    for _ in range(steps):
        out = model(params, prime)["pred"]
        now = out[:, -1] if out.ndim == 2 else out
        found.append(now)
        prime = np.concatenate([prime if grow else prime[:, 1:], now[:, None]], axis=1)
    return np.stack(found, axis=1)


@pytest.mark.parametrize("last", [False, True])
def test_feeding_back(last):
    model = leaky(last)
    params = {"cell.w": np.array(0.8)}
    found = model.rollout(params, PRIME, steps=3)["pred"]
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found, slow(model, params, PRIME, 3, not last), atol=1e-13)


def test_feed_chooses_the_next_input():
    model = qr.loads(QUBIT)
    params = model.init(0)
    seen = []

    def feed(outputs):
        seen.append(outputs["z"])
        return 3 * outputs["z"]

    found = model.rollout(params, PRIME, steps=3, feed=feed)["z"]
    np.testing.assert_array_equal(np.stack(seen, 1), found[:, :2])
    longer = np.concatenate([PRIME, 3 * found[:, :2]], axis=1)
    np.testing.assert_allclose(model(params, longer)["z"][:, 3:], found, atol=1e-13)


TOKENS = """qrnn 1.0;
cell A {
    input tok: class[3];
    param E: real[3, 3] = 0;
    output p = softmax(E[tok]);
}
"""


def test_labels_are_drawn_with_a_seed_and_likeliest_without():
    model = qr.loads(TOKENS)
    # 0 → 1 → 2 → 0 almost surely.
    params = {"E": 50.0 * np.roll(np.eye(3), 1, axis=1)}
    found = model.rollout(params, np.array([[0]]), steps=4)["p"]
    assert found.argmax(-1).tolist() == [[1, 2, 0, 1]]
    even = {"E": np.array([[0, 0, -50.0], [0, 0, -50.0], [0, 0, 50.0]])}
    first = model.rollout(even, np.zeros((40, 1), int), steps=2, seed=5)["p"]
    np.testing.assert_array_equal(
        first, model.rollout(even, np.zeros((40, 1), int), steps=2, seed=5)["p"]
    )


OBSERVED = """qrnn 1.0;
cell Chain {
    input x: real[1];
    input observed: real[1];
    carry m: qubit;
    fresh e: qubit;
    ry(2.0) e;
    cx e, m;
    output y = prob(e);
    postselect e == bits(observed);
    output n = prob(m);
}
"""


def test_what_is_observed_is_drawn_from_the_own_output():
    model = qr.loads(OBSERVED)
    prime = {"x": np.zeros((200, 1, 1)), "observed": np.zeros((200, 1, 1))}
    with pytest.raises(ValueError, match="outputs can be fed back"):
        model.rollout({}, prime, steps=3, seed=1)  # `y` and `n` both could be
    one = qr.loads(OBSERVED.replace("output n = prob(m);", ""))
    made = one.rollout({}, prime, steps=3, seed=1)["y"]
    np.testing.assert_allclose(made[..., 1], np.sin(1.0) ** 2, atol=1e-12)


def test_what_is_not_clear_is_an_error():
    model = qr.loads("qrnn 1.0; cell A { input a: real; input b: real; output y = a + b; }")
    with pytest.raises(ValueError, match="2 inputs: say what to feed back with feed="):
        model.rollout({}, {"a": PRIME, "b": PRIME}, steps=2)
    with pytest.raises(ValueError, match="steps is at least 1"):
        leaky().rollout({"cell.w": 1.0}, PRIME, steps=0)
