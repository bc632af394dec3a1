"""Circuits and texts mean what the interpreter says: every output, every step, to rounding."""

from __future__ import annotations

import io

import numpy as np
import openqasm3
import pytest
import qiskit.qasm2
import qiskit_qasm3_import
from qiskit import QuantumCircuit, qpy, transpile
from qiskit_aer import AerSimulator

from qrnnlang import targets

from .conftest import Case, case
from .exact import outputs
from .programs import ALL

TOLERANCE = 1e-9

#: New qubits every step take more than this simulator can hold.
NARROW = ["emc", "memory", "staggered", "reservoir", "feedback", "conditions"]


def check_all(c: Case, found: dict[tuple[str, int], np.ndarray]) -> None:
    want = {(name, t): v for name, values in c.want.items() for t, v in enumerate(values)}
    assert set(found) == set(want)
    for key, value in want.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=TOLERANCE, err_msg=str(key))


@pytest.mark.parametrize("name", ALL)
def test_circuits_give_every_output(name: str) -> None:
    c = case(name)
    check_all(c, outputs(targets.circuits(c.model, c.steps, c.params, c.inputs)))


@pytest.mark.parametrize("name", NARROW)
def test_new_qubits_every_step_mean_the_same(name: str) -> None:
    c = case(name)
    found = targets.circuits(c.model, c.steps, c.params, c.inputs, "expand")
    assert not any("reset" in circuit.count_ops() for circuit in found)
    check_all(c, outputs(found))


def read_back(name: str, version: int) -> tuple[QuantumCircuit, QuantumCircuit]:
    c = case(name)
    write = {3: targets.qasm3_text, 2: targets.qasm2_text}[version]
    read = {3: qiskit_qasm3_import.parse, 2: qiskit.qasm2.loads}[version]
    text = write(c.model, c.steps, c.params, c.inputs)
    assert text == write(c.model, c.steps, c.params, c.inputs)
    assert f"// {c.model.name}: 3 steps" in text.splitlines()[2]
    circuit = read(text)
    original = targets.to_qiskit(c.model, c.steps, c.params, c.inputs)
    circuit.metadata = original.metadata
    return circuit, original


@pytest.mark.parametrize(
    "name", ["emc", "memory", "resets", "feedback", "conditions", "postselected", "gates", "calls"]
)
def test_openqasm3_reads_back(name: str) -> None:
    circuit, original = read_back(name, 3)
    found = outputs([circuit])
    assert found
    want = case(name).want
    for (output, t), value in found.items():
        np.testing.assert_allclose(value, want[output][t], rtol=0, atol=TOLERANCE)
    assert [(r.name, r.size) for r in circuit.cregs] == [(r.name, r.size) for r in original.cregs]


