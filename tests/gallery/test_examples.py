"""Every example of the gallery: it learns, and its circuits give what the simulation gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang import targets
from qrnnlang.gallery import Example, Experiment, examples
from qrnnlang.sema.closed import RunCell
from tests.engine.soup import model_of
from tests.targets.conftest import make
from tests.targets.exact import outputs

ALL = [(example, e) for example in examples() for e in example.experiments]
#: Trains to a figure of its own below.
FIGURE = ("emc", "triangle")
QUICK = [(x, e) for x, e in ALL if e.quick["epochs"] and (x.name, e.name) != FIGURE]
#: Other orders and tasks of cells that train by default.
HEAVY = (
    *(f"{cell}/narma_{order}" for cell in ("reservoir", "feedback_reservoir") for order in (5, 10)),
    *("bausch/letters", "bausch/dna_10"),
)
#: Inputs that are zeros and ones.
BITS = ("observed",)
#: Entries that one or several circuits can say, and sizes that a density matrix can hold.
CIRCUITS: dict[str, dict[str, Any]] = {
    "emc/emc.qrnn": {},
    "emc/van_der_pol.qrnn": {},
    "bausch/bausch.qrnn": {"workspace": 1, "order": 1, "degree": 1, "spread": 0.4},
    "takaki/takaki.qrnn": {},
    "li_plain/li_plain.qrnn": {"copies": 1},
    "li_staggered/li_staggered.qrnn": {"history": 2, "copies": 1},
    "feedforward/feedforward.qrnn": {},
    "reupload/reupload.qrnn": {},
}


def name(example: Example, e: Experiment) -> str:
    return f"{example.name}/{e.name}"


def test_every_row_of_the_literature_is_there() -> None:
    rows = "bausch emc feedback_reservoir feedforward gru li_plain li_staggered linear_qlstm lstm "
    rows += "measured_memory qfwp qgru qlstm reservoir reupload rnn takaki"
    found = {example.name for example in examples()}
    assert set(rows.split()) <= found
    for example in examples():
        assert (example.folder / f"{example.name}.qrnn").is_file() or example.grid
        assert all((example.folder / e.file).is_file() for e in example.experiments)


def quick() -> list[Any]:
    """Experiments that train a little; minutes of them only in the long run."""
    return [
        pytest.param(*x, id=name(*x), marks=[pytest.mark.long] if name(*x) in HEAVY else [])
        for x in QUICK
    ]


@pytest.mark.parametrize(("example", "e"), quick())
def test_it_learns(example: Example, e: Experiment) -> None:
    model = qr.load(example.folder / e.file, set=dict(e.set))
    if e.metric in ("nmse", "r2"):  # ridge: what it leaves of the target's variance
        metrics = model.fit(seed=0, progress=False).metrics["test"]
        assert metrics.get("nmse", 1 - metrics.get("r2", 1)) < e.quick["falls"]
        return
    run = model.fit(seed=0, progress=False, **{**e.train, "epochs": int(e.quick["epochs"])})
    losses = run.history["loss"]
    assert losses[-1] < e.quick["falls"] * losses[0]


@pytest.mark.parametrize("path", CIRCUITS)
def test_its_circuits_say_the_same(path: str) -> None:
    (folder,) = {x.folder.parent for x in examples()}
    model = qr.load(folder / path, set=CIRCUITS[path])
    run = next(op for op in model.closed.ops if isinstance(op, RunCell))
    bits = {p.name: np.ones((2, *p.shape)) for p in run.cell.inputs if p.name in BITS}
    made = make(model_of(run.cell), 2, 3, bits)
    fed = [model.closed.ops[ref].name for ref in run.args]
    inputs = dict(zip(fed, (made.inputs[p.name] for p in run.cell.inputs), strict=True))
    params = {**model.init(0), **made.params}
    found = outputs(targets.circuits(model.closed, 2, params, inputs))
    # Where the model gives the cell's output as its own, the circuit calls it by that name.
    (want,) = made.want.values()
    assert {step for _, step in found} == {0, 1}
    for (_, step), value in found.items():
        np.testing.assert_allclose(value, want[step], rtol=0, atol=1e-9)


def test_a_damped_triangle_wave_within_a_hundredth() -> None:
    """The published set-up, a quarter of its epochs: 120 rows ahead, on the rows kept for the test."""
    (folder,) = {x.folder.parent for x in examples()}
    run = qr.load(folder / "emc" / "emc.qrnn").fit(epochs=500, progress=False)
    assert run.metrics["test"]["rmse"] < 0.01
