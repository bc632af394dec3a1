"""From a cell graph to a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from ..ir.graph import CellGraph
from ..sema.closed import (
    BitCarry,
    Call,
    CarryIn,
    ClassicalOp,
    Extern,
    Gather,
    Input,
    QubitCarry,
    RealCarry,
    Ref,
    Wire,
)
from . import instructions as low
from . import steps as p
from .batching import batched
from .blocks import gates_of
from .builder import Builder, Part
from .circuits import flush
from .elimination import eliminated
from .filters import filtered, weighed
from .lowering import lower, lower_start
from .meeting import Groups, meeting, united, without_unread
from .mixing import known, mixing
from .nonunitary import load, noisy, project
from .plan import Line, Plan
from .pulling import pulled
from .rates import REFERENCE, Rates
from .reading import expectation, populations, pulled_back
from .staging import staged, touched

#: Deaths of carried wires: after everything else, earlier positions later.
_NEVER = 1e12

#: From so many carried wires in one group on, a carried ket beats a density: below that, what acts
#: on it can be multiplied together ahead of the recurrence.
LEAST_PURE = 4


class _Mixed(Exception):
    """What is carried does not stay a ket."""


@dataclass(frozen=True)
class _Ran:
    """A program planned: the builder after it, and each group's base as it leaves."""

    builder: Builder
    bases: tuple[p.Slot, ...]
    entered: tuple[p.Slot, ...]
    reals: dict[str, p.Slot]
    groups: Groups


@dataclass(frozen=True)
class Policy:
    """What a plan must be like: whether kets are carried, whether gates may become matrices."""

    pure: bool
    fusing: bool


def plan_cell(
    graph: CellGraph,
    input_level: Callable[[str], p.Level] = lambda _: p.GIVEN,
    samples: int = 640,
    joint: bool = False,
    rates: Rates = REFERENCE,
) -> Plan:
    """The plan of a cell.

    `input_level` says which inputs do not differ from sample to sample and step to step, `samples`
    how many samples times steps to expect. With `joint` all carried wires share one density
    matrix; otherwise groups that never meet have their own. Four or more wires that stay pure are
    carried as a ket; gates become matrices where that is faster at these rates. Raises Unsupported.
    """
    cell = _Cell.of(graph, input_level, samples, joint)
    if cell.pure and not joint and max(map(len, cell.groups), default=0) >= LEAST_PURE:
        with suppress(_Mixed):
            return _plan(graph, cell, True, rates.rows_per_gate)
    return _plan(graph, cell, False, rates.rows_per_gate)


def plan_as(graph: CellGraph, samples: int, rates: Rates, policy: Policy) -> Plan | None:
    """The plan that a policy asks for; None where what is carried becomes mixed, as kets do not."""
    cell = _Cell.of(graph, lambda _: p.GIVEN, samples, False)
    if policy.pure and not cell.pure:
        return None
    try:
        return _plan(graph, cell, policy.pure, rates.rows_per_gate if policy.fusing else 0)
    except _Mixed:
        return None


@dataclass(frozen=True)
class _Cell:
    """A cell before it is planned: its programs, and what is known of how its wires meet."""

    step: low.Program
    start: low.Program
    start_ends: Mapping[int, int]
    groups: Groups
    pure: bool
    input_level: Callable[[str], p.Level]
    samples: int

    @staticmethod
    def of(
        graph: CellGraph, input_level: Callable[[str], p.Level], samples: int, joint: bool
    ) -> _Cell:
        carried = [c for c in graph.carries if isinstance(c, RealCarry)]
        read = {o.ref for o in graph.outputs} | {c.out for c in carried}
        step, start = lower(graph), lower_start(graph)
        if not joint:
            step, start = without_unread(step, start)
        step = eliminated(step, read)
        start, start_ends = staged(eliminated(start, {c.initial for c in carried}))
        groups, pure = meeting(step, meeting(start)[0])
        if joint and step.enter:
            groups = (tuple(range(len(step.enter))),)
        return _Cell(step, start, start_ends, groups, pure, input_level, samples)


