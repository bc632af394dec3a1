"""The user's model: shapes, names, values, gradients, state."""

from __future__ import annotations

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import DataError

from .programs import QUBIT, leaky, line


@pytest.fixture(scope="module")
def model():
    return line()


@pytest.fixture(scope="module")
def qubit():
    return qr.loads(QUBIT)


X = np.random.default_rng(0).normal(size=(3, 5))


def test_importing_is_light():
    code = (
        "import sys, qrnnlang; qrnnlang.load; "
        "heavy = {'jax', 'qiskit', 'matplotlib', 'optax', 'rich'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "m = qrnnlang.loads('qrnn 1.0; cell A { input x: real; output y = 2 * x; }'); m.init(0); "
        "heavy = {'jax', 'qiskit', 'matplotlib', 'optax', 'rich'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "import os; assert os.environ['JAX_ENABLE_X64'] == '1'"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def test_outputs_are_numpy_float64(model):
    out = model(model.init(0), X)
    assert type(out["pred"]) is np.ndarray and out["pred"].dtype == np.float64
    np.testing.assert_allclose(out["pred"], 0.5 * X, rtol=1e-15)


def test_a_scalar_and_real_1_stand_for_each_other(model):
    np.testing.assert_array_equal(
        model(model.init(0), X[..., None])["pred"], model(model.init(0), X)["pred"]
    )
    vector = qr.loads("qrnn 1.0; cell A { input x: real[1]; output y = 2 * x; }")
    np.testing.assert_array_equal(vector({}, X)["y"], 2 * X[..., None])


def test_inputs_by_name(model):
    np.testing.assert_array_equal(model(model.init(0), {"x": X})["pred"], 0.5 * X)
    two = qr.loads("qrnn 1.0; cell A { input a: real; input b: real; output y = a - b; }")
    np.testing.assert_allclose(two({}, {"b": X, "a": 3 * X})["y"], 2 * X, rtol=1e-14)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            X[0],
            ValueError,
            r"input `x` needs shape \(batch, steps\), got \(5,\); an axis is missing",
        ),
        (np.zeros((3, 5, 2)), ValueError, r"needs shape \(batch, steps\), got \(3, 5, 2\)"),
        (np.zeros((0, 5)), ValueError, "`x` is empty along its batch axis"),
        (np.zeros((3, 0)), ValueError, "`x` is empty along its steps axis"),
        ({"z": X}, ValueError, "the model has no input `z`"),
        ({}, ValueError, "missing input `x`"),
        ([["a"]], TypeError, "input `x` needs numbers"),
        (1j * X, TypeError, "input `x` needs numbers, not complex128"),
        ([[1.0], [[1.0, 2.0]]], ValueError, "no rectangular array"),
        ([[1.0], []], ValueError, "no rectangular array"),
    ],
)
def test_wrong_inputs(model, x, error, message):
    with pytest.raises(error, match=message):
        model(model.init(0), x)


def test_values_that_are_not_finite_are_named():
    model = qr.loads("qrnn 1.0; cell A { input x: real[2]; output y = x; }")
    x = np.zeros((3, 5, 2))
    x[2, 3, 1] = np.nan
    with pytest.raises(DataError, match="`x` is nan at sample 2, step 3, component 1"):
        model({}, x)


@pytest.mark.parametrize("lengths", [None, [5, 3, 5]])
def test_values_outside_a_domain_are_named(lengths):
    model = qr.loads("qrnn 1.0; cell A { input u: real; output y = arccos(u); }")
    x = np.zeros((3, 5))
    x[1, 2] = 1.5
    text = r"`arccos` of 1.5, outside its domain \[-1, 1\] \(input `u`, sample 1, step 2\)"
    with pytest.raises(DataError, match=text):
        model({}, x, lengths=lengths)


def test_padding_may_hold_anything_inside_the_domain_of_the_loss():
    model = leaky()
    x = np.ones((2, 4))
    whole = model.value_and_grad(model.init(0), x[:, :2], x[:, :2])
    x[:, 2:] = 77.0
    padded = model.value_and_grad(model.init(0), x, x, lengths=[2, 2])
    assert padded[0] == pytest.approx(whole[0], rel=1e-14)
    np.testing.assert_allclose(padded[1]["cell.w"], whole[1]["cell.w"], rtol=1e-14)


