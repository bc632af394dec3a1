"""Predictions in the units of the data: outputs with the scale of their target undone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..ir.asked import behind
from ..ir.trouble import inputs_behind
from ..sema.closed import ClosedModel, Gather, LossFn, ModelOutput, Ref, SeqFn, Shape
from .data import Part

if TYPE_CHECKING:
    from .model import Model


def predict(model: Model, params: Mapping[str, Any], part: Part) -> dict[str, NDArray[Any]]:
    """Outputs of some windows by name, in the units of the data where they predict a target."""
    outputs = model(params, part.inputs, lengths=part.lengths)
    return {name: in_units(model, name, values) for name, values in outputs.items()}


def in_units(model: Model, output: str, values: NDArray[Any]) -> NDArray[Any]:
    """Undoes the scaling of the target that an output predicts; leading axes are free."""
    target = target_of(model, output)
    scale = model.scales.get(target) if target is not None else None
    return values if scale is None else scale.undo(values)


def target_of(model: Model, output: str) -> str | None:
    """The target that an output predicts: the one that a loss or metric compares it with, else the

    only target of its shape. None where there is none, and for labels.
    """
    closed = model.closed
    shown = next(o for o in closed.outputs if o.name == output)
    targets = {t.name: t for t in closed.targets if t.labels is None}
    for op in closed.ops:
        if isinstance(op, LossFn) and shown.ref in set(_seen_through(closed, op.args[0])):
            behind = [n for n in inputs_behind(closed.ops.__getitem__, op.args[1]) if n in targets]
            if len(behind) == 1 and _same(targets[behind[0]].shape, shown.shape):
                return behind[0]
    fits = [name for name, t in targets.items() if _same(t.shape, shown.shape)]
    return fits[0] if len(fits) == 1 else None


def _same(a: Shape, b: Shape) -> bool:
    return a == b or {a, b} == {(), (1,)}


def _seen_through(closed: ClosedModel, ref: Ref) -> Iterator[Ref]:
    """A value, and what it merely chooses steps of or gives another shape."""
    yield ref
    match closed.ops[ref]:
        case SeqFn(fn="last" | "first" | "skip", arg=arg):
            yield from _seen_through(closed, arg)
        case Gather(sources=(source,), index=index) if index == tuple(range(len(index))):
            yield from _seen_through(closed, source)


def washed_out(closed: ClosedModel, shown: Ref) -> int:
    """How many first steps of a sequence all losses and metrics leave out by `skip`."""
    found = []
    for loss in closed.ops:
        if not isinstance(loss, LossFn):
            continue
        through = list(_seen_through(closed, loss.args[0]))
        if shown in through:
            above = [closed.ops[ref] for ref in through[: through.index(shown)]]
            skips = (op.k or 0 for op in above if isinstance(op, SeqFn) and op.fn == "skip")
            found.append(sum(skips))
    return min(found, default=0)


def steps_of(model: Model, part: Part) -> int | None:
    """The steps of a part's sequences; None for a model without sequences among its inputs."""
    sequences = (part.inputs[p.name] for p in model.closed.inputs if p.seq)
    return next((values.shape[1] for values in sequences), None)


def to_csv(
    model: Model,
    outputs: Mapping[str, NDArray[Any]],
    lengths: Any = None,
    steps: int | None = None,
) -> str:
    """Columns `sequence, step, NAME`, or `NAME[i]` for each component in C order, both from 0.

    An output that has fewer steps than others stands at the last steps, a single value at the last
    one; cells without a value are empty. `lengths`: how many steps of each sequence there are.
    `steps`: those of the inputs' sequences, which the column counts; without it those of the
    longest output.
    """
    if steps is None:
        steps = max((outputs[o.name].shape[1] for o in model.closed.outputs if o.seq), default=1)
    columns: dict[str, list[list[str]]] = {}
    for output in model.closed.outputs:
        values = outputs[output.name]
        lead = 2 if output.seq else 1
        flat = values.reshape(*values.shape[:lead], -1)
        flat = flat if output.seq else flat[:, None]
        for i in range(flat.shape[-1]):
            name = f"{output.name}[{i}]" if output.shape else output.name
            columns[name] = []
            for n, row in enumerate(flat[..., i].tolist()):
                length = steps if lengths is None else int(lengths[n])
                counted = _counted(model.closed, output, len(row), steps, length)
                columns[name].append(_at_the_end(row, length, counted))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["sequence", "step", *columns])
    for sequence, rows in enumerate(zip(*columns.values(), strict=True)):
        for step, cells in enumerate(zip(*rows, strict=True)):
            if any(cells):
                writer.writerow([sequence, step, *cells])
    return out.getvalue()


def _counted(closed: ClosedModel, output: ModelOutput, values: int, steps: int, length: int) -> int:
    """How many of an output's values belong to the `length` steps of a sequence, of `steps`."""
    if not output.seq:
        return 1
    cut = any(
        isinstance(op, SeqFn) and op.fn in ("last", "first") and op.k is not None
        for op in (closed.ops[ref] for ref in behind(closed, [output.ref]))
    )
    return min(values, length) if cut else max(values - steps + length, 0)


def _at_the_end(values: list[float], length: int, counted: int) -> list[str]:
    """The cells of a sequence of `length` steps: the values that count, at its last steps."""
    return [*[""] * (length - counted), *map(repr, values[:counted])]
