"""Running a plan over a batch of sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from . import steps as p
from .carried import Carried
from .context import Context
from .execute import run
from .native.cell import Native
from .native.sweep import run_native
from .plan import Plan, is_real
from .scanning import by_scan, scanned
from .stretches import in_pieces, in_stretches, read_by_steps

Array = Any


@dataclass(frozen=True)
class Ran:
    """Outputs by name with how they vary: (steps, batch, *shape) if `varies`, else (*shape).

    `last` is the state after the last step, `states` (if asked for) that after every step.
    """

    outputs: dict[str, tuple[Array, bool]]
    last: Carried
    states: Carried | None


def initial(
    plan: Plan,
    params: Mapping[str, Array],
    externs: Mapping[str, Callable[..., Any]],
    batch: int,
    real: Any,
) -> Carried:
    """The state before the first step."""
    slots: dict[p.Slot, Any] = {}
    run(plan.start.steps, slots, Context(params, {}, externs, real, plan.start.level))
    kind = real if is_real(plan) else (jnp.complex64 if real == jnp.float32 else jnp.complex128)
    bases = tuple(
        jnp.broadcast_to(slots[i], (batch, *slots[i].shape[1:])).astype(kind)
        for i in plan.start_bases
    )
    reals = tuple(
        jnp.broadcast_to(slots[i], (batch, *jnp.shape(slots[i]))).astype(real)
        for i in plan.start_reals
    )
    return Carried(bases, reals)


def run_plan(
    plan: Plan,
    params: Mapping[str, Array],
    inputs: Mapping[str, tuple[Array, bool]],
    steps: int,
    batch: int,
    externs: Mapping[str, Callable[..., Any]],
    real: Any,
    state: Carried | None = None,
    keep: bool = False,
    native: Native | None = None,
    lengths: Array | None = None,
) -> Ran:
    """Runs a cell. `inputs`: (steps, batch, *shape) and True, or static, (*shape), and False.

    `keep`: also give the states after every step. `native`: run it in the native kernel, which
    leaves out what lies beyond the `lengths`, (batch,), of the sequences: the last outputs are
    repeated there, and the last state is that at the end of each.
    """
    if native is not None and not keep:
        before = state or initial(plan, params, externs, 1, real)
        handed = _handed(plan, native, params, inputs, steps * batch, externs, real)
        made, bases, reals = run_native(
            native, params, inputs, steps, batch, before.bases, before.reals, handed, lengths
        )
        return Ran({n: (y, True) for n, y in made.items()}, Carried(bases, reals), None)
    slots: dict[p.Slot, Any] = {}
    fixed = {name: x for name, (x, varies) in inputs.items() if not varies}
    line = plan.line
    run(line.at(p.STATIC), slots, Context(params, fixed, externs, real, line.level))
    state = state or initial(plan, params, externs, batch, real)
    moving = {name: x for name, (x, varies) in inputs.items() if varies}
    # Without inputs, something that has the axis of steps.
    moving = moving or {"": jnp.zeros((steps, batch, 0), real)}

    def stretch(state: Carried, moving: dict[str, Array]) -> tuple[Carried, Any]:
        count = len(next(iter(moving.values())))
        flat = {n: x.reshape(count * batch, *x.shape[2:]) for n, x in moving.items()}
        context = Context(params, {**fixed, **flat}, externs, real, line.level)
        return _stretch(plan, dict(slots), context, state, count, batch, keep)

    last, (found, states) = in_stretches(stretch, plan, state, moving, steps, batch, real)
    outputs: dict[str, tuple[Array, bool]] = {}
    for name, slot in plan.outputs:
        static = line.level[slot] == p.STATIC
        outputs[name] = (slots[slot], False) if static else (found[name], True)
    return Ran(outputs, last, states)


def _handed(
    plan: Plan,
    native: Native,
    params: Mapping[str, Array],
    inputs: Mapping[str, tuple[Array, bool]],
    samples: int,
    externs: Mapping[str, Callable[..., Any]],
    real: Any,
) -> tuple[list[Array], list[Array]]:
    """What XLA computes for the native kernel: flat arrays, and (samples, …) of what varies."""
    line = plan.line
    made = {s.out: s for s in line.steps}
    wanted: set[p.Slot] = set()
    waiting = list(native.handed)
    while waiting:
        step = waiting.pop()
        wanted.add(step.out)
        waiting += [made[i] for i in p.reads(step) if i in made and i not in wanted]
    given = {
        n: x.reshape(samples, *x.shape[2:]) if varies else x for n, (x, varies) in inputs.items()
    }
    slots: dict[p.Slot, Any] = {}
    context = Context(params, given, externs, real, line.level)
    run((s for s in line.steps if s.out in wanted), slots, context)
    once: list[Array] = []
    each: list[Array] = []
    for step in native.handed:
        x, static = slots[step.out], line.level[step.out] == p.STATIC
        parts = [x] if isinstance(step, p.Compute) else [jnp.real(x), jnp.imag(x)]
        if static:
            once += [part.reshape(-1) for part in parts]
        else:
            each += [jnp.broadcast_to(y, (samples, *y.shape[1:])) for y in parts]
    return once, each


def _stretch(
    plan: Plan,
    slots: dict[p.Slot, Any],
    context: Context,
    state: Carried,
    steps: int,
    batch: int,
    keep: bool,
) -> tuple[Carried, tuple[dict[str, Array], Carried | None]]:
    """Some steps on end, from what is static: the state after them, the outputs that are not

    static, (steps, batch, *shape), and the states after each step.
    """
    line = plan.line
    run(line.at(p.GIVEN), slots, context)
    outputs = {
        name: slots[slot].reshape(steps, batch, *slots[slot].shape[1:])
        for name, slot in plan.outputs
        if line.level[slot] == p.GIVEN
    }
    if not plan.recurrent:
        return state, (outputs, None)
    body = list(line.at(p.RECURRENT))
    ahead = {i: _by_step(slots[i], steps, batch) for i in read_by_steps(plan)}
    late = [(name, slot) for name, slot in plan.outputs if line.level[slot] == p.RECURRENT]

    def one(state: Carried, here: dict[p.Slot, Any]) -> tuple[Carried, tuple[Any, ...]]:
        inside = {**slots, **here}
        inside |= dict(zip(plan.bases, state.bases, strict=True))
        inside |= dict(zip((slot for _, slot in plan.reals), state.reals, strict=True))
        run(body, inside, context)
        new = _after(plan, inside, state)
        return new, (tuple(inside[slot] for _, slot in late), new if keep else None)

    if steps > 1 and scanned(plan, steps):
        return by_scan(plan, slots, context, state, ahead, (steps, batch), one, outputs)
    if any(isinstance(x, p.Observed) for x in body) and not keep:
        last, looked = _looked_at_later(plan, slots, context, state, ahead, steps, batch)
        return last, (outputs | looked, None)
    if steps == 1:
        last, found = one(state, {i: _first(x) for i, x in ahead.items()})
        found = jax.tree.map(lambda x: x[None], found)
    else:
        last, found = jax.lax.scan(jax.checkpoint(one), state, ahead, length=steps)
    outputs |= {name: x for (name, _), x in zip(late, found[0], strict=True)}
    return last, (outputs, found[1])


#: Bytes of states that are looked at together.
LOOK = 1 << 25


def _looked_at_later(
    plan: Plan,
    slots: dict[p.Slot, Any],
    context: Context,
    state: Carried,
    ahead: dict[p.Slot, Any],
    steps: int,
    batch: int,
) -> tuple[Carried, dict[str, Array]]:
    """The recurrence without what only outputs need, and that for many steps at once."""
    line = plan.line
    needed, wanted = set[p.Slot](), {*plan.next_bases, *plan.next_reals}
    body = list(line.at(p.RECURRENT))
    for step in reversed(body):
        if step.out in wanted:
            needed.add(step.out)
            wanted |= set(p.reads(step))
    inner = [x for x in body if x.out in needed]
    outer = [x for x in body if x.out not in needed]
    late = [(name, slot) for name, slot in plan.outputs if line.level[slot] == p.RECURRENT]
    carried = (*plan.bases, *(slot for _, slot in plan.reals))
    read = {i for x in outer for i in p.reads(x)} | {slot for _, slot in late}
    kept = sorted(i for i in read if i in needed or i in carried)

    def one(state: Carried, here: dict[p.Slot, Any]) -> tuple[Carried, dict[p.Slot, Any]]:
        inside = {**slots, **here, **dict(zip(carried, (*state.bases, *state.reals), strict=True))}
        run(inner, inside, context)
        return _after(plan, inside, state), {i: inside[i] for i in kept}

    def piece(state: Carried, here: Any, count: int) -> tuple[Carried, dict[str, Array]]:
        state, seen = jax.lax.scan(jax.checkpoint(one), state, here, length=count)
        inside = {
            **slots,
            **jax.tree.map(lambda a: a.reshape(count * batch, *a.shape[2:]), {**here, **seen}),
        }
        run(outer, inside, context)
        return state, {
            name: inside[slot].reshape(count, batch, *inside[slot].shape[1:]) for name, slot in late
        }

    entries = max(4 ** len(group) for group in plan.groups) * 16 * batch
    return in_pieces(piece, state, ahead, steps, max(1, LOOK // entries))


def _after(plan: Plan, inside: dict[p.Slot, Any], state: Carried) -> Carried:
    """The state that a step leaves."""
    bases = tuple(
        _like(inside[i], old) for i, old in zip(plan.next_bases, state.bases, strict=True)
    )
    reals = tuple(
        _real_like(inside[i], plan.line.level[i], old)
        for i, old in zip(plan.next_reals, state.reals, strict=True)
    )
    return Carried(bases, reals)


def _by_step(x: Any, steps: int, batch: int) -> Any:
    """What was computed for all samples and steps, with the axis of steps in front."""
    return jax.tree.map(lambda a: a.reshape(steps, batch, *a.shape[1:]), x)


def _first(x: Any) -> Any:
    return jax.tree.map(lambda a: a[0], x)


def _like(x: Array, old: Array) -> Array:
    assert jnp.iscomplexobj(old) or not jnp.iscomplexobj(x)
    return jnp.broadcast_to(x, old.shape).astype(old.dtype)


def _real_like(x: Array, level: p.Level, old: Array) -> Array:
    if level == p.STATIC:
        return jnp.broadcast_to(x, old.shape).astype(old.dtype)
    return x.reshape(old.shape).astype(old.dtype)
