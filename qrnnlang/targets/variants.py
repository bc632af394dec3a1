"""The lines of a run's steps after the passes: a few variants, whatever the number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from ..passes import Settings, Step, finished, optimised
from ..passes.boundary import joined, split, worth_it
from ..passes.fed import fed_back
from ..passes.light_cone import LIVE, carried
from ..passes.line import Item
from ..sema.closed import Expect, Prob, QubitCarry, Ref
from .along import Run
from .plan import CircuitPlan

#: The read-outs of a step that a circuit measures.
Active = frozenset[Ref]


@dataclass
class Variants:
    """A step by what is measured in it, and in the step before it."""

    run: Run
    settings: Settings
    _reads: dict[frozenset[Ref], Active] = field(default_factory=dict)
    _bases: dict[tuple[Active, Active | None], Step] = field(default_factory=dict)
    _meets: dict[tuple[Active, Active | None], bool] = field(default_factory=dict)
    _found: dict[tuple[Active | None, Active, Active | None, bool], Step] = field(
        default_factory=dict
    )

    def lines(self, plan: CircuitPlan, steps: range) -> Sequence[Step]:
        """The step for each number in `steps`, in one circuit.

        One that measures no output of the run keeps its carried qubits: else nothing were left.
        """
        measures = any(run == self.run.index for run, _, _ in plan.atoms)
        if self.settings.level == 0:
            return [replace(self.run.template.step, line=self.run.template.line)] * len(steps)
        active = [self._active(plan, t) for t in steps]
        anywhere = frozenset[Ref]().union(*active) if measures else None
        before: list[Active | None] = [None, *active[:-1]]
        goes_on = [True] * (len(active) - 1) + [False]
        pairs = list(zip(before, active, goes_on, strict=True))
        found = {
            pair: self._step(pair[0], pair[1], anywhere, pair[2]) for pair in dict.fromkeys(pairs)
        }
        return [found[pair] for pair in pairs]

    def uniform(self) -> Step:
        """One step for all, as a loop needs it."""
        if self.settings.level == 0:
            return replace(self.run.template.step, line=self.run.template.line)
        start = self.run.template.step
        reads = frozenset(r for r, item in start.line if isinstance(item, Expect | Prob))
        start = replace(start, felt=self._felt(start, reads))
        step = optimised(start, self.settings, relabel=False)
        return finished(step, self.settings)

    def _active(self, plan: CircuitPlan, t: int) -> Active:
        keys = plan.keys(self.run.index, t)
        refs = frozenset([a.time[1] for key in keys for a in plan.atoms[key]])
        if refs not in self._reads:
            op = self.run.template.graph.op
            self._reads[refs] = frozenset(r for r in refs if isinstance(op(r), Expect | Prob))
        return self._reads[refs]

    def _base(self, active: Active, anywhere: Active | None) -> Step:
        """`anywhere`: what the circuit measures in any step, so that it is felt; None: nothing."""
        key = active, anywhere
        if key not in self._bases:
            start = self.run.template.step
            start = replace(start, felt=self._felt(start, anywhere))
            self._bases[key] = optimised(only(start, active), self.settings, self.run.known)
        return self._bases[key]

    def _felt(self, step: Step, anywhere: Active | None) -> dict[int, int]:
        """What of the carried qubits must stay: at level 1 all, else what some read-out feels."""
        if self.settings.level > 1 and anywhere is not None:
            return carried(only(step, anywhere))
        carries = (c for c in step.carries if isinstance(c, QubitCarry))
        return {w: LIVE for c in carries for w in c.wires}

    def _step(
        self, before: Active | None, active: Active, anywhere: Active | None, goes_on: bool
    ) -> Step:
        met = before is not None and self._splits(before, anywhere)
        left = goes_on and self._splits(active, anywhere)
        key = (before if met else None, active, anywhere, left)
        if key not in self._found:
            step, start = self._base(active, anywhere), perf_counter()
            line: tuple[Item, ...] = split(step)[0] if left else step.line
            if met and before is not None:
                tail = split(self._base(before, anywhere))[1]
                line = joined(tail, line, fed_back(step.graph))
            made = replace(step, line=line)
            if met or left:
                for look in self.settings.watch:
                    look("boundary", step, made, perf_counter() - start)
            self._found[key] = finished(made, self.settings)
        return self._found[key]

    def _splits(self, active: Active, anywhere: Active | None) -> bool:
        if self.settings.level < 2:
            return False
        if (active, anywhere) not in self._meets:
            step = self._base(active, anywhere)
            self._meets[active, anywhere] = worth_it(step, fed_back(step.graph))
        return self._meets[active, anywhere]


def only(step: Step, active: Active) -> Step:
    """A step whose other read-outs are not measured, so that they hinder nothing."""
    line = (e for e in step.line if not isinstance(e[1], Expect | Prob) or e[0] in active)
    return replace(step, line=tuple(line))
