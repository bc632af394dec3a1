"""A model, ready to run: pure functions of parameters, inputs and state, for JAX to transform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from ..ir.graph import build as build_graph
from ..ir.losses import LOSSES
from ..sema.closed import (
    Call,
    CellOutput,
    ClosedModel,
    Const,
    Extern,
    Gather,
    Input,
    LossFn,
    Param,
    Port,
    Ref,
    RunCell,
    SeqFn,
)
from . import plan as p
from .cells import Carried, Ran, initial, run_plan
from .describe import describe_plan
from .errors import Unsupported
from .execute import function
from .planner import plan_cell
from .sequences import Value, lengths_of, over_time, pointwise, weights
from .states import State, from_state, to_state

Array = Any
Arrays: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Executable:
    """A model that can be run on batches of sequences.

    Every method is pure and traceable: `jax.jit`, `vmap` and `grad` work on it. Inputs and targets
    have shape (batch, steps, *shape), or (batch, *shape) for what is no sequence. A value outside a
    function's domain gives NaN in the sample concerned.
    """

    model: ClosedModel
    precision: str
    externs: Mapping[str, Callable[..., Any]]
    plans: dict[tuple[Any, ...], p.Plan] = field(default_factory=dict, repr=False)

    @property
    def real(self) -> Any:
        return jnp.float32 if self.precision == "float32" else jnp.float64

    def apply(
        self, params: Arrays, inputs: Arrays, lengths: Array | None = None, steps: int | None = None
    ) -> dict[str, Array]:
        """The outputs by name, (batch, steps, *shape), or (batch, *shape) for what is no sequence.

        `lengths`, (batch,), says how many steps of each sequence count. `steps` is needed by a
        model without a sequence among its inputs.
        """
        run = _Run(self, params, inputs, {}, lengths, steps)
        run.all()
        return run.outputs()

    def evaluate(
        self,
        params: Arrays,
        inputs: Arrays,
        targets: Arrays | None = None,
        lengths: Array | None = None,
        steps: int | None = None,
    ) -> tuple[dict[str, Array], Array | None, dict[str, Array]]:
        """Outputs, loss and metrics. The loss is None for a model without one; a loss or metric

        that needs a target which is not given is left out.
        """
        run = _Run(self, params, inputs, targets or {}, lengths, steps)
        run.all()
        loss = run.number(self.model.loss) if self.model.loss is not None else None
        metrics = {name: run.number(ref) for name, ref in self.model.metrics}
        return run.outputs(), loss, {n: v for n, v in metrics.items() if v is not None}

    def apply_with_state(
        self,
        params: Arrays,
        inputs: Arrays,
        state: State | None = None,
        lengths: Array | None = None,
        steps: int | None = None,
    ) -> tuple[dict[str, Array], State]:
        """As `apply`, from a given state, also giving the state after the last step."""
        run = _Run(self, params, inputs, {}, lengths, steps, state, joint=True)
        run.all()
        return run.outputs(), run.last

    def step(
        self, params: Arrays, inputs: Arrays, state: State | None = None
    ) -> tuple[dict[str, Array], State]:
        """One step: inputs without the axis of steps, outputs likewise, and the new state."""
        seqs = {port.name for port in self.model.inputs if port.seq}
        whole = {n: jnp.asarray(x)[:, None] if n in seqs else x for n, x in inputs.items()}
        run = _Run(self, params, whole, {}, None, 1, state, joint=True)
        run.all()
        outputs = run.outputs()
        moving = {o.name for o in self.model.outputs if o.seq}
        return {n: y[:, 0] if n in moving else y for n, y in outputs.items()}, run.last

    def states(
        self, params: Arrays, inputs: Arrays, state: State | None = None, steps: int | None = None
    ) -> State:
        """The states after every step: as `step` gives them, (batch, steps, …)."""
        run = _Run(self, params, inputs, {}, None, steps, state, joint=True, keep=True)
        run.all()
        return run.trail

    def initial_state(self, params: Arrays, batch: int = 1) -> State:
        """The state before the first step, by instance."""
        found: State = {}
        for op in self.model.ops:
            if isinstance(op, RunCell):
                plan = self.plan(op, frozenset(), batch, joint=True)
                carried = initial(plan, params, self.externs, batch, self.real)
                found[op.instance] = to_state(plan, carried)
        return found

    def plan(
        self, op: RunCell, static: frozenset[str], samples: int, joint: bool = False
    ) -> p.Plan:
        """The plan of one application of a cell; `static` inputs do not depend on the sample."""
        size = 1 << max(samples - 1, 0).bit_length()
        key = (id(op), static, size, joint)
        if key not in self.plans:
            self.plans[key] = plan_cell(
                build_graph(op.cell),
                lambda name: p.STATIC if name in static else p.GIVEN,
                size,
                joint,
            )
        return self.plans[key]

    def describe(self, batch: int = 32, steps: int = 20) -> list[dict[str, object]]:
        """What is computed, as plain data: one entry a step of a cell's plan that costs anything."""
        found: list[dict[str, object]] = []
        for op in self.model.ops:
            if isinstance(op, RunCell):
                plan = self.plan(op, frozenset(), batch * steps)
                found += describe_plan(op.instance, plan, batch, steps)
        return found


