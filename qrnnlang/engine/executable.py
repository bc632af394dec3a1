"""A model, ready to run: pure functions of parameters, inputs and state, for JAX to transform."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from ..ir.graph import build as build_graph
from ..sema.closed import (
    ClosedModel,
    RunCell,
)
from . import steps as p
from .cells import initial
from .choices import Choice, choices
from .describe import describe_plan
from .errors import Unsupported
from .model_run import ModelRun
from .native.cell import Native, compiled
from .native.library import Unavailable
from .native.writer import NotCovered
from .plan import Plan
from .planner import plan_cell
from .rates import Rates, here
from .states import State, to_state

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
    executor: str = "auto"
    plans: dict[tuple[Any, ...], Plan] = field(default_factory=dict, repr=False)
    natives: dict[int, Native | str] = field(default_factory=dict, repr=False)
    given_rates: Rates | None = None

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
        run = ModelRun(self, params, inputs, {}, lengths, steps)
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
        run = ModelRun(self, params, inputs, targets or {}, lengths, steps)
        run.all()
        loss = run.number("the loss", self.model.loss) if self.model.loss is not None else None
        metrics = {n: run.number(f"metric `{n}`", ref) for n, ref in self.model.metrics}
        return run.outputs(), loss, {n: v for n, v in metrics.items() if v is not None}

    def loss(
        self,
        params: Arrays,
        inputs: Arrays,
        targets: Arrays | None = None,
        lengths: Array | None = None,
    ) -> Array | None:
        """The loss alone: it may have a value where the sequences are too short for a metric."""
        if self.model.loss is None:
            return None
        run = ModelRun(self, params, inputs, targets or {}, lengths, None)
        run.all()
        return run.number("the loss", self.model.loss)

    def apply_with_state(
        self,
        params: Arrays,
        inputs: Arrays,
        state: State | None = None,
        lengths: Array | None = None,
        steps: int | None = None,
    ) -> tuple[dict[str, Array], State]:
        """As `apply`, from a given state, also giving the state after the last step."""
        run = ModelRun(self, params, inputs, {}, lengths, steps, state, joint=True)
        run.all()
        return run.outputs(), run.last

    def trajectories(
        self,
        params: Arrays,
        inputs: Arrays,
        key: Array,
        count: int,
        lengths: Array | None = None,
        steps: int | None = None,
    ) -> dict[str, Array]:
        """The outputs as `apply` gives them, from `count` sampled trajectories a sequence.

        `key`: a key of `jax.random`. Raises CompileError when the kets do not fit in memory.
        """
        from .sampled_run import SampledRun

        run = SampledRun(self, params, inputs, key, count, lengths, steps)
        run.all()
        return run.outputs()

    def step(
        self, params: Arrays, inputs: Arrays, state: State | None = None
    ) -> tuple[dict[str, Array], State]:
        """One step: inputs without the axis of steps, outputs likewise, and the new state."""
        seqs = {port.name for port in self.model.inputs if port.seq}
        whole = {n: jnp.asarray(x)[:, None] if n in seqs else x for n, x in inputs.items()}
        run = ModelRun(self, params, whole, {}, None, 1, state, joint=True)
        run.all()
        outputs = run.outputs()
        moving = {o.name for o in self.model.outputs if o.seq}
        return {n: y[:, 0] if n in moving else y for n, y in outputs.items()}, run.last

    def states(
        self, params: Arrays, inputs: Arrays, state: State | None = None, steps: int | None = None
    ) -> State:
        """The states after every step: as `step` gives them, (batch, steps, …)."""
        run = ModelRun(self, params, inputs, {}, None, steps, state, joint=True, keep=True)
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

    def plan(self, op: RunCell, static: frozenset[str], samples: int, joint: bool = False) -> Plan:
        """The plan of one application of a cell; `static` inputs do not depend on the sample."""
        size = 1 << max(samples - 1, 0).bit_length()
        key = (id(op), static, size, joint)
        if key not in self.plans:
            self.plans[key] = plan_cell(
                build_graph(op.cell),
                lambda name: p.STATIC if name in static else p.GIVEN,
                size,
                joint,
                self.rates,
            )
        return self.plans[key]

    def native(
        self, plan: Plan, shapes: Mapping[str, tuple[int, ...]], varying: frozenset[str]
    ) -> Native | None:
        """The plan in the native kernel; None where it runs in XLA."""
        if self.executor == "xla" or self.precision != "float64":
            return None
        if jax.default_backend() != "cpu":
            return None
        if id(plan) not in self.natives:
            try:
                self.natives[id(plan)] = compiled(plan, shapes, varying)
            except (NotCovered, Unavailable) as error:
                self.natives[id(plan)] = str(error)
        found = self.natives[id(plan)]
        if isinstance(found, str) and self.executor == "native":
            raise Unsupported(f"not in the native kernel: {found}")
        return None if isinstance(found, str) else found

    @property
    def rates(self) -> Rates:
        """What plans are chosen by."""
        return self.given_rates or here()

    def described(self, batch: int = 32, steps: int = 20) -> list[Described]:
        """The cells of the model: what is computed, and the forms it was chosen among."""
        found: list[Described] = []
        for op in self.model.ops:
            if not isinstance(op, RunCell):
                continue
            plan = self.plan(op, frozenset(), batch * steps)
            shapes = {s.name: s.shape for s in self.model.params}
            shapes |= {port.name: port.shape for port in op.cell.inputs}
            native = self.native(plan, shapes, frozenset(port.name for port in op.cell.inputs))
            why = self.natives.get(id(plan))
            where = "native kernel" if native else f"XLA: {why}" if isinstance(why, str) else "XLA"
            handed = {s.out for s in native.handed} if native else set()
            found.append(
                Described(
                    op.instance,
                    describe_plan(op.instance, plan, batch, steps, self.rates, where, handed),
                    choices(build_graph(op.cell), plan, native or why, batch * steps, self.rates),
                )
            )
        return found

    def describe(self, batch: int = 32, steps: int = 20) -> list[dict[str, object]]:
        """What is computed, as plain data: an entry for each step of a plan that costs anything."""
        return [entry for cell in self.described(batch, steps) for entry in cell.parts]


@dataclass(frozen=True)
class Described:
    """A cell's plan for people; see `describe.describe_plan` and `choices.Choice`."""

    instance: str
    parts: list[dict[str, object]]
    choices: list[Choice]

    def alternatives(self) -> list[dict[str, object]]:
        return [choice.described(self.instance) for choice in self.choices]


