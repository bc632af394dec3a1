"""Outputs from shots. The "device" here gives every outcome its exact share of very many shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qrnnlang import targets
from qrnnlang.diagnostics import DataError
from qrnnlang.sema import load_text

from .conftest import Case, case, load, make
from .exact import distribution
from .programs import EMC


class Device:
    def __init__(self, shots: int = 10**15):
        self.shots = shots
        self.sizes: list[int] = []

    def __call__(self, circuits: Sequence[QuantumCircuit]) -> list[dict[str, int]]:
        self.sizes += [circuit.size() for circuit in circuits]
        return [self.counts(circuit) for circuit in circuits]

    def counts(self, circuit: QuantumCircuit) -> dict[str, int]:
        registers = [r for r in circuit.cregs if r.size]
        weights = distribution(circuit, [r.name for r in registers])
        return {
            " ".join(
                f"{v:0{r.size}b}" for v, r in reversed(list(zip(values, registers, strict=True)))
            ): round(w * self.shots)
            for values, w in weights.items()
            if round(w * self.shots)
        }


def sampler(c: Case, device: Device) -> targets.Sampler:
    return targets.Sampler(targets.unroll(c.model, c.steps, c.params, c.inputs), device)


def check(c: Case, device: Device | None = None, tolerance: float = 1e-9) -> targets.Sampled:
    found = sampler(c, device or Device()).run()
    assert list(found.outputs) == list(c.want)
    for name, want in c.want.items():
        np.testing.assert_allclose(found.outputs[name], want, rtol=0, atol=tolerance, err_msg=name)
        assert found.std_error[name].shape == want.shape
    return found


@pytest.mark.parametrize(
    "name",
    [
        "emc",
        "memory",
        "staggered",
        "resets",
        "reservoir",
        "feedback",
        "conditions",
        "gates",
        "calls",
    ],
)
def test_every_output(name: str) -> None:
    c = case(name, 2)
    found = check(c)
    assert found.circuits == len(targets.circuits(c.model, c.steps, c.params, c.inputs))


def test_postselections_report_their_success() -> None:
    c = case("postselected", 2)
    found = check(c)
    assert found.success == {
        "post_0_0": pytest.approx(float(c.want["chance"][0]), abs=1e-9),
        "post_0_1": pytest.approx(float(c.want["chance"][1]), abs=1e-9),
    }


QLSTM = """qrnn 1.0;
cell Vqc(n: int) { input v: real[n]; fresh q: qubit[n]; param w: angle[n]; h q; ry(v) q; cx q[0], q[1]; ry(w) q;
  output z = expect(Z(q)); }
cell Qlstm {
  input x: real; carry h: real = 0; carry c: real = 0;
  use f = Vqc(n = 2); use g = Vqc(n = 2);
  let v = [x, h];
  let c1 = sigmoid(f(v)[0]) * c + tanh(g(v)[0]);
  next c = c1;
  next h = tanh(c1);
  output y = tanh(c1);
}
model M { use lstm = Qlstm(); use head = Linear(inputs = 1, outputs = 2); input x: seq real;
  let s = lstm(x); output pred = head(last(s, 2)); output all = softmax(head(s)); }
