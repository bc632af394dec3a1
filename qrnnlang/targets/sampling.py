"""A model evaluated from shots: all circuits at once, or step by step where it measures itself.

Step by step: the read-outs of a step are measured, and their values go into the angles that depend
on them. A cell that carries qubits or bits is run again from the start for each of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import CompileError
from ..ir.operands import values_read
from ..passes import Stamp
from ..sema.closed import BitCarry, Expect, Postselect, Prob, QubitCarry, Ref
from .along import Along, Run
from .classical import entry
from .counts import Results
from .lines import Time
from .numbers import evaluate
from .outputs import Needed, needed
from .plan import END, CircuitPlan, full
from .symbols import Expr, NotAffine, Read, affine, leaves
from .unroll import Unrolled

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Runs circuits and gives the counts of each.
Execute = Callable[[Sequence["QuantumCircuit"]], Sequence[Mapping[str, int]]]

_RESAMPLED = 200


@dataclass(frozen=True)
class Sampled:
    """Outputs of one sequence, as the model names and shapes them, from shots.

    `std_error`: of the mean, exact for outputs that are affine in what is measured, else from
    resampling; what a feedback adds through the angles is not in it. `success`: of the shots that
    came so far, how many passed each postselection. `circuits`: how many were run.
    """

    outputs: dict[str, NDArray[np.float64]]
    std_error: dict[str, NDArray[np.float64]]
    success: dict[str, float]
    circuits: int


@dataclass
class Sampler:
    """Evaluates a model with `execute`. `stepwise` is True where it has to go step by step."""

    unrolled: Unrolled
    execute: Execute
    results: Results = field(default_factory=Results)
    circuits: int = 0

    @cached_property
    def stepwise(self) -> bool:
        """Whether some angle depends on what is measured."""
        try:
            self.unrolled.programs([self.unrolled.whole()])
        except CompileError as error:
            if any(d.code != "E0604" for d in error.diagnostics):
                raise
            return True
        return False

    def cost(self) -> str:
        """What a run takes, in words, before it starts."""
        if not self.stepwise:
            n = len(self.unrolled.full())
            return f"{n} circuit{'s' if n != 1 else ''}"
        runs = [self.unrolled.along.runs[r] for r in self.unrolled.along.quantum]
        steps = sum(run.steps for run in runs)
        if any(_carries(run) for run in runs):
            return f"step by step: each of {steps} steps runs the steps before it again"
        return f"step by step: one step at a time, {steps} steps"

    def run(self, seed: int = 0) -> Sampled:
        """The outputs; `seed` is for the resampling behind some standard errors."""
        if self.stepwise:
            self._step_by_step()
        else:
            self._measure(self.unrolled, self.unrolled.full(), self.unrolled.needs)
        return self._sampled(seed)

    def _measure(
        self, unrolled: Unrolled, plans: Sequence[CircuitPlan], needs: Sequence[Needed]
    ) -> None:
        from .qiskit_circuit import circuit_of

        if not needs:
            return
        programs = unrolled.programs(plans, needs)
        counts = self.execute([circuit_of(p) for p in programs])
        self.circuits += len(programs)
        self.results.add(plans, programs, counts, needs)

    # --- step by step ---------------------------------------------------------------------------

    def _step_by_step(self) -> None:
        for ref in self.unrolled.along.quantum:
            for t in range(self.unrolled.along.runs[ref].steps):
                while self._part_of_step(ref, t):
                    pass

    def _part_of_step(self, ref: Ref, t: int) -> bool:
        """Measures what comes before the next unknown angle; whether there was one."""
        binding = replace(self.unrolled.binding, reads=self.results.reads())
        now = replace(self.unrolled, binding=binding)
        run = now.along.runs[ref]
        wall = _unknown_angle(run, t)
        cut: Time = END if wall is None else (t, wall - 1)
        needs: list[Needed] = []
        for r, op in run.template.classical:
            if not isinstance(op, Expect | Prob | Postselect) or (t, r) > cut:
                continue
            value = binding.read(ref, t, r, _read_shape(run, t, r))
            if all(isinstance(x, Read) for x in value.flat):
                needs.append(
                    needed(run.template, run.lines, (ref, f"read_{r}", t), value, run.values[t])
                )
        # Past the last operation of the step nothing is known yet.
        last = cut if wall is not None else (t, max((r for r, _ in run.template.line), default=0))
        start = 0 if _carries(run) else t
        before = len(self.results.summands)
        self._measure(now, full([n for n in needs if n.atoms], ref, last, start), needs)
        assert wall is None or len(self.results.summands) > before, "an angle that stays unknown"
        return wall is not None

    # --- outputs ----------------------------------------------------------------------------------

    def _sampled(self, seed: int) -> Sampled:
        given = self.unrolled
        along = Along(given.model, given.binding, given.drop_noise, everything=True)
        reads = self.results.reads()
        outputs: dict[str, NDArray[np.float64]] = {}
        errors: dict[str, NDArray[np.float64]] = {}
        uneven: dict[str, list[Expr]] = {}
        for output in given.model.outputs:
            values = along.value(output.ref)
            shape = (len(values), *output.shape) if output.seq else output.shape
            exprs = [entry(v, i) for v in values for i in range(v.size)]
            found = evaluate(exprs, reads, given.binding.externs)
            outputs[output.name] = np.array(found).reshape(shape)
            spread = self._affine_errors(exprs)
            if spread is None:
                uneven[output.name] = exprs
            errors[output.name] = np.array(spread or [0.0] * len(exprs)).reshape(shape)
        if uneven:
            rng = np.random.default_rng(seed)
            flat = [e for exprs in uneven.values() for e in exprs]
            draws = [
                evaluate(flat, self.results.reads(rng), given.binding.externs)
                for _ in range(_RESAMPLED)
            ]
            spread = np.std(draws, axis=0, ddof=1)
            for name, exprs in uneven.items():
                errors[name] = spread[: len(exprs)].reshape(errors[name].shape)
                spread = spread[len(exprs) :]
        order = {o.name: outputs[o.name] for o in given.model.outputs}
        return Sampled(order, errors, dict(self.results.success), self.circuits)

    def _affine_errors(self, exprs: Sequence[Expr]) -> list[float] | None:
        """Standard errors of entries that are affine in what is measured; None if one is not."""
        found = []
        for e in exprs:
            try:
                parts = affine(e).terms
            except NotAffine:
                return None
            factors = {read: c for read, c in parts.items() if isinstance(c, float)}
            if len(factors) < len(parts):
                return None
            found.append(float(np.sqrt(self.results.variance(factors))))
        return found


def _carries(run: Run) -> bool:
    """Whether a step needs the steps before it on the device."""
    carries = run.template.graph.carries
    return any(isinstance(c, BitCarry) or (isinstance(c, QubitCarry) and c.wires) for c in carries)


def _read_shape(run: Run, t: int, ref: Ref) -> tuple[int, ...]:
    return tuple(run.values[t][ref].shape)


def _unknown_angle(run: Run, t: int) -> Ref | None:
    """The first operation of a step that depends on what has not been measured."""
    values = run.values[t]
    unknown = {
        r
        for r, value in values.items()
        if any(isinstance(x, Read) for i in range(value.size) for x in leaves(entry(value, i)))
    }
    for ref, item in run.template.line:
        if isinstance(item, Expect | Prob):
            continue
        if isinstance(item, Stamp):
            refs = {
                f.ref for a in item.angles for _, fs in a for f in fs if not isinstance(f, float)
            }
        else:
            refs = set(values_read(item))
        if refs & unknown:
            return ref
    return None
