"""What a text with a loop is made of: the steps of its body, and those that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .along import Run
from .layout import Layout
from .lines import Time
from .outputs import Atom, Key
from .periods import generalised, period
from .plan import CircuitPlan
from .program import Instr, Program
from .stamp import Stamper
from .unroll import Unrolled, new_program


@dataclass(frozen=True)
class Part:
    """One run: `turns` of `period` steps as a loop, then `rest` steps.

    `body` and `tail` are what stands there, step by step; `loop` and `end` the programs that hold
    their registers. `prepared` comes before everything.
    """

    run: Run
    period: int
    turns: int
    loop: Program
    end: Program
    prepared: list[Instr]
    body: list[list[Instr]]
    tail: list[list[Instr]]


def part_of(unrolled: Unrolled, run: Run, plan: CircuitPlan) -> Part:
    """The steps of a run, with the outputs of `plan`."""
    every = {name for r, name, _ in plan.atoms if r == run.index and _all_steps(plan, run, name)}
    inside = {k: a for k, a in plan.atoms.items() if k[0] == run.index and k[1] in every}
    last = {k: a for k, a in plan.atoms.items() if k[0] == run.index and k[2] == run.steps - 1}
    length = period(run.template, run.steps)
    turns = 0
    if length is not None:
        turns = (run.steps - (1 if set(last) - set(inside) else 0)) // length
    if length is None or turns < 2:
        length, turns = 1, 0
    rest = range(turns * length, run.steps)
    loop, begun, steps = _stamped(unrolled, run, inside, range(2 * length if turns else 0))
    body = [
        [generalised(a, b, length) for a, b in zip(steps[p], steps[p + length], strict=True)]
        for p in range(length if turns else 0)
    ]
    end, prepared, tail = _stamped(unrolled, run, {**inside, **last}, rest)
    return Part(run, length, turns, loop, end, begun or prepared, body, tail)


def _all_steps(plan: CircuitPlan, run: Run, name: str) -> bool:
    return all((run.index, name, t) in plan.atoms for t in range(run.steps))


def _stamped(
    unrolled: Unrolled, run: Run, atoms: Mapping[Key, list[Atom]], steps: range
) -> tuple[Program, list[Instr], list[list[Instr]]]:
    """A program with some steps of a run; its preparation, and the instructions of each step."""
    program = new_program(unrolled.model, unrolled.binding.steps)
    whole: Time = (run.steps, 0)
    plan = CircuitPlan(run.index, whole)
    for held in atoms.values():
        plan.add(held)
    needs = {n.key: n for n in unrolled.needs}
    readout = unrolled.readout(program, plan, dict.fromkeys(atoms, (0, 1)), needs, run.index)
    layout = Layout(program, "reuse", always=True)
    stamper = Stamper(
        program, run.template, layout, readout, run.lines, unrolled.binding.params, rolled=True
    )
    stamper.begin(run.prepared)
    prepared, found = list(program.instrs), []
    step = unrolled.variants(run.index).uniform()
    for t in steps:
        before = len(program.instrs)
        readout.begin(t)
        stamper.stamp(t, step, run.values[t], whole)
        found.append(program.instrs[before:])
    return program, prepared, found
