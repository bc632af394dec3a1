"""The noise of a device in a model: against Aer's density matrices, in closed form, and trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.graph import build
from qrnnlang.ir.model import run_model
from qrnnlang.ir.verifier import verify
from qrnnlang.runtime.model import Model
from qrnnlang.sema.closed import Channel, ClosedCell, Gate, RunCell
from qrnnlang.targets.noise import Typical, noisy_model, typical
from qrnnlang.targets.noise.typical import NativeGate
from qrnnlang.targets.qiskit_circuit import _GATES

#: A device whose errors are worse than its relaxation: reads are right unless a test says so.
DEVICE = Typical(
    "toy",
    (
        NativeGate("cx", 2, 0.03, 4e-7),
        NativeGate("rz", 1, 0.0, 0.0),
        NativeGate("sx", 1, 0.002, 4e-8),
        NativeGate("x", 1, 0.003, 4e-8),
    ),
    t1=9e-5,
    t2=5e-5,
    reads_1=0.0,
    reads_0=0.0,
)

CELL = """qrnn 1.0;
cell C {
    input x: real; carry m: qubit { ry(0.4) m; } fresh e: qubit[2]; param w: angle[3];
    ry(x) e[0]; h e[1]; cry(w[0]) e[0], m; rx(w[1]) e[1]; rxx(w[2]) e[1], m; cswap m, e[0], e[1];
    ctrl @ ry(x * w[0]) m, e[0]; cz e[0], e[1];
    output y = expect(Z(e)); output p = prob(e); output s = expect(Z(e[0]) * Z(m) + x * Z(m));
}
model M {
    use c = C(); input x: seq real; target t: seq real[2];
    let o = c(x); output y = o.y; output p = o.p; output s = o.s; loss mse(o.y, t);
}
"""


def noisy(model: Model, device: Typical = DEVICE) -> Model:
    program = replace(model.program, model=noisy_model(model.closed, device))
    return Model(program, None, "float64", {})


def the_cell(model: Model) -> ClosedCell:
    return next(op.cell for op in model.closed.ops if isinstance(op, RunCell))


@pytest.fixture(scope="module")
def task() -> tuple[Any, Any, Any]:
    model = qr.loads(CELL)
    return model, model.init(3), np.random.default_rng(1).uniform(0.2, 0.9, (2, 3))


def aer_noise(device: Typical, qubits: int) -> Any:
    """Aer's own model of the same device."""
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.noise.device import basic_device_gate_errors

    target = device.target(qubits)
    found = NoiseModel(basis_gates=[g.name for g in device.gates])
    for name, qubits_, error in basic_device_gate_errors(target=target):
        found.add_quantum_error(error, name, qubits_)
    return found


def aer_step(cell: ClosedCell, values: dict[int, Any], m: Any, noise: Any) -> tuple[Any, Any]:
    """One step on Aer: the gates of the cell alone, the noise Aer's. Gives ρ of all wires, and m."""
    from qiskit.quantum_info import DensityMatrix, partial_trace
    from qiskit_aer import AerSimulator

    gates = [op for op in cell.ops if isinstance(op, Gate)]
    wires = sorted({w for g in gates for w in g.wires})
    at = {w: i for i, w in enumerate(wires)}
    circuit = QuantumCircuit(len(wires))
    (carry,) = (c for c in cell.carries)
    zero = DensityMatrix(np.diag([1.0, 0.0]))
    start = DensityMatrix([[1.0]])
    for w in wires:
        start = (m if w == carry.wires[0] else zero).tensor(start)
    circuit.set_density_matrix(start)
    for g in gates:
        angles = [
            p if isinstance(p, float) else float(values[p.ref].ravel()[p.index]) for p in g.params
        ]
        circuit.append(_GATES[g.name](*angles), [at[w] for w in g.wires])
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=noise)
    rho = simulator.run(circuit, shots=1).result().data()["density_matrix"]
    out = at[carry.out[0]]
    return rho, partial_trace(rho, [i for i in range(len(wires)) if i != out])


