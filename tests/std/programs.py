"""The cells of the standard library as models, small enough for the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np

import qrnnlang as qr
from qrnnlang.ir.model import run_model
from qrnnlang.sema.closed import ClosedModel

#: Cell, hyperparameters; small ones, with every option of a cell somewhere.
CASES: list[tuple[str, dict[str, Any]]] = [
    ("Emc", {}),
    (
        "Emc",
        {"features": 2, "memory": 1, "layers": 2, "uploads": 1, "rotations": 2, "ladder": True},
    ),
    ("Takaki", {"features": 2, "copies": 2, "memory": 1, "layers": 1}),
    ("LiPlain", {"links": "ring", "layers": 2}),
    ("LiPlain", {"features": 2, "links": "all"}),
    ("LiStaggered", {"history": 3, "links": "chain"}),
    ("LiStaggered", {"features": 2, "history": 2, "shift": 2, "links": "all"}),
    ("Bausch", {"width": 1, "workspace": 2, "degree": 2, "order": 2, "spread": 0.4}),
    (
        "Bausch",
        {"width": 2, "workspace": 1, "degree": 1, "order": 1, "spread": 0.4, "turns": False},
    ),
    ("Qlstm", {"hidden": 2, "depth": 2}),
    ("Qgru", {"hidden": 2, "depth": 2}),
    ("LinearQlstm", {"hidden": 2, "qubits": 3, "depth": 2}),
    ("Qfwp", {"inputs": 2, "qubits": 3, "outputs": 2}),
    ("Reservoir", {"n": 3, "nodes": 2}),
    ("FeedbackReservoir", {"n": 3, "input_scale": 0.7}),
    ("Emc", {"layers": 2, "entangle": False}),
    ("Takaki", {"layers": 1, "entangle": False}),
    ("LiPlain", {"links": "none"}),
    ("LiStaggered", {"links": "none"}),
    ("Qlstm", {"hidden": 2, "depth": 2, "entangle": False}),
    ("LinearQlstm", {"hidden": 2, "qubits": 2, "entangle": False}),
    ("Qfwp", {"qubits": 3, "outputs": 2, "entangle": False}),
    ("Rnn", {"inputs": 2, "hidden": 3}),
    ("Lstm", {"inputs": 2, "hidden": 3}),
    ("Gru", {"inputs": 2, "hidden": 3}),
]
IDS = [f"{cell}-{i}" for i, (cell, _) in enumerate(CASES)]


def value(hyper: Any) -> str:
    """A hyperparameter as it is written."""
    match hyper:
        case bool():
            return "true" if hyper else "false"
        case str():
            return f'"{hyper}"'
    return str(hyper)


def model(cell: str, **hyper: Any) -> qr.Model:
    """The model that applies a cell of the library to its inputs; its parameters begin with `c.`."""
    given = ", ".join(f"{k} = {value(v)}" for k, v in hyper.items())
    width = hyper.get(
        "features", hyper.get("inputs", hyper.get("width", 1 if cell != "Bausch" else 2))
    )
    inputs = ["x", "observed"] if cell == "Bausch" else ["x"]
    declared = " ".join(f"input {i}: seq real[{width}];" for i in inputs)
    return qr.loads(
        f"qrnn 1.0; import std.cells; model M {{ use c = {cell}({given}); {declared} "
        f"output y = c({', '.join(inputs)}); }}"
    )


def inputs(closed: ClosedModel, batch: int = 2, steps: int = 3) -> dict[str, Any]:
    """Values in [0.1, 0.9], inside every domain; bits where a cell takes bits."""
    rng = np.random.default_rng(11)
    shapes = {p.name: (batch, steps, *p.shape) for p in closed.inputs}
    if "observed" in shapes:
        return {name: rng.integers(0, 2, shape).astype(float) for name, shape in shapes.items()}
    return {name: rng.uniform(0.1, 0.9, shape) for name, shape in shapes.items()}


def exact(made: qr.Model, params: dict[str, Any], given: dict[str, Any]) -> Any:
    """Output `y` by the interpreter, (batch, steps, …)."""
    return run_model(made.closed, params, given).outputs["y"]


def trained(made: qr.Model) -> int:
    """How many numbers are trained."""
    return sum(int(np.prod(s.shape)) for s in made.closed.params if s.trained)
