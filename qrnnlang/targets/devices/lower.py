"""A routed step in the gates of the device: Qiskit's translation and optimisation, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import pi
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Measure, Parameter, ParameterExpression, Reset
from qiskit.transpiler import generate_preset_pass_manager
from qiskit.transpiler.exceptions import TranspilerError

from ...passes.rules import SYMMETRIC
from ..errors import target_error
from ..program import Instr
from ..qiskit_circuit import _GATES
from ..symbols import Expr, add, mul
from . import router
from .router import MOVE, SWAP, Move, Place
from .tasks import rewritten
from .work import TOKEN, Slot, Task

#: The label of a barrier that says that a place is in |0⟩.
_CLEAN = "clean"

#: constant + Σ coefficient × angle j of instruction k of the segment.
Linear = tuple[float, tuple[tuple[float, int, int], ...]]


@dataclass(frozen=True, slots=True)
class Emit:
    """An operation on places. `source`: the instruction that gives classical bits and condition."""

    name: str
    places: tuple[Place, ...]
    angles: tuple[Linear, ...] = ()
    source: int = -1
    conditional: bool = False


def emitted(emit: Emit, instrs: Sequence[Instr]) -> Instr:
    """The operation for one step."""
    if emit.name == "store":
        return instrs[emit.source]
    angles: list[Expr] = []
    for constant, terms in emit.angles:
        total: Expr = constant
        for c, k, j in terms:
            angle = instrs[k].angles[j]
            if type(total) is float and type(angle) is float:
                total += c * angle
            else:
                total = add(total, mul(c, angle))
        angles.append(total)
    when, origin = None, None
    clbits: tuple[int, ...] = ()
    if emit.source >= 0:
        given = instrs[emit.source]
        clbits = given.clbits
        if emit.conditional:
            when, origin = given.when, given.origin
    return Instr(emit.name, emit.places, tuple(angles), clbits, when, origin=origin)


@dataclass
class Lowering:
    """Translation for one backend; small pieces under conditions are kept."""

    backend: Any
    size: int
    seed: int
    _pieces: dict[tuple[Any, ...], list[Emit]] = field(default_factory=dict)

    def lower(self, tasks: Sequence[Task], moves: Sequence[Move]) -> list[Emit]:
        """The step in the device's gates, couplings and directions.

        Raises:
            CompileError: E0612 for an operation that the device lacks.
        """
        used = sorted({p for _, places in moves for p in places})
        circuit, slots, sources = self._circuit(tasks, moves, used)
        found: list[Emit] = []
        for item in self._run(circuit).data:
            places = tuple(circuit.find_bit(q).index for q in item.qubits)
            found += self._emits(item, places, tasks, slots, sources, circuit)
        return found

    def _circuit(
        self, tasks: Sequence[Task], moves: Sequence[Move], used: list[Place]
    ) -> tuple[QuantumCircuit, dict[str, tuple[int, int]], list[int]]:
        count = sum(1 for t, _ in moves if t >= 0 and tasks[t].name == "measure")
        circuit = QuantumCircuit(self.size, count)
        slots: dict[str, tuple[int, int]] = {}
        parameters: dict[tuple[int, int], Parameter] = {}
        sources: list[int] = []

        def value(slot: Slot) -> Any:
            if isinstance(slot, float):
                return slot
            factor, k, j = slot
            if (k, j) not in parameters:
                name = f"a{k}_{j}"
                parameters[k, j], slots[name] = Parameter(name), (k, j)
            return parameters[k, j] if factor == 1.0 else factor * parameters[k, j]

        for task, places, swapped in fused(tasks, moves):
            if task < 0:
                _made(circuit, task, places)
                continue
            t = tasks[task]
            match t.name:
                case "fence" | "barrier":
                    circuit.append(Barrier(len(used)), used)
                case "measure":
                    circuit.append(Measure(), places, [len(sources)])
                    sources.append(t.source)
                case "reset":
                    circuit.append(Reset(), places)
                case name if name.startswith(TOKEN):
                    at = places or tuple(used[:1])
                    circuit.append(Barrier(len(at), label=f"{TOKEN}{task}"), at)
                case "rzz" if swapped:
                    a, b = places
                    circuit.cx(a, b)
                    circuit.rz(value(t.angles[0]), b)
                    circuit.cx(b, a)
                    circuit.cx(a, b)
                case "cx" | "cz" as name if router.bridged(tasks, task, places):
                    turned = name == "cz"
                    if turned:
                        circuit.h(places[-1])
                    for pair in router.bridge(places):
                        circuit.cx(*pair)
                    if turned:
                        circuit.h(places[-1])
                case name:
                    circuit.append(_GATES[name](*map(value, t.angles)), places)
        return circuit, slots, sources

    def _emits(
        self,
        item: Any,
        places: tuple[Place, ...],
        tasks: Sequence[Task],
        slots: Mapping[str, tuple[int, int]],
        sources: Sequence[int],
        circuit: QuantumCircuit,
    ) -> list[Emit]:
        op = item.operation
        if op.name == "barrier":
            if op.label == _CLEAN:
                return [Emit("clean", places)]
            if not (op.label or "").startswith(TOKEN):
                return []
            task = tasks[int(op.label[len(TOKEN) :])]
            name = task.name[len(TOKEN) :]
            if name == "store":
                return [Emit("store", (), source=task.source)]
            if name in ("measure", "reset"):
                return [Emit(name, places, source=task.source, conditional=True)]
            return self._piece(name, places, task)
        if op.name == "measure":
            return [Emit("measure", places, source=sources[circuit.find_bit(item.clbits[0]).index])]
        if op.name in ("reset", "delay"):
            return [Emit("reset", places)] if op.name == "reset" else []
        angles = tuple(linear(p, slots) for p in op.params)
        name, angles = _named(op.name, angles)
        if name not in _GATES:
            raise lacking(self.backend, f"it has a gate `{name}` that no format here can say")
        return [Emit(name, self._turned(op.name, places), angles)]

    def _turned(self, name: str, places: tuple[Place, ...]) -> tuple[Place, ...]:
        """A gate that is the same both ways, the way that errs less."""
        if name not in SYMMETRIC or len(places) != 2:
            return places
        table = self.backend.target[name] or {}
        error, other = (getattr(table.get(way), "error", None) for way in (places, places[::-1]))
        better = error is not None and other is not None and other < error
        return places[::-1] if better else places

    def _piece(self, name: str, places: tuple[Place, ...], task: Task) -> list[Emit]:
        """A conditional gate in the device's gates, each under the condition."""
        key = (name, places, tuple(s if isinstance(s, float) else None for s in task.angles))
        if key not in self._pieces:
            circuit = QuantumCircuit(self.size)
            parts = list(rewritten(name, places, task.angles))
            slots: dict[str, tuple[int, int]] = {}
            for gate, at, angles in parts:
                values: list[Any] = []
                for slot in angles:
                    if isinstance(slot, float):
                        values.append(slot)
                    else:
                        slots.setdefault("a", (0, slot[2]))
                        values.append(slot[0] * Parameter("a"))
                circuit.append(_GATES[gate](*values), at)
            self._pieces[key] = [
                Emit(name, tuple(circuit.find_bit(q).index for q in i.qubits), values)
                for i in self._run(circuit).data
                for name, values in [
                    _named(i.operation.name, tuple(linear(p, slots) for p in i.operation.params))
                ]
            ]
        return [
            Emit(
                e.name,
                e.places,
                tuple((c, tuple((f, task.source, j) for f, _, j in ts)) for c, ts in e.angles),
                task.source,
                True,
            )
            for e in self._pieces[key]
        ]

    def _run(self, circuit: QuantumCircuit) -> QuantumCircuit:
        try:
            for part in _passes(self.backend, self.backend.target, self.seed):
                circuit = part.run(circuit)
        except TranspilerError as error:
            raise lacking(self.backend, str(error.message).strip().rstrip(".")) from None
        return circuit


