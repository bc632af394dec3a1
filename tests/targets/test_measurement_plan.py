"""The measurement plan: what it says, and that what it measures is what the interpreter finds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from qrnnlang import targets
from qrnnlang.sema.closed import Expect, Prob
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