"""


def test_classical_memory_goes_step_by_step() -> None:
    c = make(load_text(QLSTM), 3)
    device = Device()
    assert sampler(c, device).stepwise
    assert sampler(c, device).cost() == "step by step: one step at a time, 3 steps"
    check(c, device)
    # One circuit a step, each with one step in it.
    assert len(device.sizes) == 3
    assert max(device.sizes) == min(device.sizes)


def test_feedback_into_carried_qubits_replays() -> None:
    c = make(
        load(
            "cell C { input x: real; carry m: qubit[2]; carry z: real[2] = 0.5; fresh e: qubit; param w: angle;"
            " ry(x + z[0]) m[0]; cx m[0], m[1]; let early = expect(X(m[1])); rx(early * w) m[0];"
            " cry(z[1]) m[0], e; next z = expect(Z(m)); output y = expect(Z(e)); output r = expect(Y(m)); }"
        ),
        3,
    )
    device = Device()
    assert (
        sampler(c, device).cost() == "step by step: each of 3 steps runs the steps before it again"
    )
    check(c, device)
    assert max(device.sizes) > 2 * min(device.sizes)


def test_standard_errors() -> None:
    shots = 4000
    c = make(
        load_text(
            EMC + "model M { use cell = Emc(); input x: seq real[1]; param k: real = 2;"
            " let s = cell(x); output y = k * s + 1; output t = tanh(s); }"
        ),
        2,
    )
    found = check(c, Device(shots), tolerance=2e-3)
    y = (c.want["y"] - 1) / c.params["k"]
    exact = np.sqrt((1 - y**2) / shots)
    np.testing.assert_allclose(found.std_error["y"], abs(c.params["k"]) * exact, rtol=5e-3)
    np.testing.assert_allclose(found.std_error["t"], (1 - np.tanh(y) ** 2) * exact, rtol=0.25)


def test_read_outs_of_one_circuit_vary_together() -> None:
    c = make(
        load(
            "cell C { input x: real; fresh q: qubit[2]; ry(x) q[0]; cx q[0], q[1]; let z = expect(Z(q));"
            " output d = z[0] - z[1]; output s = z[0] + z[1]; }"
        ),
        1,
    )
    found = check(c, Device(1000), tolerance=0.01)
    assert found.std_error["d"][0] == pytest.approx(0, abs=1e-12)
    z = np.cos(c.inputs["x"][0])
    assert found.std_error["s"][0] == pytest.approx(2 * np.sqrt((1 - z**2) / 1000), rel=1e-2)


def test_no_shot_passes() -> None:
    c = make(
        load(
            "cell C { input x: real; fresh q: qubit; ry(x) q; postselect q == 0; output y = expect(Z(q)); }"
        ),
        1,
    )
    with pytest.raises(DataError, match="no shot passed the postselections before `y_0`"):
        sampler(c, lambda circuits: [{"1 1": 10} for _ in circuits]).run()


@pytest.mark.parametrize("name", ["emc", "feedback", "postselected"])
def test_aer(name: str) -> None:
    c = case(name, 2)
    unrolled = targets.unroll(c.model, c.steps, c.params, c.inputs)
    runs = [
        targets.Sampler(unrolled, targets.on_backend(shots=4000, seed=3)).run() for _ in range(2)
    ]
    for output, want in c.want.items():
        found = runs[0].outputs[output]
        assert np.array_equal(found, runs[1].outputs[output])
        assert np.all(np.abs(found - want) <= 5 * runs[0].std_error[output] + 0.01)


def test_any_backend() -> None:
    from qiskit.providers.fake_provider import GenericBackendV2

    c = case("emc", 1)
    backend = GenericBackendV2(3, seed=1)
    unrolled = targets.unroll(c.model, 1, c.params, c.inputs)
    found = targets.Sampler(unrolled, targets.on_backend(backend, shots=2000, seed=1)).run()
    # Its gates are noisy.
    np.testing.assert_allclose(found.outputs["y"], c.want["y"], rtol=0, atol=0.2)


def test_neighbouring_seeds_are_independent() -> None:
    """Aer gives shot k of seed s the random numbers of shot k − 1 of seed s + 1."""
    c = case("emc", 2)
    unrolled = targets.unroll(c.model, c.steps, c.params, c.inputs)
    runs = [
        targets.Sampler(unrolled, targets.on_backend(shots=200, seed=seed)).run()
        for seed in range(40)
    ]
    found = np.array([run.outputs["y"] for run in runs])
    expected = np.array([run.std_error["y"] for run in runs]).mean(axis=0)
    # 40 draws: the scatter is within a factor of 1.5 of its mean in all but 1 of 3,000 cases.
    assert np.all(np.abs(np.log(found.std(axis=0, ddof=1) / expected)) < np.log(1.5))
    bound = 4 * expected / np.sqrt(len(runs))
    assert np.all(np.abs(found.mean(axis=0) - c.want["y"]) < bound)


def test_a_seed_fixes_the_shots_of_a_simulated_device() -> None:
    from qiskit.providers.fake_provider import GenericBackendV2

    c = case("emc", 1)
    unrolled = targets.unroll(c.model, 1, c.params, c.inputs)
    backend = GenericBackendV2(3, seed=1)
    found = [
        targets.Sampler(unrolled, targets.on_backend(backend, shots=200, seed=seed)).run()
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(found[0].outputs["y"], found[1].outputs["y"])
    assert not np.array_equal(found[0].outputs["y"], found[2].outputs["y"])
