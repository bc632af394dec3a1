"""Outputs of a model as frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..runtime.data import Part, dataset
from ..runtime.model import Model
from ..runtime.predict import in_units

Array = NDArray[Any]


def predict(model: Model, params: Mapping[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    """Predictions for the rows of a frame, which has the columns that the `data` block reads.

    The frame is cut into windows by the block's `window` and `stride`, and scaled; outputs come
    back in the units of the data, a column each (`NAME[i]` for each component), on the index of the
    frame. What stands in a row was computed at its step: with `shift(…, 1)` it predicts the next
    row. Where windows overlap, the latest one counts, which has seen most; rows without an output
    are NaN. Raises ValueError without a `data` block, DataError for what the frame lacks.
    """
    closed = model.closed
    if closed.data is None:
        raise ValueError(f"`{closed.name}` has no `data` block: `outputs` takes samples as rows")
    names = {port.name for port in closed.inputs}
    block = replace(
        closed.data,
        columns=tuple(pair for pair in closed.data.columns if pair[0] in names),
        options=tuple(pair for pair in closed.data.options if pair[0] != "split"),
    )
    part = dataset(closed, block, source=frame, scales=model.scales).train
    found = {}
    for name, values in _components(model, model(params, part.inputs)):
        found[name] = _along_rows(values, part, len(frame))
    return pd.DataFrame(found, index=frame.index)


def outputs(
    model: Model, params: Mapping[str, Any], x: pd.DataFrame | pd.Series, **options: Any
) -> dict[str, pd.DataFrame]:
    """Outputs of samples that are the rows of a frame: its columns are steps.

    By output a frame on the same index: a column a step (those of `x` where there are as many), or
    a column a component for what is no sequence; both make two levels. `options` as for a call of
    the model. Nothing is scaled.
    """
    x = x.to_frame() if isinstance(x, pd.Series) else x
    made = {}
    for output in model.closed.outputs:
        values = model(params, x.to_numpy(), **options)[output.name]
        lead = 2 if output.seq else 1
        steps = list(x.columns) if output.seq and values.shape[1] == x.shape[1] else None
        if output.seq and steps is None:
            steps = list(range(values.shape[1]))
        parts = [f"{output.name}[{i}]" for i in range(int(np.prod(output.shape)))]
        if output.seq and output.shape:
            columns: Any = pd.MultiIndex.from_product([steps or [], parts])
        else:
            columns = steps if output.seq else parts if output.shape else [output.name]
        flat = values.reshape(len(values), int(np.prod(values.shape[1:lead])) * max(len(parts), 1))
        made[output.name] = pd.DataFrame(flat, index=x.index, columns=columns)
    return made


def _components(model: Model, found: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Each component of each output in the units of the data: (windows, steps)."""
    for output in model.closed.outputs:
        values = in_units(model, output.name, found[output.name])
        flat = values.reshape(*values.shape[: 2 if output.seq else 1], -1)
        flat = flat if output.seq else flat[:, None]
        for i in range(flat.shape[-1]):
            yield (f"{output.name}[{i}]" if output.shape else output.name), flat[..., i]


def _along_rows(values: Array, part: Part, count: int) -> Array:
    """(rows,): what stands at the last steps of each window, the later window last."""
    assert part.rows is not None
    found = np.full(count, np.nan)
    for rows, window in zip(part.rows, values, strict=True):
        found[rows[len(rows) - len(window) :]] = window
    return found
