"""The measurement plan: what it says, and that what it measures is what the interpreter finds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from qrnnlang import targets
from qrnnlang.diagnostics import CompileError
from qrnnlang.sema.closed import Expect, Prob
from qrnnlang.targets.outputs import Needed
from qrnnlang.targets.plan import CircuitPlan, full, whole
from tests.engine.soup import Soup, model_of

from .conftest import case, load, make
from .exact import outputs


def plan(text: str, steps: int) -> list[dict]:
    return targets.circuit_stats(load(text), steps)["measurements"]


def test_one_circuit_for_what_is_let_go() -> None:
    found = targets.circuit_stats(case("emc").model, 9)
    (kind,) = found["measurements"]
    assert (kind["circuits"], kind["whole"], kind["steps"]) == (1, True, [8, 8])
    assert kind["outputs"] == {"y": {"steps": list(range(9)), "bases": ["Z"]}}


def test_prefixes_for_what_goes_on() -> None:
    found = targets.circuit_stats(case("memory").model, 5)
    kinds = found["measurements"]
    assert found["circuits"] == sum(k["circuits"] for k in kinds) == 10
    assert {name for k in kinds for name in k["outputs"]} == {"y", "p"}
    assert {b for k in kinds for b in k["outputs"].get("y", {"bases": []})["bases"]} == {"ZX"}


def test_commuting_products_share_a_circuit() -> None:
    cell = "cell C {{ fresh q: qubit[3]; h q; output y = expect([{}]); }}"
    together = "Z(q[0]) * X(q[1]), X(q[1]) * Y(q[2]), Z(q[0]), Y(q[2])"
    (one,) = plan(cell.format(together), 1)
    assert one["circuits"] == 1
    assert one["outputs"]["y"]["bases"] == ["ZX", "XY", "Z", "Y"]
    apart = "Z(q[0]) * X(q[1]), X(q[0]), Y(q[2])"
    assert sum(kind["circuits"] for kind in plan(cell.format(apart), 1)) == 2


@pytest.mark.parametrize("seed", range(8))
def test_random_models(seed: int) -> None:
    """Unitary soups with reads of random products anywhere, over two steps."""
    rng = np.random.default_rng(seed)
    kinds = ("gate", "gate", "gate", "read", "reset", "measure")
    cell = Soup(rng, kinds=kinds, carried=2, fresh=1, length=10, feedback=False, static=1.0).build()
    c = make(model_of(cell), 2, seed)
    circuits = targets.circuits(c.model, 2, c.params, c.inputs, optimize=seed % 4)
    found = outputs(circuits)
    assert set(found) == {(name, t) for name in c.want for t in range(2)}
    for (name, t), value in found.items():
        np.testing.assert_allclose(value, c.want[name][t], rtol=0, atol=1e-9)
    kinds_ = targets.circuit_stats(c.model, 2, c.params, c.inputs)["measurements"]
    assert sum(k["circuits"] for k in kinds_) == len(circuits)
    held = Counter(
        n for x in circuits for n in {e["output"] for e in x.metadata["outputs"].values()}
    )
    assert set(held) == {name for k in kinds_ for name in k["outputs"]}
    assert any(isinstance(op, Expect | Prob) for op in cell.ops)


def scanned(needs: list[Needed]) -> list[tuple]:
    """What `full` does, with a look at everything that is left for every circuit."""
    first = whole(needs)
    left = sorted(
        (a for n in needs if n.key not in first.atoms for a in n.atoms),
        key=lambda a: (a.key[0], a.deadline, a.time),
    )
    plans = []
    while left:
        run, deadline = left[0].key[0], left[0].deadline
        reach = [a.time for a in left if a.key[0] == run and a.time < deadline]
        plan = CircuitPlan(run, max(reach))
        for atom in list(left):
            if atom.key[0] == run and plan.fits([atom]):
                plan.add([atom])
                left.remove(atom)
        plan.cut = max(a.time for atoms in plan.atoms.values() for a in atoms)
        plans.append(plan)
    plans.sort(key=lambda p: (p.run or 0, p.cut))
    return [(p.run, p.cut, p.atoms) for p in [*([first] if first.atoms else []), *plans]]


@pytest.mark.parametrize("name", ["memory", "staggered", "resets", "reservoir", "calls"])
def test_circuits_are_found_in_one_sweep(name: str) -> None:
    c = case(name)
    needs = targets.unroll(c.model, c.steps, c.params, c.inputs).needs
    assert [(p.run, p.cut, p.atoms) for p in full(needs)] == scanned(needs)


def test_a_circuit_that_is_too_long() -> None:
    """Told before anything is done for a single step; a loop only counts what it reads."""
    text = "cell A { input x: real; carry m: qubit; rx(x) m; output y = expect(Z(m)); }"
    with pytest.raises(CompileError) as error:
        targets.to_qiskit(load(text), 10**15)
    (found,) = error.value.diagnostics
    assert found.code == "E0709"
    assert found.message.startswith("1,000,000,000,000,000 steps make a circuit of ")
    with pytest.raises(CompileError) as error:
        targets.qasm3_text(load(text), 10**15, rolled=True)
    assert error.value.diagnostics[0].help == "fewer steps"
