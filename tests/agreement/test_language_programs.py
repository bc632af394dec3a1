"""The programs of the language's reference page: interpreter = engine = circuit, and gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.engine import build
from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_path, load_text
from qrnnlang.sema.closed import ClosedModel

jax.config.update("jax_enable_x64", True)

PROGRAMS = Path(__file__).parents[1] / "syntax" / "programs"
CASES = [
    ("emc.qrnn", None, {"features": 1}),
    ("emc.qrnn", None, {"features": 2, "memory": 1, "layers": 2, "uploads": 1}),
    ("qlstm.qrnn", "Pendulum", {}),
    ("qlstm.qrnn", "Vqc", {"n": 3}),
    ("qlstm.qrnn", "Qlstm", {"hidden": 2, "depth": 1}),
    ("reservoir_rus_feedback.qrnn", "Reservoir", {"n": 3, "nodes": 2}),
    ("reservoir_rus_feedback.qrnn", "Rus", {}),
    ("reservoir_rus_feedback.qrnn", "Feedback", {}),
]
IDS = [f"{entry or file}{len(hyper)}" for file, entry, hyper in CASES]


def data(
    model: ClosedModel, batch: int = 2, steps: int = 3
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Parameters, inputs and targets; inputs lie in [0.1, 0.9], inside every domain."""
    rng = np.random.default_rng(7)
    params = {k: np.asarray(v) for k, v in init(model.params, 3).items()}

    def some(ports: Any) -> dict[str, Any]:
        return {
            p.name: rng.uniform(0.1, 0.9, (batch, *((steps,) if p.seq else ()), *p.shape))
            for p in ports
        }

    return params, some(model.inputs), some(model.targets)


@pytest.mark.parametrize(("file", "entry", "hyper"), CASES, ids=IDS)
def test_engine_agrees_with_the_interpreter(file: str, entry: str | None, hyper: Any) -> None:
    model = load_path(PROGRAMS / file, entry, hyper)
    params, inputs, targets = data(model)
    outputs, loss, _ = build(model).evaluate(params, inputs, targets)
    expected = run_model(model, params, inputs, targets)
    for name, value in expected.outputs.items():
        np.testing.assert_allclose(np.asarray(outputs[name]), value, atol=1e-10)
    if expected.loss is not None:
        assert float(loss) == pytest.approx(expected.loss, abs=1e-10)


SMALL = """qrnn 1.0;
cell Both(memory: int = 1) {
    input x: real[2];
    carry m: qubit[memory] { ry(0.3) m; }
    carry c: real = 0.2;
    fresh e: qubit[2];
    param w: angle[2, memory + 2];
    ry(x) e;
    rx(w[0]) [e, m];
    for (a, b) in ring([e, m]) { crz(c + 0.4) a, b; }
    let z = expect(Z(e[0]) * X(m[0]) + 0.5 * Y(e[1]));
    reset e[1];
    ry(z + w[1, 0]) m;
    cx m, e;
    next c = 0.5 * c + z;
    output y = [expect(Z(m)), prob(e == 2)];
}
model Small {
    use cell = Both();
    use head = Linear(inputs = 2, outputs = 1);
    input x: seq real[2];
    target y: seq real;
    output p = head(cell(x));
    loss mse(p, y);
}
"""


def test_gradients_agree_with_differences_of_the_interpreter() -> None:
    """Of parameters and of inputs, through reset, feedback and carried state."""
    model = load_text(SMALL)
    params, inputs, targets = data(model, batch=1)
    executable = build(model)

    def loss(params: Any, inputs: Any) -> Any:
        return executable.evaluate(params, inputs, targets)[1]

    found = jax.jit(jax.grad(loss, argnums=(0, 1)))(params, inputs)
    for group, grads in zip((params, inputs), found, strict=True):
        for name, values in group.items():
            exact = np.asarray(grads[name])
            for index in np.ndindex(values.shape):
                numeric = difference(model, params, inputs, targets, group, name, index)
                assert exact[index] == pytest.approx(numeric, rel=1e-6, abs=1e-9), (name, index)


def difference(
    model: ClosedModel, params: Any, inputs: Any, targets: Any, group: Any, name: str, index: Any
) -> float:
    """Central difference of fourth order, from the interpreter."""
    h, total = 1e-3, 0.0
    for steps, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
        moved = group[name].copy()
        moved[index] += steps * h
        changed = {**group, name: moved}
        p, x = (changed, inputs) if group is params else (params, changed)
        value = run_model(model, p, x, targets).loss
        assert value is not None
        total += weight * value
    return total / (12 * h)


def test_circuit_of_emc_in_aer() -> None:
    """Qiskit's density-matrix simulator measures what the interpreter computes."""
    from qiskit_aer import AerSimulator

    model = qr.load(PROGRAMS / "emc.qrnn")
    params = model.init(5)
    x = np.linspace(-0.7, 0.8, 4)[:, None]
    circuit = model.to_qiskit(steps=4, params=params, x=x)
    outputs = run_model(model.closed, params, {"x": x[None]}).outputs["y"][0]
    simulator = AerSimulator(method="density_matrix")
    for t in range(4):
        # The register y_t alone: everything after its measurement cannot change its distribution.
        kept = circuit.copy()
        kept.data = [
            i
            for i in circuit.data
            if i.operation.name != "measure"
            or circuit.find_bit(i.clbits[0]).registers[0][0].name == f"y_{t}"
        ]
        (measured,) = (i for i in kept.data if i.operation.name == "measure")
        before = kept.copy()
        before.data = kept.data[: kept.data.index(measured)]
        before.save_expectation_value(z(), [kept.find_bit(measured.qubits[0]).index])
        found = simulator.run(before).result().data(0)["expectation_value"]
        assert found == pytest.approx(outputs[t], abs=1e-9)


def z() -> Any:
    from qiskit.quantum_info import Pauli

    return Pauli("Z")
