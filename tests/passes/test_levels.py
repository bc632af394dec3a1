"""Circuits at every level give the outputs of the interpreter, under the same names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qrnnlang import targets
from qrnnlang.diagnostics import CompileError
from qrnnlang.passes import Stamp
from qrnnlang.passes.line import stamp_cost
from qrnnlang.passes.verify import Verifier
from qrnnlang.sema import load_path, load_text
from qrnnlang.sema.closed import ParamSpec, RunCell
from tests.engine.soup import model_of
from tests.example_files import EXAMPLES
from tests.targets.conftest import Case, case, make
from tests.targets.exact import outputs
from tests.targets.programs import ALL

from .helpers import dense

LEVELS = (1, 2, 3)


def check(c: Case, level: int, tolerance: float = 1e-9) -> None:
    circuits = targets.circuits(c.model, c.steps, c.params, c.inputs, optimize=level)
    plain = targets.circuits(c.model, c.steps, c.params, c.inputs, optimize=0)
    assert [x.metadata for x in circuits] == [x.metadata for x in plain]
    assert [x.cregs for x in circuits] == [x.cregs for x in plain]
    assert [x.qregs for x in circuits] == [x.qregs for x in plain]
    want = {(name, t): v for name, values in c.want.items() for t, v in enumerate(values)}
    found = outputs(circuits)
    assert set(found) == set(want)
    for key, value in want.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=tolerance, err_msg=str(key))
    two = [sum(cost_of(x) for x in found) for found in (circuits, plain)]
    assert two[0] <= two[1]


def cost_of(circuit: QuantumCircuit) -> int:
    """The CX gates that the gates of a circuit take."""
    whole = 0
    for item in circuit.data:
        name, wires = item.operation.name, tuple(range(len(item.qubits)))
        if name == "if_else":
            whole += cost_of(item.operation.blocks[0])
        elif name == "unitary":
            whole += 4 ** len(wires) if len(wires) > 1 else 0
        elif name != "barrier":
            whole += stamp_cost(Stamp(name.partition("_")[0], wires)) if len(wires) > 1 else 0
    return whole


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ALL)
def test_every_level_gives_every_output(name: str, level: int) -> None:
    check(case(name), level)


@pytest.mark.parametrize("seed", [1, 3, 5, 7, 9, 11])
def test_random_cells(seed: int) -> None:
    cell = dense(seed, 14, feedback=False)
    c = make(model_of(cell), 2, seed)
    for level in (1, 3):
        check(c, level)


@pytest.mark.parametrize("name", ["emc", "staggered", "conditions", "reservoir"])
def test_passes_verify_while_they_run(name: str) -> None:
    c = case(name)
    verifier = Verifier(params=c.params)
    targets.circuits(c.model, 3, c.params, c.inputs, optimize=3, watch=(verifier,))
    assert verifier.unchecked == 0
    assert verifier.checked > 0


def test_passes_run_as_often_for_many_steps_as_for_few() -> None:
    c = case("emc")
    calls: list[str] = []
    counts = []
    for steps in (5, 40):
        calls.clear()
        look = (lambda name, *_: calls.append(name),)
        targets.to_qiskit(c.model, steps, c.params, optimize=3, watch=look)
        counts.append(len(calls))
    assert counts[0] == counts[1] > 0


STD = "qrnn 1.0; import std.cells; model M {{ use c = {}; {} output y = c({}); }}"
CELLS = {
    "emc": ("Emc(layers = 2)", "x: seq real[1]"),
    "takaki": ("Takaki()", "x: seq real[1]"),
    "plain": ('LiPlain(layers = 2, links = "all")', "x: seq real[1]"),
    "staggered": ("LiStaggered(layers = 2)", "x: seq real[1]"),
    "variational": ("Variational(n = 4)", "v: seq real[4]"),
    "bausch": (
        "Bausch(workspace = 2, width = 1, order = 1)",
        "x: seq real[1]",
        "observed: seq real[1]",
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_standard_cells(name: str) -> None:
    cell, *ports = CELLS[name]
    source = STD.format(
        cell,
        " ".join(f"input {p};" for p in ports),
        ", ".join(p.partition(":")[0] for p in ports),
    )
    inputs = {"x": np.zeros((2, 1)), "observed": np.ones((2, 1))} if name == "bausch" else None
    c = make(load_text(source), 2, inputs=inputs)
    check(c, 3)
    verifier = Verifier(params=c.params)
    bits = c.inputs if name == "bausch" else None
    targets.circuits(c.model, 2, c.params, bits, optimize=3, watch=(verifier,))
    assert verifier.checked > 0
    assert verifier.unchecked == 0


def _drawn(p: ParamSpec) -> np.ndarray:
    """Some fixed value: the identity for a unitary."""
    if p.kind != "unitary":
        return np.full(p.shape, 0.3)
    return np.stack([np.eye(p.shape[0]), np.zeros(p.shape[:2])], -1)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples(path: Path) -> None:
    model = load_path(path)
    if any(isinstance(op, RunCell) and op.cell.registers for op in model.ops):
        fixed = {p.name: _drawn(p) for p in model.params if not p.trained}
        try:
            targets.to_qiskit(model, 3, fixed)
        except CompileError:
            return  # no circuit at any level
        c = make(model, 3)
        plain, found = (
            outputs(targets.circuits(c.model, 3, c.params, c.inputs, optimize=level))
            for level in (0, 3)
        )
        assert set(plain) == set(found) != set()
        for key, value in plain.items():
            np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-10, err_msg=str(key))


SHOW = """
from qrnnlang import targets
from qrnnlang.diagnostics import CompileError
from tests.passes.helpers import dense
from tests.engine.soup import model_of
from tests.example_files import EXAMPLES
from tests.targets.conftest import case
for name in ("staggered", "gates"):
    c = case(name)
    print(targets.qasm3_text(c.model, 3, c.params, c.inputs, optimize=3))
"""


def test_the_same_bytes_under_any_hash_seed() -> None:
    texts = set()
    for seed in ("0", "1", "77"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", SHOW], env=env, cwd=root, capture_output=True, timeout=100
        )
        assert done.returncode == 0, done.stderr.decode()
        texts.add(done.stdout)
    assert len(texts) == 1
