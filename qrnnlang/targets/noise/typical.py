"""A backend summed up: its gates, each with the median of its errors and durations.

Calibrations drift from day to day and differ from qubit to qubit; what a model is trained against
is a typical qubit and a typical coupling. Every pair counts as coupled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import exp, sqrt
from statistics import median
from typing import Any

from ..errors import target_error
from ..qiskit_circuit import _GATES

#: An operation with this error or more is out of order, and does not count.
_BROKEN = 0.5


@dataclass(frozen=True)
class NativeGate:
    """A gate of the device: average gate infidelity, and seconds."""

    name: str
    qubits: int
    error: float
    duration: float


@dataclass(frozen=True)
class Typical:
    """A device: its gates, relaxation and dephasing times in seconds (None: unknown), and

    the probabilities to read 1 for a qubit in |0⟩ and 0 for one in |1⟩.
    """

    name: str
    gates: tuple[NativeGate, ...]
    t1: float | None
    t2: float | None
    reads_1: float
    reads_0: float

    @cached_property
    def by_name(self) -> dict[str, NativeGate]:
        return {g.name: g for g in self.gates}

    def damping(self, gate: str) -> float:
        """The probability that a qubit falls from |1⟩ to |0⟩ while the gate lasts."""
        return 0.0 if self.t1 is None else 1.0 - exp(-self.by_name[gate].duration / self.t1)

    def dephasing(self, gate: str) -> float:
        """What `phase_damping` has to add to the damping so that coherences fall as e^(−t/T2)."""
        if self.t2 is None:
            return 0.0
        rate = 2.0 / self.t2 - (0.0 if self.t1 is None else 1.0 / self.t1)
        return 1.0 - exp(-self.by_name[gate].duration * max(rate, 0.0))

    def depolarizing(self, gate: str) -> float:
        """The rate of `depolarizing` that, with the relaxation, makes up the gate's error.

        With average fidelities F = (d·F_process + 1)/(d + 1), which depolarising takes to
        (1 − p)F + p/d: the rest of the error beyond relaxation (Nielsen, Phys. Lett. A 303, 249
        (2002); Magesan et al., Phys. Rev. A 85, 042311 (2012)).
        """
        g = self.by_name[gate]
        d = float(1 << g.qubits)
        decay = 1.0 - self.damping(gate)
        coherence = sqrt(decay * (1.0 - self.dephasing(gate)))
        process = float(((1.0 + decay + 2.0 * coherence) / 4.0) ** g.qubits)
        relaxed = (d * process + 1.0) / (d + 1.0)
        rate = d * (relaxed - (1.0 - g.error)) / (d * relaxed - 1.0)
        return min(max(rate, 0.0), 1.0)

    def target(self, qubits: int) -> Any:
        """A Qiskit `Target` of so many qubits with these gates on all of them and on all pairs."""
        from qiskit.circuit import Measure, Parameter, Reset
        from qiskit.transpiler import InstructionProperties, QubitProperties, Target

        n = max(qubits, 2)
        made = Target(
            num_qubits=n, qubit_properties=[QubitProperties(self.t1, self.t2) for _ in range(n)]
        )
        singles = [(q,) for q in range(n)]
        pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
        for g in self.gates:
            gate = _GATES[g.name](*map(Parameter, "abc"[: _angles(g.name)]))
            properties = InstructionProperties(duration=g.duration, error=g.error)
            made.add_instruction(
                gate, dict.fromkeys(singles if g.qubits == 1 else pairs, properties)
            )
        read = InstructionProperties(error=(self.reads_0 + self.reads_1) / 2)
        read.prob_meas1_prep0, read.prob_meas0_prep1 = self.reads_1, self.reads_0
        made.add_instruction(Measure(), dict.fromkeys(singles, read))
        made.add_instruction(Reset(), dict.fromkeys(singles))
        return made


def _angles(name: str) -> int:
    from ...sema.gates import GATES

    return GATES[name].params


def typical(backend: Any) -> Typical:
    """The medians of a Qiskit `BackendV2`.

    Raises:
        CompileError: E0612 for a backend that says nothing about its errors, or has no gate on two
            qubits that the language knows.
    """
    target = backend.target
    gates = []
    for name in sorted(target.operation_names):
        if name not in _GATES:
            continue
        table = {k: v for k, v in (target[name] or {}).items() if k is not None}
        widths = {len(k) for k in table}
        if widths not in ({1}, {2}):
            continue
        working = [p for p in table.values() if p is not None and (p.error or 0.0) < _BROKEN]
        errors = _known(p.error for p in working)
        durations = _known(p.duration for p in working)
        if working:
            gates.append(
                NativeGate(
                    name,
                    widths.pop(),
                    median(errors) if errors else 0.0,
                    median(durations) if durations else 0.0,
                )
            )
    properties = [p for p in target.qubit_properties or () if p is not None]
    reads = _flips(target)
    if not any(g.error for g in gates) and not any(map(sum, reads)):
        raise target_error(
            "E0612",
            f"backend `{backend.name}` says nothing about the errors of its gates",
            help="take the noise of a device or of its snapshot: `fake_NAME`",
        )
    if all(g.qubits == 1 for g in gates):
        raise target_error("E0612", f"backend `{backend.name}` has no gate on two qubits")
    t1s = _known(p.t1 for p in properties)
    t2s = _known(p.t2 for p in properties)
    t1 = median(t1s) if t1s else None
    t2 = median(t2s) if t2s else None
    if t1 is not None and t2 is not None:
        t2 = min(t2, 2 * t1)
    return Typical(
        str(backend.name),
        tuple(gates),
        t1,
        t2,
        median([a for a, _ in reads]) if reads else 0.0,
        median([b for _, b in reads]) if reads else 0.0,
    )


def _flips(target: Any) -> list[tuple[float, float]]:
    """Of each qubit that works: how often |0⟩ reads 1 and |1⟩ reads 0."""
    table = target["measure"] if "measure" in target.operation_names else None
    found = []
    for p in (table or {}).values():
        if p is None:
            continue
        error = p.error or 0.0
        up = getattr(p, "prob_meas1_prep0", None)
        down = getattr(p, "prob_meas0_prep1", None)
        pair = (error if up is None else float(up), error if down is None else float(down))
        if max(pair) < _BROKEN:
            found.append(pair)
    return found


def _known(values: Iterable[float | None]) -> list[float]:
    return [float(v) for v in values if v is not None]
