"""Circuits before and after the passes, by an equivalence checker of another make (MQT QCEC)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mqt import qcec
from qiskit import QuantumCircuit

import qrnnlang as qr

from .exact import distribution

STD = "qrnn 1.0; import std.cells; model M {{ use c = {}; input x: seq real[1]; output y = c(x); }}"
CELLS = {
    "emc": "Emc(layers = 2)",
    "takaki": "Takaki()",
    "plain": 'LiPlain(layers = 2, links = "all")',
    "staggered": "LiStaggered(layers = 2)",
}


def circuit(name: str, level: int, fresh: Any = "expand", steps: int = 3) -> Any:
    """With new qubits every step, nothing is reset on the way."""
    model = qr.loads(STD.format(CELLS[name]))
    rng = np.random.default_rng(0)
    params = {k: rng.uniform(-2, 2, v.shape) for k, v in model.init(0).items()}
    x = rng.uniform(0.1, 0.9, (steps, 1))
    return model.to_qiskit(steps, params, x, optimize=level, fresh=fresh)


def same(a: Any, b: Any, partly: bool) -> bool:
    """`partly`: in what is measured, not in the state that is left.

    By the checker that always decides. Others that run beside it may end first with no answer.
    """
    found = qcec.verify(
        a, b, check_partial_equivalence=partly, run_zx_checker=False, run_simulation_checker=False
    )
    return bool(found.considered_equivalent())


def without_resets(circuit: QuantumCircuit) -> QuantumCircuit:
    """A new qubit after every reset.

    QCEC (3.11) has a transformation for this, but it goes wrong where a qubit is measured only
    after a reset: `x q; reset q; measure q` is said to differ from the same with two qubits.
    """
    resets = circuit.count_ops().get("reset", 0)
    where = list(range(circuit.num_qubits))
    found = QuantumCircuit(circuit.num_qubits + resets, circuit.num_clbits)
    new = iter(range(circuit.num_qubits, found.num_qubits))
    for item in circuit.data:
        qubits = [circuit.find_bit(q).index for q in item.qubits]
        if item.operation.name == "reset":
            where[qubits[0]] = next(new)
        else:
            clbits = [circuit.find_bit(c).index for c in item.clbits]
            found.append(item.operation, [where[q] for q in qubits], clbits)
    return found


@pytest.mark.parametrize("name", CELLS)
def test_the_first_level_keeps_the_unitary(name: str) -> None:
    assert same(circuit(name, 0), circuit(name, 1), partly=False)


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("name", CELLS)
def test_the_others_keep_what_is_measured(name: str, level: int) -> None:
    assert same(circuit(name, 0), circuit(name, level), partly=True)


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("name", CELLS)
def test_reused_qubits_are_new_ones(name: str, level: int) -> None:
    reused, expanded = (circuit(name, level, fresh, 2) for fresh in ("reuse", "expand"))
    assert "reset" in reused.count_ops()
    assert "reset" not in expanded.count_ops()
    assert same(without_resets(reused), expanded, partly=True)
    names = [register.name for register in expanded.cregs]
    exactly, want = distribution(reused, names), distribution(expanded, names)
    assert set(exactly) == set(want)
    np.testing.assert_allclose([exactly[k] for k in want], list(want.values()), rtol=0, atol=1e-12)


def test_a_change_is_found() -> None:
    changed = circuit("takaki", 2)
    before, measured = changed.copy_empty_like(), False
    for item in changed.data:
        if item.operation.name == "measure" and not measured:
            measured = True
            before.ry(0.01, item.qubits[0])
        before.append(item)
    assert not same(circuit("takaki", 0), before, partly=True)
