"""The order in which a program is planned: gates first, then the events that look at their result.

Circuits that stand side by side, each read before the next begins, are so planned together: their
gates share tables, their matrices are built in one loop.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from ..sema.closed import Call, Elem, Extern, Gather, Ref, Scalar, Wire
from . import instructions as low


def staged(program: low.Program) -> tuple[low.Program, dict[int, int]]:
    """The same program in stages, and for the first event of each stage where its events end.

    An instruction stands in the first stage in which all it depends on is done: what an event
    touches or gives is done a stage later.
    """
    value_stage: dict[Ref, int] = {}
    wire_stage: dict[Wire, int] = defaultdict(int)
    last_projection = last_event = 0
    found: list[tuple[int, int, int]] = []
    for place, instruction in enumerate(program.instructions):
        wires = touched(instruction)
        stage = max(
            (*(value_stage[r] for r in refs(instruction)), *(wire_stage[w] for w in wires)),
            default=0,
        )
        event = is_event(instruction)
        projects = isinstance(instruction, low.Project | low.Filter | low.Weigh)
        if event:
            # A projection changes what is found on wires that it does not touch.
            stage = max(stage, last_event if projects else last_projection)
            last_event = max(last_event, stage)
            if projects:
                last_projection = stage
        found.append((stage, int(event), place))
        after = stage + 1 if event else stage
        for wire in wires:
            wire_stage[wire] = max(wire_stage[wire], after)
        value_stage.update((ref, after) for ref in _given(instruction))
    found.sort()
    ends: dict[int, int] = {}
    start = None
    for now, (_, kind, _) in enumerate([*found, (0, 0, 0)]):
        if kind and start is None:
            start = now
        elif not kind and start is not None:
            ends[start] = now
            start = None
    instructions = tuple(program.instructions[place] for _, _, place in found)
    return replace(program, instructions=instructions), ends


def is_event(instruction: low.Instruction) -> bool:
    if isinstance(instruction, low.Noise):
        return bool(_elems(*instruction.rates))  # what is known is planned like gates
    return isinstance(
        instruction,
        low.Expectation
        | low.Pulled
        | low.Populations
        | low.Project
        | low.Filter
        | low.Weigh
        | low.Load,
    )


def touched(instruction: low.Instruction) -> set[Wire]:
    """The wires that an instruction acts on or reads."""

    def of(when: low.Condition | None) -> tuple[Wire, ...]:
        return when.wires if when else ()

    match instruction:
        case low.Unitary(pairs=pairs):
            return {w for pair in pairs for w in pair.wires}
        case (
            low.Exponential(wires=wires, when=when)
            | low.Stored(wires=wires, when=when)
            | low.Project(wires=wires, when=when)
            | low.Load(wires=wires, when=when)
            | low.Noise(wires=wires, when=when)
        ):
            return {*wires, *of(when)}
        case low.Filter(target=target, sources=sources):
            return {target, *sources}
        case low.Weigh(wire=wire):
            return {wire}
        case low.Expectation(observables=observables):
            return {w for terms in observables for t in terms for w, _ in t.paulis}
        case low.Pulled(wires=wires):
            return set(wires)
        case low.Populations(wires=wires, bits=bits):
            return {*wires, *(w for c in bits for w in c.wires)}
        case _:
            return set()


def refs(instruction: low.Instruction) -> set[Ref]:
    """The values that an instruction reads."""
    match instruction:
        case low.Value(op=Gather(sources=found) | Call(args=found) | Extern(args=found)):
            return set(found)
        case low.Unitary(pairs=pairs):
            return {e.ref for pair in pairs if pair.angle for e in pair.angle.elems}
        case low.Filter(body=body) | low.Pulled(body=body):
            return set().union(*(refs(i) for i in body))
        case low.Load(re=re, im=im):
            return {re} if im is None else {re, im}
        case low.Exponential(terms=terms, time=time):
            return _elems(time, *(t.coefficient for t in terms))
        case low.Noise(rates=rates):
            return _elems(*rates)
        case low.Project(values=values):
            return _elems(*values)
        case low.Expectation(observables=observables):
            return _elems(*(t.coefficient for terms in observables for t in terms))
        case _:
            return set()


def _given(instruction: low.Instruction) -> tuple[Ref, ...]:
    """The values that an instruction gives."""
    match instruction:
        case low.Pulled(reads=reads):
            return tuple(read.ref for read, _ in reads)
        case (
            low.Value(ref=ref)
            | low.Project(ref=ref)
            | low.Expectation(ref=ref)
            | low.Populations(ref=ref)
        ):
            return (ref,)
        case _:
            return ()


def _elems(*scalars: Scalar) -> set[Ref]:
    return {s.ref for s in scalars if isinstance(s, Elem)}
