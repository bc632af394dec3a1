"""One pass over a model's operations whose cells are run by sampled trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from ..ir.graph import build as build_graph
from ..sema.closed import Ref, RunCell
from .model_run import Machine, ModelRun
from .sequences import Value
from .trajectories import run_trajectories

Array = Any


class SampledRun(ModelRun):
    """As `ModelRun`, with `count` trajectories a sequence drawn from `key`, for every cell anew."""

    def __init__(
        self,
        machine: Machine,
        params: Mapping[str, Any],
        inputs: Mapping[str, Any],
        key: Array,
        count: int,
        lengths: Array | None,
        steps: int | None,
    ) -> None:
        super().__init__(machine, params, inputs, {}, lengths, steps)
        self.key, self.count = key, count

    def _run_cell(self, ref: Ref, op: RunCell, args: list[Value]) -> None:
        given = self._shaped(ref, op, args)
        outputs = run_trajectories(
            build_graph(op.cell),
            self.params,
            given.inputs,
            given.steps,
            given.size,
            self.x.externs,
            self.x.real,
            self.count,
            jax.random.fold_in(self.key, ref),
        )
        self._keep_outputs(ref, given, args, {n: (y, True) for n, y in outputs.items()})