def test_a_step_is_aer_s_with_its_own_noise_model(task: Any) -> None:
    """Gates taken from the cell, depolarising and relaxation from Aer's reading of the same target."""
    from qiskit.quantum_info import DensityMatrix

    model, params, _ = task
    cell = the_cell(noisy(model))
    verify(build(cell))
    assert {op.name for op in cell.ops if isinstance(op, Gate)} == {"cx", "rz", "sx"}
    noise = aer_noise(DEVICE, 3)
    x = np.array([[0.7]])
    start = DensityMatrix(np.diag([1.0, 0.0]))
    init = replace(cell, ops=cell.init, carries=(cell.carries[0],))
    _, m = aer_step(init, _values(cell.init, params, 0.7), start, noise)
    rho, _ = aer_step(cell, _values(cell.ops, params, 0.7), m, noise)
    found = noisy(model)(params, x)
    wires = sorted({w for op in cell.ops if isinstance(op, Gate) for w in op.wires})
    carried = cell.carries[0].out[0]  # type: ignore[union-attr]
    e = [wires.index(w) for w in wires if w != carried]
    z = [float(rho.expectation_value(_paulis(len(wires), [q])).real) for q in e]
    np.testing.assert_allclose(found["y"][0, 0], z, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found["p"][0, 0], rho.probabilities(e), rtol=0, atol=1e-8)
    both = [
        float(rho.expectation_value(_paulis(len(wires), q)).real)
        for q in ([e[0], wires.index(carried)], [wires.index(carried)])
    ]
    np.testing.assert_allclose(found["s"][0, 0], both[0] + 0.7 * both[1], rtol=0, atol=1e-8)
    # The noise is not nothing.
    assert np.abs(found["y"] - model(params, x)["y"]).max() > 0.01


def _paulis(n: int, qubits: list[int]) -> Any:
    from qiskit.quantum_info import Pauli

    return Pauli("".join("Z" if i in qubits else "I" for i in reversed(range(n))))


def _values(ops: Any, params: Any, x: float) -> dict[int, Any]:
    """What the classical operations of a line give."""
    from qrnnlang.ir.classical import computed
    from qrnnlang.sema.closed import Call, Const, Gather, Input, Param

    found: dict[int, Any] = {}
    for ref, op in enumerate(ops):
        match op:
            case Const(values=v, shape=shape):
                found[ref] = np.array(v).reshape(shape)
            case Input():
                found[ref] = np.array(x)
            case Param(name=name):
                found[ref] = np.asarray(params[name])
            case Gather(sources=args) | Call(args=args):
                if all(a in found for a in args):
                    found[ref] = computed(op, [found[a] for a in args], {})
    return found


def test_without_noise_it_is_the_model(task: Any) -> None:
    model, params, x = task
    quiet = replace(DEVICE, gates=tuple(replace(g, error=0.0, duration=0.0) for g in DEVICE.gates))
    made = noisy(model, quiet)
    assert not any(isinstance(op, Channel) for op in the_cell(made).ops)
    found, want = made(params, x), model(params, x)
    for name, value in want.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12)


def test_the_engine_is_the_interpreter_and_has_its_gradient(task: Any) -> None:
    model, params, x = task
    device = replace(DEVICE, reads_1=0.02, reads_0=0.06)
    made = noisy(model, device)
    found = made(params, x)
    want = run_model(made.closed, params, {"x": x}).outputs
    for name, value in found.items():
        np.testing.assert_allclose(value, want[name], rtol=0, atol=1e-12)
    t = np.random.default_rng(2).normal(size=(2, 3, 2))
    _, grads = made.value_and_grad(params, x, t)
    (name,) = grads
    for k in np.ndindex(grads[name].shape):
        step = np.zeros_like(grads[name])
        step[k] = 1e-5
        ends = [made.value_and_grad({name: params[name] + s * step}, x, t)[0] for s in (1, -1)]
        assert grads[name][k] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


SMALL = """qrnn 1.0;
cell C { input x: real; carry m: qubit; fresh e: qubit; param w: angle[2];
  ry(x) e; cry(w[0]) e, m; rx(w[1]) m; output y = expect(Z(e)) * 0.5 + expect(X(e) * Z(m)); }
model M { use c = C(); input x: seq real; target t: seq real; output y = c(x); loss mse(y, t); }
"""


def test_trajectories_depolarize_two_qubits() -> None:
    model = qr.loads(
        "qrnn 1.0; cell C { input x: real; carry m: qubit; fresh e: qubit; rx(x) e; cx e, m;"
        " output y = [expect(Z(e)), expect(Z(m)), expect(Y(e) * X(m))]; }"
    )
    made = noisy(
        model,
        replace(
            DEVICE,
            gates=(
                NativeGate("cx", 2, 0.2, 0.0),
                NativeGate("rx", 1, 0.0, 0.0),
                NativeGate("rz", 1, 0.0, 0.0),
            ),
        ),
    )
    assert {op.name for op in the_cell(made).ops if isinstance(op, Channel)} == {"depolarizing"}
    x = np.array([[0.7, 0.4]])
    exact, found = made({}, x), made.trajectories({}, x, count=4000, seed=2)
    assert np.abs(exact["y"] - model({}, x)["y"]).max() > 0.1
    assert (np.abs(found["y"] - exact["y"]) < 5 * found.std_error["y"] + 1e-9).all()