class _Run:
    """One pass over a model's operations."""

    def __init__(
        self,
        executable: Executable,
        params: Arrays,
        inputs: Arrays,
        targets: Arrays,
        lengths: Array | None,
        steps: int | None,
        state: State | None = None,
        joint: bool = False,
        keep: bool = False,
    ) -> None:
        self.x = executable
        self.model = executable.model
        self.params = params
        self.joint, self.keep = joint, keep
        self.state = state or {}
        self.last: State = {}
        self.trail: State = {}
        self.lengths = None if lengths is None else jnp.asarray(lengths)
        ports = {port.name: port for port in (*self.model.inputs, *self.model.targets)}
        given = {**inputs, **targets}
        for port in self.model.inputs:
            if port.name not in given:
                raise ValueError(f"the input `{port.name}` is missing")
        self.given = {n: self._leading(given[n], ports[n]) for n in ports if n in given}
        self.size = next((v.data.shape[0] for v in self.given.values()), 1)
        lengths_of_seqs = (v.steps for v in self.given.values() if v.seq)
        self.steps = next(lengths_of_seqs, steps)
        self.found: dict[Ref, Value] = {}
        self.cells: dict[Ref, dict[str, Value]] = {}

    def _leading(self, x: Array, port: Port) -> Value:
        data = jnp.asarray(x, self.x.real)
        axes = 2 if port.seq else 1
        if data.shape[axes:] != port.shape and {data.shape[axes:], port.shape} == {(), (1,)}:
            data = data.reshape(*data.shape[:axes], *port.shape)
        if data.shape[axes:] != port.shape or data.ndim < axes:
            wanted = ", ".join(["batch", "steps"][:axes] + [str(n) for n in port.shape])
            raise ValueError(f"`{port.name}` has shape {data.shape}, expected ({wanted})")
        if not port.seq or self.lengths is None:
            return Value(data, port.seq, True)
        # Padding repeats the last step that counts: whatever it holds, it can do no harm.
        index = jnp.minimum(jnp.arange(data.shape[1])[None], self.lengths[:, None] - 1)
        padded = jax.vmap(lambda rows, i: rows[i])(data, jnp.maximum(index, 0))
        return Value(padded, True, True, self.lengths)

    def all(self) -> None:
        for ref, op in enumerate(self.model.ops):
            self._evaluate(ref, op)

    def outputs(self) -> dict[str, Array]:
        return {
            o.name: self.found[o.ref].broadcast(self.size, self.steps if o.seq else None)
            for o in self.model.outputs
            if o.ref in self.found
        }

    def number(self, ref: Ref) -> Array | None:
        """A loss or metric: what still depends on sample and step is averaged over them."""
        if ref not in self.found:
            return None
        value = self.found[ref]
        weight = weights(value)
        if weight is None:
            return jnp.mean(value.data)
        data = value.data.reshape(weight.shape)
        return jnp.where(weight > 0, data, 0.0).sum() / weight.sum()

    def _evaluate(self, ref: Ref, op: Any) -> None:
        real = self.x.real
        match op:
            case Const(values=values, shape=shape):
                data = jnp.asarray(values, real).reshape(shape)
                self.found[ref] = Value(data, False, False)
            case Param(name=name, shape=shape):
                if name not in self.params:
                    raise ValueError(f"the parameter `{name}` is missing")
                data = jnp.asarray(self.params[name], real).reshape(shape)
                self.found[ref] = Value(data, False, False)
            case Input(name=name):
                if name in self.given:
                    self.found[ref] = self.given[name]
            case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
                if (args := self._arguments(refs)) is not None:
                    self.found[ref] = pointwise(function(op, self.x.externs), args)
            case SeqFn(arg=arg):
                if arg in self.found:
                    self.found[ref] = over_time(op, self.found[arg])
            case LossFn(fn=fn, args=refs):
                if (args := self._arguments(refs)) is not None:
                    self.found[ref] = self._loss(fn, args)
            case RunCell(args=refs):
                if (args := self._arguments(refs)) is not None:
                    self._run_cell(ref, op, args)
            case CellOutput(run=run, name=name):
                if run in self.cells:
                    self.found[ref] = self.cells[run][name]
            case _:
                raise Unsupported(f"operation `{type(op).__name__}` of a model")

    def _arguments(self, refs: tuple[Ref, ...]) -> list[Value] | None:
        return [self.found[r] for r in refs] if all(r in self.found for r in refs) else None

    def _loss(self, fn: str, args: list[Value]) -> Value:
        if fn not in LOSSES:
            raise Unsupported(f"loss `{fn}`")
        moving = next((a for a in args if a.seq), None)
        steps = moving.steps if moving else None
        operands = [a.broadcast(self.size, steps) for a in args]
        weight = weights(Value(moving.data, True, True, lengths_of(args))) if moving else None
        return Value(jnp.asarray(LOSSES[fn](jnp, *operands, weights=weight)), False, False)

    def _run_cell(self, ref: Ref, op: RunCell, args: list[Value]) -> None:
        seq = any(a.seq for a in args) or self.model.types[ref].seq
        batch = any(a.batch for a in args)
        steps = next((a.steps for a in args if a.seq), self.steps) if seq else 1
        if steps is None:
            raise ValueError(f"`{op.instance}` reads no sequence: the number of steps is missing")
        size = self.size if batch or self.joint else 1
        inputs: dict[str, tuple[Array, bool]] = {}
        for port, arg in zip(op.cell.inputs, args, strict=True):
            varies = arg.seq or arg.batch
            data = arg.data
            if varies:
                data = jnp.swapaxes(arg.broadcast(size, steps), 0, 1)
            shape = (steps, size, *port.shape) if varies else port.shape
            inputs[port.name] = (data.reshape(shape), varies)
        static = frozenset(name for name, (_, varies) in inputs.items() if not varies)
        plan = self.x.plan(op, static, size * steps, self.joint)
        state: Carried | None = None
        if op.instance in self.state:
            state = from_state(plan, self.state[op.instance], self.x.real)
        keep = self.keep or (self.joint and self.lengths is not None)
        ran = run_plan(
            plan, self.params, inputs, steps, size, self.x.externs, self.x.real, state, keep
        )
        if self.joint:
            self._keep_states(op, plan, ran)
        lengths = lengths_of(args)
        self.cells[ref] = {
            name: _cell_value(y, varies, seq, batch, lengths)
            for name, (y, varies) in ran.outputs.items()
        }

    def _keep_states(self, op: RunCell, plan: p.Plan, ran: Ran) -> None:
        last = ran.last
        if self.lengths is not None and ran.states is not None:
            at, index = self.lengths - 1, jnp.arange(self.size)
            bases = tuple(jnp.moveaxis(x[at, :, :, index], 0, -1) for x in ran.states.bases)
            last = Carried(bases, tuple(x[at, index] for x in ran.states.reals))
        self.last[op.instance] = to_state(plan, last)
        if self.keep and ran.states is not None:
            trail = jax.vmap(lambda carried: to_state(plan, carried))(ran.states)
            self.trail[op.instance] = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), trail)


def _cell_value(
    y: Array, varies: bool, seq: bool, batch: bool, lengths: Array | None
) -> Value:
    """An output of a cell: (steps, batch, …) if it varies, else without these axes."""
    if not varies:
        return Value(y, False, False)
    y = jnp.swapaxes(y, 0, 1)
    if not seq:
        y = y[:, 0]
    return Value(y, seq, True, lengths if seq else None) if batch else Value(y[0], seq, False)


def build(
    model: ClosedModel,
    precision: str = "float64",
    externs: Mapping[str, Callable[..., Any]] | None = None,
) -> Executable:
    """A model, ready to run in `float64` or `float32`. Turns on JAX's 64-bit mode for the former.

    `externs` binds the model's external functions, which JAX must be able to trace. Raises
    Unsupported, here or on the first call, for operations that the engine has no exact form for.
    """
    if precision not in ("float64", "float32"):
        raise ValueError(f"precision {precision!r}: expected 'float64' or 'float32'")
    if precision == "float64" and not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    return Executable(model, precision, dict(externs or {}))
