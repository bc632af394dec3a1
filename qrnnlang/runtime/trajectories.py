"""Outputs from sampled quantum trajectories, with their standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from . import arrays

if TYPE_CHECKING:
    from .model import Model

#: The trajectories fall in so many groups, each of which gives an estimate of its own.
GROUPS = 16


class Sampled(dict[str, NDArray[np.float64]]):
    """Outputs by name: means over the groups of trajectories.

    `std_error`: the standard error of these means, by name, of the same shape. `count`: how many
    trajectories of every sequence there were.
    """

    def __init__(
        self,
        values: Mapping[str, NDArray[np.float64]],
        std_error: Mapping[str, NDArray[np.float64]],
        count: int,
    ):
        super().__init__(values)
        self.std_error = dict(std_error)
        self.count = count


def trajectories(
    model: Model,
    params: Mapping[str, Any],
    x: Any,
    count: int,
    seed: int,
    lengths: Any,
    steps: int | None,
) -> Sampled:
    """See `Model.trajectories`."""
    import jax

    count, seed = arrays.whole("count", count), arrays.whole("seed", seed, 0)
    if count < 2 * GROUPS:
        raise ValueError(
            f"count is at least {2 * GROUPS}, for an estimate of the error; got {count}"
        )
    given, inputs = model.runner.params(params), model.runner.inputs(x, steps)
    sizes = model.runner.lengths(inputs, lengths)
    each = -(-count // GROUPS)

    def group(key: Any) -> Any:
        return model.executable.trajectories(given, inputs, key, each, sizes, steps)

    keys = jax.random.split(jax.random.key(seed), GROUPS)
    found = jax.jit(lambda keys: jax.lax.map(group, keys))(keys)
    made = {o.name: np.asarray(found[o.name], np.float64) for o in model.closed.outputs}
    if bad := [name for name, y in made.items() if not np.isfinite(y).all()]:
        raise DataError(
            f"output `{bad[0]}` is not finite: a value lies outside a function's domain, or all of "
            f"{each} trajectories failed a postselection; `model(params, x)` says which if it fits"
        )
    return Sampled(
        {name: y.mean(0) for name, y in made.items()},
        {name: y.std(0, ddof=1) / np.sqrt(GROUPS) for name, y in made.items()},
        GROUPS * each,
    )