@lru_cache(maxsize=8)
def _passes(backend: Any, target: Any, seed: int) -> tuple[Any, Any]:
    """Qiskit's translation and optimisation for a backend, while `target` is what it says."""
    whole = generate_preset_pass_manager(
        3, backend=backend, seed_transpiler=seed, layout_method="trivial"
    )
    return whole.translation, whole.optimization


def lacking(backend: Any, why: str) -> Exception:
    """E0612: what a backend cannot do."""
    return target_error(
        "E0612",
        f"backend `{backend.name}` cannot run this circuit: {why}",
        help="take a backend that can, or leave `--backend` away for a circuit of no device",
    )


def _named(name: str, angles: tuple[Linear, ...]) -> tuple[str, tuple[Linear, ...]]:
    """Qiskit's older names for a gate on one qubit, as the formats say it."""
    match name:
        case "u1":
            return "p", angles
        case "u2":
            return "u", ((pi / 2, ()), *angles)
        case "u3":
            return "u", angles
        case "r":
            theta, (phi, terms) = angles
            back = tuple((-c, k, j) for c, k, j in terms)
            return "u", (theta, (phi - pi / 2, terms), (pi / 2 - phi, back))
        case _:
            return name, angles


def linear(value: Any, slots: Mapping[str, tuple[int, int]]) -> Linear:
    """An angle of a translated circuit in the angles of the step."""
    if not isinstance(value, ParameterExpression):
        return float(value), ()
    parameters = sorted(value.parameters, key=lambda p: str(p.name))
    constant = float(value.bind(dict.fromkeys(parameters, 0.0)))
    terms = [(value.gradient(p), *slots[p.name]) for p in parameters]
    assert all(isinstance(c, float | int | complex) for c, _, _ in terms), value
    return constant, tuple((float(complex(c).real), k, j) for c, k, j in terms)


