"""The forms that a cell could be computed in, what each would cost, and which one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ..diagnostics import CompileError
from ..ir.graph import CellGraph
from . import steps as p
from .costs import costs, seconds
from .describe import significant
from .native.cell import Native
from .native.channel import channel_of
from .plan import Plan
from .planner import Policy, plan_as
from .rates import Rates


@dataclass(frozen=True)
class Choice:
    """A form of a cell: seconds of one evaluation on one thread, or why it is not possible."""

    form: str
    seconds: float | None
    chosen: bool = False
    why: str = ""

    def described(self, cell: str) -> dict[str, object]:
        cost = None if self.seconds is None else significant(self.seconds)
        found: dict[str, object] = {"cell": cell, "form": self.form, "seconds": cost}
        return found | {"chosen": self.chosen} | ({"why": self.why} if self.why else {})


def choices(
    graph: CellGraph, plan: Plan, native: Native | str | None, samples: int, rates: Rates
) -> list[Choice]:
    """The chosen form first. `native`: the kernel's program, or why there is none."""
    take = partial(seconds, samples=samples, rates=rates)
    mine = _name(plan)
    found: list[Choice] = []
    by_kernel = isinstance(native, Native) and native.form != "step by step"
    if channel_of(plan) is not None:
        assert plan.bases
        small = max(map(len, plan.groups)) < 3
        form = "transfer matrix" if small else "Kraus operators"
        if by_kernel and isinstance(native, Native):
            found.append(Choice(form, _channel_seconds(plan, native, samples, rates), True))
        else:
            why = native if isinstance(native, str) else "too many features of the fresh qubits"
            found.append(Choice(form, None, False, why))
    found.append(Choice(mine, take(plan), not by_kernel))
    fused = any(isinstance(s, p.Multiply) for s in plan.line.steps)
    for pure in (plan.pure, not plan.pure):
        for fusing in (True, False):
            if (pure, fusing) == (plan.pure, fused) or (fusing and pure == plan.pure):
                continue
            if pure != plan.pure and not plan.bases:
                continue
            name = _label(pure, fusing, bool(plan.bases))
            try:
                other = plan_as(graph, samples, rates, Policy(pure, fusing))
            except CompileError as error:  # too large
                found.append(Choice(name, None, False, error.diagnostics[0].message))
                continue
            if other is None:
                found.append(Choice(name, None, False, "what is carried becomes mixed"))
                break
            if _name(other) not in {c.form for c in found}:
                found.append(Choice(_name(other), take(other)))
    return sorted(found, key=lambda c: not c.chosen)


def _channel_seconds(plan: Plan, native: Native, samples: int, rates: Rates) -> float:
    """What the kernel's channel replaces is what works on the carried state."""
    level = plan.line.level
    channel = channel_of(plan)
    assert channel is not None
    once_or_ahead = sum(
        cost.seconds(1 if level[step.out] == p.STATIC else samples, rates)
        for step, cost in costs(plan)
        if step.out not in channel.inside
    )
    return once_or_ahead + samples * native.channel_flops / rates.product


def _name(plan: Plan) -> str:
    fused = any(isinstance(s, p.Multiply) for s in plan.line.steps)
    return _label(plan.pure, fused, bool(plan.bases))


def _label(pure: bool, fused: bool, carries: bool) -> str:
    state = "carried ket" if pure else "carried density matrix" if carries else "fresh kets"
    return f"{state}, {'gates fused into matrices' if fused else 'gate by gate'}"
