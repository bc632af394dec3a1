"""Dynamical decoupling: pulses on qubits that wait, which undo what a slow field does to them.

Pairs of X in every idle time (Viola and Lloyd, Phys. Rev. A 58, 2733 (1998)), by Qiskit's passes,
from the durations of the target. A circuit with conditions has no schedule that is known before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...targets.errors import target_error

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def decoupling(backend: Any) -> Callable[[QuantumCircuit], QuantumCircuit]:
    """What pads a circuit in the backend's gates.

    Raises CompileError E0612 for a backend that has no `x` or no `delay`, or says nothing about the
    durations of its gates; what it gives does so for circuits with conditions.
    """
    target = backend.target
    names = set(target.operation_names)
    if not {"x", "delay"} <= names:
        raise target_error(
            "E0612",
            f"backend `{backend.name}` has no `x` or no `delay` for dynamical decoupling",
            help="leave it away: no `decoupling=True`, no `--decoupling`",
        )

    def pad(circuit: QuantumCircuit) -> QuantumCircuit:
        from qiskit.circuit.library import XGate
        from qiskit.transpiler import PassManager
        from qiskit.transpiler.exceptions import TranspilerError
        from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDynamicalDecoupling

        if circuit.has_control_flow_op():
            raise target_error(
                "E0612",
                f"backend `{backend.name}` cannot decouple a circuit with conditions: when its "
                "gates come is not known before",
                help="leave dynamical decoupling away where a cell has shot-wise feedback",
            )
        missing = sorted(
            {
                i.operation.name
                for i in circuit.data
                if i.operation.name not in ("barrier", "delay")
                and _duration(target, i.operation.name, circuit, i) is None
            }
        )
        if missing:
            raise target_error(
                "E0612",
                f"backend `{backend.name}` says no duration of {', '.join(missing)}, which "
                "dynamical decoupling needs",
                help="leave it away: no `decoupling=True`, no `--decoupling`",
            )
        passes = [
            ALAPScheduleAnalysis(target=target),
            PadDynamicalDecoupling(target=target, dd_sequence=[XGate(), XGate()]),
        ]
        try:
            made: QuantumCircuit = PassManager(passes).run(circuit)
        except TranspilerError as error:
            raise target_error("E0612", f"backend `{backend.name}`: {error.message}") from error
        return made

    return pad


def _duration(target: Any, name: str, circuit: QuantumCircuit, item: Any) -> float | None:
    table = target[name] if name in target.operation_names else None
    places = tuple(circuit.find_bit(q).index for q in item.qubits)
    properties = None if table is None else table.get(places)
    found: float | None = getattr(properties, "duration", None)
    return found
