"""The engine on small hand-written models: every shape of batch, precision, second derivatives."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.diagnostics import DataError
from qrnnlang.engine import build
from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_text

jax.config.update("jax_enable_x64", True)

SOURCE = """qrnn 1.0;
cell A {
    input x: real;
    carry m: qubit;
    carry c: real = 0.1;
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    rx(w[0]) e;
    crz(w[1]) e, m;
    ry(w[2] + c) m;
    reset e;
    cx m, e;
    next c = 0.3 * expect(X(m));
    output y = [expect(Z(e)), expect(Y(m) * X(e))];
}
model M {
    use a = A();
    input x: seq real;
    target y: seq real[2];
    output p = a(x);
    loss mse(p, y);
}
"""
MODEL = load_text(SOURCE, entry="M")
PARAMS = {k: np.asarray(v) for k, v in init(MODEL.params, 4).items()}


def arrays(batch: int, steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(batch + steps)
    return {"x": rng.normal(size=(batch, steps))}, {"y": rng.normal(size=(batch, steps, 2))}


@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1, 5), (3, 2)])
def test_batches_and_steps(batch: int, steps: int) -> None:
    x, y = arrays(batch, steps)
    outputs, loss, _ = build(MODEL).evaluate(PARAMS, x, y)
    expected = run_model(MODEL, PARAMS, x, y)
    np.testing.assert_allclose(np.asarray(outputs["p"]), expected.outputs["p"], atol=1e-12)
    assert float(loss) == pytest.approx(expected.loss, abs=1e-12)


def test_zero_parameters() -> None:
    x, y = arrays(2, 3)
    zeros = {k: np.zeros_like(v) for k, v in PARAMS.items()}
    outputs, _, _ = build(MODEL).evaluate(zeros, x, y)
    expected = run_model(MODEL, zeros, x, y).outputs["p"]
    np.testing.assert_allclose(np.asarray(outputs["p"]), expected, atol=1e-12)


def test_single_precision() -> None:
    x, y = arrays(2, 3)
    outputs, _, _ = build(MODEL, "float32").evaluate(PARAMS, x, y)
    assert outputs["p"].dtype == np.float32
    expected = run_model(MODEL, PARAMS, x, y).outputs["p"]
    np.testing.assert_allclose(np.asarray(outputs["p"]), expected, atol=1e-4)


def test_second_derivatives_are_differences_of_the_first() -> None:
    x, y = arrays(1, 2)
    executable = build(MODEL, executor="xla")

    def loss(w: Any) -> Any:
        return executable.evaluate({"a.w": w}, x, y)[1]

    gradient = jax.jit(jax.grad(loss))
    exact = np.asarray(jax.jit(jax.hessian(loss))(PARAMS["a.w"]))
    h = 1e-5
    for i in range(3):
        step = h * np.eye(3)[i]
        numeric = (gradient(PARAMS["a.w"] + step) - gradient(PARAMS["a.w"] - step)) / (2 * h)
        np.testing.assert_allclose(exact[i], numeric, atol=1e-7)


def test_lengths_ignore_the_padding() -> None:
    x, y = arrays(2, 4)
    executable = build(MODEL)
    _, loss, _ = executable.evaluate(PARAMS, x, y, np.array([4, 2]))
    whole = run_model(MODEL, PARAMS, x, y).outputs["p"]
    errors = (whole - y["y"]) ** 2
    expected = np.concatenate([errors[0].ravel(), errors[1, :2].ravel()]).mean()
    assert float(loss) == pytest.approx(expected, abs=1e-12)


def test_an_impossible_postselection_is_nan_in_its_sample_only() -> None:
    model = load_text(
        "qrnn 1.0;\ncell A {\n    input x: real;\n    carry m: qubit;\n    fresh e: qubit;\n"
        "    ry(x) e;\n    ry(0.3) m;\n    cx e, m;\n    postselect e == 1;\n"
        "    output y = expect(Z(m));\n}\n"
    )
    x = np.array([[0.4, 0.5, 0.6], [0.4, 0.0, 0.6], [0.1, 0.2, 0.3]])
    with pytest.raises(DataError, match="sample 1, step 1"):
        run_model(model, {}, {"x": x})
    found = np.asarray(build(model).apply({}, {"x": x})["y"])
    wanted = np.zeros((3, 3), bool)
    wanted[1, 1:] = True
    np.testing.assert_array_equal(np.isnan(found), wanted)
    fine = run_model(model, {}, {"x": x[[0, 2]]}).outputs["y"]
    np.testing.assert_allclose(found[[0, 2]], fine, atol=1e-12)
