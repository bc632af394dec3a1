from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qpy
from qiskit.quantum_info import Operator
from safetensors.numpy import save_file

import qrnnlang as qr

from .conftest import Run


def test_the_default_is_one_step_of_openqasm_3(qrnnc: Run) -> None:
    found = qrnnc("compile", "cell.qrnn")
    assert (found.code, found.err) == (0, "")
    assert found.out == qr.load("cell.qrnn").to_qasm(3, steps=1)


def test_steps_come_from_the_data_block(qrnnc: Run) -> None:
    found = qrnnc("compile", "model.qrnn")
    assert found.out == qr.load("model.qrnn").to_qasm(3, steps=5)
    assert qrnnc("compile", "model.qrnn", "--steps", "2").out != found.out


@pytest.mark.parametrize("form", ["qasm3", "ir", "plan", "json"])
def test_the_same_input_gives_the_same_bytes(qrnnc: Run, form: str) -> None:
    lines = ["compile", "cell.qrnn", "--steps", "3", "--format", form]
    first = qrnnc(*lines)
    assert first.code == 0
    warned = first.err.startswith("warning[W0601]: output `z` takes other circuits at 2 steps")
    assert warned == (form == "qasm3")
    assert first.out == qrnnc(*lines).out
    assert qrnnc(*lines, "-o", "out").out == ""
    assert Path("out").read_bytes() == first.out.encode()


def test_unbound_circuits_are_the_same_bytes_in_qpy(qrnnc: Run) -> None:
    """Qiskit gives each parameter an identity of its own; ours comes from its name."""
    for out in ("a.qpy", "b.qpy"):
        assert qrnnc("compile", "cell.qrnn", "--steps=3", "--format=qpy", "-o", out).code == 0
    assert Path("a.qpy").read_bytes() == Path("b.qpy").read_bytes()
    model = qr.load("cell.qrnn")
    first, second = model.to_qiskit(3), model.to_qiskit(3)
    assert first == second and first.parameters == second.parameters
    first.compose(second, front=True)  # no two parameters of one name


def test_parameters_and_inputs_are_bound(qrnnc: Run) -> None:
    params = {"w": np.array([0.1, 0.2])}
    x = np.linspace(-1, 1, 4)
    np.savez("p.npz", **params)
    save_file(params, "p.safetensors")
    np.savez("x.npz", x=x)
    np.savez("batch.npz", x[None])
    Path("x.csv").write_text("x\n" + "\n".join(repr(float(v)) for v in x))
    expected = qr.load("cell.qrnn").to_qasm(2, steps=4, params=params, x=x)
    for p in ("p.npz", "p.safetensors"):
        for inputs in ("x.npz", "batch.npz", "x.csv"):
            line = ("compile", "cell.qrnn", "--steps=4", "--format=qasm2")
            found = qrnnc(*line, "--params", p, "--inputs", inputs)
            assert (found.code, found.out) == (0, expected)
            assert "error" not in found.err
    assert qasm2.loads(expected).num_qubits == 3


def test_the_first_of_several_sequences(qrnnc: Run) -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.savez("x.npz", x=x)
    found = qrnnc("compile", "cell.qrnn", "--steps", "3", "--inputs", "x.npz")
    assert found.out == qr.load("cell.qrnn").to_qasm(3, steps=3, x=x[0])
    said, _, rest = found.err.partition("\n")
    assert said == "note: x.npz holds several sequences; the circuit is of the first"
    assert rest.startswith("warning[W0601]")


def test_qpy(qrnnc: Run) -> None:
    assert qrnnc("compile", "cell.qrnn", "--format", "qpy", "--steps", "2", "-o", "c.qpy").code == 0
    with Path("c.qpy").open("rb") as file:
        (circuit,) = qpy.load(file)
    assert isinstance(circuit, QuantumCircuit)
    assert circuit.num_qubits == 3


def test_settings_and_entry(qrnnc: Run) -> None:
    Path("two.qrnn").write_text(
        "qrnn 1.0; cell A(k: int) { fresh q: qubit[k]; h q; output y = expect(Z(q)); }"
        " cell B { fresh q: qubit; x q; output y = expect(Z(q)); }"
    )
    assert "error[E0215]" in qrnnc("compile", "two.qrnn").err
    assert "qubit[3]" in qrnnc("compile", "two.qrnn", "--entry", "A", "--set", "k=3").out
    assert "qubit[1]" in qrnnc("compile", "two.qrnn", "--entry=B").out
    for wrong in (["--entry=A"], ["--entry=A", "--set", "k=x"], ["--entry=B", "--set", "k=1"]):
        found = qrnnc("compile", "two.qrnn", *wrong)
        assert (found.code, found.out) == (1, "")
        assert found.err.startswith("error[E0216]")


