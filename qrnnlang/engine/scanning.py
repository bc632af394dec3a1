"""The recurrence of few carried qubits by an associative scan: many steps in a few rounds.

Given what is ahead of it, a step takes the carried density matrix ρ by a linear map M_t, up to its
norm where it postselects. So the states after t steps are prefix products M_t ⋯ M_1 applied to the
first one, and products of K maps take log K rounds in place of K. That is about 2·4^n times the
work, n the carried qubits: it pays on a device that computes many small things at once, not on a
CPU. The steps are taken in chunks, so that no more than a chunk's maps are held; products are
rescaled as they grow, and every state is normalised, where there are postselections.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from . import steps as p
from .carried import Carried
from .context import Context
from .execute import run
from .plan import Plan

Array = Any

#: Steps from which on, and carried qubits up to which, a scan is tried; steps of a chunk.
LEAST_STEPS, MOST_QUBITS, CHUNK = 1000, 2, 128

#: Steps that are linear in the state that they work on.
_LINEAR = (
    p.Weighted,
    p.Density,
    p.BaseDensity,
    p.Permute,
    p.TraceOut,
    p.Apply,
    p.Sweep,
    p.Run,
    p.Multiply,
    p.Merge,
    p.Pick,
    p.Mask,
    p.Noise,
    p.NextBase,
)


def scanned(plan: Plan, steps: int) -> bool:
    """Whether a plan's recurrence goes by an associative scan.

    `QRNNLANG_SCAN`: `associative` wherever that is possible, `steps` never; without it on other
    devices than CPUs, for long sequences.
    """
    asked = os.environ.get("QRNNLANG_SCAN", "").lower()
    if asked == "steps" or not possible(plan):
        return False
    return asked == "associative" or (steps >= LEAST_STEPS and jax.default_backend() != "cpu")


def possible(plan: Plan) -> bool:
    """Whether one density matrix of few qubits is carried, and a step is linear in it."""
    if len(plan.bases) != 1 or plan.reals or plan.pure or len(plan.groups[0]) > MOST_QUBITS:
        return False
    made = {s.out: s for s in plan.line.at(p.RECURRENT)}
    waiting, seen = [plan.next_bases[0]], set[p.Slot]()
    while waiting:
        step = made.get(waiting.pop())
        if step is None or step.out in seen:
            continue
        seen.add(step.out)
        match step:
            case p.Weight():
                continue
            case p.Certain(held=held):
                waiting.append(held)
            case _ if isinstance(step, _LINEAR):
                waiting += p.reads(step)
            case _:
                return False
    return True


def unweighted(plan: Plan) -> list[p.Step]:
    """What leads to the next state, without the division by weights: linear."""
    made = {s.out: s for s in plan.line.at(p.RECURRENT)}
    waiting, seen = [plan.next_bases[0]], set[p.Slot]()
    while waiting:
        slot = waiting.pop()
        if slot in made and slot not in seen:
            seen.add(slot)
            waiting += p.reads(made[slot])
    return [s for s in made.values() if s.out in seen]


def states_before(
    maps: Callable[[Any], Array], first: Array, ahead: Any, steps: int, weighted: bool
) -> Array:
    """The states (steps, B, H, H) before every step, from the `first`, (B, H, H).

    `maps(ahead)` gives the maps of some steps, (k, B, H², H²), from what is ahead of these, an
    array (k, B, …) each. `weighted`: the maps do not keep the trace.
    """
    size, h = min(CHUNK, steps), first.shape[-1]

    def chunk(state: Array, here: Any) -> tuple[Array, Array]:
        products = jax.lax.associative_scan(lambda a, b: _product(a, b, weighted), maps(here))
        after = jnp.einsum("kbij,bj->kbi", products, state.reshape(-1, h * h))
        after = after.reshape(-1, *state.shape)
        if weighted:
            after = after / jnp.einsum("kbii->kb", after)[:, :, None, None]
        return after[-1], jnp.concatenate([state[None], after[:-1]])

    whole, rest = divmod(steps, size)
    head = jax.tree.map(lambda x: x[: whole * size].reshape(whole, size, *x.shape[1:]), ahead)
    last, found = jax.lax.scan(jax.checkpoint(chunk), first, head)
    found = found.reshape(whole * size, *first.shape)
    if rest:
        _, more = chunk(last, jax.tree.map(lambda x: x[whole * size :], ahead))
        found = jnp.concatenate([found, more])
    return found


def by_scan(
    plan: Plan,
    slots: dict[p.Slot, Any],
    context: Context,
    state: Carried,
    ahead: dict[p.Slot, Any],
    sizes: tuple[int, int],
    one: Callable[[Carried, dict[p.Slot, Any]], tuple[Carried, tuple[Any, ...]]],
    outputs: dict[str, Array],
) -> tuple[Carried, tuple[dict[str, Array], Carried | None]]:
    """The state after `sizes`, steps and sequences, the outputs, and the states after every step:

    all states by a scan first, then all steps side by side. `one` is a step, `ahead` what it reads
    of what is ahead, (steps, batch, …) each, `outputs` those that are there already.
    """
    steps, batch = sizes
    ahead = {**ahead, p.NEW: jnp.zeros((steps, batch, 0))}  # something that has the axis of steps
    (base,), (after,), (first,) = plan.bases, plan.next_bases, state.bases
    body, h = unweighted(plan), first.shape[-1]
    kind = jnp.result_type(first, context.complex) if jnp.iscomplexobj(first) else first.dtype
    units = jnp.eye(h * h, dtype=kind).reshape(h * h, 1, h, h)

    def maps(here: dict[p.Slot, Any]) -> Array:
        count = len(here[p.NEW])
        flat = {i: _samples(x, count * batch) for i, x in here.items()}

        def column(unit: Array) -> Array:
            found = {**slots, **flat, base: unit}
            for step in body:
                match step:
                    case p.Weight():
                        found[step.out] = jnp.ones(1, context.real)
                    case p.Certain(held=held):
                        found[step.out] = found[held]
                    case _:
                        run([step], found, context)
            return jnp.broadcast_to(found[after], (count * batch, h, h)).reshape(-1, h * h)

        columns = jax.vmap(column)(units)
        return jnp.moveaxis(columns, 0, -1).reshape(count, batch, h * h, h * h)

    weighted = any(isinstance(step, p.Weight) for step in body)
    before = states_before(maps, first, ahead, steps, weighted)
    after_each, (late, _) = jax.vmap(one)(Carried((before,), ()), ahead)
    states = after_each.bases[0]
    # What comes after an impossible postselection is lost, too.
    lost = jnp.isnan(states.real).any((2, 3))
    gone = jnp.cumsum(lost, 0) > 0
    gone_before = jnp.concatenate([jnp.zeros_like(gone[:1]), gone[:-1]])
    names = [name for name, slot in plan.outputs if plan.line.level[slot] == p.RECURRENT]
    for name, x in zip(names, late, strict=True):
        outputs[name] = jnp.where(
            gone_before.reshape(*gone.shape, *(1,) * (x.ndim - 2)), jnp.nan, x
        )
    states = jnp.where(gone[:, :, None, None], jnp.nan, states)
    return Carried((states[-1],), ()), (outputs, Carried((states,), ()))


def _samples(x: Any, count: int) -> Any:
    """Steps and sequences as one axis."""
    return jax.tree.map(lambda a: a.reshape(count, *a.shape[2:]), x)


def _product(a: Array, b: Array, rescaled: bool) -> Array:
    """First a, then b."""
    both = b @ a
    if not rescaled:
        return both
    scale = jax.lax.stop_gradient(jnp.abs(both).max((-2, -1), keepdims=True))
    return both / jnp.where(scale > 0, scale, 1.0)