READS = """qrnn 1.0;
cell C {
    input x: real; carry m: qubit; fresh q: qubit; fresh f: qubit[2];
    ry(x) q;
    let b = measure q;
    if (b) { x m; }
    output again = expect(Z(q)); output seen = prob(b); output m1 = prob(m == 1);
    ry(2 * x) f[0]; cx f[0], f[1];
    let r = postselect f[0] == 1; output pass = r;
    output left = expect(Z(f[1]));
}
"""


@pytest.mark.parametrize("flips", [(0.1, 0.25), (0.25, 0.1), (0.2, 0.2)])
def test_reads_that_are_wrong(flips: tuple[float, float]) -> None:
    """Reads 1 for |0⟩ with u, 0 for |1⟩ with d: what is read, and what the qubits are then."""
    u, d = flips
    quiet = tuple(replace(g, error=0.0, duration=0.0) for g in DEVICE.gates)
    made = noisy(qr.loads(READS), replace(DEVICE, gates=quiet, reads_1=u, reads_0=d))
    verify(build(the_cell(made)))
    x = 0.8
    found = made({}, np.array([[x]]))
    p = np.sin(x / 2) ** 2
    says = (1 - p) * u + p * (1 - d)

    def z(one: float) -> float:
        return (1 - u - d) * (1 - 2 * one) + d - u

    def reads(one: float) -> float:
        return (1 - one) * u + one * (1 - d)

    assert found["seen"][0, 0] == pytest.approx([1 - says, says])
    assert found["again"][0, 0] == pytest.approx(z(p))
    assert found["m1"][0, 0] == pytest.approx(reads(says))
    f = np.sin(x) ** 2
    passed = (1 - f) * u + f * (1 - d)
    assert found["pass"][0, 0] == pytest.approx(passed)
    assert found["left"][0, 0] == pytest.approx(z(f * (1 - d) / passed))
    want = run_model(made.closed, {}, {"x": np.array([[x]])}).outputs
    for name, value in found.items():
        np.testing.assert_allclose(value, want[name], rtol=0, atol=1e-12)


def test_medians_of_a_backend() -> None:
    from qiskit.providers.fake_provider import GenericBackendV2

    backend = GenericBackendV2(5, ["cx", "rz", "sx", "x", "reset"], seed=3)
    found = typical(backend)
    errors = sorted(p.error for p in backend.target["cx"].values())
    assert found.by_name["cx"].error == pytest.approx(np.median(errors))
    assert found.t1 == pytest.approx(np.median([p.t1 for p in backend.target.qubit_properties]))
    assert (
        found.reads_1
        == found.reads_0
        == pytest.approx(np.median([p.error for p in backend.target["measure"].values()]))
    )
    # The gate's error is the infidelity of depolarising and relaxation together.
    from qiskit.quantum_info import average_gate_fidelity

    ((_, _, error),) = (e for e in _aer_errors(DEVICE) if e[0] == "cx" and tuple(e[1]) == (0, 1))
    assert 1 - average_gate_fidelity(error) == pytest.approx(0.03, abs=1e-12)


def _aer_errors(device: Typical) -> Any:
    from qiskit_aer.noise.device import basic_device_gate_errors

    return basic_device_gate_errors(target=device.target(2))


def test_a_backend_that_says_nothing() -> None:
    model = qr.loads(CELL)
    with pytest.raises(CompileError, match=r"E0612.*says nothing about the errors"):
        model.noisy("aer")
    with pytest.raises(CompileError, match="E0611"):
        model.noisy("nowhere")
    with pytest.raises(TypeError, match="BackendV2 or the name of one"):
        model.noisy(3)
    made = model.noisy("generic_3")
    with pytest.raises(ValueError, match="has the noise of `generic_backend_3q` already"):
        made.noisy("generic_3")
    with pytest.raises(ValueError, match="noise of its own"):
        model.fit(np.zeros((1, 2)), np.zeros((1, 2, 2)), backend="aer", noise_from="generic_3")


