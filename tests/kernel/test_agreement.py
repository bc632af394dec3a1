"""The native kernel: interpreter = XLA = native, values and gradients."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.engine.native import library
from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_path, load_text
from qrnnlang.sema.closed import ClosedModel

from .helpers import NEEDS_COMPILER, assert_same, data, gradients

jax.config.update("jax_enable_x64", True)

PROGRAMS = Path(__file__).parents[1] / "syntax" / "programs"

pytestmark = NEEDS_COMPILER

RING = """qrnn 1.0;
cell Ring {
    input x: real[2];
    carry m: qubit[2];
    fresh e: qubit[2];
    param w: angle[2, 4, 2];
    param z: angle[4];
    ry(x) e;
    for l in 0..2 {
        let q = [e, m];
        rx(w[l, .., 0]) q;
        rz(w[l, .., 1]) q;
        for i in 0..4 { rzz(z[i]) q[i], q[(i + 1) % 4]; }
    }
    output y = expect(Z(e));
}
model M { use c = Ring(); input x: seq real[2]; target y: seq real[2]; output p = c(x); loss mse(p, y); }
"""
REUPLOADED = """qrnn 1.0;
cell Re {
    input x: real;
    carry m: qubit[2];
    param w: angle[4];
    ry(w[0] * x) m[0]; rx(w[1]) m[1]; cx m[0], m[1]; rz(x) m[1]; rzz(w[2]) m[0], m[1]; ry(x * w[3]) m;
    output y = expect(X(m[0]) * Y(m[1]));
    output q = prob(m);
}
model M { use c = Re(); input x: seq real; target y: seq real; let r = c(x); output p = r.y; output q = r.q; loss mse(p, y); }
"""
HYBRID = """qrnn 1.0;
cell H {
    input x: real[2];
    carry h: real[2] = 0;
    fresh q: qubit[2];
    param w: angle[2];
    param v: real[2, 2];
    let a = tanh(v @ x) * 0.5 + sin(h);
    ry(a) q; cx q[0], q[1]; ry(w) q;
    let z = expect(Z(q));
    next h = sigmoid(z) * h + exp(-1.0 * relu(z)) / (2.0 + cos(x));
    output y = sum(h * z);
}
model M { use c = H(); input x: seq real[2]; target y: seq real; output p = c(x); loss mse(p, y); }
"""


def emc() -> ClosedModel:
    model = "model M { use c = Emc(); input x: seq real[1]; target y: seq real; output p = c(x); loss mse(p, y); }"
    return load_text((PROGRAMS / "emc.qrnn").read_text() + model, entry="M")


MODELS = {
    "emc": emc,
    "ring": lambda: load_text(RING),
    "reuploaded": lambda: load_text(REUPLOADED),
    "hybrid": lambda: load_text(HYBRID),
    "qlstm": lambda: load_path(PROGRAMS / "qlstm.qrnn", "Pendulum", {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_values_are_those_of_the_interpreter(name: str) -> None:
    model = MODELS[name]()
    params, inputs, targets = data(model, 3, 4)
    outputs, loss, _ = build(model, executor="native").evaluate(params, inputs, targets)
    wanted = run_model(model, params, inputs, targets)
    assert set(outputs) == set(wanted.outputs)
    for key, value in wanted.outputs.items():
        np.testing.assert_allclose(outputs[key], value, atol=1e-10)
    np.testing.assert_allclose(loss, wanted.loss, atol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_xla(name: str) -> None:
    model = MODELS[name]()
    assert_same(model, data(model, 11, 5))


@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1000, 2)])
def test_batches_and_steps(batch: int, steps: int) -> None:
    model = load_text(RING)
    assert_same(model, data(model, batch, steps))


def test_lengths() -> None:
    model = load_text(RING)
    assert_same(model, data(model, 3, 5), lengths=np.array([5, 1, 3]))


def test_zero_parameters() -> None:
    model = load_text(RING)
    params, inputs, targets = data(model, 2, 3)
    assert_same(model, (jax.tree.map(np.zeros_like, params), inputs, targets))


def test_gradients_of_the_initial_state_and_the_state_after() -> None:
    model = load_text(RING)
    params, inputs, _ = data(model, 2, 3)
    found = []
    for executor in ("native", "xla"):
        executable = build(model, executor=executor)
        _, middle = executable.apply_with_state(params, inputs)

        def last(state: Any, executable: Any = executable) -> Any:
            outputs, after = executable.apply_with_state(params, inputs, state)
            density = after["c"]["density"]
            return (outputs["p"] ** 2).sum() + (density.real * 1.5 - density.imag[:, ::-1]).sum()

        found.append((last(middle), jax.grad(last)(middle)["c"]["density"]))
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-11)


def test_the_trace_stays() -> None:
    model = load_text(RING)
    params, inputs, _ = data(model, 1, 10_000)
    _, state = jax.jit(build(model, executor="native").apply_with_state)(params, inputs)
    assert abs(np.trace(state["c"]["density"][0]) - 1) < 1e-9


def test_the_same_bytes_every_time() -> None:
    # Which thread runs which group differs from call to call.
    model = emc()
    given = data(model, 300, 3)
    first = jax.tree.map(lambda x: np.asarray(x).tobytes(), gradients(model, "native", given))
    for _ in range(3):
        again = jax.tree.map(lambda x: np.asarray(x).tobytes(), gradients(model, "native", given))
        assert again == first


def test_vmap_over_parameters() -> None:
    model = load_text(RING)
    params, inputs, targets = data(model, 2, 2)
    several = jax.tree.map(lambda x: np.stack([x, x * 0.5, x + 1.0]), params)
    executable = build(model, executor="native")

    def loss(p: Any) -> Any:
        return executable.evaluate(p, inputs, targets)[1]

    found = jax.vmap(jax.grad(loss))(several)
    for i in range(3):
        one = jax.grad(loss)(jax.tree.map(lambda x, i=i: x[i], several))
        jax.tree.map(lambda a, b, i=i: np.testing.assert_array_equal(a[i], b), found, one)


def test_the_kernel_is_in_use_and_said_so() -> None:
    described = build(load_text(RING)).describe()
    assert {entry["executor"] for entry in described} == {"native kernel"}
    assert isinstance(library.load(), ctypes.CDLL)


def test_what_is_not_covered_runs_in_xla_and_says_why() -> None:
    model = load_text(
        "qrnn 1.0;\ncell N { input x: real; carry c: real[2] = 0; fresh m: qubit; param w: angle;"
        " ry(x + w + c[0]) m; let z = expect(Z(m)); next c = softmax([z, c[1]]); output y = z; }"
    )
    executable = build(model)
    executable.apply({"w": np.array(0.3)}, {"x": np.ones((1, 2))})
    (described,) = {str(e["executor"]) for e in executable.describe()}
    assert described == "XLA: function `softmax`"
