"""What is measured: models, batches of data, and the data every contender gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CELLS = Path(__file__).parents[1] / "cells"

#: A cell applied to its input, with the squared error at every step.
AT_EVERY_STEP = """
model Measured {{
    use c = {cell};
    input x: seq real[{inputs}];
    target y: seq real[{outputs}];
    output p = c(x);
    loss mse(p, y);
}}
"""
#: The same with the squared error of the last step.
AT_THE_END = """
model Measured {{
    use c = {cell};
    input x: seq real[{inputs}];
    target y: real[{outputs}];
    output p = last(c(x));
    loss mse(p, y);
}}
"""
BAUSCH = """qrnn 1.0;
import std.cells;
model Measured {
    use c = Bausch(width = 2, workspace = 4, stages = 1, degree = 3, order = 2, spread = 0.3);
    input x: seq real[2];
    input observed: seq real[2];
    target label: seq class[4];
    output p = c(x, observed);
    loss cross_entropy_logits(p, label);
}
"""
QLSTM = """qrnn 1.0;
import std.cells;
model Measured {
    use c = Qlstm(inputs = 1, hidden = 5, depth = 5);
    use head = Linear(inputs = 5, outputs = 1);
    input x: seq real[1];
    target y: real[1];
    output p = head(last(c(x)));
    loss mse(p, y);
}
"""


@dataclass(frozen=True)
class Workload:
    """One model and the size of its batch.

    `family`: which circuit peers write by hand. `fresh` and `carried` count qubits. `updates`: of
    the optimiser in one measured call; 0 where a call is a loss and its gradient.
    """

    name: str
    family: str
    title: str
    source: str
    fresh: int
    carried: int
    steps: int
    batch: int
    layers: int = 3
    updates: int = 0
    inputs: int = 1
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def qubits(self) -> int:
        return self.fresh + self.carried

    def data(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Inputs and targets by name, with the batch in front."""
        rng = np.random.default_rng(1)
        if self.family == "bausch":
            # The stream a, b, a xor b, two bits wide: the next symbol is to be told.
            streams = rng.integers(4, size=(self.batch, self.steps + 1))
            for t in range(2, self.steps + 1, 3):
                streams[:, t] = streams[:, t - 1] ^ streams[:, t - 2]
            bits = np.stack([streams & 1, streams >> 1], -1).astype(float)
            return {"x": bits[:, :-1], "observed": bits[:, 1:]}, {"label": streams[:, 1:]}
        if self.family == "qlstm":
            wave = np.exp(-0.02 * np.arange(300)) * np.cos(0.4 * np.arange(300))
            count = self.batch * self.updates
            x = np.stack([wave[i : i + self.steps] for i in range(count)])[..., None]
            return {"x": x}, {"y": wave[self.steps : self.steps + count, None]}
        x = rng.normal(size=(self.batch, self.steps, self.inputs))
        if self.family == "pure":
            return {"x": x}, {"y": rng.normal(size=(self.batch, 1))}
        return {"x": x}, {"y": rng.normal(size=(self.batch, self.steps, self.fresh))}


def emc(carried: int, steps: int, batch: int) -> Workload:
    text = AT_EVERY_STEP.format(cell=f"Emc(memory = {carried})", inputs=1, outputs=1)
    title = f"exchange-memory cell, 1+{carried} qubits, {steps} steps, batch {batch}"
    source = (CELLS / "emc.qrnn").read_text() + text
    return Workload("emc", "emc", title, source, 1, carried, steps, batch)


def ring(name: str, fresh: int, carried: int, steps: int, batch: int) -> Workload:
    cell = f"Ring(features = {fresh}, memory = {carried})"
    text = AT_EVERY_STEP.format(cell=cell, inputs=fresh, outputs=fresh)
    title = f"ring cell, {fresh} fresh and {carried} carried qubits, {steps} steps, batch {batch}"
    source = (CELLS / "ring.qrnn").read_text() + text
    return Workload(name, "ring", title, source, fresh, carried, steps, batch, inputs=fresh)


def pure(qubits: int, steps: int, batch: int) -> Workload:
    text = AT_THE_END.format(cell=f"Pure(qubits = {qubits})", inputs=1, outputs=1)
    title = f"pure register of {qubits} qubits, {steps} steps, batch {batch}"
    source = (CELLS / "pure.qrnn").read_text() + text
    return Workload("pure", "pure", title, source, 0, qubits, steps, batch, layers=2)


def bausch(batch: int, steps: int) -> Workload:
    title = f"Bausch's cell on XOR, 4+2 lanes and 2 ancillas, {steps} steps, batch {batch}"
    return Workload("bausch", "bausch", title, BAUSCH, 2, 4, steps, batch)


def qlstm(updates: int) -> Workload:
    title = f"QLSTM, 4 circuits of 6 qubits, window 4, batch 10, an epoch of {updates} updates"
    return Workload("qlstm", "qlstm", title, QLSTM, 6, 0, 4, 10, layers=5, updates=updates)


def _named(workload: Workload, name: str) -> Workload:
    from dataclasses import replace

    return replace(workload, name=name)


WORKLOADS = {
    w.name: w
    for w in (
        emc(2, 20, 32),
        _named(emc(2, 20, 1), "emc1"),
        ring("ring", 3, 3, 20, 32),
        ring("cell42", 2, 4, 20, 32),
        ring("wide", 2, 6, 20, 16),
        bausch(16, 36),
        qlstm(16),
        _named(qlstm(1), "qlstm1"),
        pure(10, 20, 16),
    )
}


def by_key(key: str) -> Workload:
    """A workload by its name, or `family:qubits:steps:batch` for a point of a growth curve."""
    if ":" not in key:
        return WORKLOADS[key]
    family, carried, steps, batch = key.split(":")
    made = emc(int(carried), int(steps), int(batch))
    return _named(made, key) if family == "emc" else pure(int(carried), int(steps), int(batch))
