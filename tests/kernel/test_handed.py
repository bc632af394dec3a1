"""Noise, prepared states, stored unitaries and functions in the kernel; what XLA hands over to it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_text

from .helpers import NEEDS_COMPILER, data

jax.config.update("jax_enable_x64", True)

pytestmark = NEEDS_COMPILER

STATE = "carry m: qubit[2]; fresh e: qubit; param w: angle[3];"
MIX = "rx(w) [e, m]; cx e, m[0]; cx m[0], m[1];"
READ = "output y = expect(Z(m[1])) + expect(X(e));"

#: The cell, and the steps of its plan that are handed over.
CELLS: dict[str, tuple[str, list[str]]] = {
    "noise": (
        f"input x: real; {STATE} param r: real = 0.1; ry(x) e; {MIX} depolarizing(0.1) m;"
        " amplitude_damping(0.2) e; bit_flip(r * r) m[1]; phase_flip(0.05) m[0];"
        f" phase_damping(x * x) m[0]; pauli_channel(0.1, 0.05, 0.2 * x) e; {READ}",
        [],
    ),
    "noise under a bit": (
        f"input x: real; {STATE} ry(x) e; {MIX} let b = measure e;"
        f" if (b) {{ depolarizing(0.3) m[1]; bit_flip(x) m[0]; }} cx m[0], m[1]; {READ}",
        [],
    ),
    "evolution": (
        "input x: real; carry m: qubit[3]; param a: real[3]; reset m[0]; ry(x) m[0];"
        " let H = sum(a[i] * X(m[i]) * X(m[(i + 1) % 3]) for i in 0..3) + 0.5 * sum(Z(m));"
        " evolve(H, 0.4); output y = expect(Z(m[1]));",
        ["Exponential"],
    ),
    "evolution for a time that is given": (
        "input x: real; carry m: qubit[2]; param a: real; ry(0.3) m;"
        " evolve(a * X(m[0]) * X(m[1]) + 0.5 * Z(m[0]), x); reset m[0];"
        " output y = expect(Z(m[1]));",
        ["Exponential"],
    ),
    "unitaries among gates": (
        f"input x: real; {STATE} fixed U: unitary[3] ~ haar; ry(x) e; apply(U) [e, m]; rx(w) m[0];"
        f" inv @ apply(U) [m, e]; {READ}".replace("rx(w)", "rx(w[0])"),
        ["Fuse"],
    ),
    "a unitary after a gate that is given": (
        f"input x: real; {STATE} fixed U: unitary[2] ~ haar; {MIX} apply(U) m; rz(x) m[0];"
        f" inv @ apply(U) m; {READ}",
        [],
    ),
    "a unitary under a bit": (
        f"input x: real; {STATE} fixed U: unitary[2] ~ haar; ry(x) e; h e; rx(w[1]) m;"
        " let b = measure e; if (b) { apply(U) m; } output y = expect(Z(m[1]));",
        ["Fuse"],
    ),
    "real amplitudes": (
        "input x: real[4]; carry m: qubit[2]; fresh e: qubit[2]; param w: angle[4]; prepare(x) e;"
        " rx(w) [e, m]; cx e[0], m[0]; cx m[0], m[1]; cx e[1], m[1]; output y = expect(Z(m[1]));",
        [],
    ),
    "complex amplitudes": (
        "input x: real[4]; carry m: qubit[2]; fresh e: qubit[2]; param w: angle[4];"
        " param b: real[4]; prepare(x, b) e; rx(w) [e, m]; cx e[0], m[0]; cx m[0], m[1];"
        " cx e[1], m[1]; output y = expect(Z(m[1]));",
        [],
    ),
    "functions of what is carried": (
        "input x: real; carry m: qubit[2]; carry c: real = 0.1; param w: angle[2];"
        " ry(2 * arcsin(sqrt(x))) m[0]; rx(w) m; cx m[0], m[1]; let p = expect(Z(m[1]));"
        " next c = 0.5 * log(2.0 + p) + abs(c) * softplus(c) + 0.2 * arccos(p * 0.9);"
        " rx(c) m[1]; reset m[0]; output y = p + c;",
        [],
    ),
    "functions ahead": (
        "input x: real[2]; carry m: qubit[2]; param w: angle[2]; ry(softmax(x)) m; rx(w) m;"
        " cx m[0], m[1]; reset m[0]; output y = expect(Z(m[1]));",
        ["Compute"],
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_values_and_gradients(name: str) -> None:
    body, handed = CELLS[name]
    model = load_text(f"qrnn 1.0; cell C {{ {body} }}")
    params, inputs, targets = data(model, 5, 4)
    native = build(model, executor="native")
    found = native.apply(params, inputs)
    wanted = run_model(model, params, inputs, targets).outputs
    np.testing.assert_allclose(found["y"], wanted["y"], atol=1e-10)
    (compiled,) = native.natives.values()
    assert [type(step).__name__ for step in compiled.handed] == handed

    def slopes(executable: Any) -> Any:
        def total(params: Any, inputs: Any) -> Any:
            return jnp.sin(1.3 * executable.apply(params, inputs)["y"]).sum()

        return jax.jit(jax.grad(total, (0, 1)))(params, inputs)

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-11),
        slopes(native),
        slopes(build(model, executor="xla")),
    )


@pytest.mark.parametrize(
    "body",
    [
        "depolarizing(x) m;",
        "pauli_channel(x, x, 0.4) m;",
        "let z = sqrt(x - 2.0); ry(z) m;",
        "let z = arccos(x + 2.0); ry(z) m;",
    ],
)
def test_outside_a_domain(body: str) -> None:
    model = load_text(
        f"qrnn 1.0; cell C {{ input x: real; carry m: qubit; ry(0.4) m; {body}"
        " output y = expect(Z(m)); }"
    )
    inputs = {"x": np.array([[0.1, 0.2], [1.5, 0.1]])}
    found = build(model, executor="native").apply({}, inputs)["y"]
    wanted = build(model, executor="xla").apply({}, inputs)["y"]
    assert np.isnan(np.asarray(wanted)[1]).all()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))


@pytest.mark.parametrize("rate", [0.0, 1.0])
@pytest.mark.parametrize("channel", ["amplitude_damping", "phase_damping", "bit_flip"])
def test_slopes_at_the_ends_of_a_rate(channel: str, rate: float) -> None:
    model = load_text(
        f"qrnn 1.0; cell C {{ input x: real; carry m: qubit; ry(0.4) m; {channel}(x) m;"
        " output y = expect(Z(m)) + expect(X(m)); }"
    )
    inputs = {"x": np.full((1, 2), rate)}

    def slope(executor: str) -> Any:
        executable = build(model, executor=executor)
        return jax.grad(lambda x: executable.apply({}, x)["y"].sum())(inputs)["x"]

    np.testing.assert_allclose(slope("native"), slope("xla"), atol=1e-12)


def test_several_sets_of_parameters_are_handed_over_in_one_call() -> None:
    body, _ = CELLS["evolution"]
    model = load_text(f"qrnn 1.0; cell C {{ {body} }}")
    params, inputs, _ = data(model, 3, 2)
    several = jax.tree.map(lambda x: np.stack([x, x * 0.5]), params)
    executable = build(model, executor="native")

    def slopes(params: Any) -> Any:
        return jax.grad(lambda p: executable.apply(p, inputs)["y"].sum())(params)

    found = jax.vmap(slopes)(several)["a"]
    for i in range(2):
        one = slopes(jax.tree.map(lambda x, i=i: x[i], several))["a"]
        np.testing.assert_allclose(found[i], one, atol=1e-12)