def test_labels():
    model = qr.loads(
        "qrnn 1.0; model A { input tok: seq class[3]; param E: real[3, 2] = 1;"
        " target k: class[2]; output p = softmax(last(E[tok])); loss nll(p, k); }"
    )
    value, grads = model.value_and_grad(model.init(0), np.array([[0, 2]]), np.array([1]))
    assert value == pytest.approx(np.log(2)) and grads["E"].shape == (3, 2)
    with pytest.raises(DataError, match="input `tok` is 3 at sample 0, step 1: a label is"):
        model(model.init(0), np.array([[0, 3]]))
    with pytest.raises(DataError, match=r"target `k` is 0\.5 at sample 0"):
        model.value_and_grad(model.init(0), np.array([[0, 1]]), np.array([0.5]))


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, ValueError, r"missing param `w` \(\); `init\(seed\)` gives all of them"),
        ({"w": 1.0, "v": 2.0}, ValueError, "the model has no parameter `v`"),
        ({"w": [1.0, 2.0]}, ValueError, r"parameter `w` needs shape \(\), got \(2,\)"),
        ({"w": np.inf}, DataError, "parameter `w` is inf"),
        ([1.0], TypeError, "params is a dict by path"),
    ],
)
def test_wrong_parameters(model, params, error, message):
    with pytest.raises(error, match=message):
        model(params, X)


def test_loss_and_gradient(model):
    y = np.sin(X)
    value, grads = model.value_and_grad({"w": 0.7}, X, y)
    assert type(value) is float
    assert value == pytest.approx(np.mean((0.7 * X - y) ** 2), rel=1e-14)
    assert grads["w"].shape == () and grads["w"].dtype == np.float64
    np.testing.assert_allclose(grads["w"], np.mean(2 * X * (0.7 * X - y)), rtol=1e-13)


def test_fixed_parameters_have_no_gradient():
    model = qr.loads(
        "qrnn 1.0; model A { fixed J: real[2] ~ normal(0, 1); param w: real = 1; input x: seq real;"
        " target y: seq real; output p = w * x + sum(J); loss mse(p, y); }"
    )
    params = model.init(3)
    assert set(params) == {"J", "w"} and model.trained == {"w"}
    assert set(model.value_and_grad(params, X, X)[1]) == {"w"}
    with pytest.raises(ValueError, match=r"missing fixed `J` \(2,\)"):
        model({"w": 1.0}, X)


def test_a_model_without_a_loss_says_so(qubit):
    with pytest.raises(ValueError, match="`Turn` has no loss"):
        qubit.value_and_grad(qubit.init(0), X, X)
    with pytest.raises(ValueError, match="`Turn` has no loss"):
        qubit.fit(X, X)


def test_targets_of_another_size(model):
    with pytest.raises(ValueError, match="the batch axis differs: `x` has 3, `y` has 2"):
        model.value_and_grad(model.init(0), X, X[:2])
    with pytest.raises(ValueError, match="the steps axis differs: `x` has 5, `y` has 4"):
        model.value_and_grad(model.init(0), X, X[:, :4])


@pytest.mark.parametrize("lengths", [[1, 2], [0, 1, 2], [1, 2, 6], [1.5, 2, 3]])
def test_wrong_lengths(model, lengths):
    with pytest.raises(ValueError, match="lengths"):
        model(model.init(0), X, lengths=lengths)


def test_apply_is_traceable_and_gives_nan_in_one_sample():
    model = qr.loads(
        "qrnn 1.0; cell A { input u: real; param w: real = 1; output y = sqrt(w * u); }"
    )
    x = jnp.asarray([[1.0, 4.0], [1.0, -4.0]])
    out = jax.jit(model.apply)({"w": jnp.asarray(1.0)}, x)["y"]
    np.testing.assert_array_equal(np.isnan(out), [[False, False], [False, True]])
    grad = jax.grad(lambda w: model.apply({"w": w}, x[:1])["y"].sum())(1.0)
    assert float(grad) == pytest.approx(1.5)
    many = jax.vmap(lambda w: model.apply({"w": w}, x[:1])["y"])(jnp.asarray([1.0, 4.0]))
    np.testing.assert_allclose(many[1], 2 * many[0])


