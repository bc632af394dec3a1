"""Circuits on devices: one routed and repeated step against transpilers on the unrolled circuit.

    python bench/compile_devices.py [--only DEVICE,…] [--steps T,…] [--seeds N] [--budget S]

Writes `bench/results/compile_devices.md`. Every row is one cell, one device, one number of steps.
Parameters and inputs are bound. Qiskit gets the circuit as written and as the passes leave it
(`-O 2`), at levels 1, 2 and 3 with several seeds, and its best numbers count, gates and depth each
for itself. It also gets one step, which it may transpile at level 3 with new seeds for as long as
our search takes; the SWAPs that bring the carried qubits back are added (three gates each).
Two-qubit gates and depth are of the whole circuit.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import qrnnlang as qr
from qrnnlang.targets import unroll
from qrnnlang.targets.devices import backend_by_name
from qrnnlang.targets.devices.compile import device_of
from qrnnlang.targets.devices.segments import segments
from qrnnlang.targets.program import Instr, Program
from qrnnlang.targets.qiskit_circuit import circuit_of

RESULTS = Path(__file__).parent / "results"

RING = """qrnn 1.0;
cell Ring(n: int = 3, layers: int = 3) {
    input x: real[n];
    carry m: qubit[n];
    fresh e: qubit[n];
    param w: angle[layers, 2 * n, 3];
    param z: angle[layers, 2 * n];
    let q = [e, m];
    ry(x) e;
    for l in 0..layers {
        rx(w[l, .., 0]) q;
        rz(w[l, .., 1]) q;
        rx(w[l, .., 2]) q;
        for i in 0..2 * n { rzz(z[l, i]) q[i], q[(i + 1) % (2 * n)]; }
    }
    output y = expect(Z(e));
}"""


def std(cell: str, width: int, hyper: str, more: str = "") -> str:
    """A model that applies a cell of the standard library."""
    inputs = f"input x: seq real[{width}];" + (f" input {more}: seq real[{width}];" if more else "")
    args = f"x, {more}" if more else "x"
    return (
        f"qrnn 1.0; import std.cells; model M {{ use cell = {cell}({hyper}); {inputs} "
        f"output y = cell({args}); }}"
    )


CELLS = {
    "ring 3+3": RING,
    "emc 1+2": std("Emc", 1, "features = 1, memory = 2"),
    "emc 3+3": std("Emc", 3, "features = 3, memory = 3, layers = 2, uploads = 1"),
    "takaki 3+3": std("Takaki", 3, "features = 3, memory = 3, copies = 1, layers = 2"),
    "li plain": std("LiPlain", 2, 'features = 2, layers = 2, links = "all"'),
    "li staggered": std("LiStaggered", 1, 'history = 4, layers = 2, links = "ring"'),
    "bausch": std("Bausch", 2, "width = 2, workspace = 2, degree = 2, order = 1", "observed"),
}
DEVICES = ("heavy_hex_7", "grid_8x8")

TEXT = """`gates`, `depth`: two-qubit gates and their depth in the whole circuit. `ratio`: ours over
the best of Qiskit's levels 1 to 3, all seeds and both inputs (as written, and after `-O 2`), gates
and depth each at their best. `s`: seconds; Qiskit's are the median of level 3. `quick`: a budget of
0.2. `step`: T × the gates of the best step that Qiskit's level 3 finds with new seeds in the time
of our search, way back included; then how many it tried, and how many we."""


def two_qubit(circuit: Any) -> tuple[int, int]:
    return circuit.num_nonlocal_gates(), circuit.depth(lambda i: len(i.qubits) == 2)


def bound(source: str, steps: int) -> tuple[qr.Model, dict[str, Any], dict[str, Any]]:
    model = qr.loads(source)
    rng = np.random.default_rng(0)
    x = {p.name: rng.uniform(0.1, 0.9, (steps, *p.shape)) for p in model.closed.inputs}
    for name in x:
        if name == "observed":
            x[name] = np.round(x[name])
    return model, model.init(0), x


def ours(source: str, steps: int, backend: Any, budget: float) -> dict[str, Any]:
    model, params, x = bound(source, steps)
    start = time.perf_counter()
    circuit = model.to_qiskit(steps, params, x, backend=backend, budget=budget, optimize=2)
    seconds = time.perf_counter() - start
    gates, depth = two_qubit(circuit)
    report = circuit.metadata["device"]
    return {"gates": gates, "depth": depth, "seconds": seconds, "tried": report["tried"]}


def qiskit_unrolled(source: str, steps: int, backend: Any, seeds: int) -> dict[str, Any]:
    from qiskit import transpile

    model, params, x = bound(source, steps)
    found: dict[str, Any] = {}
    for level in (1, 2, 3):
        gates, depths, seconds = [], [], []
        for optimize in (0, 2):
            circuit = model.to_qiskit(steps, params, x, optimize=optimize)
            for seed in range(seeds):
                start = time.perf_counter()
                done = transpile(circuit, backend, optimization_level=level, seed_transpiler=seed)
                seconds.append(time.perf_counter() - start)
                g, d = two_qubit(done)
                gates.append(g)
                depths.append(d)
        found[str(level)] = {
            "gates": min(gates),
            "depth": min(depths),
            "seconds": float(np.median(seconds)),
        }
    return found


def one_step(source: str) -> tuple[Any, list[int]]:
    """The circuit of a step in the middle, after the passes, and the qubits that are carried."""
    model, params, x = bound(source, 4)
    unrolled = unroll(model.closed, 4, params, x, optimize=2, backend="line_64")
    given, unrolled.device = unrolled.device, None
    assert given is not None
    program = unrolled.programs([unrolled.whole()])[0]
    part = segments(program, [0, *program.bounds, len(program.instrs)])[1]
    role = {q: r for r, q in enumerate(part.qubits)}
    step = Program("step", program.names, customs=program.customs)
    step.new_qubits("q", len(part.qubits))
    count = sum(len(i.clbits) for i in part.instrs)
    step.new_clbits("c", None, count)
    clbits = iter(range(count))
    for i in part.instrs:
        where = tuple(role[q] for q in i.qubits)
        step.instrs.append(Instr(i.name, where, i.angles, tuple(next(clbits) for _ in i.clbits)))
    return circuit_of(step), sorted(part.leaves)


def qiskit_step(source: str, backend: Any, seconds: float) -> dict[str, Any]:
    """The fewest gates of a step that Qiskit finds in that time, way back included."""
    import rustworkx as rx
    from qiskit import transpile

    circuit, carried = one_step(source)
    graph = device_of(backend).graph
    best, tries, start = 10**9, 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        done = transpile(circuit, backend, optimization_level=3, seed_transpiler=tries)
        before = done.layout.initial_index_layout(filter_ancillas=True)
        after = done.layout.final_index_layout(filter_ancillas=True)
        mapping = {after[r]: before[r] for r in carried}
        swaps = rx.graph_token_swapper(graph, mapping, 8, tries, 50)
        best = min(best, two_qubit(done)[0] + 3 * len(swaps))
        tries += 1
    return {"gates": best, "tried": tries}


def seeds_at(steps: int, seeds: int) -> int:
    return seeds if steps <= 20 else min(seeds, 2) if steps <= 80 else 1


def rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for device in args.only:
        backend = backend_by_name(device)
        for cell in args.cells:
            source = CELLS[cell]
            searched = ours(source, 5, backend, args.budget)
            step = qiskit_step(source, backend, searched["seconds"])
            for steps in args.steps:
                yield {
                    "device": device,
                    "cell": cell,
                    "steps": steps,
                    "ours": ours(source, steps, backend, args.budget),
                    "quick": ours(source, steps, backend, 0.2),
                    "qiskit": qiskit_unrolled(source, steps, backend, seeds_at(steps, args.seeds)),
                    "step": step,
                }


def table(found: list[dict[str, Any]], args: argparse.Namespace) -> Iterator[str]:
    yield "# Circuits on devices"
    yield ""
    yield (
        f"`python bench/compile_devices.py`: qrnnlang {qr.__version__}, "
        f"qiskit {version('qiskit')}, "
        f"Python {platform.python_version()}, {platform.machine()}, a shared machine of two cores. "
        f"Search budget {args.budget:g}; Qiskit with {args.seeds} seeds up to 20 steps, two at 80, "
        "one beyond."
    )
    yield ""
    yield TEXT
    yield ""
    yield (
        "| device | cell | T | gates | Qiskit | ratio | depth | Qiskit | ratio | s | Qiskit 3 s "
        "| quick gates | quick s | step | tried | we |"
    )
    yield "|---" * 16 + "|"
    for r in sorted(found, key=lambda r: (r["device"], r["cell"], r["steps"])):
        o, q = r["ours"], r["qiskit"]
        g = min(v["gates"] for v in q.values())
        d = min(v["depth"] for v in q.values())
        parts = o["gates"] / max(g, 1), o["depth"] / max(d, 1)
        yield (
            f"| {r['device']} | {r['cell']} | {r['steps']} | {o['gates']} | {g} "
            f"| **{parts[0]:.2f}** | {o['depth']} | {d} | **{parts[1]:.2f}** "
            f"| {o['seconds']:.1f} | {q['3']['seconds']:.1f} | {r['quick']['gates']} "
            f"| {r['quick']['seconds']:.2f} | {r['step']['gates'] * r['steps']} "
            f"| {r['step']['tried']} | {o['tried']} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda t: t.split(","), default=list(DEVICES))
    parser.add_argument("--cells", type=lambda t: t.split(","), default=list(CELLS))
    parser.add_argument(
        "--steps", type=lambda t: list(map(int, t.split(","))), default=[5, 20, 80, 320]
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=5.0)
    parser.add_argument("--rows", type=Path, help="a file of JSON lines that keeps finished rows")
    args = parser.parse_args()
    found = []
    if args.rows and args.rows.exists():
        found = [json.loads(line) for line in args.rows.read_text().splitlines()]
    for row in rows(args):
        same = [r for r in found if all(r[k] == row[k] for k in ("device", "cell", "steps"))]
        found = [r for r in found if r not in same] + [row]
        print(json.dumps(row), flush=True)
        if args.rows:
            args.rows.write_text("".join(json.dumps(r) + "\n" for r in found))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "compile_devices.md").write_text("\n".join(table(found, args)) + "\n")


if __name__ == "__main__":
    main()
