"""What a model costs on one backend: its step, placed and routed there, and T of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..diagnostics import CompileError
from .finding import Estimate, Table, exact


def on_backend(
    closed: Any,
    steps: Sequence[int],
    fixed: Mapping[str, Any],
    backend: Any,
    shots: float,
) -> tuple[dict[str, Estimate], Table] | str:
    """Values and a table against T; in words why there is none, where there is no such circuit.

    Depth and gates are those of the whole routed circuit. `success` is the product of 1 − error
    over the operations of a step that repeats, to the power of T; `seconds` the duration of such a
    step times T, shots and circuits, both from the backend's own properties; what passes between
    two shots is not in them.
    """
    from .. import targets

    rows = []
    said: list[Mapping[str, Any]] = []
    for t in steps:
        try:
            stats = targets.circuit_stats(
                closed, t, fixed=fixed, backend=backend, report=said.append
            )
        except CompileError as error:
            return error.diagnostics[0].message
        step, circuits = said[-1], stats["circuits"]
        seconds = shots * circuits * t * step["seconds"]
        row = (t, stats["depth"], stats["two_qubit"], circuits, seconds, step["success"] ** t)
        rows.append(row)
    name = said[-1]["backend"]
    values = {
        f"two-qubit gates a step on {name}": exact(step["two_qubit"]),
        f"success of a step on {name}": exact(step["success"]),
        f"seconds of a step on {name}": exact(step["seconds"], "s"),
    }
    columns = ("T", "depth", "two-qubit gates", "circuits", "seconds", "success")
    return values, Table(columns, tuple(rows))
