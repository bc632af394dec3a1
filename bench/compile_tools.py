"""The compilers that are compared, and how their circuits are counted.

Every result holds `gates` and `depth` (of gates on two qubits), `loss` (−log of the probability
that none of these gates fails, by the backend's errors) and `seconds` of processor time, which
other work on the machine does not lengthen; searches of one step are limited by it too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from math import log1p
from typing import Any

from compile_cells import bound, device

Pair = tuple[int, int]


def pairs_of(circuit: Any) -> list[Pair]:
    """The places of a circuit's gates on two qubits, in order; those under conditions too."""
    found: list[Pair] = []

    def add(block: Any, where: Sequence[int]) -> None:
        for item in block.data:
            if item.operation.name == "if_else":
                for inner in item.operation.blocks:
                    add(inner, [where[block.find_bit(q).index] for q in item.qubits])
            elif len(item.qubits) == 2 and item.operation.name != "barrier":
                a, b = (where[block.find_bit(q).index] for q in item.qubits)
                found.append((a, b))

    add(circuit, range(circuit.num_qubits))
    return found


def counted(pairs: Iterable[Pair], backend: Any) -> dict[str, Any]:
    errors = _errors(backend)
    gates, loss, level = 0, 0.0, dict[int, int]()
    for a, b in pairs:
        gates += 1
        loss += errors[min(a, b), max(a, b)]
        level[a] = level[b] = max(level.get(a, 0), level.get(b, 0)) + 1
    return {"gates": gates, "depth": max(level.values(), default=0), "loss": round(loss, 4)}


def _errors(backend: Any) -> dict[Pair, float]:
    """Of the better direction: a CZ is the same both ways."""
    found: dict[Pair, float] = {}
    for (a, b), properties in backend.target["cz"].items():
        pair = min(a, b), max(a, b)
        found[pair] = min(found.get(pair, 1.0), -log1p(-properties.error))
    return found


def load() -> None:
    """Imports what the measurements use."""
    from importlib.util import find_spec

    ours("emc 1+2", 2, "grid_8x8", 3, 0.0)
    qiskit("emc 1+2", 2, "grid_8x8", 3, 1, 60.0)
    if find_spec("pytket") is not None:
        tket("emc 1+2", 2, "grid_8x8", 2)


# --- whole circuits ---------------------------------------------------------------------------


