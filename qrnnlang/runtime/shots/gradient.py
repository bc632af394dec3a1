"""The gradient of a model's loss from shifted circuits.

The loss is a function of parameters and of the measured quantities; these are functions of the
angles of their circuits, and the angles of parameters and of quantities measured before. Classical
derivatives are JAX's, those of quantities come from parameter shifts, and the chain rule runs back
through the rounds of measurements. Quantities are unnormalised: the quotient of a postselection is
taken, and differentiated, classically. Quantities and their derivatives come from different shots,
so that for a loss of second order in the outputs the gradient has no bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .counts import Counts, values
from .device import Device, Request
from .machine import Arrays, Machine, Measured
from .shifts import Shifts, shifts

Floats = NDArray[np.float64]

#: Draws behind the standard errors of a gradient: these come out within an eighth.
_DRAWS = 32


@dataclass(frozen=True)
class Gradient:
    """`grads` and `std_error` by the path of a trained parameter."""

    value: float
    grads: dict[str, Floats]
    std_error: dict[str, Floats]
    measured: Measured


@dataclass(frozen=True, eq=False)
class Slope:
    """What the shifted circuits of a use say: derivatives along weights, and their variances."""

    along: Floats  # (batch, slots)
    variance: Floats


@dataclass
class Gradients:
    """Gradients of a machine's loss."""

    machine: Machine
    trained: frozenset[str]
    errors: bool = True
    _kept: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def shifts(self) -> list[Shifts]:
        return shifts(self.machine)

    def value_and_grad(
        self,
        params: Arrays,
        inputs: Arrays,
        targets: Arrays,
        lengths: Any,
        device: Device,
        shots: int,
        seed: int = 0,
    ) -> Gradient:
        """Loss and gradient of a batch; `shots` of every circuit."""
        m = self.machine
        size = _size(inputs, targets)
        measured = m.measure(params, inputs, size, device, shots)
        shifted = self._shifted(measured, device, shots)
        moving = {k: np.asarray(v) for k, v in params.items() if k in self.trained}
        still = {k: np.asarray(v) for k, v in params.items() if k not in self.trained}
        data = (inputs, targets, lengths)
        value, grads = self._back(moving, still, data, measured, shifted, None)
        spread = {k: np.zeros_like(v) for k, v in grads.items()}
        if self.errors and any(c.size and c.any() for c in measured.covariances):
            rng = np.random.default_rng(seed)
            draws = [
                self._back(moving, still, data, measured, shifted, rng)[1] for _ in range(_DRAWS)
            ]
            spread = {
                k: np.sqrt(np.mean([(d[k] - v) ** 2 for d in draws], axis=0))
                for k, v in grads.items()
            }
        return Gradient(value, grads, spread, measured)

    # --- circuits ---------------------------------------------------------------------------------

    def _shifted(self, measured: Measured, device: Device, shots: int) -> list[Sequence[Counts]]:
        """The counts of all shifted circuits, by use: sequence by sequence, shift by shift."""
        m = self.machine
        groups: dict[int, list[int]] = {}
        for u, use in enumerate(m.uses):
            if len(self.shifts[u].slots):
                groups.setdefault(id(use.stencil), []).append(u)
        requests = []
        for us in groups.values():
            sets = [self.shifts[u].angles(measured.angles[:, m.part(u)]) for u in us]
            requests.append(Request(m.uses[us[0]].stencil, np.concatenate(sets)))
        found: list[Sequence[Counts]] = [()] * len(m.uses)
        results = device.run(requests, shots) if requests else ()
        for us, counts in zip(groups.values(), results, strict=True):
            at = 0
            for u in us:
                n = len(measured.means) * len(self.shifts[u].slots)
                found[u] = counts[at : at + n]
                at += n
        return found

    # --- the chain rule ---------------------------------------------------------------------------

    def _back(
        self,
        moving: Arrays,
        still: Arrays,
        data: tuple[Any, Any, Any],
        measured: Measured,
        shifted: list[Sequence[Counts]],
        noise: np.random.Generator | None,
    ) -> tuple[float, dict[str, Floats]]:
        """From the loss back to the parameters; with `noise`, of quantities drawn anew."""
        m = self.machine
        means = measured.means if noise is None else _drawn(m, measured, noise)
        value, (grads, weights) = self._loss(moving, still, *data, means)
        total = {k: np.array(v) for k, v in grads.items()}
        along = np.array(weights)
        for numbers in reversed(m.rounds):
            angles = np.zeros_like(measured.angles)
            for u in numbers:
                part = slice(m.first[u], m.first[u + 1])
                slope = self._slope(u, along[:, part], measured, shifted[u])
                angles[:, m.part(u)] = slope.along
                if noise is not None:
                    angles[:, m.part(u)] += np.sqrt(slope.variance) * noise.standard_normal(
                        slope.variance.shape
                    )
            if not angles.any():
                continue
            more, before = self._pull(moving, still, data[0], means, measured.encoded, angles)
            for k, v in more.items():
                total[k] += np.asarray(v)
            along += np.asarray(before)
        return float(value), total

    def _slope(self, u: int, weights: Floats, measured: Measured, rows: Sequence[Counts]) -> Slope:
        """Derivatives of Σ weight × quantity with respect to the angles of a use."""
        m, s = self.machine, self.shifts[u]
        stencil = m.uses[u].stencil
        size = len(measured.means)
        along = np.zeros((size, len(stencil.slots)))
        variance = np.zeros_like(along)
        n = len(s.slots)
        ends = np.array([q.at for q in stencil.quantities])
        starts = np.array([slot.at for slot in stencil.slots])
        for b in range(size):
            if not weights[b].any():
                continue
            expected = {name: int(v[b]) for name, v in measured.expected[u].items()}
            for i in range(n):
                k, counts = s.slots[i], rows[b * n + i]
                # What is measured before the gate does not depend on its angle.
                shown = values(stencil, counts, expected) @ np.where(
                    ends > starts[k], weights[b], 0.0
                )
                share = counts.weights / counts.weights.sum()
                mean = float(share @ shown)
                along[b, k] += s.factors[i] * mean
                if counts.shots is not None:
                    square = float(share @ (shown - mean) ** 2)
                    variance[b, k] += s.factors[i] ** 2 * square / max(counts.shots - 1, 1)
        return Slope(along, variance)

    @cached_property
    def _loss(self) -> Any:
        import jax

        m = self.machine

        def loss(
            moving: Any, still: Any, inputs: Any, targets: Any, lengths: Any, means: Any
        ) -> Any:
            given = {**inputs, **m.reads(means)}
            return m.executable.loss({**still, **moving}, given, targets, lengths)

        return jax.jit(jax.value_and_grad(loss, argnums=(0, 5)))

    @cached_property
    def _pull(self) -> Any:
        import jax

        m = self.machine

        def pull(
            moving: Any, still: Any, inputs: Any, means: Any, encoded: Any, angles: Any
        ) -> Any:
            def forward(p: Any, x: Any) -> Any:
                return m.angles({**still, **p}, inputs, x, encoded)

            return jax.vjp(forward, moving, means)[1](angles)

        return jax.jit(pull)


def _drawn(machine: Machine, measured: Measured, noise: np.random.Generator) -> Floats:
    """The quantities with the noise of their shots once more."""
    means = measured.means.copy()
    for u, covariance in enumerate(measured.covariances):
        part = slice(machine.first[u], machine.first[u + 1])
        for b, c in enumerate(covariance):
            means[b, part] += noise.multivariate_normal(np.zeros(len(c)), c, method="eigh")
    return means


def _size(inputs: Mapping[str, Any], targets: Mapping[str, Any]) -> int:
    return next((len(v) for v in (*inputs.values(), *targets.values())), 1)
