"""What there is to know about a model: counts, circuits, the engine's plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..diagnostics import CompileError
from ..sema.closed import RunCell
from . import arrays

if TYPE_CHECKING:
    from .model import Model


def info(model: Model, steps: int) -> dict[str, Any]:
    """`parameters qubits depth gates circuits plan`, as `qrnnc info --json` prints them.

    The circuit part is of `steps` steps; where there is no circuit, `circuits` says why.
    """
    closed, steps = model.closed, arrays.whole("steps", steps)
    parameters = {
        "total": sum(math.prod(s.shape) for s in closed.params if s.trained),
        "fixed": sum(math.prod(s.shape) for s in closed.params if not s.trained),
        "arrays": {s.name: list(s.shape) for s in closed.params},
    }
    found: dict[str, Any] = {
        "name": closed.name,
        "doc": closed.doc,
        "steps": steps,
        "inputs": {p.name: list(p.shape) for p in closed.inputs},
        "targets": {p.name: list(p.shape) for p in closed.targets},
        "outputs": {o.name: list(o.shape) for o in closed.outputs},
        "parameters": parameters,
        "registers": [
            {"name": r.name, "role": r.role, "qubits": len(r.wires)}
            for op in closed.ops
            if isinstance(op, RunCell)
            for r in op.cell.registers
        ],
        "qubits": 0,
        "depth": 0,
        "gates": {},
        "circuits": 0,
        "plan": [],
        "alternatives": [],
    }
    try:
        cells = model.executable.described()
        found["plan"] = [part for cell in cells for part in cell.parts]
        found["alternatives"] = [form for cell in cells for form in cell.alternatives()]
    except CompileError as error:
        found["no_plan"] = error.diagnostics[0].message
    if found["registers"]:
        found |= _circuit(model, steps)
    return found


def _circuit(model: Model, steps: int) -> dict[str, Any]:
    from .. import targets

    fixed = {k: v for k, v in model.init(0).items() if k not in model.trained}
    try:
        return dict(targets.circuit_stats(model.closed, steps, fixed=fixed))
    except CompileError as error:
        qubits = max(
            sum(len(r.wires) for r in op.cell.registers)
            for op in model.closed.ops
            if isinstance(op, RunCell)
        )
        return {"qubits": qubits, "no_circuit": error.diagnostics[0].message}
