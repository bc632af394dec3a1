"""Circuits before and after the passes, by an equivalence checker of another make (MQT QCEC)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mqt import qcec

import qrnnlang as qr

STD = "qrnn 1.0; import std.cells; model M {{ use c = {}; input x: seq real[1]; output y = c(x); }}"
CELLS = {
    "emc": "Emc(layers = 2)",
    "takaki": "Takaki()",
    "plain": 'LiPlain(layers = 2, links = "all")',
    "staggered": "LiStaggered(layers = 2)",
}


def circuit(name: str, level: int) -> Any:
    """With new qubits every step, so that nothing is reset or measured on the way."""
    model = qr.loads(STD.format(CELLS[name]))
    rng = np.random.default_rng(0)
    params = {k: rng.uniform(-2, 2, v.shape) for k, v in model.init(0).items()}
    x = rng.uniform(0.1, 0.9, (3, 1))
    return model.to_qiskit(3, params, x, optimize=level, fresh="expand")


def same(a: Any, b: Any, partly: bool) -> bool:
    """`partly`: in what is measured, not in the state that is left."""
    return bool(qcec.verify(a, b, check_partial_equivalence=partly).considered_equivalent())


@pytest.mark.parametrize("name", CELLS)
def test_the_first_level_keeps_the_unitary(name: str) -> None:
    assert same(circuit(name, 0), circuit(name, 1), partly=False)


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("name", CELLS)
def test_the_others_keep_what_is_measured(name: str, level: int) -> None:
    assert same(circuit(name, 0), circuit(name, level), partly=True)


def test_a_change_is_found() -> None:
    changed = circuit("takaki", 2)
    before, measured = changed.copy_empty_like(), False
    for item in changed.data:
        if item.operation.name == "measure" and not measured:
            measured = True
            before.ry(0.01, item.qubits[0])
        before.append(item)
    assert not same(circuit("takaki", 0), before, partly=True)
