"""What a backend can do, found from its target before the first job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...targets.errors import target_error
from ...targets.program import Program


@dataclass(frozen=True)
class Facts:
    """`local`: a simulator on this machine, whose jobs end with the session.

    `everything`: a simulator that takes all gates, resets and conditions.
    """

    name: str
    qubits: int
    reset: bool
    conditions: bool
    local: bool
    everything: bool
    max_shots: int | None
    max_circuits: int | None


def facts_of(backend: Any) -> Facts:
    """The facts of a Qiskit `BackendV2`."""
    target = backend.target
    names = set(target.operation_names)
    everything = type(backend).__module__.startswith("qiskit_aer") and not _coupled(backend)
    configuration = _configuration(backend)
    return Facts(
        str(backend.name),
        target.num_qubits or getattr(backend, "num_qubits", None) or 10**6,
        everything or "reset" in names,
        everything or "if_else" in names,
        getattr(backend, "service", None) is None,
        everything,
        _limit(configuration, "max_shots"),
        _limit(configuration, "max_experiments") or _number(getattr(backend, "max_circuits", None)),
    )


def _coupled(backend: Any) -> bool:
    return backend.target.build_coupling_map() is not None


def _configuration(backend: Any) -> Any:
    read = getattr(backend, "configuration", None)
    if not callable(read):
        return None
    try:
        return read()
    except Exception:  # backends without one say so in many ways
        return None


def _limit(configuration: Any, name: str) -> int | None:
    return _number(getattr(configuration, name, None))


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int) and value > 0 else None


def check(facts: Facts, program: Program) -> None:
    """Refuses a circuit that the backend cannot run, and says what to do instead.

    Raises:
        CompileError: E0612.
    """
    if program.qubits > facts.qubits:
        raise target_error(
            "E0612",
            f"backend `{facts.name}` has {facts.qubits} qubits, and the circuit takes "
            f"{program.qubits}",
            help='with `fresh="reuse"` (`--fresh reuse`) the qubits of a step serve every step',
        )
    used = {i.name for i in program.instrs}
    if "reset" in used and not facts.reset:
        raise target_error(
            "E0612",
            f"backend `{facts.name}` has no `reset` in the middle of a circuit",
            help='`fresh="expand"` (`--fresh expand`) takes new qubits at every step',
        )
    if (any(i.when is not None for i in program.instrs) or "store" in used) and not (
        facts.conditions
    ):
        raise target_error(
            "E0612",
            f"backend `{facts.name}` has no conditional gates (`if_else`)",
            help="shot-wise feedback needs a backend with dynamic circuits",
        )
