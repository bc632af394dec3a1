"""The circuits of the workloads as lists of gates, for every peer to read in its own way.

A gate is (name, angle, qubits). Fresh qubits come first, then the carried ones. Angles are entries
of `params`, whatever they are arrays of, or of an input.
"""

from __future__ import annotations

from typing import Any

Gate = tuple[str, Any, tuple[int, ...]]


def encoding(family: str, params: Any, x: Any, fresh: int, carried: int) -> list[Gate]:
    """What depends on the input x, whose last axis is the feature; it acts on fresh qubits first.

    For `pure` and `vqc` it acts on all qubits.
    """
    if family == "emc":
        gates: list[Gate] = [("ry", x[..., 0], (0,))]
        for u in range(3):
            enc = params["enc"][u]
            gates += [("rx", enc[0], (0,)), ("rz", enc[1], (0,)), ("ry", x[..., 0], (0,))]
        return gates
    if family == "pure":
        return [("ry", x[..., 0], (q,)) for q in range(carried)]
    return [("ry", x[..., q], (q,)) for q in range(fresh)]


def layers(family: str, params: Any, fresh: int, carried: int, depth: int) -> list[Gate]:
    """What depends on parameters alone."""
    n = fresh + carried
    ring = [(q, (q + 1) % n) for q in range(n)] if n > 2 else [(0, 1)] if n == 2 else []
    gates: list[Gate] = []
    for layer in range(depth):
        rot = params["rot"][layer]
        for k, name in enumerate(("rx", "rz", "rx")):
            gates += [(name, rot[q, k], (q,)) for q in range(n)]
        match family:
            case "emc":
                gates += [("cz", None, (0, q)) for q in range(1, n)]
            case "pure":
                gates += [("cz", None, pair) for pair in ring]
            case "ring":
                gates += [("rzz", params["bond"][layer][k], p) for k, p in enumerate(ring)]
    if family == "emc":
        gates.append(("rx", params["out"], (0,)))
    return gates


def staircase(weights: Any, qubits: int) -> list[Gate]:
    """The layers of a circuit of the QLSTM, behind H and RY(v) on every qubit."""
    gates: list[Gate] = []
    for row in weights:
        for start in (0, 1):
            gates += [("cx", None, (q, q + 1)) for q in range(start, qubits - 1, 2)]
        gates += [("ry", row[q], (q,)) for q in range(qubits)]
    return gates
