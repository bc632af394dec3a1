"""CX gates and depth at -O 0 to 3, where every pair of qubits is connected, against Qiskit.

Both sides start from the same bound circuit (`-O 0`) of T steps and are counted in `cx` and `u`:
ours after a plain translation of gates (Qiskit, level 0), Qiskit's as its transpiler leaves them,
best of the seeds. Depth counts CX, measurements and resets, not single-qubit gates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from qiskit import QuantumCircuit, transpile

import qrnnlang as qr

BASIS = ["cx", "u"]
HERE = Path(__file__).parent
STD = "qrnn 1.0;\nimport std.cells;\nmodel M {{ use c = {cell}; {ports} output y = c({args}); }}"


@dataclass(frozen=True)
class Cell:
    """A model, and for how many steps its circuits are made."""

    name: str
    model: qr.Model
    steps: int


@dataclass(frozen=True)
class Count:
    cx: int
    depth: int
    seconds: float


def cells() -> Iterator[Cell]:
    """The circuits of the literature, and the ring."""

    def std(name: str, cell: str, steps: int, *ports: str) -> Cell:
        declared = " ".join(f"input {p};" for p in ports)
        args = ", ".join(p.partition(":")[0] for p in ports)
        source = STD.format(cell=cell, ports=declared, args=args)
        return Cell(name, qr.loads(source), steps)

    yield std("Emc 1+2", "Emc()", 20, "x: seq real[1]")
    yield std("Emc 2+3", "Emc(features = 2, memory = 3, layers = 5)", 20, "x: seq real[2]")
    yield Cell("ring 3+3", qr.load(HERE / "cells" / "ring.qrnn"), 20)
    yield std("Takaki 1+2", "Takaki()", 20, "x: seq real[1]")
    yield std("LiPlain 2+2", "LiPlain(features = 2, layers = 2)", 20, "x: seq real[2]")
    yield std("LiStaggered 2+2", "LiStaggered(features = 2, layers = 2)", 20, "x: seq real[2]")
    yield std("Qlstm circuit 6", "Variational(n = 6, depth = 5)", 5, "x: seq real[6]")
    yield std(
        "Bausch 2+3",
        "Bausch(workspace = 3, order = 1)",
        3,
        "x: seq real[2]",
        "observed: seq real[2]",
    )


def rows(seeds: int = 5) -> Iterator[tuple[Cell, list[Count], list[Count]]]:
    """Each cell with our counts at levels 0 to 3, and Qiskit's at levels 1 to 3."""
    for cell in cells():
        rng = np.random.default_rng(0)
        params = {k: rng.uniform(-2, 2, v.shape) for k, v in cell.model.init(0).items()}
        x = {
            p.name: rng.uniform(0.1, 0.9, (cell.steps, *p.shape)) for p in cell.model.closed.inputs
        }
        if "observed" in x:
            x = {name: (value > 0.5).astype(float) for name, value in x.items()}
        ours = [_ours(cell, params, x, level) for level in range(4)]
        start = cell.model.to_qiskit(cell.steps, params, x, optimize=0)
        yield cell, ours, [_qiskit(start, level, seeds) for level in (1, 2, 3)]


def _ours(cell: Cell, params: object, x: object, level: int) -> Count:
    begin = perf_counter()
    circuit = cell.model.to_qiskit(cell.steps, params, x, optimize=level)  # type: ignore[arg-type]
    seconds = perf_counter() - begin
    return _counted(transpile(circuit, basis_gates=BASIS, optimization_level=0), seconds)


def _qiskit(start: QuantumCircuit, level: int, seeds: int) -> Count:
    found = []
    for seed in range(seeds):
        begin = perf_counter()
        made = transpile(start, basis_gates=BASIS, optimization_level=level, seed_transpiler=seed)
        found.append(_counted(made, perf_counter() - begin))
    return min(found, key=lambda c: (c.cx, c.depth))


def _counted(circuit: QuantumCircuit, seconds: float) -> Count:
    depth = circuit.depth(lambda i: i.operation.name != "u")
    return Count(circuit.count_ops().get("cx", 0), depth, seconds)


def table(seeds: int = 5) -> str:
    """The counts as Markdown."""
    head = [
        "| cell, steps | O0 | O1 | O2 | O3 | Qiskit 1 | Qiskit 2 | Qiskit 3 | CX ratio | depth |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines = []
    for cell, ours, others in rows(seeds):
        best, shallow = min(o.cx for o in others), min(o.depth for o in others)
        counts = [f"{c.cx} / {c.depth} / {c.seconds:.2f}" for c in (*ours, *others)]
        ratios = [f"{ours[3].cx / best:.2f}", f"{ours[3].depth / shallow:.2f}"]
        lines.append("| " + " | ".join([f"{cell.name}, {cell.steps}", *counts, *ratios]) + " |")
    return "\n".join([*head, *lines])
