"""Long sequences in stretches, when a gradient would keep more than there is memory for.

Going back through T steps takes the states before all of them, and what was computed ahead for all
of them. In stretches of √T steps each, only the states between stretches are kept; a stretch is
run again on the way back. The work grows by half, the memory falls from O(T) to O(√T).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isqrt
from typing import Any

import jax
import jax.numpy as jnp

from . import steps as p
from .memory import limit
from .plan import Plan
from .sizes import sizes_of

Array = Any
Step = Callable[[Any, dict[str, Array]], tuple[Any, Any]]

#: What is kept for the way back is held about three times: itself, its cotangent, and a copy.
_HELD = 3


def read_by_steps(plan: Plan) -> list[p.Slot]:
    """What the recurrent steps read of what was computed ahead of them."""
    body = list(plan.line.at(p.RECURRENT))
    produced = {s.out for s in body}
    needed = {i for s in body for i in p.reads(s)}
    needed |= {*plan.next_bases, *plan.next_reals}
    return sorted(i for i in needed if i not in produced and plan.line.level[i] == p.GIVEN)


def kept(plan: Plan, steps: int, batch: int, real: Any) -> int:
    """Bytes that a gradient through all steps at once keeps: states, and all that is ahead."""
    entries = sum((2 if plan.pure else 4) ** len(group) for group in plan.groups)
    sizes = sizes_of(plan)
    for step in plan.line.at(p.GIVEN):
        if isinstance(step, p.Table):
            entries += 2 * len(step.flips) * step.diag.shape[-1]
        else:
            n, e, h = sizes[step.out]
            entries += n * e * h
    return int(steps * batch * entries * 2 * jnp.dtype(real).itemsize)


def stretch_of(plan: Plan, steps: int, batch: int, real: Any) -> int:
    """How many steps are run on end: all of them where that fits in memory, else about √T."""
    if steps < 4 or _HELD * kept(plan, steps, batch, real) <= limit():
        return steps
    return isqrt(steps - 1) + 1


def in_pieces(
    piece: Callable[[Any, Any, int], tuple[Any, Any]],
    state: Any,
    moving: Mapping[Any, Any],
    steps: int,
    size: int,
) -> tuple[Any, Any]:
    """The state after all steps, and what `piece` gives, joined along the steps: `size` on end.

    `moving`: arrays (steps, …), perhaps none. `piece(state, moving, count)` runs `count` steps.
    """
    whole, rest = divmod(steps, size)
    found = None
    if whole:
        first = jax.tree.map(
            lambda x: x[: whole * size].reshape(whole, size, *x.shape[1:]), dict(moving)
        )
        state, found = jax.lax.scan(lambda s, m: piece(s, m, size), state, first, length=whole)
        found = jax.tree.map(lambda x: x.reshape(whole * size, *x.shape[2:]), found)
    if rest:
        last = jax.tree.map(lambda x: x[whole * size :], dict(moving))
        state, more = piece(state, last, rest)
        if found is None:
            return state, more
        found = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), found, more)
    return state, found


def in_stretches(
    stretch: Step,
    plan: Plan,
    state: Any,
    moving: Mapping[str, Array],
    steps: int,
    batch: int,
    real: Any,
) -> tuple[Any, Any]:
    """The state after all steps, and what `stretch` gives, joined along the steps.

    `moving`: arrays (steps, batch, …), at least one. `stretch(state, moving)` runs as many steps
    as they have.
    """
    size = stretch_of(plan, steps, batch, real)
    if size >= steps:
        return stretch(state, dict(moving))
    again = jax.checkpoint(stretch)
    return in_pieces(lambda s, m, _: again(s, m), state, moving, steps, size)
