"""Circuits on devices: they mean what the interpreter says, on the device's couplings and gates."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.transpiler import CouplingMap

import qrnnlang as qr
from qrnnlang import targets
from qrnnlang.cli.main import main
from qrnnlang.diagnostics import CompileError
from qrnnlang.targets.devices import backend_by_name
from qrnnlang.targets.devices.lower import _named
from qrnnlang.targets.devices.moved import quietest
from qrnnlang.targets.devices.properties import device_of
from qrnnlang.targets.devices.search import Candidate, Search

from .conftest import Case, case, load, make
from .exact import outputs
from .programs import ALL

#: Work in units of about a second: enough to route a step of these programs in a few ways.
LITTLE = 0.01

RING = """cell Ring(n: int = 2, layers: int = 1) {
    input x: real[n];
    carry m: qubit[n];
    fresh e: qubit[n];
    param w: angle[layers, 2 * n];
    param z: angle[layers, 2 * n];
    ry(x) e;
    for l in 0..layers {
        rx(w[l]) [e, m];
        let q = [e, m];
        for i in 0..2 * n { rzz(z[l, i]) q[i], q[(i + 1) % (2 * n)]; }
    }
    output y = expect(Z(e));
}"""


def check_on(circuit: QuantumCircuit, backend: Any) -> None:
    """Every operation is one of the backend's, on qubits where it has it."""

    def check(block: QuantumCircuit, where: list[int]) -> None:
        for item in block.data:
            places = tuple(where[block.find_bit(q).index] for q in item.qubits)
            if item.operation.name == "if_else":
                check(item.operation.blocks[0], list(places))
            elif item.operation.name not in ("barrier", "store"):
                assert backend.target.instruction_supported(item.operation.name, places)

    check(circuit, list(range(circuit.num_qubits)))


