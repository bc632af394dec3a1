"""Losses and metrics: the definitions of the language, written out with loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrnnlang.ir.losses import LOSSES

jax.config.update("jax_enable_x64", True)

RNG = np.random.default_rng(11)
A, B = RNG.normal(size=(2, 3, 4, 2)) * 1.5
P = RNG.dirichlet([1, 1, 1], size=(3, 4))
LABEL = RNG.integers(0, 3, size=(3, 4)).astype(float)
Q = RNG.uniform(0.05, 0.95, size=(3, 4))
Y = (RNG.uniform(size=(3, 4)) > 0.5) * 1.0


def average(values):
    values = list(values)
    return sum(values) / len(values)


PAIRS = list(zip(A.ravel(), B.ravel(), strict=True))
MSE = average((a - b) ** 2 for a, b in PAIRS)
B_MEAN = average(B.ravel())
VARIANCE = average((b - B_MEAN) ** 2 for b in B.ravel())
SPOTS = list(np.ndindex(3, 4))
SURPRISE = average(-np.log(P[s][int(LABEL[s])]) for s in SPOTS)
CASES = {
    "mse": ((A, B), MSE),
    "mae": ((A, B), average(abs(a - b) for a, b in PAIRS)),
    "rmse": ((A, B), MSE**0.5),
    "huber": (
        (A, B),
        average((a - b) ** 2 / 2 if abs(a - b) <= 1 else abs(a - b) - 0.5 for a, b in PAIRS),
    ),
    "nmse": ((A, B), MSE / VARIANCE),
    "r2": ((A, B), 1 - MSE / VARIANCE),
    "cross_entropy": ((P, LABEL), SURPRISE),
    "nll": ((P, LABEL), SURPRISE),
    "cross_entropy_logits": ((np.log(P) + 7, LABEL), SURPRISE),
    "binary_cross_entropy": (
        (Q, Y),
        average(-np.log(Q[s]) if Y[s] else -np.log(1 - Q[s]) for s in SPOTS),
    ),
    "accuracy": ((P, LABEL), average(float(np.argmax(P[s]) == LABEL[s]) for s in SPOTS)),
}


def test_every_loss_is_tried():
    assert set(CASES) == set(LOSSES)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("name", CASES)
def test_value(name, xp):
    args, wanted = CASES[name]
    found = LOSSES[name](xp, *map(xp.asarray, args))
    assert found.shape == ()
    assert float(found) == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("name", CASES)
def test_weights_of_zero_leave_out_padding_whatever_it_holds(name, xp):
    args, _ = CASES[name]
    weights = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=float)
    kept = [np.concatenate([a[0], a[1, :2], a[2, :1]]) for a in args]
    padded = [np.where(weights.reshape(3, 4, *(1,) * (a.ndim - 2)) > 0, a, np.nan) for a in args]
    if name in ("cross_entropy", "cross_entropy_logits", "nll"):
        padded[1] = np.nan_to_num(padded[1])
    found = LOSSES[name](xp, *map(xp.asarray, padded), weights=xp.asarray(weights))
    assert float(found) == pytest.approx(float(LOSSES[name](np, *kept)), rel=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_weights_of_samples(name):
    args, _ = CASES[name]
    twice = [np.concatenate([a, a[:1]]) for a in args]
    found = LOSSES[name](np, *args, weights=np.array([2.0, 1.0, 1.0]))
    assert float(found) == pytest.approx(float(LOSSES[name](np, *twice)), rel=1e-13)


@pytest.mark.parametrize("name", sorted(set(CASES) - {"accuracy"}))
def test_derivatives_agree_with_differences(name):
    (a, b), _ = CASES[name]
    grad = jax.grad(lambda x: LOSSES[name](jnp, x, b))(jnp.asarray(a))
    for place in list(np.ndindex(a.shape))[::5]:
        step = np.zeros_like(a)
        step[place] = 1e-6
        slope = (LOSSES[name](np, a + step, b) - LOSSES[name](np, a - step, b)) / 2e-6
        assert float(grad[place]) == pytest.approx(float(slope), rel=1e-5, abs=1e-8)


def test_a_perfect_fit_has_finite_derivatives():
    for name in ("mse", "mae", "rmse", "huber", "nmse"):
        grad = jax.grad(lambda x, name=name: LOSSES[name](jnp, x, jnp.asarray(B)))(jnp.asarray(B))
        np.testing.assert_array_equal(np.asarray(grad), 0.0)


def test_a_scalar_and_a_vector_of_one_stand_for_each_other():
    wide = Q[..., None]
    for name in ("mse", "binary_cross_entropy", "r2", "accuracy"):
        plain = LOSSES[name](np, Q, Y)
        assert LOSSES[name](np, wide, Y) == plain
        assert LOSSES[name](np, Q, Y[..., None]) == plain


def test_other_shapes_do_not_broadcast():
    with pytest.raises(ValueError, match=r"same shape, found \(3, 4\) and \(4,\)"):
        LOSSES["mse"](np, Q, Y[0])
    with pytest.raises(ValueError, match=r"labels of shape \(4,\)"):
        LOSSES["cross_entropy"](np, P, LABEL[0])
    with pytest.raises(ValueError, match=r"weights of shape \(4,\)"):
        LOSSES["mse"](np, Q, Y, weights=np.ones(4))


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_the_logarithm_of_an_impossible_answer_is_large_but_finite(xp):
    p, label = xp.asarray([[0.0, 1.0]]), xp.asarray([0.0])
    loss = float(LOSSES["cross_entropy"](xp, p, label))
    assert loss == pytest.approx(-np.log(np.finfo(float).tiny))
    sure = xp.asarray([0.0, 1.0])
    assert float(LOSSES["binary_cross_entropy"](xp, sure, sure)) == 0.0
    assert np.isnan(float(LOSSES["nll"](xp, xp.asarray([[-0.2, 1.2]]), label)))


def test_its_derivative_is_zero_there():
    p = jnp.asarray([[0.0, 1.0]])
    grad = jax.grad(lambda p: LOSSES["cross_entropy"](jnp, p, jnp.zeros(1)))(p)
    np.testing.assert_array_equal(np.asarray(grad), 0.0)


def test_large_logits_do_not_overflow():
    loss = LOSSES["cross_entropy_logits"](np, np.array([[1000.0, 0.0]]), np.array([1.0]))
    assert loss == 1000.0


def test_accuracy_of_a_scalar_has_its_threshold_at_one_half():
    p = np.array([0.2, 0.5, 0.51, 0.9])
    assert LOSSES["accuracy"](np, p, np.array([0.0, 0.0, 1.0, 0.0])) == 0.75
    assert LOSSES["accuracy"](np, p[:, None], np.array([0.0, 0.0, 1.0, 0.0])) == 0.75
