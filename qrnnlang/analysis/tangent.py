"""One step of a cell as a map of coordinates, and its derivative along a trajectory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..engine.plan import is_real
from ..ir.operands import values_read
from ..sema.closed import (
    Call,
    ClosedCell,
    Expect,
    Extern,
    Gather,
    Postselect,
    Prob,
    QubitCarry,
)
from .coordinates import Coordinates, coordinates_of
from .finding import NotDefined
from .subject import Subject

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tangent:
    """The step s_t = f(s_{t−1}, x_t), y_t = g(s_{t−1}, x_t) of a cell in `Coordinates`.

    For a cell that carries only qubits, without postselection, f is affine in s: its derivative is
    the transfer matrix of the step's channel on traceless operators, whatever s is.
    """

    subject: Subject

    @cached_property
    def coordinates(self) -> Coordinates:
        instance = self.subject.run.instance
        if not self.subject.run.cell.carries:
            raise NotDefined("it carries nothing from step to step")
        state = self.subject.machine().initial_state(self.subject.params(0), 1)
        return coordinates_of(instance, state)

    def start(self, params: Any, batch: int) -> Any:
        """(batch, size): the state before the first step."""
        state = self.subject.machine().initial_state(params, batch)
        return self.coordinates.to_vector(state)

    def step(self, params: Any, s: Any, x: Any, executor: str = "auto") -> tuple[Any, Any]:
        """The next coordinates and the outputs, (batch, k), of states (batch, size), x by name."""
        state = self.coordinates.to_state(s)
        x = x or {p.name: jnp.zeros(s.shape[0]) for p in self.subject.closed.inputs}
        outputs, after = self.subject.machine(executor).step(params, x, state)
        flat = [jnp.reshape(y, (s.shape[0], -1)) for y in outputs.values()]
        return self.coordinates.to_vector(after), jnp.concatenate(flat, axis=1)

    def trajectory(self, params: Any, x: Any) -> Floats:
        """(steps + 1, batch, size): the states along sequences, the one before them first."""
        return np.asarray(self._trajectory(params, _time_first(x)))

    @cached_property
    def _trajectory(self) -> Any:
        @jax.jit
        def along(params: Any, x: Any) -> Any:
            first = self.start(params, next(iter(x.values())).shape[1])

            def one(s: Any, here: Any) -> tuple[Any, Any]:
                after, _ = self.step(params, s, here)
                return after, after

            _, rest = jax.lax.scan(one, first, x)
            return jnp.concatenate([first[None], rest])

        return along

    @cached_property
    def affine(self) -> bool:
        """Whether a step is affine in the state, computed with complex amplitudes.

        Circuits of real amplitudes are run on real states, which do not span the others.
        """
        op = self.subject.run
        carried = all(isinstance(c, QubitCarry) for c in op.cell.carries)
        selects = any(isinstance(o, Postselect) for o in op.cell.ops)
        plan = self.subject.machine().plan(op, frozenset(), 1, joint=True)
        feeds = carried and not selects and not _feeds_back(op.cell)
        return feeds and not is_real(plan)

    def push(self, params: Any, s: Any, x: Any, columns: Any) -> Floats:
        """J @ columns, (size, k), with J = ∂f/∂s at one state (size,) and input (by name)."""
        if not self.affine:
            return np.asarray(self._push(params, s, x, columns))
        # The difference is exact. Directions of unit length keep rounding small.
        scale = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
        states = np.concatenate([s[None], s + (columns / scale).T])
        many = {n: np.broadcast_to(v, (len(states), *np.shape(v))) for n, v in x.items()}
        after = np.asarray(self._many(params, states, many))
        return np.asarray((after[1:] - after[0]).T * scale)

    @cached_property
    def _many(self) -> Any:
        return jax.jit(lambda params, s, x: self.step(params, s, x)[0])

    @cached_property
    def _push(self) -> Any:
        @jax.jit
        def push(params: Any, s: Any, x: Any, columns: Any) -> Any:
            k = columns.shape[1]
            many = {n: jnp.broadcast_to(v, (k, *jnp.shape(v))) for n, v in x.items()}
            states = jnp.broadcast_to(s, (k, s.shape[0]))

            def after(states: Any) -> Any:
                return self.step(params, states, many, "xla")[0]

            return jax.jvp(after, (states,), (columns.T,))[1].T

        return push

    def pull(self, params: Any, s: Any, x: Any, columns: Any) -> Floats:
        """Jᵀ @ columns, as `push`."""
        return np.asarray(self._pull(params, s, x, columns))

    @cached_property
    def _pull(self) -> Any:
        @jax.jit
        def pull(params: Any, s: Any, x: Any, columns: Any) -> Any:
            k = columns.shape[1]
            many = {n: jnp.broadcast_to(v, (k, *jnp.shape(v))) for n, v in x.items()}
            states = jnp.broadcast_to(s, (k, s.shape[0]))
            how = "auto" if self.affine else "xla"
            _, back = jax.vjp(lambda s: self.step(params, s, many, how)[0], states)
            return back(columns.T)[0].T

        return pull


def at(x: dict[str, Any], sample: int, step: int) -> dict[str, Any]:
    """The inputs of one sample at one step."""
    return {name: value[sample, step] for name, value in x.items()}


def _feeds_back(cell: ClosedCell) -> bool:
    """Whether a read-out goes into a later operation: then the state enters more than once."""
    read: set[int] = set()
    for ref, op in enumerate(cell.ops):
        if isinstance(op, Expect | Prob):
            read.add(ref)
        elif set(values_read(op)) & read:
            if not isinstance(op, Gather | Call | Extern):
                return True
            read.add(ref)
    return False


def _time_first(x: dict[str, Any]) -> dict[str, Any]:
    return {name: jnp.swapaxes(jnp.asarray(value), 0, 1) for name, value in x.items()}
