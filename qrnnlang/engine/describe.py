"""A plan in words and numbers, for people."""

from __future__ import annotations

from . import steps as p
from .costs import costs
from .plan import Plan
from .rates import Rates

_WHEN = {p.STATIC: "once", p.GIVEN: "ahead of the recurrence", p.RECURRENT: "each step"}


def describe_plan(
    name: str, plan: Plan, batch: int, steps: int, rates: Rates, where: str, handed: set[p.Slot]
) -> list[dict[str, object]]:
    """One entry for each step of a plan that costs anything.

    `computed` says how often, `fused_gates` and `dynamic_gates` how many gates of the program the
    entry stands for, `flops` the real operations of one evaluation without gradient, `seconds` what
    they should take on one thread, `executor` what runs it: `where`, or XLA for what is `handed`.
    """
    times = {p.STATIC: 1, p.GIVEN: batch * steps, p.RECURRENT: batch * steps}
    found: list[dict[str, object]] = []
    for step, cost in costs(plan):
        level = plan.line.level[step.out]
        found.append(
            {
                "cell": name,
                "form": cost.form,
                "computed": _WHEN[level],
                "qubits": cost.rows.bit_length() - 1,
                "fused_gates": cost.fused,
                "dynamic_gates": cost.dynamic,
                "flops": cost.flops * times[level],
                "seconds": significant(cost.seconds(times[level], rates)),
                "executor": "XLA: handed to the kernel" if step.out in handed else where,
            }
        )
    return found


def significant(x: float) -> float:
    """Three digits: more would be pretence."""
    return float(f"{x:.3g}")
