"""What an operation must satisfy by itself, whatever stands around it."""

from __future__ import annotations

from math import prod

from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Channel,
    Discard,
    Evolve,
    Expect,
    Gate,
    Gather,
    Measure,
    Op,
    Postselect,
    Prepare,
    Prob,
    Reset,
    Term,
    Wire,
)
from ..sema.gates import GATES

CHANNEL_RATES = {
    **dict.fromkeys(("bit_flip", "phase_flip", "depolarizing"), 1),
    **dict.fromkeys(("amplitude_damping", "phase_damping"), 1),
    "pauli_channel": 3,
}


def complaint(op: Op) -> str | None:
    """What is wrong with an operation, or None."""
    return _twice(op) or _counts(op)


def _twice(op: Op) -> str | None:
    for wires in _wire_lists(op):
        if len(set(wires)) < len(wires):
            return f"wire {next(w for w in wires if wires.count(w) > 1)} appears twice"
    return None


def _wire_lists(op: Op) -> list[tuple[Wire, ...]]:
    match op:
        case (
            Alloc(wires=wires)
            | Discard(wires=wires)
            | Gate(wires=wires)
            | Reset(wires=wires)
            | Measure(wires=wires)
            | Postselect(wires=wires)
            | Prepare(wires=wires)
            | ApplyUnitary(wires=wires)
            | Barrier(wires=wires)
            | Channel(wires=wires)
            | Prob(wires=wires)
        ):
            return [wires]
        case Evolve(terms=terms):
            return [_wires(t) for t in terms]
        case Expect(observables=observables):
            return [_wires(t) for terms in observables for t in terms]
        case _:
            return []


def _counts(op: Op) -> str | None:
    match op:
        case Gather(index=index, shape=shape) if len(index) != prod(shape):
            return f"{len(index)} entries in shape {shape}"
        case Gate():
            return _gate(op)
        case ApplyUnitary(ctrl=ctrl) if set(ctrl) - {"0", "1"}:
            return f"controls are written 0 and 1, not {ctrl!r}"
        case Measure(wires=wires, bits=bits) if len(wires) != len(bits):
            return f"{len(wires)} wires measured into {len(bits)} bits"
        case Measure(bits=bits) if len(set(bits)) < len(bits):
            return "writes a bit twice"
        case Postselect(wires=wires, values=values) if len(wires) != len(values):
            return f"{len(wires)} wires postselected on {len(values)} values"
        case Evolve(steps=steps, order=order, terms=terms):
            if steps is not None and (steps < 1 or order not in (1, 2)):
                return f"no product formula of {steps} steps and order {order}"
            return _letters(terms)
        case Channel(name=name, rates=rates) if CHANNEL_RATES.get(name) != len(rates):
            return f"no channel `{name}` with {len(rates)} rates"
        case Channel(name=name, wires=wires) if not wires or (
            len(wires) > 1 and name != "depolarizing"
        ):
            return f"no channel `{name}` on {len(wires)} wires"
        case Expect(observables=observables, shape=shape):
            if len(observables) != prod(shape):
                return f"{len(observables)} observables in shape {shape}"
            return _letters(tuple(t for terms in observables for t in terms))
        case Prob(wires=wires, bits=bits, value=value) if value is not None:
            size = 2 ** (len(wires) + len(bits))
            return None if 0 <= value < size else f"outcome {value} of {size}"
    return None


def _gate(op: Gate) -> str | None:
    info = GATES.get(op.name)
    if info is None:
        return f"there is no gate `{op.name}`"
    if set(op.ctrl) - {"0", "1"}:
        return f"controls are written 0 and 1, not {op.ctrl!r}"
    if len(op.params) != info.params:
        return f"`{op.name}` takes {info.params} parameters, not {len(op.params)}"
    if len(op.wires) != info.qubits + len(op.ctrl):
        return f"`{op.name}` needs {info.qubits + len(op.ctrl)} wires, not {len(op.wires)}"
    return None


def _letters(terms: tuple[Term, ...]) -> str | None:
    wrong = [letter for t in terms for _, letter in t.paulis if letter not in ("X", "Y", "Z")]
    return f"there is no Pauli {wrong[0]!r}" if wrong else None


def _wires(term: Term) -> tuple[Wire, ...]:
    return tuple(wire for wire, _ in term.paulis)