def _plan(graph: CellGraph, cell: _Cell, pure: bool, rows: int) -> Plan:
    """Raises _Mixed where kets are asked for and do not stay kets."""
    groups, given = cell.groups, (cell.input_level, cell.samples, pure, rows)
    step, ends = staged(cell.step if pure else pulled(cell.step))
    while True:
        first = _run(cell.start, cell.start_ends, groups, (), *given)
        ran = _run(step, ends, first.groups, _reals(graph), *given)
        if ran.groups == groups:
            break
        groups = ran.groups
    carried = [c for c in graph.carries if isinstance(c, RealCarry)]
    values, starts = ran.builder.values, first.builder.values
    outputs = tuple((o.name, ran.builder.certain(values[o.ref], o.shape)) for o in graph.outputs)
    next_reals = tuple(ran.builder.certain(values[c.out], c.shape) for c in carried)
    return Plan(
        name=graph.name,
        line=batched(Line(tuple(ran.builder.steps), tuple(ran.builder.level))),
        start=batched(Line(tuple(first.builder.steps), tuple(first.builder.level))),
        groups=groups,
        bases=ran.entered,
        next_bases=ran.bases,
        start_bases=first.bases,
        reals=tuple((c.name, ran.reals[c.name]) for c in carried),
        next_reals=next_reals,
        start_reals=tuple(starts[c.initial] for c in carried),
        outputs=outputs,
        qubits=sum(len(c.wires) for c in graph.carries if isinstance(c, QubitCarry)),
        bits=sum(len(c.bits) for c in graph.carries if isinstance(c, BitCarry)),
        entries=max(first.builder.entries, ran.builder.entries),
        pure=pure,
    )


def _reals(graph: CellGraph) -> tuple[str, ...]:
    return tuple(c.name for c in graph.carries if isinstance(c, RealCarry))


def _run(
    program: low.Program,
    ends: Mapping[int, int],
    groups: Groups,
    reals: Sequence[str],
    input_level: Callable[[str], p.Level],
    samples: int,
    pure: bool,
    rows_per_gate: int,
) -> _Ran:
    """Plans a staged program. With `pure` kets are carried; raises _Mixed where that fails."""
    b = Builder(input_level, samples, rows_per_gate)
    carried = {name: b.slot(p.RECURRENT) for name in reals}
    entered = []
    if program.enter:
        for group in groups:
            wires = tuple(program.enter[i] for i in group)
            base = b.slot(p.RECURRENT)
            entered.append(base)
            if pure:
                b.parts.append(Part("ket", wires, base))
            else:
                b.parts.append(Part("identity", wires, None, 1, 2 ** len(wires), base))
    b.death = _deaths(program)
    for now, instruction in enumerate(program.instructions):
        b.now = now
        if now in ends:
            flush(b, {w for i in program.instructions[now : ends[now]] for w in touched(i)})
        _add(b, instruction, carried)
    b.now = len(program.instructions)
    flush(b, program.leave)
    groups = _grown(b, program, groups)
    leaving = _leaving_ket if pure else _leaving
    bases = tuple(b.certain(leaving(b, program, group), None) for group in groups)
    return _Ran(b, bases, tuple(entered), carried, groups)


def _deaths(program: low.Program) -> dict[Wire, float]:
    death: dict[Wire, float] = {}
    for now, instruction in enumerate(program.instructions):
        for wire in touched(instruction):
            death[wire] = now
    for position, wire in enumerate(program.leave):
        death[wire] = _NEVER - position
    return death