def narrow(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without the qubits that nothing acts on, for simulation."""
    used = sorted({circuit.find_bit(q).index for i in circuit.data for q in i.qubits})
    register = QuantumRegister(len(used))
    small = QuantumCircuit(register, *circuit.cregs, metadata=circuit.metadata)
    place = {q: i for i, q in enumerate(used)}
    for item in circuit.data:
        qubits = [place[circuit.find_bit(q).index] for q in item.qubits]
        small.append(item.operation, qubits, item.clbits)
    return small


def check_all(c: Case, circuits: list[QuantumCircuit]) -> None:
    found = outputs([narrow(circuit) for circuit in circuits])
    want = {(name, t): v for name, values in c.want.items() for t, v in enumerate(values)}
    assert set(found) == set(want)
    for key, value in want.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-8, err_msg=str(key))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.long] if n == "gates" else []) for n in ALL]
)
def test_every_output_on_a_line(name: str) -> None:
    c = case(name)
    options: Any = {"backend": backend_by_name("line_8"), "budget": LITTLE, "optimize": 2}
    circuits = targets.circuits(c.model, c.steps, c.params, c.inputs, **options)
    for circuit in circuits:
        check_on(circuit, options["backend"])
    check_all(c, circuits)


@pytest.mark.parametrize("device", ["grid_2x4", "heavy_hex_3", "generic_5"])
@pytest.mark.parametrize(("layers", "optimize"), [(1, 0), (2, 1), (2, 2), (1, 3)])
def test_commuting_rings(device: str, layers: int, optimize: int) -> None:
    c = make(load(RING, layers=layers), 4)
    backend = backend_by_name(device)
    options: Any = {"backend": backend, "budget": LITTLE, "optimize": optimize}
    found = targets.circuits(c.model, 4, c.params, c.inputs, **options)
    for circuit in found:
        check_on(circuit, backend)
    check_all(c, found)


def test_unbound_parameters_keep_their_names() -> None:
    c = make(load(RING), 3)
    open_ = targets.to_qiskit(c.model, 3, backend="grid_2x4", budget=LITTLE)
    plain = targets.to_qiskit(c.model, 3)
    assert [p.name for p in open_.parameters] == [p.name for p in plain.parameters]
    values = {f"{k}[{i}]": v for k, a in c.params.items() for i, v in enumerate(a.ravel())}
    values |= {f"x_{t}[{i}]": v for t, row in enumerate(c.inputs["x"]) for i, v in enumerate(row)}
    bound = open_.assign_parameters({p: values[p.name] for p in open_.parameters})
    bound.metadata = open_.metadata
    check_all(c, [bound])
    assert open_.metadata["outputs"] == plain.metadata["outputs"]


@pytest.mark.parametrize("level", [1, 3])
def test_a_simulator_with_many_gates_for_one(level: int) -> None:
    """Aer has `u1 u2 u3 r` besides `u` and `p`: what Qiskit writes with them is said with these."""
    c = make(load(RING, layers=2), 3)
    options: Any = {"backend": "aer", "budget": LITTLE, "optimize": level}
    found = targets.circuits(c.model, 3, c.params, c.inputs, **options)
    check_all(c, found)
    assert not {"u1", "u2", "u3", "r"} & set(found[0].count_ops())
    assert targets.qasm2_text(c.model, 3, c.params, c.inputs, **options)


@pytest.mark.parametrize("name", ["u1", "u2", "u3", "r"])
def test_older_names_of_gates(name: str) -> None:
    from qiskit.circuit import library as lib
    from qiskit.quantum_info import Operator

    gate = {"u1": lib.U1Gate, "u2": lib.U2Gate, "u3": lib.U3Gate, "r": lib.RGate}[name]
    angles = (0.3, -0.7, 1.9)[: {"u1": 1, "u2": 2, "u3": 3, "r": 2}[name]]
    other, values = _named(name, tuple((a, ()) for a in angles))
    new = {"p": lib.PhaseGate, "u": lib.UGate}[other](*(a for a, _ in values))
    assert Operator(new).equiv(Operator(gate(*angles)), atol=1e-12)


def test_a_shifted_register_on_a_ring() -> None:
    text = """cell Shift { input x: real; carry m: qubit[3]; fresh e: qubit; param w: angle[4];
        ry(x) e; ry(w[0]) m; cx e, m[0]; crx(w[1]) m[0], m[2]; cp(w[2]) e, m[1]; cry(w[3]) m[1], e;
        output y = expect(Z(e)); next m = [m[1..3], e]; }"""
    c = make(load(text), 5)
    found = targets.circuits(c.model, 5, c.params, c.inputs, backend="line_5", budget=LITTLE)
    check_all(c, found)


def test_one_step_is_routed_however_many_there_are() -> None:
    c = make(load(RING), 3)
    reports = []
    for steps in (4, 12):
        x = {"x": np.zeros((steps, 2))}
        circuit = targets.to_qiskit(c.model, steps, c.params, x, backend="grid_2x4", budget=LITTLE)
        reports.append(circuit.metadata["device"])
    assert reports[0]["tried"] == reports[1]["tried"]
    assert reports[0] == reports[1]
    assert 6 <= reports[0]["two_qubit"] <= 14
    assert 0 < reports[0]["success"] < 1
    assert reports[0]["seconds"] > 0


def test_more_budget_is_never_worse() -> None:
    c = make(load(RING, n=3, layers=2), 4)
    costs = []
    for budget in (0.0, 0.05, 0.25):
        circuit = targets.to_qiskit(
            c.model, 4, c.params, c.inputs, backend="heavy_hex_3", budget=budget
        )
        report = circuit.metadata["device"]
        costs.append(report["two_qubit"] + 0.3 * report["two_qubit_depth"])
    assert costs[2] < costs[0]
    assert costs[2] <= costs[1] <= costs[0]


def test_places_with_small_errors_are_taken() -> None:
    backend = backend_by_name("line_8")
    for (a, b), properties in backend.target["cz"].items():
        properties.error = 1e-4 if {a, b} <= {5, 6, 7} else 0.1
    text = "cell A { input x: real; carry m: qubit; fresh e: qubit; ry(x) e; cx e, m; output y = expect(Z(e)); }"
    circuit = targets.to_qiskit(load(text), 3, backend=backend, budget=LITTLE)
    pairs = {
        tuple(sorted(circuit.find_bit(q).index for q in i.qubits))
        for i in circuit.data
        if len(i.qubits) == 2
    }
    assert pairs <= {(5, 6), (6, 7)}


def test_texts() -> None:
    c = make(load(RING), 3)
    text = targets.qasm3_text(c.model, 3, c.params, c.inputs, backend="grid_2x4", budget=LITTLE)
    assert "qubit[8] q;" in text
    assert "rzz" not in text
    assert "cz q[" in text


def refused(code: str, match: str, text: str, **options: Any) -> None:
    with pytest.raises(CompileError, match=match) as error:
        targets.to_qiskit(load(text), 2, **options)
    assert [d.code for d in error.value.diagnostics] == [code]


SMALL = "cell A { input x: real; carry m: qubit[3]; rx(x) m; output y = expect(Z(m)); }"


def test_refusals() -> None:
    refused("E0611", "no backend `nowhere`", SMALL, backend="nowhere")
    refused("E0611", "no backend `no.module:X`", SMALL, backend="no.module:X")
    refused("E0611", "no backend `grid_0x3`", SMALL, backend="grid_0x3")
    refused("E0612", "has 2 qubits and a step takes 3", SMALL, backend="line_2")
    refused("E0612", "fresh qubits are reused", SMALL, backend="line_4", fresh="expand")
    with pytest.raises(CompileError, match="a loop over the steps has no backend"):
        targets.qasm3_text(load(SMALL), 2, rolled=True, backend="line_4")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.qrnn"
    source.write_text("qrnn 1.0;\n" + RING)
    given = ["compile", str(source), "--steps", "3", "--backend", "grid_2x4", "--budget", "0.01"]
    assert main(given) == 0
    first = capsys.readouterr()
    assert "a step takes 6 two-qubit gates" in first.err
    assert "qubit[8] q;" in first.out
    assert main(given) == 0
    assert capsys.readouterr().out == first.out
    assert main(["compile", str(source), "--format", "ir", "--backend", "grid_2x4"]) == 2
    assert main(["compile", str(source), "--rolled", "--backend", "grid_2x4"]) == 1
    assert main([*given, "--budget", "-1"]) == 2
    assert main(["compile", str(source), "--backend", "nowhere"]) == 1
    assert "error[E0611]" in capsys.readouterr().err


def test_backends_by_name() -> None:
    assert backend_by_name("qiskit_aer:AerSimulator").name == "aer_simulator"
    assert backend_by_name("aer").name == "aer_simulator"
    edges = {tuple(sorted(p)) for p in backend_by_name("heavy_hex_3").target["cz"]}
    assert edges == {tuple(sorted(e)) for e in CouplingMap.from_heavy_hex(3)}


def test_a_step_goes_where_the_device_errs_least() -> None:
    device = device_of(backend_by_name("grid_2x3"))
    weights = {(0, 1): 3, (1, 2): 1, (0, 3): 2}
    now = {0: 1, 1: 0, 2: 3, 3: 2}

    def loss(to: Mapping[int, int]) -> float:
        return sum(
            n * device.errors.get((min(to[a], to[b]), max(to[a], to[b])), np.inf)
            for (a, b), n in weights.items()
        )

    every = (dict(enumerate(places)) for places in permutations(range(6), 4))
    assert loss(quietest(device, weights, now)) == pytest.approx(min(map(loss, every)), abs=1e-15)
    assert loss(now) > 1.01 * loss(quietest(device, weights, now))


def test_gates_that_are_the_same_both_ways_go_the_better_way() -> None:
    backend = backend_by_name("line_4")
    for (a, b), properties in backend.target["cz"].items():
        properties.error = 1e-3 if a > b else 1e-2
    circuit = targets.to_qiskit(load(RING, n=1), 3, backend=backend, budget=LITTLE)
    pairs = [[circuit.find_bit(q).index for q in i.qubits] for i in circuit.get_instructions("cz")]
    assert pairs
    assert all(a > b for a, b in pairs)


BYTES = """
import hashlib, sys
import qrnnlang as qr
from qrnnlang import targets
model = qr.loads(sys.argv[1], n=3)
for backend in (None, *sys.argv[2].split()):
    for level in map(int, sys.argv[3]):
        options = {"backend": backend, "optimize": level} | ({"budget": 0.02} if backend else {})
        found = targets.circuits(model.closed, 4, **options)
        texts = [targets.to_qpy_bytes(found), model.to_qasm(3, steps=4, **options).encode()]
        params = model.init(0)
        bound = model.to_qasm(2, steps=4, params=params, x=[[0.3, 0.2, 0.1]] * 4, **options)
        for text in (*texts, bound.encode()):
            print(backend, level, len(text), hashlib.sha256(text).hexdigest())
print(hashlib.sha256(model.to_qasm(3, steps=4, rolled=True).encode()).hexdigest())
"""


@pytest.mark.parametrize(
    ("backends", "levels"),
    [
        ("heavy_hex_3", "2"),
        pytest.param("heavy_hex_3 grid_2x4 generic_7", "023", marks=pytest.mark.long),
    ],
)
def test_the_same_bytes_under_every_hash_seed(backends: str, levels: str) -> None:
    root = str(Path(qr.__file__).parents[1])
    found = [
        subprocess.run(
            [sys.executable, "-c", BYTES, "qrnn 1.0;" + RING, backends, levels],
            capture_output=True,
            check=True,
            timeout=600,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": root},
        ).stdout.splitlines()
        for seed in ("0", "1")
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 3 * (1 + len(backends.split())) * len(levels) + 1


def test_a_step_that_does_not_repeat_needs_no_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short search that comes back with two steps in turn, for a circuit that has one step."""
    found = Search.closed
    monkeypatch.setattr(
        Search, "closed", lambda self, units: [Candidate(c.parts * 2) for c in found(self, units)]
    )
    model = qr.loads(f"qrnn 1.0;\n{RING}")
    x = {name: np.full((1, *shape), 0.5) for name, shape in model.info(1)["inputs"].items()}
    report: list[Any] = []
    model.to_qiskit(1, model.init(0), x, backend="fake_manila", report=report.append)
    assert report[0]["variants"] == 1
