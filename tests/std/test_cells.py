"""Every cell of the standard library: shapes, parameters, and interpreter = engine."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr

from .programs import CASES, IDS, exact, inputs, model, trained

QUANTUM = (
    *("Emc", "Takaki", "LiPlain", "LiStaggered", "Bausch", "Qlstm", "LinearQlstm", "Qgru"),
    *("Qfwp", "Reservoir", "FeedbackReservoir"),
)


@pytest.mark.parametrize(("cell", "hyper"), CASES, ids=IDS)
def test_interpreter_and_engine_agree(cell: str, hyper: dict[str, Any]) -> None:
    made = model(cell, **hyper)
    params, given = made.init(2), inputs(made.closed)
    np.testing.assert_allclose(
        made(params, given)["y"], exact(made, params, given), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("cell", QUANTUM)
def test_every_quantum_cell_has_defaults(cell: str) -> None:
    made = model(cell)
    names = [p.name for p in made.closed.inputs]
    assert names == (["x", "observed"] if cell == "Bausch" else ["x"])
    assert [o.name for o in made.closed.outputs] == ["y"]
    assert made.program.warnings == ()


@pytest.mark.parametrize(
    ("cell", "hyper", "shape"),
    [
        ("Emc", {"features": 2}, ()),
        ("Takaki", {"features": 3, "copies": 2}, (3,)),
        ("LiPlain", {"features": 2}, ()),
        ("LiStaggered", {}, ()),
        ("Bausch", {"width": 3, "workspace": 1}, (8,)),
        ("Qlstm", {"hidden": 3}, (3,)),
        ("LinearQlstm", {"hidden": 6}, (6,)),
        ("Qgru", {"hidden": 3}, (3,)),
        ("Qfwp", {"outputs": 3}, (3,)),
        ("Reservoir", {"n": 4, "nodes": 3}, (12,)),
        ("FeedbackReservoir", {"n": 4}, (4,)),
        ("Rnn", {"inputs": 1, "hidden": 4}, (4,)),
    ],
)
def test_output_shapes(cell: str, hyper: dict[str, Any], shape: tuple[int, ...]) -> None:
    (output,) = model(cell, **hyper).closed.outputs
    assert output.shape == shape and output.seq


# --- parameter counts of the publications ---------------------------------------------------------


def count(source: str) -> int:
    return trained(qr.loads(f"qrnn 1.0; import std.cells; model M {{ {source} }}"))


def test_emc_has_26_parameters_with_its_bias() -> None:
    body = "use c = Emc(rotations = 2, ladder = true); param bias: real = 0; input x: seq real;"
    assert count(f"{body} output y = c(x) + bias;") == 26


@pytest.mark.parametrize(("memory", "layers", "uploads", "total"), [(2, 4, 1, 39), (3, 5, 3, 65)])
def test_emc_of_van_der_pol(memory: int, layers: int, uploads: int, total: int) -> None:
    made = model(
        "Emc", features=2, memory=memory, layers=layers, uploads=uploads, rotations=2, ladder=True
    )
    assert trained(made) + 1 == total


def test_qlstm_has_126_parameters_with_its_head() -> None:
    body = "use c = Qlstm(); use head = Linear(inputs = 5, outputs = 1); input x: seq real;"
    assert count(f"{body} output y = head(last(c(x)));") == 126


def test_qfwp_has_111_parameters_with_its_heads() -> None:
    body = "use c = Qfwp(); use head = Linear(inputs = 4, outputs = 1); input x: seq real;"
    assert count(f"{body} output y = head(last(c(x)));") == 111


def test_bausch_xor_has_264_parameters() -> None:
    assert trained(model("Bausch", width=2, workspace=4, stages=1, degree=3, order=2)) == 264


@pytest.mark.parametrize(("n", "w", "stages", "degree"), [(2, 3, 2, 2), (3, 2, 1, 4), (1, 2, 0, 1)])
def test_bausch_counts_follow_the_formula(n: int, w: int, stages: int, degree: int) -> None:
    per_neuron = 1 + sum(comb(w + n - 1, k) for k in range(1, degree + 1))
    total = w * per_neuron + stages * (w + w * per_neuron) + n * per_neuron
    sizes = {"width": n, "workspace": w, "stages": stages, "degree": degree}
    assert trained(model("Bausch", **sizes)) == total
    assert trained(model("Bausch", **sizes, turns=False)) == total - stages * w


def test_linear_qlstm_shares_its_last_layer() -> None:
    # Linear(1 + 4 → 4), four circuits of one layer on 4 qubits, one Linear(4 → 4) for all.
    assert trained(model("LinearQlstm")) == (5 * 4 + 4) + 4 * 4 + (4 * 4 + 4)


def test_reservoirs_train_nothing() -> None:
    assert trained(model("Reservoir")) == trained(model("FeedbackReservoir", n=2)) == 0


@pytest.mark.parametrize(("links", "pairs"), [("chain", 3), ("ring", 4), ("all", 6)])
def test_links_of_li(links: str, pairs: int) -> None:
    for cell in ("LiPlain", "LiStaggered"):
        made = model(cell, history=3, layers=2, links=links)
        shapes = {s.name: s.shape for s in made.closed.params}
        assert shapes == {"c.rot": (2, 4, 3), "c.zz": (2, pairs)}