def test_steps_follow_the_whole_run(qubit):
    params = qubit.init(1)
    whole, last = qubit(params, X, return_state=True)
    state, found = None, []
    for t in range(X.shape[1]):
        out, state = qubit.step(params, X[:, t], state)
        found.append(out["z"])
    np.testing.assert_allclose(np.stack(found, 1), whole["z"], atol=1e-13)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-13), state, last)
    first, middle = qubit(params, X[:, :2], return_state=True)
    rest = qubit(params, X[:, 2:], state=middle)
    np.testing.assert_allclose(np.concatenate([first["z"], rest["z"]], 1), whole["z"], atol=1e-13)


def test_states_are_density_matrices(qubit):
    params = qubit.init(1)
    found = qubit.states(params, X)
    assert set(found) == {"m"} and found["m"].shape == (3, 5, 2, 2)
    np.testing.assert_allclose(np.trace(found["m"], axis1=-2, axis2=-1), 1, atol=1e-14)
    z = (found["m"][..., 0, 0] - found["m"][..., 1, 1]).real
    np.testing.assert_allclose(z, qubit(params, X)["z"], atol=1e-14)


def test_states_by_register_bit_and_real():
    model = qr.loads(
        "qrnn 1.0; cell A { input x: real; carry a: qubit; carry b: qubit[2]; carry f: bit;"
        " carry c: real = 2; ry(0.3) a; ry(1.1) b[0]; x b[1]; fresh e: qubit; ry(pi / 3) e;"
        " let r = measure e; next f = r; next c = c + x; output y = expect(Z(a)); }"
    )
    found = model.states({}, np.ones((1, 2)))
    assert {k: v.shape[2:] for k, v in found.items()} == {
        "a": (2, 2),
        "b": (4, 4),
        "a+b": (8, 8),
        "f": (2,),
        "c": (),
    }
    np.testing.assert_allclose(found["c"][0], [3, 4])
    np.testing.assert_allclose(found["f"][0], [[0.75, 0.25]] * 2, atol=1e-14)
    a, b = found["a"][0, 0], found["b"][0, 0]
    np.testing.assert_allclose(np.diag(a), [np.cos(0.15) ** 2, np.sin(0.15) ** 2], atol=1e-14)
    # b[1] is 1: the outcomes 2 and 3, b[0] least significant.
    np.testing.assert_allclose(np.diag(b), [0, 0, np.cos(0.55) ** 2, np.sin(0.55) ** 2], atol=1e-14)
    np.testing.assert_allclose(found["a+b"][0, 0], np.kron(b, a), atol=1e-14)


def test_no_input_needs_a_number_of_steps():
    model = qr.loads("qrnn 1.0; cell A { carry c: real = 0; next c = c + 1; output y = c; }")
    np.testing.assert_array_equal(model({}, steps=4)["y"], [[0, 1, 2, 3]])
    with pytest.raises(ValueError, match="give steps="):
        model({})


def test_hyperparameters_and_entry():
    text = "qrnn 1.0; cell A(set: int = 1) { input x: real; output y = set * x; } cell B { output y = 1; }"
    assert qr.loads(text, entry="A", set={"set": 5})({}, X)["y"][0, 0] == pytest.approx(5 * X[0, 0])
    with pytest.raises(qr.CompileError) as error:
        qr.loads(text, entry="A", sett=5)
    assert error.value.diagnostics[0].code == "E0216"


def test_external_functions():
    text = (
        "qrnn 1.0; extern def twice(x: real) -> real;"
        " cell A { input x: real; output y = twice(x); }"
    )
    model = qr.loads(text, extern={"twice": lambda x: 2 * x})
    np.testing.assert_allclose(model({}, X)["y"], 2 * X)


