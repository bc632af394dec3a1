"""What an output, a loss or a metric is computed from, and the steps its sequences must have.

A model runs on any number of steps: `skip(p, 5)` in a loss is nobody's business until the loss is
asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..sema.closed import CellOutput, ClosedModel, LossFn, ModelOp, Ref, RunCell, SeqFn
from .operands import values_read


def reads(op: ModelOp) -> tuple[Ref, ...]:
    """The values that an operation of a model is computed from."""
    match op:
        case SeqFn(arg=arg):
            return (arg,)
        case RunCell(args=refs) | LossFn(args=refs):
            return refs
        case CellOutput(run=run):
            return (run,)
        case _:
            return values_read(op)


def behind(model: ClosedModel, asked: Iterable[Ref]) -> frozenset[Ref]:
    """The values asked for and all that they are computed from."""
    waiting, seen = list(asked), set[Ref]()
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting += reads(model.ops[here])
    return frozenset(seen)


def steps_needed(op: SeqFn) -> int:
    """The length of the shortest sequence that the function has a value for."""
    match op.fn:
        case "last" | "first":
            return 1 if op.k is None else op.k
        case "skip":
            return (op.k or 0) + 1
        case _:
            return 1


def too_short(op: SeqFn, steps: int) -> str | None:
    """Says what is wrong with a sequence of too few steps."""
    needed = steps_needed(op)
    if steps >= needed:
        return None
    return f"`{op.fn}` needs a sequence of at least {needed} steps, this one has {steps}"


def unavailable(op: ModelOp, missing: dict[Ref, str]) -> str | None:
    """Why an operation has no value: one of those it is computed from has none."""
    return next((missing[r] for r in reads(op) if r in missing), None)
