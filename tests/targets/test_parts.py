"""Recipes, state preparation, expressions and conditions, each on its own."""

from __future__ import annotations

import numpy as np
import pytest
import qiskit.qasm2
from qiskit import QuantumCircuit
from qiskit.circuit.library import UGate
from qiskit.quantum_info import Operator, Statevector

from qrnnlang import targets
from qrnnlang.ir.recipes import DEFINITIONS, Recipe, recipe
from qrnnlang.sema.gates import GATES
from qrnnlang.targets.definitions import mcx
from qrnnlang.targets.preparation import prepare
from qrnnlang.targets.program import Instr, Names, Program
from qrnnlang.targets.qiskit_circuit import circuit_of
from qrnnlang.targets.symbols import Fn, Leaf, affine, fold, mul, sub
from qrnnlang.targets.text import plain

from .conftest import load, make
from .exact import outputs

VALUES = (0.7, -1.3, 0.4)


def matrix(steps: Recipe, qubits: int, values: tuple[float, ...] = VALUES) -> np.ndarray:
    program = Program("p", Names({}, 1))
    program.new_qubits("q", qubits)
    for step in steps:
        angles = tuple(
            sum(c * (1.0 if p is None else values[p]) for c, p in a) for a in step.angles
        )
        program.instrs.append(Instr(step.name, step.qubits, angles))
    return Operator(circuit_of(program)).data


def controlled(base: np.ndarray, ctrl: str) -> np.ndarray:
    k = len(ctrl)
    out = np.eye(base.shape[0] << k, dtype=complex)
    pattern = sum(1 << i for i, c in enumerate(ctrl) if c == "1")
    out[pattern :: 1 << k, pattern :: 1 << k] = base
    return out


@pytest.mark.parametrize("ctrl", ["1", "0", "01", "111"])
@pytest.mark.parametrize("name", [n for n in GATES if n != "gphase"])
def test_controlled_gates_are_exact(name: str, ctrl: str) -> None:
    info = GATES[name]
    base = matrix(recipe(name, "", info.params, info.qubits), info.qubits)
    found = matrix(recipe(name, ctrl, info.params, info.qubits), info.qubits + len(ctrl))
    np.testing.assert_allclose(found, controlled(base, ctrl), rtol=0, atol=1e-12)


