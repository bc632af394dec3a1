"""What the circuit of T steps holds before it is routed, and what that means on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..diagnostics import CompileError
from ..sema.closed import RunCell
from .alone import size_of_state


@dataclass(frozen=True)
class Device:
    """Figures of a device: errors as probabilities, times in seconds.

    The defaults are round numbers of a superconducting device of the mid-2020s, not of any one.
    """

    one_qubit_error: float = 3e-4
    two_qubit_error: float = 5e-3
    readout_error: float = 1e-2
    one_qubit_time: float = 35e-9
    two_qubit_time: float = 100e-9
    readout_time: float = 1e-6
    reset_time: float = 1e-6
    shot_overhead: float = 250e-6


@dataclass(frozen=True)
class Circuit:
    """Counts of a full evaluation over some steps."""

    steps: int
    qubits: int
    depth: int
    one_qubit: int
    two_qubit: int
    readouts: int
    resets: int
    circuits: int

    def fidelity(self, device: Device) -> float:
        """The probability that no operation of one circuit fails."""
        good = (1 - device.one_qubit_error) ** self.one_qubit
        good *= (1 - device.two_qubit_error) ** self.two_qubit
        return float(good * (1 - device.readout_error) ** self.readouts)

    def seconds(self, device: Device, shots: float) -> float:
        """Run time of all circuits of one evaluation, as if every layer took its slowest gate."""
        layer = device.two_qubit_time if self.two_qubit else device.one_qubit_time
        waits = min(self.readouts + self.resets, self.steps * 2)
        once = self.depth * layer + waits * max(device.readout_time, device.reset_time)
        return shots * self.circuits * (once + device.shot_overhead)


class NoCircuit(Exception):
    """A quantum model that is simulated, but has no circuit of gates, with the reason."""


def circuit_of(closed: Any, steps: int, params: Mapping[str, Any], names: Any) -> Circuit | None:
    """Counts over `steps` steps; None for a model without qubits. Raises NoCircuit."""
    from .. import targets

    if not any(r.wires for op in closed.ops if isinstance(op, RunCell) for r in op.cell.registers):
        return None
    fixed = {k: v for k, v in params.items() if k not in names}
    try:
        stats = targets.circuit_stats(closed, steps, fixed=fixed)
    except CompileError as error:
        first = error.diagnostics[0]
        if first.code != "E0604":
            raise NoCircuit(first.message) from None
        return _by_counting(closed, steps)
    gates: dict[str, int] = stats["gates"]
    other = gates.get("measure", 0) + gates.get("reset", 0) + gates.get("barrier", 0)
    return Circuit(
        steps,
        stats["qubits"],
        stats["depth"],
        sum(gates.values()) - other - stats["two_qubit"],
        stats["two_qubit"],
        gates.get("measure", 0),
        gates.get("reset", 0),
        stats["circuits"],
    )


def _by_counting(closed: Any, steps: int) -> Circuit:
    """For a model that is run step by step (its read-outs go back into angles): one step's gates,

    in T circuits of one step where nothing quantum is carried, else in T of up to T steps.
    """
    from ..sema.closed import Alloc, Evolve, Gate, Reset

    runs = [op for op in closed.ops if isinstance(op, RunCell)]
    wide = one = two = reset = depth = 0
    carries = False
    for op in runs:
        at: dict[int, int] = {}
        live = {w for r in op.cell.registers for w in r.wires}
        for inner in op.cell.ops:
            match inner:
                case Alloc(wires=wires):
                    live |= set(wires)
                case Gate(wires=wires) if wires:
                    one, two = one + (len(wires) == 1), two + (len(wires) > 1)
                    level = 1 + max(at.get(w, 0) for w in wires)
                    at.update(dict.fromkeys(wires, level))
                case Reset(wires=wires):
                    reset += len(wires)
                case Evolve():
                    raise NoCircuit("`evolve` in a cell that feeds expectation values back")
                case _:
                    pass
        wide, depth = wide + len(live), max(depth, max(at.values(), default=0))
        carries = carries or size_of_state(op)[0] > 0
    length = steps if carries else 1
    return Circuit(
        steps, wide, depth * length, one * length, two * length, wide, reset * length, steps
    )