def _made(circuit: QuantumCircuit, task: int, places: tuple[Place, ...]) -> None:
    """What the router adds to the tasks of a step."""
    match task:
        case router.SWAP:
            circuit.swap(*places)
        case router.MOVE:
            circuit.cx(*places)
            circuit.cx(*places[::-1])
        case router.ZERO:
            circuit.reset(places)
        case router.CLEAN:
            circuit.append(Barrier(1, label=_CLEAN), places)


def fused(
    tasks: Sequence[Task], moves: Sequence[Move]
) -> list[tuple[int, tuple[Place, ...], bool]]:
    """Moves with every SWAP that meets an RZZ on its pair taken into it (marked True).

    Single-qubit operations between the two change places with the SWAP.
    """
    done: list[tuple[int, tuple[Place, ...], bool] | None] = []
    last: dict[Place, int] = {}
    for task, places in moves:
        pair = tuple(sorted(places))
        if len(places) != 2 or task == MOVE:
            if task < 0 or len(places) > 1 or tasks[task].ends:
                for p in places:
                    last.pop(p, None)
            done.append((task, places, False))
            continue
        before = last.get(places[0])
        if before is not None and before == last.get(places[1]):
            earlier = done[before]
            assert earlier is not None
            other, where, swapped = earlier
            rzz = task >= 0 and tasks[task].name == "rzz"
            if task == SWAP and other >= 0 and tasks[other].name == "rzz" and not swapped:
                _exchange(done, before + 1, pair)
                done[before] = (other, where, True)
                continue
            if rzz and other == SWAP:
                # SWAP, single-qubit gates, RZZ: the gates go before the SWAP, at the other place.
                done[before] = None
                _exchange(done, before + 1, pair)
                done.append((task, places, True))
                last[pair[0]] = last[pair[1]] = len(done) - 1
                continue
        done.append((task, places, False))
        last[pair[0]] = last[pair[1]] = len(done) - 1
    return [d for d in done if d is not None]


def _exchange(
    done: list[tuple[int, tuple[Place, ...], bool] | None],
    first: int,
    pair: tuple[Place, ...],
) -> None:
    other = {pair[0]: pair[1], pair[1]: pair[0]}
    for i in range(first, len(done)):
        item = done[i]
        if item is not None and len(item[1]) == 1 and item[1][0] in other:
            done[i] = (item[0], (other[item[1][0]],), item[2])