@pytest.mark.parametrize("ctrl", ["1", "10", "111"])
def test_a_controlled_phase_is_a_phase_on_the_controls(ctrl: str) -> None:
    found = matrix(recipe("gphase", ctrl, 1, 0), len(ctrl))
    np.testing.assert_allclose(
        found, controlled(np.exp(0.7j).reshape(1, 1), ctrl), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definitions_are_exact(name: str) -> None:
    info = GATES[name]
    steps = DEFINITIONS[name]
    want = matrix(recipe(name, "", info.params, info.qubits), info.qubits)
    np.testing.assert_allclose(matrix(steps, info.qubits), want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("controls", [3, 4, 5])
def test_multiple_controls_without_ancillas(controls: int) -> None:
    found = matrix(mcx(controls), controls + 1)
    want = controlled(np.array([[0, 1], [1, 0]]), "1" * controls)
    phase = found[0, 0]
    np.testing.assert_allclose(found / phase, want, rtol=0, atol=1e-9)


def test_a_control_on_a_conjugation_touches_the_middle_alone() -> None:
    names = [s.name for s in recipe("rzz", "1", 1, 2)]
    assert names == ["cx", "crz", "cx"]


@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_preparation(n: int, complex_: bool) -> None:
    rng = np.random.default_rng(n)
    v = rng.normal(size=2**n) + (1j * rng.normal(size=2**n) if complex_ else 0j)
    v /= np.linalg.norm(v)
    state = matrix(prepare(v.astype(complex)), n)[:, 0]
    assert abs(np.vdot(state, v)) == pytest.approx(1, abs=1e-12)
    if not complex_:
        assert {s.name for s in prepare(v.astype(complex))} <= {"ry", "cx"}


def test_preparation_of_a_basis_state() -> None:
    v = np.zeros(8, dtype=complex)
    v[5] = -1
    assert abs(np.vdot(matrix(prepare(v), 3)[:, 0], v)) == pytest.approx(1, abs=1e-12)


def test_expressions_as_text() -> None:
    x, w = Leaf("input", "x", 0, 3), Leaf("param", "f.w")
    names = Names({"x": (2,), "f.w": ()}, 2)
    e = sub(mul(2.0, Fn("add", (x, w))), Fn("div", (x, Fn("neg", (w,)))))
    assert plain(e, names) == "2.0*(x_03[0] + f.w) - x_03[0]/(-f.w)"
    assert plain(Fn("pow", (Fn("pow", (x, 2.0)), -1.0)), names) == "(x_03[0]**2.0)**(-1.0)"
    assert affine(e).terms == {}


def test_folding_is_iterative() -> None:
    e = Leaf("input", "x", None, 0)
    for _ in range(20_000):
        e = Fn("sin", (e,))
    assert fold(e, lambda node, args: 1 + sum(args), {}) == 20_001


def test_carried_reals_enter_the_angles() -> None:
    c = make(
        load(
            "cell C { input x: real; carry h: real[2] = 0.25; param d: real; fresh q: qubit[2];"
            " ry(d * h + x) q; rx(sqrt(abs(x))) q; next h[0] = 0.5 * h[0] + sin(x); output y = expect(Z(q)); }"
        ),
        4,
    )
    circuit = targets.to_qiskit(c.model, 4)
    values = {
        p: (c.params["d"] if p.name == "d" else c.inputs["x"][int(p.name[2:])])
        for p in circuit.parameters
    }
    found = outputs([circuit.assign_parameters({p: float(v) for p, v in values.items()})])
    for t in range(4):
        np.testing.assert_allclose(found["y", t], c.want["y"][t], rtol=0, atol=1e-9)


def test_a_long_bit_expression_gets_a_register() -> None:
    c = make(
        load(
            "cell C { input x: real; carry m: qubit; carry s: bit; fresh a: qubit; ry(x) a; let b = measure a;"
            " if (s) { x m; } next s = s ^ b; output y = expect(Z(m)); }"
        ),
        6,
    )
    found = targets.circuits(c.model, 6, c.params, c.inputs)
    assert "s_4" in [r.name for r in found[0].cregs]
    values = outputs(found)
    for t in range(6):
        assert values["y", t] == pytest.approx(float(c.want["y"][t]), abs=1e-9)


def test_from_qasm_str_takes_the_text_too() -> None:
    c = make(
        load(
            "cell C { input x: real; fresh q: qubit[3]; ry(x) q; cswap q[0], q[1], q[2]; rxx(x) q[0], q[1]; sx q[0]; output y = expect(Z(q)); }"
        ),
        1,
    )
    text = targets.qasm2_text(c.model, 1, c.params, c.inputs)
    circuit = QuantumCircuit.from_qasm_str(text)
    plain_ = circuit.remove_final_measurements(inplace=False)
    want = targets.to_qiskit(c.model, 1, c.params, c.inputs).remove_final_measurements(
        inplace=False
    )
    assert abs(Statevector(plain_).inner(Statevector(want))) == pytest.approx(1, abs=1e-12)
    assert qiskit.qasm2.loads(text).count_ops()["cswap"] == 1


def test_evolution_of_commuting_terms_is_exact() -> None:
    c = make(
        load(
            "cell C { input x: real; carry m: qubit[3] { h m; t m[0]; } param j: real[2];"
            " evolve(j[0] * X(m[0]) * Y(m[1]) * Z(m[2]) + j[1] * Z(m[0]) * X(m[1]) + 0.3, x);"
            " output y = expect(X(m)); output z = expect(Y(m)); }"
        ),
        2,
    )
    values = outputs(targets.circuits(c.model, 2, c.params, c.inputs))
    for t in range(2):
        np.testing.assert_allclose(values["y", t], c.want["y"][t], rtol=0, atol=1e-9)
        np.testing.assert_allclose(values["z", t], c.want["z"][t], rtol=0, atol=1e-9)


def test_u_is_qiskits() -> None:
    np.testing.assert_allclose(
        matrix(recipe("u", "", 3, 1), 1), UGate(*VALUES).to_matrix(), rtol=0, atol=1e-15
    )


def test_a_loss_does_not_limit_the_steps_of_a_circuit() -> None:
    """`skip(…, 8)` in a loss is no reason to refuse a circuit of two steps."""
    from qrnnlang import targets
    from qrnnlang.sema import load_text

    model = load_text(
        "qrnn 1.0; cell A { input x: real; fresh q: qubit; ry(x) q; output z = expect(Z(q)); } "
        "model M { use a = A(); input x: seq real; target y: seq real; output p = a(x); "
        "loss mse(skip(p, 8), skip(y, 8)); }"
    )
    assert [r.name for r in targets.to_qiskit(model, 2).cregs] == ["p_0", "p_1"]