def build(
    model: ClosedModel,
    precision: str = "float64",
    externs: Mapping[str, Callable[..., Any]] | None = None,
    executor: str = "auto",
    rates: Rates | None = None,
) -> Executable:
    """A model, ready to run in `float64` or `float32`. Turns on JAX's 64-bit mode for the former.

    On CPUs, calls then run where they are made, unless JAX has computed something before or its
    environment variable says otherwise.

    `externs` binds the model's external functions, which JAX must be able to trace. `executor`:
    "xla", which can be differentiated any number of times, "native", the CPU kernel, once and in
    reverse, or "auto", the kernel for each cell that it covers. `rates`: of the machine that plans
    are made for, this one's if None. Raises Unsupported, here or on the
    first call, for operations that there is no exact form for.
    """
    if executor not in ("auto", "native", "xla"):
        raise ValueError(f"executor {executor!r}: expected 'auto', 'native' or 'xla'")
    if precision not in ("float64", "float32"):
        raise ValueError(f"precision {precision!r}: expected 'float64' or 'float32'")
    if precision == "float64":
        jax.config.update("jax_enable_x64", True)
    if "JAX_CPU_ENABLE_ASYNC_DISPATCH" not in os.environ:
        # A thread that only hands a call to another one and waits takes a core from the kernel.
        jax.config.update("jax_cpu_enable_async_dispatch", False)
    return Executable(model, precision, dict(externs or {}), executor, given_rates=rates)