def _add(b: Builder, instruction: low.Instruction, carried: dict[str, p.Slot]) -> None:
    match instruction:
        case low.Value(ref=ref, op=CarryIn(name=name)):
            b.values[ref] = carried[name]
        case low.Value(ref=ref, op=op):
            least = b.input_level(op.name) if isinstance(op, Input) else p.STATIC
            args = tuple(b.values[r] for r in _arguments(op))
            b.values[ref] = b.emit(p.Compute(p.NEW, op, args), least)
        case low.Fresh(wires=wires):
            b.parts += [Part("zero", (w,)) for w in wires if w in b.death]
        case low.Unitary() | low.Exponential() | low.Stored():
            b.pending += gates_of(b, instruction)
        case low.Noise() if known(instruction):
            b.pending.append(mixing(instruction))
        case low.Noise():
            noisy(b, instruction)
        case low.Project():
            project(b, instruction)
        case low.Filter():
            filtered(b, instruction)
        case low.Weigh():
            weighed(b, instruction)
        case low.Load():
            load(b, instruction)
        case low.Expectation():
            expectation(b, instruction)
        case low.Pulled(body=body):
            pulled_back(b, instruction, [gates_of(b, x) for x in body])
        case low.Populations():
            populations(b, instruction)


def _arguments(op: ClassicalOp) -> tuple[Ref, ...]:
    match op:
        case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
            return refs
        case _:
            return ()


# --- the end of a step -----------------------------------------------------------------------


def _grown(b: Builder, program: low.Program, groups: Groups) -> Groups:
    """Groups whose wires have met are one."""
    held = [[i for i, w in enumerate(program.leave) if w in part.wires] for part in b.parts]
    return united(groups, held)


def _leaving(b: Builder, program: low.Program, group: Sequence[int]) -> p.Slot:
    """The density of the group's wires, as the next step's base."""
    wires = [program.leave[i] for i in group]
    found = []
    for part in b.holding(wires):
        inside = [w for w in wires if w in part.wires]
        gone = [w for w in part.wires if w not in wires]
        if part.form == "zero":
            part = replace(part, wires=tuple(inside))
        elif part.form == "ket":
            part = b.permuted(part, inside, gone)
        ready = b.as_density(part)
        extra = [w for w in ready.wires if w not in wires]
        found.append(b.traced(ready, extra) if extra else ready)
    whole = found[0] if len(found) == 1 else b.joined(found)
    n = len(wires)
    order = [whole.wires.index(w) for w in wires]
    slot = whole.held
    if order != list(range(n)):
        axes = (*order, *(n + i for i in order))
        slot = b.emit(p.Permute(p.NEW, slot, axes))
    mask = _bit_mask(program, group)
    return b.emit(p.NextBase(p.NEW, slot, n, whole.weight, mask))


def _leaving_ket(b: Builder, program: low.Program, group: Sequence[int]) -> p.Slot:
    """The ket of the group's wires, as the next step's base."""
    wires = tuple(program.leave[i] for i in group)
    if _bit_mask(program, group) is not None:
        raise _Mixed
    found = []
    for part in b.holding(wires):
        inside = tuple(w for w in part.wires if w in wires)
        if part.form == "zero":
            part = replace(part, wires=inside)
        elif part.form == "product":
            kept = zip(part.wires, part.starts, strict=True)
            part = replace(part, wires=inside, starts=tuple(u for w, u in kept if w in inside))
        if inside != part.wires or part.env > 1 or part.form == "density" or part.base is not None:
            raise _Mixed
        found.append(b.as_ket(part))
    whole = b.permuted(found[0] if len(found) == 1 else b.joined(found), wires)
    return b.emit(p.NextKet(p.NEW, whole.held, whole.weight))


def _bit_mask(program: low.Program, group: Sequence[int]) -> np.ndarray | None:
    """Where row and column agree in the bits of the group; None when it has none."""
    first_bit = len(program.leave) - program.bits
    if all(i < first_bit for i in group):
        return None
    masks = [np.eye(2, dtype=bool) if i >= first_bit else np.ones((2, 2), bool) for i in group]
    return reduce(np.kron, masks)
