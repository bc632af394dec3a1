"""`qrnnc predict`: a trained model on data, its outputs in the units of the data as CSV."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from ..diagnostics import DataError
from .arguments import add_output
from .errors import OK, values_of_the_user
from .output import deliver
from .streams import say

if TYPE_CHECKING:
    from ..runtime.data import Part
    from ..runtime.model import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL.qrnnz")
    parser.add_argument(
        "--data",
        metavar="D",
        required=True,
        help=".csv or .npz; cut into windows as the model's data block says",
    )
    add_output(parser, "OUT.csv", "default: standard output")


def run(args: argparse.Namespace) -> int:
    from ..runtime.load import open_artefact
    from ..runtime.predict import predict, steps_of, to_csv

    model, params = open_artefact(args.model)
    part = _windows(model, args.data)
    with values_of_the_user():
        try:
            outputs = predict(model, params, part)
        except ValueError as error:
            shorter = _without_rest(part)
            if shorter is None:
                raise
            assert part.lengths is not None
            say(f"the last {part.lengths[-1]} rows are left out, they are too few: {error}")
            part, outputs = shorter, predict(model, params, shorter)
    if part.lengths is not None:
        rows = int(part.lengths[-1])
        say(
            f"note: sequence {len(part) - 1} has {rows} row{'s' * (rows > 1)}, fewer than the "
            "window that the model was trained on"
        )
    deliver(to_csv(model, outputs, part.lengths, steps_of(model, part)), args.output)
    return OK


def _without_rest(part: Part) -> Part | None:
    """The full windows alone, if there are some beside a shorter one."""
    if part.lengths is None or len(part) < 2 or part.rows is None:
        return None
    return replace(
        part,
        inputs={name: values[:-1] for name, values in part.inputs.items()},
        rows=part.rows[:-1],
        lengths=None,
    )


def _windows(model: Model, path: str) -> Part:
    """All windows of the data, by the inputs' columns alone: targets need not be known.

    A model without a data block takes its inputs as `qrnnc run` does.
    """
    from ..runtime.data import Part, dataset
    from ..runtime.data.scaling import rule
    from .arrays import batched, read_inputs

    closed = model.closed
    if closed.data is not None and rule(dict(closed.data.options)) and not model.scales:
        raise DataError("the model was saved without the scaling of its data: train it again")
    if closed.data is None:
        return Part(batched(read_inputs(path, closed.inputs), closed.inputs), {})
    names = {port.name for port in closed.inputs}
    block = replace(
        closed.data,
        columns=tuple((name, setting) for name, setting in closed.data.columns if name in names),
        options=tuple((name, setting) for name, setting in closed.data.options if name != "split"),
    )
    return dataset(closed, block, source=path, scales=model.scales, rest=True).train
