"""TKET's default passes for a device, written out as its extension for such devices has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Pair = tuple[int, int]


def compiled(text: str, backend: Any, level: int) -> list[Pair]:
    """The places of the two-qubit gates of an OpenQASM 2 text, compiled."""
    from pytket.qasm import circuit_from_qasm_str

    circuit = circuit_from_qasm_str(text, maxwidth=10_000)
    _passes(backend, level).apply(circuit)
    return pairs_of(circuit)


def pairs_of(circuit: Any) -> list[Pair]:
    from pytket.circuit import OpType

    found = []
    for command in circuit.get_commands():
        qubits = command.qubits
        if len(qubits) == 2 and command.op.type != OpType.Barrier:
            found.append((qubits[0].index[0], qubits[1].index[0]))
    return found


def _graph(backend: Any) -> Any:
    from pytket.architecture import Architecture

    edges = sorted({(min(a, b), max(a, b)) for a, b in backend.coupling_map.get_edges()})
    return Architecture(edges)


def _passes(backend: Any, level: int, look: int = 10, matches: int = 1000) -> Any:
    """Levels 2 and 3: peephole or Pauli optimisation, placement, routing, local optimisation."""
    from pytket import passes as p
    from pytket.circuit import OpType
    from pytket.mapping import LexiLabellingMethod, LexiRouteRoutingMethod
    from pytket.placement import GraphPlacement

    graph = _graph(backend)
    rebase = p.AutoRebase({OpType.CZ, OpType.Rz, OpType.SX, OpType.X})
    found: list[Any] = [p.DecomposeBoxes()]
    if level == 2:
        found.append(p.FullPeepholeOptimise())
    else:
        found += [
            p.RemoveBarriers(),
            p.AutoRebase({OpType.CX, OpType.H, OpType.Rz}),
            p.GreedyPauliSimp(thread_timeout=100, only_reduce=True, trials=10),
        ]
    place = GraphPlacement(graph, maximum_matches=matches)
    route = [LexiLabellingMethod(), LexiRouteRoutingMethod(look)]
    found += [rebase, p.FullMappingPass(graph, place, route)]
    if level == 2:
        found += [p.KAKDecomposition(allow_swaps=False), p.CliffordSimp(False)]
    found += [p.SynthesiseTket(), rebase, p.RemoveRedundancies()]
    return p.SequencePass(found)


def steps(text: str, carried: list[int], backend: Any) -> Iterator[tuple[list[Pair], list[Pair]]]:
    """Ways through one step: both levels, several depths of look-ahead, several placements."""
    import rustworkx as rx
    from pytket.predicates import CompilationUnit
    from pytket.qasm import circuit_from_qasm_str

    from qrnnlang.targets.devices.properties import device_of

    graph = device_of(backend).graph
    circuit = circuit_from_qasm_str(text)
    qubits = circuit.qubits
    for matches in (1000, 1, 10, 100, 5000):
        for look in (10, 2, 5, 20, 50):
            for level in (2, 3):
                unit = CompilationUnit(circuit.copy())
                _passes(backend, level, look, matches).apply(unit)
                before = {r: unit.initial_map[q].index[0] for r, q in enumerate(qubits)}
                after = {r: unit.final_map[q].index[0] for r, q in enumerate(qubits)}
                mapping = {after[r]: before[r] for r in carried}
                swaps = rx.graph_token_swapper(graph, mapping, 8, look, 50)
                yield pairs_of(unit.circuit), [(a, b) for a, b in swaps]
