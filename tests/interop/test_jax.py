"""`model.apply` under JAX's transformations, in the native kernel and in XLA."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.engine import build
from qrnnlang.engine.native.library import reason

SOURCE = """qrnn 1.0;
cell Memory {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    rx(w[0]) m;
    ry(w[1]) e;
    cz e, m;
    rx(w[2]) e;
    output z = expect(Z(e));
}
model M {
    use cell = Memory();
    input x: seq real;
    output z = cell(arccos(x));
}
"""
X = np.random.default_rng(3).uniform(-0.8, 0.8, (3, 4))


@cache
def model(executor: str) -> qr.Model:
    made = qr.loads(SOURCE)
    made.runner.__dict__["executable"] = build(made.closed, executor=executor)
    return made


@pytest.fixture(params=["native", "xla"])
def made(request: pytest.FixtureRequest) -> qr.Model:
    if request.param == "native" and (why := reason()):
        pytest.skip(f"no kernel on this machine: {why}")
    return model(request.param)


def energy(made: qr.Model, params: dict[str, object], x: object) -> jax.Array:
    """A number of everything that comes out."""
    z = made.apply(params, x)["z"]
    return jnp.sum(z**2 * jnp.arange(1.0, z.shape[1] + 1))


def test_jit_gives_the_outputs(made: qr.Model) -> None:
    params = made.init(1)
    found = jax.jit(made.apply)(params, X)["z"]
    np.testing.assert_allclose(found, made(params, X)["z"], atol=1e-14)


def test_grad_agrees_with_finite_differences(made: qr.Model) -> None:
    params = made.init(1)
    value = jax.jit(lambda p, x: energy(made, p, x))
    slope, by_input = jax.jit(jax.grad(lambda p, x: energy(made, p, x), argnums=(0, 1)))(params, X)
    step = 1e-5
    for i in range(3):
        more, less = ({"cell.w": params["cell.w"] + s * step * np.eye(3)[i]} for s in (1, -1))
        expected = (value(more, X) - value(less, X)) / (2 * step)
        np.testing.assert_allclose(slope["cell.w"][i], expected, atol=1e-8)
    moved = np.zeros_like(X)
    moved[1, 2] = step
    expected = (value(params, X + moved) - value(params, X - moved)) / (2 * step)
    np.testing.assert_allclose(by_input[1, 2], expected, atol=1e-8)


def test_vmap_over_parameters_and_inputs(made: qr.Model) -> None:
    many = jnp.stack([made.init(seed)["cell.w"] for seed in range(3)])
    found = jax.jit(jax.vmap(lambda w: made.apply({"cell.w": w}, X)["z"]))(many)
    for seed in range(3):
        np.testing.assert_allclose(found[seed], made(made.init(seed), X)["z"], atol=1e-14)
    params = made.init(0)
    single = jax.vmap(lambda one: made.apply(params, one[None])["z"][0])(jnp.asarray(X))
    np.testing.assert_allclose(single, found[0], atol=1e-14)


@pytest.mark.parametrize("made", ["native"], indirect=True)
def test_vmap_of_grad(made: qr.Model) -> None:
    many = jnp.stack([made.init(seed)["cell.w"] for seed in range(3)])
    slope = jax.grad(lambda w: energy(made, {"cell.w": w}, X))
    found = jax.jit(jax.vmap(slope))(many)
    for w, row in zip(many, found, strict=True):
        np.testing.assert_allclose(row, slope(w), atol=1e-13)


def test_apply_within_a_compiled_loop(made: qr.Model) -> None:
    start = jnp.asarray(made.init(1)["cell.w"])

    def update(w: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        loss, slope = jax.value_and_grad(lambda w: energy(made, {"cell.w": w}, X))(w)
        return w - 0.02 * slope, loss

    _, losses = jax.jit(lambda w: jax.lax.scan(update, w, None, length=8))(start)
    assert losses[-1] < losses[0]


def test_a_value_outside_a_domain_is_nan_in_its_sample_alone(made: qr.Model) -> None:
    params, x = made.init(1), X.copy()
    x[1, 2] = 1.5
    found = np.asarray(jax.jit(made.apply)(params, x)["z"])
    assert np.isnan(found[1, 2:]).all() and np.isfinite(found[1, :2]).all()
    good = made(params, X)["z"]
    np.testing.assert_allclose(found[[0, 2]], good[[0, 2]], atol=1e-14)
    with pytest.raises(qr.DataError, match="sample 1, step 2"):
        made(params, x)

    def other_samples(x: jax.Array) -> jax.Array:
        return jnp.sum(made.apply(params, x)["z"][jnp.array([0, 2])] ** 2)

    by_input = np.asarray(jax.jit(jax.grad(other_samples))(x))
    expected = np.asarray(jax.jit(jax.grad(other_samples))(X))
    np.testing.assert_allclose(by_input[[0, 2]], expected[[0, 2]], atol=1e-13)


def test_wrong_names_and_shapes_are_told_while_tracing(made: qr.Model) -> None:
    with pytest.raises(ValueError, match=r"needs shape \(batch, steps\)"):
        jax.jit(made.apply)(made.init(0), X[0])
    with pytest.raises(ValueError, match=r"missing param `cell\.w`"):
        jax.jit(made.apply)({}, X)
