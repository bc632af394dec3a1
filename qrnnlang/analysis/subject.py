"""What is analysed: one cell of a model, its parameters and what drives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine import build
from ..engine.executable import Executable
from ..sema.closed import ClosedModel, ModelOutput, RunCell
from .alone import alone, chosen
from .finding import NotDefined

if TYPE_CHECKING:
    from ..runtime.data import Dataset
    from ..runtime.model import Model

Array = NDArray[Any]

#: Domains that are tried for inputs that no data give, the first in which every output is finite.
DOMAINS = ((-1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, eq=False)
class Subject:
    """A cell, ready to be measured.

    `given`: parameters to analyse instead of random ones, such as trained ones; `dataset`: what
    real inputs are drawn from, None where the model has no data.
    """

    model: Model
    at: int
    given: Mapping[str, Array] | None = None
    dataset: Dataset | None = None
    domain: tuple[float, float] | None = None
    _machines: dict[str, Executable] = field(default_factory=dict, repr=False)

    @property
    def run(self) -> RunCell:
        op = self.model.closed.ops[self.at]
        assert isinstance(op, RunCell)
        return op

    @property
    def name(self) -> str:
        return self.run.cell.name

    @cached_property
    def closed(self) -> ClosedModel:
        """The cell alone, as a model of sequences."""
        return alone(self.run)

    def machine(self, executor: str = "auto") -> Executable:
        """The cell alone in the engine; "xla" can be differentiated forwards and more than once."""
        if executor not in self._machines:
            self._machines[executor] = build(
                self.closed, "float64", self.model.externs, executor=executor
            )
        return self._machines[executor]

    # --- parameters ---------------------------------------------------------------------------

    def params(self, seed: int, random: bool = False) -> dict[str, Array]:
        """The cell's parameters: those that were given, else (or if `random`) the seed's start."""
        found = self.model.init(seed)
        if self.given is not None and not random:
            found |= dict(self.given)
        return {s.name: np.asarray(found[s.name]) for s in self.closed.params}

    def repeats(self, seeds: int, seed: int) -> list[dict[str, Array]]:
        """Independent parameters to repeat a measurement over; given ones stand alone."""
        if self.given is not None:
            return [self.params(seed)]
        return [self.params(seed + i) for i in range(seeds)]

    @property
    def trained(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.closed.params if s.trained)

    # --- inputs -------------------------------------------------------------------------------

    def inputs(self, batch: int, steps: int, seed: int = 0) -> dict[str, Array]:
        """Sequences for the cell, (batch, steps, …): windows of the data, else random ones.

        Data give at most as many steps as a window has. Random inputs are independent and uniform
        over `random_domain`, labels uniform over their classes.
        """
        if self.dataset is not None and self.run.cell.inputs:
            return self._from_data(batch, steps, seed)
        return self.random_inputs(batch, steps, seed)

    def random_inputs(self, batch: int, steps: int, seed: int = 0) -> dict[str, Array]:
        low, high = self.random_domain
        rng = np.random.default_rng([seed, 2_718])
        return {p.name: _draw(rng, p, batch, steps, low, high) for p in self.closed.inputs}

    @cached_property
    def random_domain(self) -> tuple[float, float]:
        """The interval of random inputs: the given one, else the first that no function refuses."""
        if self.domain is not None:
            return self.domain
        for low, high in DOMAINS:
            rng = np.random.default_rng(0)
            x = {p.name: _draw(rng, p, 4, 2, low, high) for p in self.closed.inputs}
            found = self.machine().apply(self.params(0), x, None, 2)
            if all(np.isfinite(np.asarray(y)).all() for y in found.values()):
                return low, high
        raise NotDefined("no random inputs are in the domain of its functions: give data or inputs")

    @property
    def source(self) -> str:
        """Where inputs come from, in words."""
        if not self.run.cell.inputs:
            return "none"
        if self.dataset is not None:
            return "windows of the training data"
        low, high = self.random_domain
        return f"independent, uniform in [{low:g}, {high:g}]"

    def _from_data(self, batch: int, steps: int, seed: int) -> dict[str, Array]:
        assert self.dataset is not None
        part = self.dataset.train
        rows = np.random.default_rng([seed, 577]).permutation(len(part))
        rows = np.resize(rows, batch)
        given = {k: v[rows] for k, v in part.inputs.items()}
        fed = _arguments(self.model.closed, self.run)
        params = dict(self.model.init(0)) | dict(self.given or {})
        found = build(fed, "float64", self.model.externs).apply(params, given)
        arrays = {}
        for port, output in zip(self.closed.inputs, fed.outputs, strict=True):
            value = np.asarray(found[output.name])
            if not output.seq:
                value = np.broadcast_to(value[:, None], (batch, steps, *port.shape))
            arrays[port.name] = value[:, :steps].reshape(batch, -1, *port.shape)
        return arrays


def subject(
    model: Model,
    cell: str | None = None,
    params: Mapping[str, Any] | None = None,
    dataset: Dataset | None = None,
    domain: tuple[float, float] | None = None,
) -> Subject:
    """The cell of a model to analyse, by its instance or name where there are several.

    `params`: values to analyse in place of random ones. Raises ValueError for a cell that is not
    there, NotDefined for a model without cells.
    """
    from ..runtime.arrays import checked_params

    given = None if params is None else checked_params(model.closed, params)
    return Subject(model, chosen(model.closed, cell), given, dataset, domain)


def _arguments(model: ClosedModel, run: RunCell) -> ClosedModel:
    """The model whose outputs are what the cell is fed."""
    outputs = tuple(
        ModelOutput(f"argument {i}", model.types[ref].shape, model.types[ref].seq, ref)
        for i, ref in enumerate(run.args)
    )
    return replace(model, outputs=outputs, loss=None, metrics=(), data=None, train=None)


def _draw(
    rng: np.random.Generator, port: Any, batch: int, steps: int, low: float, high: float
) -> Array:
    shape = (batch, steps, *port.shape)
    if port.labels is not None:
        return rng.integers(port.labels, size=shape).astype(np.float64)
    return rng.uniform(low, high, shape)