@pytest.mark.parametrize(
    "name", ["emc", "memory", "resets", "feedback", "postselected", "gates", "calls"]
)
def test_openqasm2_reads_back(name: str) -> None:
    circuit, original = read_back(name, 2)
    found = outputs([circuit])
    assert len(found) == len(original.metadata["outputs"])
    want = case(name).want
    for (output, t), value in found.items():
        np.testing.assert_allclose(value, want[output][t], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", ["emc", "memory", "gates"])
def test_openqasm2_reads_back_with_the_gates_that_qiskit_adds(name: str) -> None:
    c = case(name)
    text = targets.qasm2_text(c.model, c.steps, c.params, c.inputs)
    custom = qiskit.qasm2.LEGACY_CUSTOM_INSTRUCTIONS
    circuit = qiskit.qasm2.loads(text, custom_instructions=custom)
    circuit.metadata = targets.to_qiskit(c.model, c.steps, c.params, c.inputs).metadata
    found = outputs([circuit])
    assert len(found) == len(circuit.metadata["outputs"])
    for (output, t), value in found.items():
        np.testing.assert_allclose(value, c.want[output][t], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", ["emc", "memory", "staggered", "resets", "reservoir"])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_new_qubits_every_step_need_nothing_in_the_middle(name: str, level: int) -> None:
    c = case(name)
    for circuit in targets.circuits(c.model, c.steps, c.params, c.inputs, "expand", optimize=level):
        measured = set()
        for item in circuit.data:
            assert item.operation.name not in ("reset", "if_else")
            if item.operation.name == "measure":
                measured.update(item.qubits)
            else:
                assert not measured.intersection(item.qubits)


@pytest.mark.parametrize("name", [n for n in ALL if n != "gates"])
def test_unbound_openqasm3_is_openqasm3(name: str) -> None:
    c = case(name)
    text = targets.qasm3_text(c.model, c.steps, fixed=c.fixed)
    program = openqasm3.parse(text)
    declared = [s for s in program.statements if isinstance(s, openqasm3.ast.IODeclaration)]
    assert len(declared) == len(targets.parameter_order(c.model, c.steps, fixed=c.fixed))


@pytest.mark.parametrize("name", [n for n in ALL if n != "gates"])
def test_binding_afterwards_is_binding_before(name: str) -> None:
    c = case(name)
    circuit = targets.to_qiskit(c.model, c.steps, fixed=c.fixed)
    values = {}
    digits = len(str(c.steps - 1))
    for p in circuit.parameters:
        name_, _, rest = p.name.partition("[")
        index = int(rest[:-1]) if rest else 0
        if name_ in c.params:
            values[p] = c.params[name_].flat[index]
        else:
            stem, _, t = name_.rpartition("_")
            assert len(t) == digits
            values[p] = c.inputs[stem][int(t)].flat[index]
    bound = circuit.assign_parameters(values)
    wanted = targets.to_qiskit(c.model, c.steps, c.params, c.inputs)
    assert [r.name for r in bound.cregs] == [r.name for r in wanted.cregs]
    assert len(bound.data) == len(wanted.data)
    for a, b in zip(bound.data, wanted.data, strict=True):
        assert (a.operation.name, a.qubits, a.clbits) == (b.operation.name, b.qubits, b.clbits)
        if a.operation.name not in ("if_else", "store"):
            assert np.allclose(
                [float(x) for x in a.operation.params],
                [float(x) for x in b.operation.params],
                rtol=0,
                atol=1e-12,
            )


@pytest.mark.parametrize("name", ["emc", "reservoir"])
def test_aer_agrees(name: str) -> None:
    """The library's own density matrices, on the qubits that a register of the last step reads."""
    c = case(name)
    circuit = targets.circuits(c.model, c.steps, c.params, c.inputs)[-1]
    register = list(circuit.metadata["outputs"])[-1]
    entry = circuit.metadata["outputs"][register]
    plain = circuit.copy_empty_like()
    read: dict[int, int] = {}
    bits = next(r for r in circuit.cregs if r.name == register)
    for instr in circuit.data:
        if instr.operation.name == "measure":
            if instr.clbits[0] in bits:
                read[list(bits).index(instr.clbits[0])] = circuit.find_bit(instr.qubits[0]).index
            continue
        plain.append(instr)
    plain.save_density_matrix()
    simulator = AerSimulator(method="density_matrix")
    rho = simulator.run(transpile(plain, simulator)).result().data()["density_matrix"]
    lists = entry["terms"] if entry["shape"] else [entry["terms"]]
    sizes = dict.fromkeys(read.values())
    chances = rho.probabilities(list(sizes))
    order = {q: i for i, q in enumerate(sizes)}
    for value, terms in zip(
        np.ravel(c.want[entry["output"]][-1])[-len(lists) :], lists, strict=True
    ):
        found = 0.0
        for coefficient, held in terms:
            signs = [
                np.prod([1 - 2 * (k >> order[read[b]] & 1) for b in held])
                for k in range(len(chances))
            ]
            found += coefficient * float(np.dot(signs, chances))
        if terms:
            assert abs(found - value) < TOLERANCE


def test_qpy_keeps_circuit_and_metadata() -> None:
    c = case("emc")
    circuit = targets.to_qiskit(c.model, c.steps)
    (back,) = qpy.load(io.BytesIO(targets.to_qpy_bytes(circuit)))
    assert back.metadata == circuit.metadata
    assert [p.name for p in back.parameters] == targets.parameter_order(c.model, c.steps)
    assert back.count_ops() == circuit.count_ops()
