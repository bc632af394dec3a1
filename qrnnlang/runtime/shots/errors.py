"""Standard errors of outputs, from the covariance of what was measured.

An output is a function of means; to first order its variance is J C J', with the Jacobian J of the
classical part (the delta method: exact where an output is linear in the means) and the covariance
C of the means of each circuit. Means of postselected shots are quotients, and their Jacobian is
part of J. With ensemble feedback a mean also moves the angles of later circuits: J is then the
engine's, of the exact model at the same parameters. What is left out is of order 1/shots: the
square of the standard error over the curvature of what is computed, like the bias of an output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .classical import Classical, perturbed
from .machine import Arrays, Machine, Measured

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Errors:
    """The standard errors of a machine's outputs."""

    machine: Machine
    externs: Mapping[str, Callable[..., Any]]

    def of(self, params: Arrays, inputs: Arrays, measured: Measured) -> dict[str, Floats]:
        """By name, (batch, …) as the outputs themselves."""
        slopes = (self._through_feedback if self.machine.flow.feedback else self._direct)(
            params, inputs, measured
        )
        m = self.machine
        found = {}
        for name, jacobian in slopes.items():
            # (outputs, batch, quantities)
            variance = np.zeros(jacobian.shape[:2])
            for u, covariance in enumerate(measured.covariances):
                part = jacobian[:, :, m.first[u] : m.first[u + 1]]
                variance += np.einsum("obi,bij,obj->ob", part, covariance, part)
            shape = self._shapes(measured)[name]
            found[name] = np.sqrt(np.maximum(variance, 0.0)).T.reshape(shape)
        return found

    def _shapes(self, measured: Measured) -> dict[str, tuple[int, ...]]:
        m, size = self.machine, len(measured.means)
        steps = m.flow.lengths
        return {
            o.name: (size, *((steps[o.ref] or 1,) if o.seq else ()), *o.shape)
            for o in m.model.outputs
        }

    # --- Jacobians --------------------------------------------------------------------------------

    def _direct(self, params: Arrays, inputs: Arrays, measured: Measured) -> dict[str, Floats]:
        return {k: np.asarray(v) for k, v in self._jacobian(params, inputs, measured.means).items()}

    @cached_property
    def _jacobian(self) -> Any:
        import jax

        m = self.machine
        names = [o.name for o in m.model.outputs]

        def jacobian(params: Any, inputs: Any, means: Any) -> Any:
            def outputs(x: Any) -> Any:
                found = m.outputs(params, inputs, x)
                return {n: found[n] for n in names}

            return _rows(outputs, means)

        return jax.jit(jacobian)

    def _through_feedback(
        self, params: Arrays, inputs: Arrays, measured: Measured
    ) -> dict[str, Floats]:
        """The engine's response to noise on each read-out, times that of the read-out itself."""
        m = self.machine
        whole = self._response(params, inputs, len(measured.means))
        found: dict[str, Floats] = {}
        for name in whole:
            total = np.zeros((*whole[name][next(iter(whole[name]))].shape[:2], m.first[-1]))
            for port, slope in whole[name].items():
                self._spread(port, slope, measured.means, total)
            found[name] = total
        return found

    def _spread(self, port: str, slope: Floats, means: Floats, total: Floats) -> None:
        """From a derivative by quotients to one by the quantities that they are made of."""
        m = self.machine
        site = next(s for s, n in self._perturbed.reads.items() if n == port)
        top, bottom = m.places[site]
        whole = np.concatenate([means, np.zeros((len(means), 1)), np.ones((len(means), 1))], 1)
        size = m.first[-1]
        for where in np.ndindex(top.shape):
            n, d = top[where], bottom[where]
            if n >= size:
                continue
            # A cell that runs once has no axis of steps here.
            at = where if slope.ndim == 2 + top.ndim else where[1:]
            part = slope[(slice(None), slice(None), *at)]
            total[:, :, n] += part / whole[:, d]
            if d < size:
                total[:, :, d] -= part * whole[:, n] / whole[:, d] ** 2

    @cached_property
    def _perturbed(self) -> Classical:
        return perturbed(self.machine.model)

    @cached_property
    def _response(self) -> Any:
        import jax

        from ...engine import build

        made = self._perturbed
        executable = build(made.model, externs=self.externs)
        ports = {p.name: p for p in made.model.inputs}
        names = [o.name for o in self.machine.model.outputs]

        def response(params: Any, inputs: Any, size: int) -> Any:
            zeros = {}
            for site, name in made.reads.items():
                shape = self.machine.places[site][0].shape
                shape = shape if ports[name].seq else shape[1:]
                zeros[name] = np.zeros((size, *shape))

            def outputs(noise: Any) -> Any:
                found = executable.apply(params, {**inputs, **noise}, None, self.machine.steps)
                return {n: found[n] for n in names}

            return _rows(outputs, zeros)

        jitted = jax.jit(response, static_argnums=2)

        def host(params: Any, inputs: Any, size: int) -> Any:
            return jax.tree.map(np.asarray, jitted(params, inputs, size))

        return host


def _rows(f: Callable[[Any], Any], at: Any) -> Any:
    """For each output of `f`: its derivative, (components of a sequence, batch, *shape of `at`).

    Sequences of a batch do not depend on each other, so one pull-back gives a row for all of them.
    """
    import jax
    import jax.numpy as jnp

    values, pull = jax.vjp(f, at)
    found = {}
    for name, value in values.items():
        size = value.shape[0]
        n = int(np.prod(value.shape[1:], dtype=np.int64))

        def row(one: Any, name: str = name, size: int = size) -> Any:
            cotangent = {
                k: jnp.broadcast_to(one.reshape(v.shape[1:]), v.shape)
                if k == name
                else jnp.zeros_like(v)
                for k, v in values.items()
            }
            return pull(cotangent)[0]

        found[name] = jax.lax.map(row, jnp.eye(n))
    return found
