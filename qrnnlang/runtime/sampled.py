"""A model run from shots: on Qiskit Aer or on a device, one sequence after the other."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import arrays

if TYPE_CHECKING:
    from .model import Fresh, Model


class Outputs(dict[str, NDArray[np.float64]]):
    """Outputs by name, with what shots add to them.

    `std_error`: by name, of the same shape. `success`: by postselection, the share of shots that
    passed it, averaged over the batch. `circuits`: how many circuits were run.
    """

    def __init__(
        self,
        values: Mapping[str, NDArray[np.float64]],
        std_error: Mapping[str, NDArray[np.float64]],
        success: Mapping[str, float],
        circuits: int,
    ):
        super().__init__(values)
        self.std_error = dict(std_error)
        self.success = dict(success)
        self.circuits = circuits


def run_sampled(
    model: Model,
    params: Mapping[str, Any],
    x: Any,
    *,
    backend: Any,
    shots: int,
    seed: int | None,
    steps: int | None,
    fresh: Fresh,
) -> Outputs:
    """See `Model.run`."""
    from ..targets import Sampler, on_backend, unroll

    shots = arrays.whole("shots", shots)
    given, inputs = model.runner.params(params), model.runner.inputs(x, steps)
    seqs = [p.name for p in model.closed.inputs if p.seq]
    steps = inputs[seqs[0]].shape[1] if seqs else (steps or 1)
    size = len(next(iter(inputs.values()))) if inputs else 1
    found = []
    for sample in range(size):
        one = {name: values[sample] for name, values in inputs.items()}
        unrolled = unroll(
            model.closed,
            steps,
            given,
            one,
            fresh,
            externs=model.externs or None,
        )
        own = None if seed is None else seed + 1000 * sample
        sampler = Sampler(unrolled, on_backend(backend, shots, own))
        if sample == 0 and sampler.stepwise:
            print(f"note: {sampler.cost()}", file=sys.stderr, flush=True)
        found.append(sampler.run(0 if own is None else own))
    names = [o.name for o in model.closed.outputs]
    success = {k: float(np.mean([f.success[k] for f in found])) for k in found[0].success}
    return Outputs(
        {n: np.stack([f.outputs[n] for f in found]) for n in names},
        {n: np.stack([f.std_error[n] for f in found]) for n in names},
        success,
        sum(f.circuits for f in found),
    )
