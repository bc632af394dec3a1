"""Parameters along a training, where gradients are measured again as a model learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..runtime.training.options import from_block
from .finding import NotDefined

if TYPE_CHECKING:
    from ..runtime.data import Dataset
    from ..runtime.model import Model

#: Seeds that are trained, all at once.
SEEDS = 4

Parameters = dict[str, Any]


def stages(
    model: Model, data: Dataset | None, count: int, seed: int = 0, seeds: int = SEEDS
) -> dict[str, list[Parameters]]:
    """`count` places of a training, evenly spaced in epochs, the start and the end among them.

    By label, `epoch N`, the parameters of every seed. The model is trained as its `train` block
    says; it may end sooner, for want of patience, and the places after that are not there.

    Raises NotDefined for a model without loss or data, or with a readout in closed form.
    """
    if model.closed.loss is None or data is None:
        raise NotDefined("training needs a loss and data")
    settings = from_block(model.closed.train)
    if settings.optimizer.name == "ridge":
        raise NotDefined("its readout is solved in closed form: there is no way along")
    last = count - 1
    marks = sorted({round(i * settings.epochs / last) for i in range(count)})
    chosen = range(seed, seed + seeds)
    kept = Kept(marks, {"epoch 0": [dict(model.init(s)) for s in chosen]})
    model.fit(data=data, seeds=chosen, progress=False, callbacks=[kept])
    return kept.found


class Kept:
    """A callback that keeps the parameters of some epochs."""

    def __init__(self, marks: Sequence[int], found: dict[str, list[Parameters]]):
        self.marks, self.found = frozenset(marks), found

    def on_parameters(self, epoch: int, parameters: list[Parameters]) -> None:
        if epoch in self.marks:
            self.found[f"epoch {epoch}"] = parameters
