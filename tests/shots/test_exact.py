"""With exact distributions in place of shots everything is the engine's, to rounding."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError
from qrnnlang.engine import build
from qrnnlang.runtime.sampled import machine
from qrnnlang.runtime.shots.gradient import Gradients
from qrnnlang.runtime.shots.machine import Machine
from qrnnlang.runtime.shots.shifts import circuits
from qrnnlang.sema import load_text
from tests.std.programs import CASES, IDS
from tests.std.programs import inputs as std_inputs
from tests.std.programs import model as std_model
from tests.targets.conftest import case, make

from .exact import Exact
from .programs import ANGLES, DATA, QLSTM, RATIOS, REPLAY, with_loss

jax.config.update("jax_enable_x64", True)


def check_gradient(
    model: Any, params: Any, inputs: Any, steps: int, batch: int = 2, externs: Any = None
) -> None:
    """Loss and gradient by shifted circuits against the engine's."""
    rng = np.random.default_rng(3)
    fixed = {p.name: params[p.name] for p in model.params if not p.trained}
    m = Machine(model, steps, fixed)
    lengths = m.flow.lengths
    shapes = {p.name: p for p in model.targets}
    targets = {
        name: rng.normal(size=(batch, *((_steps(model, m, name),) if p.seq else ()), *p.shape))
        for name, p in shapes.items()
    }
    assert lengths
    trained = frozenset(p.name for p in model.params if p.trained)
    device = Exact()
    found = Gradients(m, trained).value_and_grad(params, inputs, targets, None, device, 1)
    assert device.circuits == circuits(m, batch)
    exact = build(model)
    moving = {k: v for k, v in params.items() if k in trained}
    value, grads = jax.value_and_grad(lambda p: exact.loss({**params, **p}, inputs, targets))(
        moving
    )
    assert found.value == pytest.approx(float(value), abs=1e-10)
    assert max(np.abs(g).max() for g in grads.values()) > 1e-3
    for name, grad in grads.items():
        np.testing.assert_allclose(found.grads[name], grad, rtol=0, atol=1e-9, err_msg=name)


def _steps(model: Any, m: Machine, target: str) -> int:
    ref = next(o.ref for o in model.outputs if target in (f"target_{o.name}", "t", "y"))
    return m.flow.lengths[ref] or 1


def doubled(inputs: Any) -> Any:
    return {k: np.stack([v, np.asarray(v)[::-1] if np.ndim(v) else v]) for k, v in inputs.items()}


@pytest.mark.parametrize(
    "name", ["emc", "memory", "staggered", "resets", "feedback", "conditions", "calls"]
)
def test_outputs(name: str) -> None:
    c = case(name, 2)
    m = Machine(c.model, c.steps, c.fixed)
    inputs = {k: np.asarray(v)[None] for k, v in c.inputs.items()}
    means = m.measure(c.params, inputs, 1, Exact(), 1).means
    found = m.compiled_outputs(c.params, inputs, means)
    for output, want in c.want.items():
        np.testing.assert_allclose(found[output][0], want, rtol=0, atol=1e-10, err_msg=output)


@pytest.mark.parametrize("name", ["memory", "staggered", "resets", "feedback", "conditions"])
def test_gradients(name: str) -> None:
    c = case(name, 2)
    check_gradient(with_loss(c.model), c.params, doubled(c.inputs), 2)


def test_the_gradient_of_every_gate() -> None:
    c = make(load_text(ANGLES), 1)
    one = {k: np.asarray(v)[None] for k, v in c.inputs.items()}
    check_gradient(with_loss(c.model), c.params, one, 1, batch=1)


def test_the_gradient_of_multiplexed_rotations() -> None:
    """A rotation for every value of two qubits, which the compiler makes one of: no gate is a rule's."""
    text = """qrnn 1.0;
    cell C {
        input x: real; carry m: qubit { ry(0.4) m; } fresh q: qubit[2]; param t: angle[5];
        ry(x) q; rx(t[4]) q[1];
        ctrl(2) @ ry(t[0]) q[0], q[1], m; ctrl @ negctrl @ ry(t[1]) q[0], q[1], m;
        negctrl @ ctrl @ ry(t[2]) q[0], q[1], m; negctrl(2) @ ry(t[3] * x) q[0], q[1], m;
        output y = expect(Z(m) + 0.5 * X(m)); output z = expect(Z(q));
    }"""
    c = make(load_text(text), 1)
    m = Machine(c.model, 1, c.fixed)
    gates = [i for s in m.stencils for i in s.program.instrs if i.name == "ry"]
    assert len(gates) >= 2 + 4 and not any(
        i.name == "cry" for s in m.stencils for i in s.program.instrs
    )
    one = {k: np.asarray(v)[None] for k, v in c.inputs.items()}
    check_gradient(with_loss(c.model), c.params, one, 1, batch=1)


@pytest.mark.parametrize("text", [QLSTM, REPLAY, RATIOS], ids=["qlstm", "replay", "ratios"])
def test_gradients_through_feedback_and_quotients(text: str) -> None:
    c = make(load_text(text), 2)
    check_gradient(c.model, c.params, doubled(c.inputs), 2)


def test_bits_and_amplitudes_of_data() -> None:
    c = make(load_text(DATA), 2, inputs={"b": np.array([0.0, 1.0])})
    check_gradient(c.model, c.params, doubled(c.inputs), 2)


@pytest.mark.parametrize(
    ("cell", "hyper"),
    [
        pytest.param(
            cell, hyper, id=name, marks=() if cell in ("Emc", "Qgru") else pytest.mark.long
        )
        for (cell, hyper), name in zip(CASES, IDS, strict=True)
        if cell not in ("Rnn", "Lstm", "Gru", "Reservoir", "FeedbackReservoir")
    ],
)
def test_cells_of_the_library(cell: str, hyper: dict[str, Any]) -> None:
    made = std_model(cell, **hyper)
    params = made.init(1)
    inputs = std_inputs(made.closed, batch=1, steps=2)
    check_gradient(with_loss(made.closed), params, inputs, 2, batch=1)


def test_trained_amplitudes_have_no_rule() -> None:
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; fresh q: qubit; param w: real = 0.5; prepare([w, 1 + x]) q;"
        " output y = expect(Z(q)); } model M { use c = C(); input x: seq real; target t: seq real;"
        " output y = c(x); loss mse(y, t); }"
    )
    m = machine(model, model.init(0), 2, "reuse")
    with pytest.raises(CompileError) as caught:
        circuits(m, 1)
    (found,) = caught.value.diagnostics
    assert found.code == "E0613"
    assert "spsa" in found.help


def test_one_circuit_serves_all_steps_of_a_cell_that_carries_no_qubits() -> None:
    model = qr.loads(QLSTM)
    m = machine(model, model.init(0), 5, "reuse")
    assert (len(m.stencils), len(m.uses), len(m.rounds)) == (1, 5, 5)
