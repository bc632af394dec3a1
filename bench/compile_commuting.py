"""Qiskit's router of commuting gates by a fixed network of SWAPs along a line."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Pair = tuple[int, int]


def tries(
    circuit: Any, carried: list[int], backend: Any
) -> Iterator[tuple[list[Pair], list[Pair]]]:
    """A step of RZZ and single-qubit gates on lines of the device, its qubits in random orders."""
    import rustworkx as rx
    from qiskit import QuantumCircuit
    from qiskit.transpiler import generate_preset_pass_manager

    from qrnnlang.targets.devices.properties import device_of

    graph = device_of(backend).graph
    n = circuit.num_qubits
    line = _line(backend, n)
    seed = 0
    while True:
        place = Random(seed).sample(range(n), n)  # where on the line each qubit is now
        begin = list(place)
        routed = QuantumCircuit(n, circuit.num_clbits)
        for item in _blocks(circuit):
            if isinstance(item, list):
                place = _block(routed, item, place)
            else:
                where = [place[circuit.find_bit(q).index] for q in item.qubits]
                bits = [circuit.find_bit(c).index for c in item.clbits]
                routed.append(item.operation, where, bits)
        passes = generate_preset_pass_manager(
            3, backend=backend, seed_transpiler=seed, initial_layout=line, routing_method="none"
        )
        done = passes.run(routed)
        mapping = {line[place[r]]: line[begin[r]] for r in carried}
        swaps = rx.graph_token_swapper(graph, mapping, 8, seed, 50)
        yield (
            [
                (done.find_bit(i.qubits[0]).index, done.find_bit(i.qubits[1]).index)
                for i in done.data
                if len(i.qubits) == 2 and i.operation.name != "barrier"
            ],
            [(a, b) for a, b in swaps],
        )
        seed += 1


def _block(out: Any, terms: list[tuple[list[int], float]], place: list[int]) -> list[int]:
    """Appends a block of RZZ, routed; gives the new places.

    One at a time: with several, the router (Qiskit 2.6) couples places that are not neighbours.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import Barrier
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes.routing.commuting_2q_gate_routing import (
        Commuting2qGateRouter,
        FindCommutingPauliEvolutions,
        SwapStrategy,
    )

    n = len(place)
    # The pass wants every qubit in every block; angles of 0 go in the end.
    idle = set(range(n)) - {q for pair, _ in terms for q in pair}
    more = [([q, (q + 1) % n], 0.0) for q in sorted(idle)]
    listed = [("ZZ", [place[q] for q in pair], angle / 2) for pair, angle in (*terms, *more)]
    given = QuantumCircuit(n)
    evolution = PauliEvolutionGate(SparsePauliOp.from_sparse_list(listed, num_qubits=n), 1.0)
    given.append(evolution, range(n))
    for q in range(n):
        given.append(Barrier(1, label=f"end {q}"), [q])
    router = Commuting2qGateRouter(SwapStrategy.from_line(range(n)))
    routed = PassManager([FindCommutingPauliEvolutions(), router]).run(given)
    moved = list(range(n))
    for item in routed.data:
        where = [routed.find_bit(q).index for q in item.qubits]
        label = item.operation.label or ""
        if label.startswith("end "):
            moved[int(label[4:])] = where[0]
        else:
            out.append(item.operation, where)
    return [moved[p] for p in place]


def _blocks(circuit: Any) -> Iterator[Any]:
    """Runs of RZZ between other gates as lists of pairs and angles, everything else as it is."""
    held: list[tuple[list[int], float]] = []
    for item in circuit.data:
        where = [circuit.find_bit(q).index for q in item.qubits]
        if item.operation.name == "rzz":
            held.append((where, float(item.operation.params[0])))
            continue
        if held and any(set(where) & set(pair) for pair, _ in held):
            yield held
            held = []
        yield item
    if held:
        yield held


def _line(backend: Any, n: int) -> list[int]:
    """The first path of so many coupled places."""
    neighbours: dict[int, list[int]] = {}
    for a, b in backend.coupling_map.get_edges():
        neighbours.setdefault(a, []).append(b)

    def longer(path: list[int]) -> list[int] | None:
        if len(path) == n:
            return path
        for q in sorted(neighbours[path[-1]]):
            if q not in path and (found := longer([*path, q])):
                return found
        return None

    for start in sorted(neighbours):
        if found := longer([start]):
            return found
    raise ValueError("no line of this length")
