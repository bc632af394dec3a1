"""A model evaluated with what circuits say: round by round, the read-outs of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...diagnostics import DataError
from ...sema.closed import ClosedModel
from ...targets import unroll
from ...targets.layout import Fresh
from ...targets.unroll import Unrolled
from .angles import Angles
from .classical import Site
from .counts import Moments, moments
from .device import Device, Request
from .flow import Flow, flow
from .stencil import Stencil, Stencils, Use

Array = Any
Floats = NDArray[np.float64]
Arrays = Mapping[str, Any]

#: So many shots have to pass all postselections before a read-out for its standard error to say
#: anything: of fewer, all too often all read the same.
ENOUGH = 10


@dataclass(frozen=True, eq=False)
class Measured:
    """What a batch of sequences gave.

    `means`: (batch, quantities), all uses side by side. `covariances[u]`: (batch, K, K) of those
    of use u; the uses are independent. `angles`: (batch, angles) that they were measured at.
    """

    means: Floats
    covariances: tuple[Floats, ...]
    angles: Floats
    encoded: Floats
    expected: tuple[dict[str, NDArray[np.int64]], ...]


@dataclass(frozen=True, eq=False)
class Machine:
    """A model at a number of steps, as circuits and what is computed around them."""

    model: ClosedModel
    steps: int
    fixed: Arrays
    externs: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    fresh: Fresh = "reuse"
    optimize: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def unrolled(self) -> Unrolled:
        from dataclasses import replace

        given = unroll(
            self.model,
            self.steps,
            self.fixed,
            None,
            self.fresh,
            externs=dict(self.externs) or None,
            optimize=self.optimize,
            **self.options,
        )
        return replace(given, binding=replace(given.binding, open=True))

    @cached_property
    def flow(self) -> Flow:
        return flow(self.model, self.unrolled.along)

    @cached_property
    def uses(self) -> list[Use]:
        """The circuits of an evaluation, in the order of their rounds."""
        return Stencils(self.unrolled, self.flow).uses()

    @cached_property
    def rounds(self) -> list[list[int]]:
        """The numbers of the uses by round."""
        levels = sorted({u.level for u in self.uses})
        return [[i for i, u in enumerate(self.uses) if u.level == n] for n in levels]

    @cached_property
    def stencils(self) -> list[Stencil]:
        return list({id(u.stencil): u.stencil for u in self.uses}.values())

    @cached_property
    def values(self) -> Angles:
        return Angles(self.model, self.unrolled.along, self.uses)

    @cached_property
    def first(self) -> list[int]:
        """Where the quantities of each use begin, and where those of the last one end."""
        ends = np.cumsum([0, *(len(u.stencil.quantities) for u in self.uses)])
        return [int(e) for e in ends]

    # --- the classical part -----------------------------------------------------------------------

    @cached_property
    def executable(self) -> Any:
        """The model with read-outs as inputs."""
        from ...engine import build

        return build(self.values.classical.model, externs=self.externs)

    @cached_property
    def places(self) -> dict[Site, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each read-out: where its components lie and what they are divided by.

        (steps, components), or (components,) for a cell that runs once. Behind the quantities lie
        the numbers 0, for what is not measured, and 1.
        """
        zero, one = self.first[-1], self.first[-1] + 1
        kinds = {p.name: p for p in self.values.classical.model.inputs}
        found: dict[Site, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        for site, name in self.values.classical.reads.items():
            run = self.unrolled.along.runs.get(site[0])
            steps = run.steps if run is not None else self.steps
            shape = (steps, *kinds[name].shape)
            found[site] = np.full(shape, zero), np.full(shape, one)
        for use, begin in zip(self.uses, self.first, strict=False):
            stencil = use.stencil
            for j, owner in enumerate(stencil.reads):
                if owner is None:
                    continue
                (run_, t, ref), k = owner
                top, bottom = found[run_, ref]
                top[t + use.step, k] = begin + j
                norm = stencil.norms[j]
                if norm is not None:
                    bottom[t + use.step, k] = begin + norm
        return found

    def reads(self, means: Array) -> dict[str, Array]:
        """The inputs of the classical model from the quantities, (batch, quantities); traceable."""
        import jax.numpy as jnp

        size = means.shape[0]
        whole = jnp.concatenate([means, jnp.zeros((size, 1)), jnp.ones((size, 1))], 1)
        ports = {p.name: p for p in self.values.classical.model.inputs}
        found = {}
        for site, name in self.values.classical.reads.items():
            top, bottom = self.places[site]
            value = whole[:, top] / whole[:, bottom]
            found[name] = value if ports[name].seq else value[:, 0]
        return found

    def outputs(
        self, params: Arrays, inputs: Arrays, means: Array, lengths: Any = None
    ) -> dict[str, Array]:
        """Every output of the classical model; traceable."""
        given = {**inputs, **self.reads(means)}
        found: dict[str, Array] = self.executable.apply(params, given, lengths, self.steps)
        return found

    def angles(self, params: Arrays, inputs: Arrays, means: Array, encoded: Array) -> Array:
        """All angles, (batch, angles); traceable."""
        return self.values.angles(self.values.flat(self.outputs(params, inputs, means)), encoded)

    @cached_property
    def _values(self) -> Any:
        import jax

        return jax.jit(lambda p, x, m: self.values.flat(self.outputs(p, x, m)))

    @cached_property
    def _angles(self) -> Any:
        import jax

        return jax.jit(self.values.angles)

    @cached_property
    def compiled_outputs(self) -> Any:
        import jax

        return jax.jit(self.outputs)

    # --- measuring --------------------------------------------------------------------------------

    def measure(
        self,
        params: Arrays,
        inputs: Arrays,
        size: int,
        device: Device,
        shots: int,
        least: int = 1,
    ) -> Measured:
        """Round by round. `inputs` are (batch, steps, …) with a batch of `size`.

        Raises DataError where fewer than `least` shots pass the postselections before a read-out.
        """
        means = self._unmeasured(size)
        angles = np.zeros((size, self.values.first[-1]))
        encoded = np.zeros((size, self.values.one - self.values.values))
        covariances: list[Floats] = [np.zeros(0)] * len(self.uses)
        expected: list[dict[str, NDArray[np.int64]]] = [{}] * len(self.uses)
        for numbers in self.rounds:
            flat = np.asarray(self._values(params, inputs, means))
            encoded = self.values.encodings(flat)
            now = np.asarray(self._angles(flat, encoded))
            for u in numbers:
                part = self.part(u)
                angles[:, part] = now[:, part]
                self._check(angles[:, part], self.uses[u])
                expected[u] = self.values.expected(flat, self.uses[u])
            for u, found in self._run(numbers, angles, expected, device, shots):
                begin, end = self.first[u], self.first[u + 1]
                means[:, begin:end] = [m.mean for m in found]
                covariances[u] = np.array([m.covariance for m in found])
                self._refuse_few(u, means, shots, least)
        return Measured(means, tuple(covariances), angles, encoded, tuple(expected))

    def _unmeasured(self, size: int) -> Floats:
        """Quantities before anything is known: weights are 1, so that nothing is divided by 0."""
        return np.concatenate(
            [np.zeros((size, 0))]
            + [
                np.tile([0.0 if owner else 1.0 for owner in u.stencil.reads], (size, 1))
                for u in self.uses
            ],
            axis=1,
        )

    def part(self, u: int) -> slice:
        """Where the angles of a use lie."""
        return slice(self.values.first[u], self.values.first[u + 1])

    def _run(
        self,
        numbers: Sequence[int],
        angles: Floats,
        expected: Sequence[Mapping[str, NDArray[np.int64]]],
        device: Device,
        shots: int,
    ) -> list[tuple[int, list[Moments]]]:
        """One call of the device; uses of one stencil share a request."""
        groups: dict[int, list[int]] = {}
        for u in numbers:
            groups.setdefault(id(self.uses[u].stencil), []).append(u)
        requests = [
            Request(
                self.uses[us[0]].stencil,
                np.concatenate([angles[:, self.part(u)] for u in us]),
            )
            for us in groups.values()
        ]
        found = []
        size = len(angles)
        for us, counts in zip(groups.values(), device.run(requests, shots), strict=True):
            for i, u in enumerate(us):
                rows = counts[i * size : (i + 1) * size]
                found.append(
                    (
                        u,
                        [
                            moments(self.uses[u].stencil, c, _at(expected[u], b))
                            for b, c in enumerate(rows)
                        ],
                    )
                )
        return found

    def _check(self, angles: Floats, use: Use) -> None:
        bad = np.argwhere(~np.isfinite(angles))
        if len(bad):
            sample, _ = bad[0]
            raise DataError(f"an angle is not a number, at sample {sample}, step {use.step}")

    def _refuse_few(self, u: int, means: Floats, shots: int, least: int) -> None:
        """Refuses a postselection that too few shots passed."""
        stencil = self.uses[u].stencil
        floor = (least - 0.5) / shots if least > 1 else 0.0
        for j, owner in enumerate(stencil.reads):
            norm = stencil.norms[j]
            if owner is None or norm is None:
                continue
            share = means[:, self.first[u] + norm]
            few = np.flatnonzero(share <= floor)
            if not len(few):
                continue
            (_, t, _), _ = owner
            passed = max(round(float(share[few[0]]) * shots), 0)
            where = f"step {t + self.uses[u].step} of sample {few[0]}"
            if not passed:
                raise DataError(
                    f"no shot passed the postselections before {where}: take more shots"
                )
            raise DataError(
                f"only {passed} of {shots} shots passed the postselections before {where}, too few "
                f"for a standard error: take some {_rounded(2 * least * shots / passed)}"
            )

    def success(self, means: Floats) -> dict[str, float]:
        """The share of shots that passed each postselection, of those that came so far.

        Postselections with no read-out between them are one, under the name of the last.
        """
        found: dict[str, float] = {}
        for u, use in enumerate(self.uses):
            weights = {
                q.posts: means[:, self.first[u] + j]
                for j, q in enumerate(use.stencil.quantities)
                if not q.register
            }
            before = np.ones(len(means))
            for posts in sorted(weights, key=len):
                name = _at_step(posts[-1], use.step, self.steps)
                found.setdefault(name, float(np.mean(weights[posts] / before)))
                before = weights[posts]
        return found


def _at(expected: Mapping[str, NDArray[np.int64]], b: int) -> dict[str, int]:
    return {name: int(v[b]) for name, v in expected.items()}


def _at_step(register: str, step: int, steps: int) -> str:
    """The register as it is called at a step; a shared stencil stands at step 0."""
    if not step:
        return register
    stem, _, number = register.rpartition("_")
    return f"{stem}_{step:0{len(number)}d}"


def _rounded(number: float) -> int:
    """With two digits."""
    return int(float(f"{number:.1e}"))