def ours(cell: str, steps: int, name: str, level: int, budget: float | None) -> dict[str, Any]:
    """Below level 3 the median of five runs, as the others have seeds."""
    model, params, x = bound(cell, steps)
    backend = device(name)
    options = {} if budget is None else {"budget": budget}
    taken = []
    for _ in range(5 if level < 3 else 1):
        start = time.process_time()
        circuit = model.to_qiskit(steps, params, x, backend=backend, optimize=level, **options)
        taken.append(time.process_time() - start)
    seconds = sorted(taken)[len(taken) // 2]
    report = circuit.metadata["device"]
    step = {k: report[k] for k in ("two_qubit", "two_qubit_depth", "tried", "variants")}
    return counted(pairs_of(circuit), backend) | {"seconds": seconds} | step


def qiskit(
    cell: str, steps: int, name: str, level: int, seeds: int, limit: float
) -> dict[str, Any]:
    """The best of the seeds in each number; the median of the seconds.

    No further seed is begun after `limit` seconds.
    """
    from qiskit import transpile

    model, params, x = bound(cell, steps)
    backend = device(name)
    circuit = model.to_qiskit(steps, params, x, optimize=0)
    found = []
    for seed in range(seeds):
        start = time.process_time()
        done = transpile(circuit, backend, optimization_level=level, seed_transpiler=seed)
        seconds = time.process_time() - start
        found.append(counted(pairs_of(done), backend) | {"seconds": seconds})
        if sum(f["seconds"] for f in found) > limit:
            break
    best = {k: min(f[k] for f in found) for k in ("gates", "depth", "loss")}
    median = sorted(f["seconds"] for f in found)[len(found) // 2]
    return best | {"seconds": median, "seeds": len(found)}


def tket(cell: str, steps: int, name: str, level: int) -> dict[str, Any]:
    import compile_tket

    model, params, x = bound(cell, steps)
    backend = device(name)
    text = model.to_qasm(2, steps=steps, params=params, x=x, optimize=0)
    start = time.process_time()
    pairs = compile_tket.compiled(text, backend, level)
    seconds = time.process_time() - start
    return counted(pairs, backend) | {"seconds": seconds}


def all_to_all(seeds: int) -> dict[str, Any]:
    import all_to_all as connected

    return {"text": f"{connected.__doc__}\n{connected.table(seeds)}"}


def scaling() -> dict[str, Any]:
    import compile_scaling

    return {"text": compile_scaling.table()}


# --- one step, repeated -----------------------------------------------------------------------


def one_step(cell: str) -> tuple[Any, list[int]]:
    """The circuit of a step in the middle after our passes, and the qubits that are carried.

    In place of what is conditional on bits stands a barrier.
    """
    from dataclasses import replace

    from qrnnlang.targets import unroll
    from qrnnlang.targets.program import Instr, Program
    from qrnnlang.targets.qiskit_circuit import circuit_of

    model, params, x = bound(cell, 5)
    unrolled = unroll(model.closed, 5, params, x, optimize=3, backend="line_64")
    placed, unrolled.device = unrolled.device, replace(unrolled.device, budget=0.0)
    assert placed is not None
    kept: list[Any] = []
    unrolled._placed = lambda program, share, weave: kept.append(program) or program
    unrolled.programs([unrolled.whole()])
    program = kept[0]  # a second one has tours in place of gates that commute
    first, last = program.bounds[2:4]
    instrs = program.instrs[first:last]
    role: dict[int, int] = {}
    for i in instrs:
        for q in i.qubits:
            role.setdefault(q, len(role))
    fates: dict[int, str] = {}
    for i in program.instrs[last:]:
        for q in i.qubits:
            fates.setdefault(q, i.name)
    carried = sorted(r for q, r in role.items() if fates.get(q, "reset") != "reset")
    step = Program("step", program.names, customs=program.customs)
    step.new_qubits("q", len(role))
    count = sum(len(i.clbits) for i in instrs)
    step.new_clbits("c", None, max(1, count))
    clbits = iter(range(count))
    for i in instrs:
        where = tuple(role[q] for q in i.qubits)
        if i.when is not None:
            step.instrs.append(Instr("barrier", where))
        elif i.name not in ("store", "renew"):
            bits = tuple(next(clbits) for _ in i.clbits)
            step.instrs.append(Instr(i.name, where, i.angles, bits))
    return circuit_of(step), carried


def _repeated(pairs: list[Pair], closing: list[Pair], backend: Any, steps: int) -> dict[str, Any]:
    """Counts of a step with the SWAPs that close it (three gates each), many times."""
    back = [p for p in closing for _ in range(3)]
    whole = counted((pairs + back) * steps, backend)
    return {k: v / steps for k, v in whole.items()}


def _searched(tries: Iterator[tuple[list[Pair], list[Pair]]], name: str, limit: float) -> Any:
    """The best step that some tries find in a time, gates and depth each for itself."""
    backend = device(name)
    found: list[dict[str, Any]] = []
    start = time.process_time()
    for pairs, closing in tries:
        found.append(_repeated(pairs, closing, backend, 20))
        if time.process_time() - start > limit:
            break
    if not found:
        return {"tried": 0}
    best = {k: min(f[k] for f in found) for k in ("gates", "depth", "loss")}
    return best | {"tried": len(found), "seconds": time.process_time() - start}


def _closing(graph: Any, done: Any, carried: list[int], seed: int) -> list[Pair]:
    import rustworkx as rx

    before = done.layout.initial_index_layout(filter_ancillas=True)
    after = done.layout.final_index_layout(filter_ancillas=True)
    mapping = {after[r]: before[r] for r in carried}
    return [(a, b) for a, b in rx.graph_token_swapper(graph, mapping, 8, seed, 50)]


def qiskit_step(cell: str, name: str, limit: float, trials: int = 0) -> Any:
    """Level 3 with new seeds, or with so many trials of SABRE each."""
    from qiskit.transpiler import PassManager, generate_preset_pass_manager
    from qiskit.transpiler.passes import SabreLayout

    from qrnnlang.targets.devices.properties import device_of

    circuit, carried = one_step(cell)
    backend = device(name)
    graph = device_of(backend).graph

    def tries() -> Iterator[tuple[list[Pair], list[Pair]]]:
        seed = 0
        while True:
            passes = generate_preset_pass_manager(3, backend=backend, seed_transpiler=seed)
            if trials:
                sabre = SabreLayout(
                    backend.target,
                    seed=seed,
                    max_iterations=4,
                    swap_trials=trials,
                    layout_trials=trials,
                )
                passes.layout, passes.routing = PassManager([sabre]), None
            done = passes.run(circuit)
            yield pairs_of(done), _closing(graph, done, carried, seed)
            seed += 1

    return _searched(tries(), name, limit)


def commuting_step(cell: str, name: str, limit: float) -> Any:
    """`Commuting2qGateRouter` on lines of the device, where a step's couplings are RZZ."""
    import compile_commuting

    circuit, carried = one_step(cell)
    if any(len(i.qubits) == 2 and i.operation.name != "rzz" for i in circuit.data):
        return {"tried": 0}
    backend = device(name)
    return _searched(compile_commuting.tries(circuit, carried, backend), name, limit)


def tket_step(cell: str, name: str, limit: float) -> Any:
    """TKET's passes with seeds and depths of look-ahead."""
    import compile_tket
    from qiskit import qasm2, transpile

    circuit, carried = one_step(cell)
    basis = ["cx", "cz", "rx", "ry", "rz", "h", "sx", "x", "u3"]
    plain = transpile(circuit, basis_gates=basis, optimization_level=0)
    return _searched(compile_tket.steps(qasm2.dumps(plain), carried, device(name)), name, limit)
