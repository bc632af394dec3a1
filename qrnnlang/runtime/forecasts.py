"""What a model forecasts on the data it has not been trained on, beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .data import Dataset, Part
from .predict import in_units, target_of, washed_out

if TYPE_CHECKING:
    from .model import Model


#: Windows of a part that is larger than the memory of which a picture is made.
_SHOWN = 200


@dataclass(frozen=True, eq=False)
class Forecast:
    """First components along the data's rows, in the data's units.

    `truth` stands at the rows `at_truth`, `predicted` at the rows `at_predicted`; `part` is "test"
    or "validation".
    """

    part: str
    output: str
    target: str
    at_truth: NDArray[np.int64]
    truth: NDArray[np.float64]
    at_predicted: NDArray[np.int64]
    predicted: NDArray[np.float64]

    def picture(self, name: str) -> bytes:
        """A PNG."""
        from .plots import forecast

        return forecast(
            self.at_truth,
            self.truth,
            {self.output: self.predicted},
            title=f"{name} on the {self.part} data",
            xlabel="row",
            ylabel=self.target,
            at=self.at_predicted,
        )


def forecast(
    model: Model, params: Mapping[str, NDArray[np.float64]], data: Dataset
) -> Forecast | None:
    """Of the first output that predicts a target, on the test part, else on the validation part.

    None where no output does, or the data have neither part or no rows.
    """
    kind, part = ("test", data.test) if len(data.test) else ("validation", data.validation)
    part = _beginning(part)
    for output in model.closed.outputs:
        target = target_of(model, output.name)
        if target is None or not len(part) or part.rows is None or target not in part.targets:
            continue
        predicted = in_units(model, output.name, model(params, part.inputs)[output.name])
        if output.seq:
            predicted = predicted[:, washed_out(model.closed, output.ref) :]
        if not predicted.size:
            continue
        truth = in_units(model, output.name, part.targets[target])
        seq = next(t.seq for t in model.closed.targets if t.name == target)
        return Forecast(
            kind,
            output.name,
            target,
            *_along_rows(truth, seq, part),
            *_along_rows(predicted, output.seq, part),
        )
    return None


def _beginning(part: Part) -> Part:
    """Of a part that is too large for the memory, the first windows."""
    if part.stream is None:
        return part
    index = np.arange(min(len(part), part.stream.at_a_time, _SHOWN))
    inputs, targets = part.stream.take(index)
    return Part(inputs, targets, part.stream.rows(index))


def _along_rows(
    values: NDArray[np.float64], seq: bool, part: Part
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The first component by row; where windows overlap, the earliest one, which has seen most."""
    assert part.rows is not None
    flat = values.reshape(*values.shape[: 2 if seq else 1], -1)[..., 0]
    flat = flat if seq else flat[:, None]
    rows = part.rows[:, -flat.shape[1] :]
    found: dict[int, float] = {}
    for row, value in zip(rows.tolist(), flat.tolist(), strict=True):
        for r, v in zip(row, value, strict=True):
            found.setdefault(r, v)
    ordered = sorted(found)
    return np.array(ordered), np.array([found[r] for r in ordered])
