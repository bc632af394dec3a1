"""The matrices of all gates against Qiskit's."""

import numpy as np
import pytest
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from qrnnlang.ir.gates import controlled, pauli_product, pauli_rotation, unitary
from qrnnlang.sema.gates import GATES

QISKIT = get_standard_gate_name_mapping()
QISKIT_NAMES = {"gphase": "global_phase"}


def qiskit_matrix(name: str, angles: list[float]) -> np.ndarray:
    gate = QISKIT[QISKIT_NAMES.get(name, name)]
    return Operator(gate.base_class(*angles)).data


@pytest.mark.parametrize("name", GATES)
def test_every_gate_has_the_matrix_of_qiskit(name):
    rng = np.random.default_rng(len(name))
    for _ in range(3):
        angles = list(rng.uniform(-7, 7, GATES[name].params))
        found = unitary(name, angles)
        assert found.shape == (2 ** GATES[name].qubits,) * 2
        np.testing.assert_allclose(found, qiskit_matrix(name, angles), atol=1e-15)


@pytest.mark.parametrize("name", GATES)
def test_the_inverse_in_the_gate_table_undoes_the_gate(name):
    info = GATES[name]
    angles = list(np.random.default_rng(5).uniform(-7, 7, info.params))
    match name:
        case "u":
            theta, phi, lam = angles
            back = unitary("u", [-theta, -lam, -phi])
        case "csx":
            back = controlled(unitary("sxdg"), "1")
        case "iswap":
            back = pauli_product("ZZ") @ unitary("iswap")
        case _:
            back = unitary(info.inverse or name, [-a for a in angles])
    np.testing.assert_allclose(back @ unitary(name, angles), np.eye(len(back)), atol=1e-14)


@pytest.mark.parametrize("ctrl", ["1", "0", "10", "01", "011"])
@pytest.mark.parametrize("name", ["ry", "cx", "swap", "gphase"])
def test_extra_controls_are_those_of_qiskit(name, ctrl):
    angles = [0.7] * GATES[name].params
    gate = QISKIT[QISKIT_NAMES.get(name, name)].base_class(*angles)
    # Qiskit prints its control state with the first control rightmost.
    wanted = Operator(gate.control(len(ctrl), ctrl_state=ctrl[::-1], annotated=False)).data
    np.testing.assert_allclose(controlled(unitary(name, angles), ctrl), wanted, atol=1e-14)


def test_a_pauli_product_begins_with_the_least_significant_operand():
    z_then_x = pauli_product("ZX")
    np.testing.assert_array_equal(z_then_x, np.kron(unitary("x"), unitary("z")))


def test_a_pauli_rotation_is_the_exponential():
    # Independent of the closed form: the series of the exponential.
    p = pauli_product("YZX")
    term = wanted = np.eye(8, dtype=complex)
    for k in range(1, 40):
        term = term @ (-0.5j * 1.3 * p) / k
        wanted = wanted + term
    np.testing.assert_allclose(pauli_rotation("YZX", 1.3), wanted, atol=1e-14)


def test_matrices_are_not_shared():
    unitary("h")[0, 0] = 5
    assert unitary("h")[0, 0] == pytest.approx(np.sqrt(0.5))
