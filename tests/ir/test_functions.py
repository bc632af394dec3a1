"""The classical functions: values, domains, and derivatives at the edges of domains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrnnlang.ir.functions import FUNCTIONS, domain_error
from qrnnlang.ir.shapes import call_shape

jax.config.update("jax_enable_x64", True)

RNG = np.random.default_rng(3)
POINTS = np.array([-0.9, -0.3, 0.0, 0.4, 0.99])
MATRIX = RNG.normal(size=(3, 4))
CASES = {
    **{n: ((POINTS,), getattr(np, n)(POINTS)) for n in ("sin", "cos", "tan", "arctan", "sinh")},
    **{n: ((POINTS,), getattr(np, n)(POINTS)) for n in ("cosh", "tanh", "exp", "abs")},
    **{n: ((POINTS,), getattr(np, n)(POINTS)) for n in ("arcsin", "arccos")},
    "neg": ((POINTS,), -POINTS),
    "log": ((POINTS + 1,), np.log(POINTS + 1)),
    "sqrt": ((POINTS + 1,), np.sqrt(POINTS + 1)),
    "sigmoid": ((9 * POINTS,), 1 / (1 + np.exp(-9 * POINTS))),
    "relu": ((POINTS,), np.array([0, 0, 0, 0.4, 0.99])),
    "softplus": ((POINTS,), np.log(1 + np.exp(POINTS))),
    "add": ((MATRIX, MATRIX[0]), MATRIX + MATRIX[0]),
    "sub": ((MATRIX, MATRIX[:, :1]), MATRIX - MATRIX[:, :1]),
    "mul": ((MATRIX, np.array(3.0)), 3 * MATRIX),
    "div": ((MATRIX, np.array(3.0)), MATRIX / 3),
    "pow": ((np.array([-2.0, 0.0, 3.0]), np.array(3.0)), np.array([-8.0, 0.0, 27.0])),
    "minimum": ((POINTS, np.array(0.1)), np.array([-0.9, -0.3, 0.0, 0.1, 0.1])),
    "maximum": ((POINTS, np.array(0.1)), np.array([0.1, 0.1, 0.1, 0.4, 0.99])),
    "clip": ((POINTS, np.array(-0.5), np.array(0.5)), np.array([-0.5, -0.3, 0.0, 0.4, 0.5])),
    "matmul": ((MATRIX, MATRIX.T), np.einsum("ij,kj->ik", MATRIX, MATRIX)),
    "dot": ((POINTS, POINTS), np.array(0.81 + 0.09 + 0.16 + 0.9801)),
    "outer": ((np.array([1.0, 2]), np.array([3.0, 4, 5])), np.array([[3.0, 4, 5], [6, 8, 10]])),
    "softmax": ((np.log([[1.0, 3], [2, 2]]),), np.array([[0.25, 0.75], [0.5, 0.5]])),
    "normalize": ((np.array([[3.0, 0], [0, 4]]),), np.array([[0.6, 0], [0, 0.8]])),
    "sum": ((MATRIX,), np.array(sum(MATRIX.ravel()))),
    "mean": ((MATRIX,), np.array(sum(MATRIX.ravel()) / 12)),
    "prod": ((np.array([2.0, -3, 4]),), np.array(-24.0)),
    "min": ((MATRIX,), np.array(sorted(MATRIX.ravel())[0])),
    "max": ((MATRIX,), np.array(sorted(MATRIX.ravel())[-1])),
    "onehot": ((np.array(2.0),), np.array([0.0, 0, 1, 0])),
    "lookup": ((MATRIX, np.array(1.0)), MATRIX[1]),
}


def test_every_function_is_tried():
    assert set(CASES) == set(FUNCTIONS)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("name", CASES)
def test_value_and_shape(name, xp):
    args, wanted = CASES[name]
    found = FUNCTIONS[name](xp, *map(xp.asarray, args), shape=wanted.shape)
    assert found.shape == wanted.shape
    assert found.dtype == np.float64
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-13, atol=1e-15)
    assert call_shape(name, tuple(np.shape(a) for a in args), wanted.shape) == wanted.shape


@pytest.mark.parametrize("name", sorted(set(CASES) - {"onehot", "lookup"}))
def test_derivatives_agree_with_differences(name):
    base = [a + 0.003 for a in CASES[name][0]]  # away from kinks
    if name == "pow":
        base[1] = np.array(3.0)  # of a negative base only whole powers exist
    free = base[:1] if name == "pow" else base
    along = [np.random.default_rng(i).normal(size=a.shape) for i, a in enumerate(free)]

    def total(*arrays):
        return jnp.sum(jnp.sin(FUNCTIONS[name](jnp, *arrays, *base[len(free) :])))

    def shifted(by):
        return float(total(*(a + by * v for a, v in zip(free, along, strict=True))))

    _, slope = jax.jvp(total, tuple(map(jnp.asarray, free)), tuple(map(jnp.asarray, along)))
    assert float(slope) == pytest.approx((shifted(1e-5) - shifted(-1e-5)) / 2e-5, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "edge", "value"),
    [
        ("arccos", 1.0, 0.0),
        ("arccos", -1.0, np.pi),
        ("arcsin", 1.0, np.pi / 2),
        ("arcsin", -1.0, -np.pi / 2),
        ("sqrt", 0.0, 0.0),
        ("arccos", 1.0 + 1e-15, 0.0),  # rounding counts as the edge
        ("sqrt", -1e-15, 0.0),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_at_the_edge_the_derivative_is_zero(name, edge, value, dtype):
    found, grad = jax.value_and_grad(lambda x: FUNCTIONS[name](jnp, x))(jnp.asarray(edge, dtype))
    assert float(found) == pytest.approx(value, abs=1e-7)
    assert float(grad) == 0.0
    assert found.dtype == dtype
    assert float(FUNCTIONS[name](np, np.asarray(edge, dtype))) == float(found)
    assert domain_error(name, np.asarray(edge)) is None


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("arccos", 1.5, "`arccos` of 1.5, outside its domain [-1, 1]"),
        ("arcsin", -1.0001, "`arcsin` of -1.0001, outside its domain [-1, 1]"),
        ("sqrt", -0.25, "`sqrt` of -0.25, outside its domain numbers from 0"),
        ("log", 0.0, "`log` of 0, outside its domain numbers above 0"),
        ("log", -2.0, "`log` of -2, outside its domain numbers above 0"),
        ("normalize", 0.0, "`normalize` of a zero vector"),
    ],
)
def test_outside_the_domain_is_nan_and_has_a_message(name, value, text):
    bad = np.array([value])
    for xp in (np, jnp):
        found = FUNCTIONS[name](xp, xp.asarray(bad))
        assert np.isnan(np.asarray(found)).all()
    grad = jax.grad(lambda x: FUNCTIONS[name](jnp, x)[0])(jnp.asarray(bad))
    assert np.isfinite(np.asarray(grad)).all()
    good = [] if name == "normalize" else [0.5]
    assert domain_error(name, np.array([*good, value])) == text


def test_division_and_powers_have_domains_too():
    assert domain_error("div", np.ones(2), np.array([1.0, 0.0])) == "division by 0"
    assert domain_error("pow", np.array([-2.0, 4.0]), np.array(0.5)) == (
        "-2 to the power 0.5 is not a real number"
    )
    assert domain_error("pow", np.array(0.0), np.array(-1.0)) is not None
    assert domain_error("pow", np.array(-2.0), np.array(2.0)) is None


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_sigmoid_and_softplus_neither_overflow_nor_lose_their_tails(xp):
    x = xp.asarray([-800.0, -40.0, 40.0, 800.0])
    with np.errstate(all="raise", under="ignore"):
        sigmoid = np.asarray(FUNCTIONS["sigmoid"](xp, x[1:]))
        softplus = np.asarray(FUNCTIONS["softplus"](xp, x[1:]))
    np.testing.assert_allclose(sigmoid, [np.exp(-40.0), 1, 1], rtol=1e-14)
    np.testing.assert_allclose(softplus, [np.exp(-40.0), 40, 800], rtol=1e-14)
    assert float(FUNCTIONS["sigmoid"](xp, x)[0]) == 0.0


def test_derivatives_at_zero():
    grad = {n: float(jax.grad(lambda x, n=n: FUNCTIONS[n](jnp, x))(0.0)) for n in ("relu", "abs")}
    assert grad == {"relu": 0.0, "abs": 0.0}
    assert float(jax.grad(lambda x: FUNCTIONS["sigmoid"](jnp, x))(0.0)) == pytest.approx(0.25)


def test_a_label_outside_the_table_is_nan_when_traced():
    assert np.isnan(np.asarray(FUNCTIONS["lookup"](jnp, jnp.ones(3), jnp.asarray(3.0))))


def test_onehot_needs_the_shape_of_its_result():
    with pytest.raises(TypeError, match="shape of its result"):
        FUNCTIONS["onehot"](np, np.array(1.0))


@pytest.mark.parametrize(
    ("fn", "shapes"),
    [
        ("add", ((2,), (3,))),
        ("dot", ((2,), (3,))),
        ("matmul", ((2, 3), (2,))),
        ("lookup", ((3, 2), (1,))),
        ("sin", ((2,), (2,))),
        ("sine", ((2,),)),
    ],
)
def test_shapes_that_do_not_fit(fn, shapes):
    with pytest.raises(ValueError, match=fn):
        call_shape(fn, shapes, ())