def test_float32():
    model = qr.loads(QUBIT, precision="float32")
    double = qr.loads(QUBIT)
    params = double.init(0)
    low, high = model(params, X)["z"], double(params, X)["z"]
    assert low.dtype == np.float32 and high.dtype == np.float64
    np.testing.assert_allclose(low, high, atol=1e-5)
    with pytest.raises(ValueError, match="precision"):
        qr.loads(QUBIT, precision="float16")


def test_one_unbatched_sequence_of_one_component_is_not_taken_for_a_batch() -> None:
    model = qr.loads("qrnn 1.0; cell A { input x: real[1]; output y = 2 * x; }")
    with pytest.raises(
        ValueError, match=r"needs shape \(batch, steps, 1\), got \(5, 1\).*x\[None\]"
    ):
        model({}, np.zeros((5, 1)))
    assert model({}, np.zeros((5, 1, 1)))["y"].shape == (5, 1, 1)
    assert model({}, np.zeros((5, 3)))["y"].shape == (5, 3, 1)


def test_a_complex_state_of_a_cell_with_real_amplitudes():
    """⟨Y⟩ is 0 from |0⟩ on, but whoever gives the state may give another."""
    model = qr.loads(
        "qrnn 1.0; cell A { input x: real; carry m: qubit; param w: angle = 0.3; ry(x + w) m;"
        " output y = [expect(Y(m)), expect(X(m))]; }"
    )
    params = model.init(0)
    turned = np.tile(np.array([[1, -1j], [1j, 1]]) / 2, (2, 1, 1))
    _, named = model.step(params, np.zeros(2))
    state = {name: {**inner, "density": turned} for name, inner in named.items()}
    x = np.array([[0.2, 0.4, -0.3], [1.0, 2.0, 3.0]])
    found, after = model(params, x, state=state, return_state=True)
    np.testing.assert_allclose(found["y"], np.broadcast_to([1.0, 0.0], (2, 3, 2)), atol=1e-12)
    for t in range(3):
        step, state = model.step(params, x[:, t], state)
        np.testing.assert_allclose(step["y"], found["y"][:, t], atol=1e-12)
    for name, inner in after.items():
        np.testing.assert_allclose(state[name]["density"], inner["density"], atol=1e-12)
        np.testing.assert_allclose(inner["density"], turned, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("mse(skip(p, 2), last(y, 3))", "`mse` compares 4 steps of `skip(p, 2)` with 3 of `last(y, 3)`"),
        ("mae(y, last(p + y, 3))", "`mae` compares 6 steps of `y` with 3 of `last(…, 3)`"),
        ("mse(y, 2 * last(p, 3))", "`mse` compares 6 steps of `y` with 3 of an expression"),
    ],
)  # fmt: skip
def test_a_loss_of_different_lengths_is_told_in_the_words_of_the_model(loss, said):
    """Where it depends on the data: of five steps the first is right."""
    text = "qrnn 1.0; model M { input x: seq real; target y: seq real; output p = 2 * x; LOSS; }"
    model = qr.loads(text.replace("LOSS", f"loss {loss}"))
    with pytest.raises(ValueError) as error:
        model.value_and_grad({}, np.ones((2, 6)), np.ones((2, 6)))
    assert str(error.value) == f"{said}: take the same steps of both"


def test_a_long_cell_is_not_asked_gate_by_gate() -> None:
    """Where the oracle would take minutes, or much memory, the engine's own finding is told."""
    source = """qrnn 1.0;
    cell Certain(n: int, turns: int) {
        input x: real;
        fresh q: qubit[n];
        for k in 0..turns { ry(0) q; }
        ry(pi * x) q[0];
        postselect q[0] == 0;
        output y = expect(Z(q[1]));
    }"""
    xs = np.array([[0.0, 0.0], [0.0, 1.0]])
    short = qr.loads(source, n=2, turns=300)
    with pytest.raises(DataError, match="probability") as told:
        short({}, xs)
    assert "sample 1, step 1" in str(told.value) and "may have" not in str(told.value)
    for n, turns in ((10, 300), (11, 1)):
        long = qr.loads(source, n=n, turns=turns)
        with pytest.raises(DataError, match=r"is nan \(sample 1, step 1\): an event of `postsel"):
            long({}, xs)