def test_training_against_noise() -> None:
    """The loss that is lowered is the noisy one."""
    model, x = qr.loads(SMALL), np.random.default_rng(1).uniform(0.2, 0.9, (2, 3))
    made = model.noisy("generic_3")
    t = made(model.init(8), x)["y"]
    options = {"params": model.init(3), "epochs": 25, "batch": 2, "lr": 0.1, "progress": False}
    run = model.fit(x, t, noise_from="generic_3", optimizer="adam", **options)
    assert run.settings["noise_from"] == "generic_backend_3q"
    before, after = run.history["loss"][0], run.metrics["train"]["loss"]
    assert after < 0.2 * before
    assert after == pytest.approx(made.value_and_grad(run.params, x, t)[0], abs=1e-12)
    assert after != pytest.approx(model.value_and_grad(run.params, x, t)[0], rel=1e-6)


CHANNELS = """qrnn 1.0;
cell C {
    input x: real; carry m: qubit; carry s: bit; fresh e: qubit; param w: real[3] = [0.3, 0.1, 0.2];
    ry(0.9) m; ry(x) e; cx e, m; amplitude_damping(w[0]) m; bit_flip(x / 4) e; rx(0.4) [m, e];
    phase_damping(0.4) m; phase_flip(w[1]) e; cz m, e; h [m, e]; depolarizing(0.3) m; depolarizing(w[2]) e;
    pauli_channel(0.1, 0.05, 0.2) m; pauli_channel(w[1], w[2], w[0]) e; pauli_channel(0.0, 0.0, x / 9) e;
    if (s) { amplitude_damping(0.5) e; pauli_channel(w[0], 0, 0.1) m; }
    rx(0.8) [m, e];
    next s = measure m;
    output y = expect(Z(e)); output z = expect(X(e) * Z(m)); output p = prob(m);
}
model M { use c = C(); input x: seq real; target t: seq real; let o = c(x);
  output y = o.y; output z = o.z; output p = o.p; loss mse(o.y, t) + mse(o.z, t); }
"""


def test_channels_on_ancillas_are_the_channels() -> None:
    from qrnnlang.targets.noise.dilation import dilated_model

    model = qr.loads(CHANNELS)
    made = dilated_model(model.closed)
    cell = next(op.cell for op in made.ops if isinstance(op, RunCell))
    verify(build(cell))
    assert not any(isinstance(op, Channel) for op in (*cell.ops, *cell.init))
    params, x = model.init(0), np.array([[0.7, 0.2, 0.9]])
    found = run_model(made, params, {"x": x}).outputs
    want = run_model(model.closed, params, {"x": x}).outputs
    for name, value in want.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12)


@pytest.mark.long
def test_channels_are_sampled_and_have_gradients() -> None:
    """Rates that are trained too: their ancillas' rotations are shifted like any other."""
    from qrnnlang.runtime.sampled import machine
    from qrnnlang.runtime.shots.gradient import Gradients

    from .exact import Exact

    model = qr.loads(CHANNELS)
    params, x = model.init(0), np.array([[0.7, 0.2], [0.3, 0.8]])
    want = model(params, x)
    for seed in range(2):
        found = model.run(params, x, shots=3000, seed=seed)
        for name, value in want.items():
            assert np.all(np.abs(found[name] - value) < 5 * found.std_error[name]), name
    t = np.array([[0.1, -0.3], [0.5, 0.2]])
    made = Gradients(machine(model, params, 2, "reuse"), model.trained)
    shifted = made.value_and_grad(params, {"x": x}, {"t": t}, None, Exact(), 1)
    value, grads = model.value_and_grad(params, x, t)
    assert shifted.value == pytest.approx(value, abs=1e-10)
    np.testing.assert_allclose(shifted.grads["c.w"], grads["c.w"], rtol=0, atol=1e-9)


def test_a_noisy_model_sampled() -> None:
    """The same noise exactly and in shots: channels of two qubits, wrong reads."""
    made = noisy(qr.loads(SMALL), replace(DEVICE, reads_1=0.02, reads_0=0.05))
    params, x = made.init(2), np.array([[0.4, 0.8]])
    want, found = made(params, x), made.run(params, x, shots=2000, seed=1)
    assert np.all(np.abs(found["y"] - want["y"]) < 5 * found.std_error["y"])


def test_a_device_has_its_own_noise() -> None:
    model = qr.loads(CHANNELS)
    with pytest.raises(CompileError, match="E0606"):
        model.run(model.init(0), np.array([[0.3]]), backend="generic_4", shots=10)
