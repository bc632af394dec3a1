"""From the instructions of a segment to the router's tasks: operations on at most two qubits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..program import Custom, Instr
from .segments import Role, Segment
from .work import TOKEN, Slot, Task, weight


def tasks_of(
    segment: Segment, shared: Sequence[Sequence[float | None]], customs: Mapping[str, Custom]
) -> list[Task]:
    """The tasks, in order. `shared`: the angles that are numbers for all segments of this form."""
    everything = tuple(range(len(segment.lives)))
    fences = any(i.when is not None or i.name == "store" for i in segment.instrs)
    found: list[Task] = []
    for k, (instr, roles) in enumerate(zip(segment.instrs, segment.at, strict=True)):
        angles: tuple[Slot, ...] = tuple(
            (1.0, k, j) if v is None else v for j, v in enumerate(shared[k])
        )
        held = fences and (instr.when is not None or instr.name in ("store", "measure"))
        if held:
            found.append(Task("fence", everything, (), k, fence=True))
        mark = TOKEN if instr.when is not None or instr.name == "store" else ""
        for name, operands, slots in _small(instr, roles, angles, customs):
            if name == "barrier":
                found.append(Task(name, operands, (), k, fence=True))
            else:
                found.append(Task(mark + name, operands, slots, k, weight(name, len(operands))))
        if held:
            found.append(Task("fence", everything, (), k, fence=True))
    return found


Small = tuple[str, tuple[Role, ...], tuple[Slot, ...]]


def _small(
    instr: Instr, roles: tuple[Role, ...], angles: tuple[Slot, ...], customs: Mapping[str, Custom]
) -> Iterator[Small]:
    if instr.name in customs or (len(roles) > 2 and instr.name != "barrier"):
        for name, operands, params in _unrolled(instr, customs):
            yield name, tuple(roles[q] for q in operands), params
        return
    yield from rewritten(instr.name, roles, angles)


def rewritten(name: str, roles: tuple[Role, ...], angles: tuple[Slot, ...]) -> Iterator[Small]:
    """Two-qubit rotations as RZZ between single-qubit gates; everything else as it is."""
    match name:
        case "cp":
            yield "rzz", roles, (scaled(angles[0], -0.5),)
            yield "rz", roles[:1], (scaled(angles[0], 0.5),)
            yield "rz", roles[1:], (scaled(angles[0], 0.5),)
        case "crz":
            yield "rzz", roles, (scaled(angles[0], -0.5),)
            yield "rz", roles[1:], (scaled(angles[0], 0.5),)
        case "crx" | "cry":
            into, back = _BASIS["x" if name == "crx" else "y"]
            yield from ((g, roles[1:], ()) for g in into)
            yield from rewritten("crz", roles, angles)
            yield from ((g, roles[1:], ()) for g in back)
        case "rxx" | "ryy" | "rzx":
            pairs = list(zip(name[1:], roles, strict=True))
            yield from ((g, (r,), ()) for axis, r in pairs for g in _BASIS[axis][0])
            yield "rzz", roles, angles
            yield from ((g, (r,), ()) for axis, r in pairs for g in _BASIS[axis][1])
        case _:
            yield name, roles, angles


_BASIS = {"x": (("h",), ("h",)), "y": (("sdg", "h"), ("h", "s")), "z": ((), ())}


def scaled(slot: Slot, factor: float) -> Slot:
    if isinstance(slot, float):
        return slot * factor
    return (slot[0] * factor, slot[1], slot[2])


def _unrolled(
    instr: Instr, customs: Mapping[str, Custom]
) -> Iterator[tuple[str, tuple[int, ...], tuple[float, ...]]]:
    """A gate on three or more qubits, or a matrix, in gates on one and two; by Qiskit."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit import library as lib

    circuit = QuantumCircuit(len(instr.qubits))
    operands = list(range(len(instr.qubits)))
    if instr.name in customs:
        circuit.append(lib.UnitaryGate(customs[instr.name].matrix), operands)
    elif instr.name == "mcx":
        circuit.append(lib.MCXGate(len(operands) - 1), operands)
    else:
        gates: dict[str, Any] = {"ccx": lib.CCXGate, "ccz": lib.CCZGate, "cswap": lib.CSwapGate}
        circuit.append(gates[instr.name](), operands)
    small = transpile(circuit, basis_gates=["u", "cx"], optimization_level=1, seed_transpiler=0)
    for item in small.data:
        where = tuple(small.find_bit(q).index for q in item.qubits)
        yield item.operation.name, where, tuple(float(p) for p in item.operation.params)
