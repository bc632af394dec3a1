"""Programs, random data for them, and the oracle's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel

from .programs import ALL

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Case:
    """A model with data for one sequence of `steps` steps, and what the interpreter makes of it."""

    model: ClosedModel
    steps: int
    params: Arrays
    inputs: Arrays
    want: Arrays

    @property
    def fixed(self) -> Arrays:
        return {p.name: self.params[p.name] for p in self.model.params if not p.trained}


def make(model: ClosedModel, steps: int, seed: int = 0, inputs: Arrays | None = None) -> Case:
    rng = np.random.default_rng(seed)
    params: Arrays = {}
    for p in model.params:
        if p.kind == "unitary":
            z = rng.normal(size=p.shape[:2]) + 1j * rng.normal(size=p.shape[:2])
            q = np.linalg.qr(z)[0]
            params[p.name] = np.stack([q.real, q.imag], axis=-1)
        else:
            params[p.name] = rng.uniform(-2, 2, p.shape)
    inputs = dict(inputs or {})
    for port in model.inputs:
        shape = (steps, *port.shape) if port.seq else port.shape
        inputs.setdefault(port.name, rng.uniform(0.1, 0.9, shape))
    batch = {name: value[None] for name, value in inputs.items()}
    found = run_model(model, params, batch, steps=steps).outputs
    return Case(model, steps, params, inputs, {name: v[0] for name, v in found.items()})


@cache
def case(name: str, steps: int = 3) -> Case:
    """One of `programs.ALL`."""
    entry = "Calls" if name == "calls" else None
    return make(load_text(ALL[name], entry=entry), steps)


def load(text: str, **hyper: Any) -> ClosedModel:
    return load_text("qrnn 1.0;\n" + text, hyper=hyper)
