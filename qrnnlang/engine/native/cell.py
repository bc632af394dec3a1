"""A plan as native programs, registered with the kernel."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...sema.closed import Input, Param
from .. import steps as p
from ..plan import Plan, is_real
from ..sizes import sizes_of
from . import chains, library
from .arrays import Array, Programs, real_array
from .channel import Channel, channel_of, lowered
from .lower import Lowering
from .writer import NotCovered


@dataclass(frozen=True)
class Native:
    """A registered plan.

    `outputs`: name, shape and first column in the rows of outputs. `bases`: the shapes of what is
    carried for each group of wires, and whether it is complex. `handed`: steps that XLA computes
    ahead, once or for all samples and steps, since the kernel has no form for them.
    """

    key: int
    params: tuple[str, ...]
    fixed_inputs: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, tuple[int, ...], int], ...]
    made: int
    carried: int
    bases: tuple[tuple[tuple[int, ...], bool], ...]
    form: str
    instructions: int
    handed: tuple[p.Step, ...] = ()
    channel_flops: int = 0

    def kept(self) -> int:
        """Numbers of one set of parameters that a call keeps for its reverse."""
        return int(library.load().qrnn_kept(ctypes.c_int64(self.key)))

    def trailed(self, steps: int, batch: int) -> int:
        """Numbers of so many sequences that a call keeps for its reverse."""
        sizes = map(ctypes.c_int64, (self.key, steps, batch))
        return int(library.load().qrnn_trailed(*sizes))


def compiled(plan: Plan, shapes: Mapping[str, tuple[int, ...]], varying: frozenset[str]) -> Native:
    """The plan, registered with the kernel. Raises NotCovered or library.Unavailable.

    `shapes`: those of one sample's parameters and inputs; `varying`: inputs that differ by sample.
    """
    library.load()
    if found := channel_of(plan):
        with suppress(NotCovered):
            return _handing(plan, shapes, varying, found)
    return _handing(plan, shapes, varying, None)


def _handing(
    plan: Plan,
    shapes: Mapping[str, tuple[int, ...]],
    varying: frozenset[str],
    channel: Channel | None,
) -> Native:
    """Compiles what the kernel has forms for; XLA hands over what it has not, as long as that is

    ahead of the recurrence.
    """
    made = {s.out: s for s in plan.line.steps}
    handed: frozenset[p.Slot] = frozenset()
    while True:
        try:
            needed = tuple(
                s for s in plan.line.steps if s.out in handed and _wanted(plan, s.out, handed)
            )
            return _compiled(plan, shapes, varying, channel, needed)
        except NotCovered as error:
            slot = error.slot
            if slot is None or slot in handed or not _can_hand(made[slot], plan.line.level[slot]):
                raise
            handed |= {slot}


def _can_hand(step: p.Step, level: p.Level) -> bool:
    kinds = (p.Compute, p.Exponential, p.Fuse, p.Amplitudes)
    return level < p.RECURRENT and isinstance(step, kinds)


def _wanted(plan: Plan, slot: p.Slot, handed: frozenset[p.Slot]) -> bool:
    """Whether anything but what is handed over itself reads a slot."""
    read = {i for s in plan.line.steps if s.out not in handed for i in p.reads(s)}
    ends = (*plan.next_bases, *plan.next_reals, *(i for _, i in plan.outputs))
    return slot in read or slot in ends


def _handed_array(q: Programs, plan: Plan, step: p.Step, sizes: Mapping[p.Slot, Any]) -> Array:
    """Entries for what is handed over: real parts, then imaginary ones of what is no value."""
    fixed = plan.line.level[step.out] == p.STATIC
    if isinstance(step, p.Compute):
        ids = q.writer(fixed).new(int(np.prod(step.op.shape, dtype=int)))
        return real_array(ids.reshape(step.op.shape), fixed)
    n, _, h = sizes[step.out]
    shape = (n, 1, 1) if isinstance(step, p.Amplitudes) else (n, h)
    ids = q.writer(fixed).new(2 * n * h).reshape(2, *shape)
    return Array(ids[0], ids[1], fixed)


def _compiled(
    plan: Plan,
    shapes: Mapping[str, tuple[int, ...]],
    varying: frozenset[str],
    channel: Channel | None,
    handed: tuple[p.Step, ...],
) -> Native:
    outside = {s.out for s in handed}
    inside = [s for s in plan.line.steps if s.out not in outside]
    ops = [s.op for s in inside if isinstance(s, p.Compute)]
    stored = [s.name for s in inside if isinstance(s, p.Stored)]
    params = tuple(dict.fromkeys((*(op.name for op in ops if isinstance(op, Param)), *stored)))
    read = tuple(dict.fromkeys(op.name for op in ops if isinstance(op, Input)))
    inputs = tuple(n for n in read if n in varying)
    fixed_inputs = tuple(n for n in read if n not in varying)
    q = Programs()

    def array(name: str, fixed: bool) -> Array:
        ids = q.writer(fixed).new(int(np.prod(shapes[name], dtype=int)))
        return real_array(ids.reshape(shapes[name]), fixed)

    found_params = {n: array(n, True) for n in params}
    found_inputs = {n: array(n, True) for n in fixed_inputs}
    sizes = sizes_of(plan) if handed else {}
    given_slots = {
        s.out: _handed_array(q, plan, s, sizes) for s in handed if _ahead(plan, s) == p.STATIC
    }
    entries = q.fixed.size
    found_inputs |= {n: array(n, False) for n in inputs}
    given_slots |= {
        s.out: _handed_array(q, plan, s, sizes) for s in handed if _ahead(plan, s) == p.GIVEN
    }
    ends = (*plan.next_bases, *plan.next_reals, *(i for _, i in plan.outputs))
    low = Lowering(
        plan.line.level,
        q,
        found_params,
        found_inputs,
        dict(given_slots),
        chains.inner(plan.line.steps, plan.line.level, ends),
    )
    complex_ = not is_real(plan)
    shapes_ = [(2 ** len(g), 1, 1) if plan.pure else (2 ** len(g),) * 2 for g in plan.groups]
    carried = sum(int(np.prod(shape)) * (1 + complex_) for shape in shapes_)
    state: list[Any] = []
    after_: list[Any] = []
    form = None
    if channel:
        form = lowered(plan, channel, low)
    else:
        for slot, shape in zip(plan.bases, shapes_, strict=True):
            n = int(np.prod(shape))
            re = q.step.new(n)
            im = q.step.new(n) if complex_ else np.full(n, -1)
            low.slots[slot] = Array(re.reshape(shape), im.reshape(shape), False)
            state += [re, im[im != -1]]
        for (_, slot), after in zip(plan.reals, plan.next_reals, strict=True):
            real = q.step.new(_size(plan, after))
            carried += len(real)
            low.slots[slot] = real_array(real.reshape(_shape(plan, after)), False)
            state.append(real)
        low.run(plan.line.steps)
        for slot in plan.next_bases:
            a = q.at(low.slots[slot], False)
            after_ += [a.re.reshape(-1), *([a.im.reshape(-1)] if complex_ else [])]
        after_ += [q.at(low.slots[i], False).re.reshape(-1) for i in plan.next_reals]
    outputs, columns, made = [], [], 0
    for name, slot in plan.outputs:
        a = q.at(low.slots[slot], False)
        outputs.append((name, a.shape, made))
        made += a.re.size
        columns.append(a.re.reshape(-1))
    zero = q.step.front(q.fixed.front(0.0))

    def ids(parts: list[Any]) -> list[int]:
        whole = np.concatenate([np.zeros(0, np.int64), *parts])
        found: list[int] = q.step.placed(np.where(whole == -1, zero, whole)).tolist()
        return found

    before, next_, out = ids(state), ids(after_), ids(columns)
    rows = [found_inputs[n].re.reshape(-1) for n in inputs]
    for step in handed:
        if _ahead(plan, step) == p.GIVEN:
            a = given_slots[step.out]
            rows += [a.re.reshape(-1), *([] if a.real else [a.im.reshape(-1)])]
    given = ids(rows)
    ints: list[Any] = []
    reals = []
    spread = q.fixed.placed(np.array(list(q.step.first), np.int64)).tolist()
    for writer in (q.fixed, q.step):
        head, code, numbers = writer.finished(q.fixed)
        ints += [head, [len(code)], code, [len(numbers)]]
        reals.append(numbers)
    constants = np.array(list(q.fixed.first), float)
    reals.append(constants)
    matrices = [k for start, to, size in q.matrices for k in (start, int(q.fixed.placed(to)), size)]
    ints += [[len(constants)], [entries, carried], [len(spread)], spread]
    for part in (given, before, next_, out):
        ints += [[len(part)], part]
    ints += [[q.sums], [len(matrices)], matrices]
    if form:
        whole, coefficients = form.numbers(q, complex_)
        ints += whole
        reals.append(coefficients)
    else:
        ints += [[0]]
    return Native(
        _registered_plan(ints, reals),
        params,
        fixed_inputs,
        inputs,
        tuple(outputs),
        made,
        carried,
        tuple((shape, complex_) for shape in shapes_),
        "step by step" if form is None else form.name,
        len(q.fixed.code) + len(q.step.code),
        handed,
        0 if form is None else form.flops,
    )


def _ahead(plan: Plan, step: p.Step) -> p.Level:
    return plan.line.level[step.out]


def _registered_plan(ints: list[Any], reals: list[Any]) -> int:
    """The key of a plan: equal plans are one."""
    blob = np.concatenate([np.asarray(x, np.int64) for x in ints])
    numbers = np.concatenate(reals)
    mark = hashlib.sha256(blob.tobytes() + b"|" + numbers.tobytes()).digest()
    key = int.from_bytes(mark[:8], "little", signed=True)
    library.load().qrnn_register(
        ctypes.c_int64(key),
        blob.ctypes.data_as(ctypes.c_void_p),
        numbers.ctypes.data_as(ctypes.c_void_p),
    )
    return key


def _shape(plan: Plan, slot: p.Slot) -> tuple[int, ...]:
    for step in plan.line.steps:
        if step.out == slot and isinstance(step, p.Compute):
            return tuple(step.op.shape)
        if step.out == slot and isinstance(step, p.ExpectValue):
            return tuple(step.shape)
    raise NotCovered("a carried value of unknown shape")


def _size(plan: Plan, slot: p.Slot) -> int:
    return int(np.prod(_shape(plan, slot), dtype=int))