def test_fresh_registers_and_loops(qrnnc: Run) -> None:
    line = ("compile", "cell.qrnn", "--steps", "3")
    model = qr.load("cell.qrnn")
    assert qrnnc(*line, "--fresh=expand").out == model.to_qasm(3, steps=3, fresh="expand")
    assert qrnnc(*line, "--rolled").out == model.to_qasm(3, steps=3, rolled=True)
    assert "for " in qrnnc(*line, "--rolled").out
    assert qrnnc(*line, "--rolled", "--fresh=expand").code == 2


def test_fixed_values_are_those_of_the_seed(qrnnc: Run) -> None:
    Path("f.qrnn").write_text(
        "qrnn 1.0; cell A { fresh q: qubit; fixed J: real ~ normal(0, 1); rx(J) q; output y = expect(Z(q)); }"
    )
    texts = [qrnnc("compile", "f.qrnn", f"--seed={seed}").out for seed in (0, 1, 0)]
    assert texts[0] == texts[2] != texts[1]
    drawn = float(qr.load("f.qrnn").init(1)["J"])
    assert repr(drawn)[:12] in texts[1]


def test_noise(qrnnc: Run) -> None:
    Path("n.qrnn").write_text(
        "qrnn 1.0; cell A { fresh q: qubit; h q; bit_flip(0.1) q; output y = expect(X(q)); }"
    )
    assert qrnnc("compile", "n.qrnn").err.startswith("error[E0606]")
    assert qrnnc("compile", "n.qrnn", "--drop-noise").code == 0


def test_ir_names_every_cell_once(qrnnc: Run) -> None:
    text = qrnnc("compile", "model.qrnn", "--format", "ir").out
    assert text.startswith("cell Cell {\n")
    assert text.count("cell ") == text.count("cell Cell {")


def test_json_is_the_model(qrnnc: Run) -> None:
    data = json.loads(qrnnc("compile", "model.qrnn", "--format", "json").out)
    assert (data["format"], data["version"], data["model"]["name"]) == ("qrnn-model", 2, "M")
    assert [c["name"] for c in data["cells"]] == ["Cell"]


def test_plan_is_json(qrnnc: Run) -> None:
    plan = json.loads(qrnnc("compile", "cell.qrnn", "--format", "plan").out)
    assert {"cell", "form", "qubits", "flops", "seconds"} <= plan[0].keys()
    assert {"cell", "form", "seconds", "chosen"} <= plan[-1].keys()


def test_warnings_are_shown(qrnnc: Run) -> None:
    Path("w.qrnn").write_text(
        "qrnn 1.0; cell A { input x: real; fresh q: qubit; h q; output y = expect(Z(q)); }"
    )
    found = qrnnc("compile", "w.qrnn")
    assert found.code == 0
    assert found.err.startswith("warning[W0201]: input `x` is never used")
    assert found.out.startswith("OPENQASM 3.0;")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"w": np.zeros(3)}, "parameter `w` has shape (3,), expected (2,)"),
        ({"v": np.zeros(2)}, "there is no parameter `v`; there are `w`"),
    ],
)
def test_wrong_parameters(qrnnc: Run, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez("p.npz", **arrays)
    found = qrnnc("compile", "cell.qrnn", "--params", "p.npz")
    assert (found.code, found.out, found.err) == (1, "", f"error: {said}\n")


def test_too_few_steps_of_inputs(qrnnc: Run) -> None:
    np.savez("x.npz", x=np.zeros(3))
    found = qrnnc("compile", "cell.qrnn", "--steps", "4", "--inputs", "x.npz")
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "(3,)" in found.err


def test_the_text_means_the_circuit(qrnnc: Run) -> None:
    Path("u.qrnn").write_text(
        "qrnn 1.0; cell A { carry m: qubit[2]; h m[0]; cx m[0], m[1]; rz(0.3) m; output y = expect(Z(m)); }"
    )
    text = qrnnc("compile", "u.qrnn", "--format", "qasm2").out
    circuit = qasm2.loads(text)
    circuit.remove_final_measurements()
    expected = QuantumCircuit(2)
    expected.h(0)
    expected.cx(0, 1)
    expected.rz(0.3, [0, 1])
    assert Operator(circuit).equiv(Operator(expected))
