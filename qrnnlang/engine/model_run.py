"""One pass over a model's operations, traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from ..ir.asked import too_short, unavailable
from ..ir.losses import LOSSES
from ..ir.steps import same_steps
from ..sema.closed import (
    Call,
    CellOutput,
    ClosedModel,
    Const,
    Extern,
    Gather,
    Input,
    LossFn,
    ModelOp,
    Param,
    Port,
    Ref,
    RunCell,
    SeqFn,
)
from .carried import Carried
from .cells import Ran, run_plan
from .classical import function
from .errors import TooShort, Unsupported
from .memory import require
from .native.cell import Native
from .plan import Plan, is_real
from .sequences import Value, lengths_of, over_time, pointwise, weights
from .states import State, from_state, to_state

Array = Any
Arrays = Mapping[str, Any]


class Machine(Protocol):
    """What a run needs to know of the model it runs."""

    @property
    def model(self) -> ClosedModel: ...

    @property
    def externs(self) -> Mapping[str, Callable[..., Any]]: ...

    @property
    def real(self) -> Any: ...

    def plan(
        self, op: RunCell, static: frozenset[str], samples: int, joint: bool = False
    ) -> Plan: ...

    def native(
        self, plan: Plan, shapes: Mapping[str, tuple[int, ...]], varying: frozenset[str]
    ) -> Native | None: ...


@dataclass(frozen=True)
class CellInputs:
    """Inputs by name as `run_plan` takes them, and what they are inputs of.

    `seq`: the cell runs along a sequence; `batch`: it differs from sample to sample.
    """

    inputs: dict[str, tuple[Array, bool]]
    steps: int
    size: int
    seq: bool
    batch: bool


class ModelRun:
    """One pass over a model's operations."""

    def __init__(
        self,
        machine: Machine,
        params: Arrays,
        inputs: Arrays,
        targets: Arrays,
        lengths: Array | None,
        steps: int | None,
        state: State | None = None,
        joint: bool = False,
        keep: bool = False,
    ) -> None:
        self.x = machine
        self.model = machine.model
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
        self.short: dict[Ref, str] = {}  # why a value needs more steps than there are
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
        """Everything that the outputs, the loss and the metrics need."""
        for ref, op in enumerate(self.model.ops):
            self._evaluate(ref, op)

    def outputs(self) -> dict[str, Array]:
        for output in self.model.outputs:
            self._refuse_short(f"output `{output.name}`", output.ref)
        return {
            o.name: self.found[o.ref].broadcast(self.size, self.steps if o.seq else None)
            for o in self.model.outputs
            if o.ref in self.found
        }

    def _refuse_short(self, what: str, ref: Ref) -> None:
        if ref in self.short:
            raise TooShort(what, self.short[ref])

    def number(self, what: str, ref: Ref) -> Array | None:
        """A loss or metric: what still depends on sample and step is averaged over them.

        None without its target. Raises ValueError where the sequences are too short for it.
        """
        self._refuse_short(what, ref)
        if ref not in self.found:
            return None
        value = self.found[ref]
        weight = weights(value)
        if weight is None:
            return jnp.mean(value.data)
        data = value.data.reshape(weight.shape)
        return jnp.where(weight > 0, data, 0.0).sum() / weight.sum()

    def _evaluate(self, ref: Ref, op: ModelOp) -> None:
        if (why := unavailable(op, self.short)) is not None:
            self.short[ref] = why
            return
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
                if arg not in self.found:
                    return
                if (why := too_short(op, self.found[arg].steps)) is not None:
                    self.short[ref] = why
                else:
                    self.found[ref] = over_time(op, self.found[arg])
            case LossFn(fn=fn, args=refs):
                if (args := self._arguments(refs)) is not None:
                    same_steps(self.model, op, [a.steps if a.seq else None for a in args])
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

    def _shaped(self, ref: Ref, op: RunCell, args: list[Value]) -> CellInputs:
        """The inputs of a cell as `run_plan` wants them."""
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
        return CellInputs(inputs, steps, size, seq, batch)

    def _run_cell(self, ref: Ref, op: RunCell, args: list[Value]) -> None:
        given = self._shaped(ref, op, args)
        inputs, steps, size = given.inputs, given.steps, given.size
        static = frozenset(name for name, (_, varies) in inputs.items() if not varies)
        plan = self.x.plan(op, static, size * steps, self.joint)
        # The state before a gate, the one after it, and one in between.
        require(3 * 16 * plan.entries * size, f"a batch of {size} states of cell `{op.cell.name}`")
        state: Carried | None = None
        if op.instance in self.state:
            state = from_state(plan, self.state[op.instance], self.x.real)
        lengths = lengths_of(args) if given.seq else None
        if self.joint and lengths is None:
            lengths = self.lengths
        native = None
        # The kernel has real states of cells with real amplitudes; a given one may be another.
        other = state is not None and is_real(plan) and any(map(jnp.iscomplexobj, state.bases))
        if not self.keep and not other:
            shapes = {n: np.shape(x) for n, x in self.params.items()}
            shapes |= {port.name: port.shape for port in op.cell.inputs}
            native = self.x.native(plan, shapes, frozenset(inputs) - static)
        keep = self.keep or (self.joint and self.lengths is not None and native is None)
        ran = run_plan(
            plan,
            self.params,
            inputs,
            steps,
            size,
            self.x.externs,
            self.x.real,
            state,
            keep,
            native,
            lengths,
        )
        if self.joint:
            self._keep_states(op, plan, ran)
        self._keep_outputs(ref, given, args, ran.outputs)

    def _keep_outputs(
        self, ref: Ref, given: CellInputs, args: list[Value], outputs: Mapping[str, Any]
    ) -> None:
        lengths = lengths_of(args)
        self.cells[ref] = {
            name: _cell_value(y, varies, given.seq, given.batch, lengths)
            if varies or not given.seq
            else _constant_in_time(y, given.steps, self.size, lengths)
            for name, (y, varies) in outputs.items()
        }

    def _keep_states(self, op: RunCell, plan: Plan, ran: Ran) -> None:
        last = ran.last
        if self.lengths is not None and ran.states is not None:
            at, index = self.lengths - 1, jnp.arange(self.size)
            last = jax.tree.map(lambda x: x[at, index], ran.states)
        self.last[op.instance] = to_state(plan, last)
        if self.keep and ran.states is not None:
            trail = jax.vmap(lambda carried: to_state(plan, carried))(ran.states)
            self.trail[op.instance] = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), trail)


def _cell_value(y: Array, varies: bool, seq: bool, batch: bool, lengths: Array | None) -> Value:
    """An output of a cell: (steps, batch, …) if it varies, else without these axes."""
    if not varies:
        return Value(y, False, False)
    y = jnp.swapaxes(y, 0, 1)
    if not seq:
        y = y[:, 0]
    return Value(y, seq, True, lengths if seq else None) if batch else Value(y[0], seq, False)


def _constant_in_time(y: Array, steps: int, size: int, lengths: Array | None) -> Value:
    """An output that is the same at every step is a sequence all the same."""
    value = Value(jnp.broadcast_to(y, (steps, *y.shape)), True, False)
    if lengths is None:
        return value
    return Value(value.broadcast(size, None), True, True, lengths)
