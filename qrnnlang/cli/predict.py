"""`qrnnc predict`: a trained model on data, its outputs in the units of the data as CSV."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from .arguments import add_output
from .errors import OK, values_of_the_user
from .output import deliver

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
    from ..runtime.predict import predict, to_csv

    model, params = open_artefact(args.model)
    part = _windows(model, args.data)
    with values_of_the_user():
        outputs = predict(model, params, part)
    deliver(to_csv(model, outputs), args.output)
    return OK


def _windows(model: Model, path: str) -> Part:
    """All windows of the data, by the inputs' columns alone: targets need not be known.

    A model without a data block takes its inputs as `qrnnc run` does.
    """
    from ..runtime.data import Part, dataset
    from .arrays import batched, read_inputs

    closed = model.closed
    if closed.data is None:
        return Part(batched(read_inputs(path, closed.inputs), closed.inputs), {})
    names = {port.name for port in closed.inputs}
    block = replace(
        closed.data,
        columns=tuple((name, setting) for name, setting in closed.data.columns if name in names),
        options=tuple((name, setting) for name, setting in closed.data.options if name != "split"),
    )
    return dataset(closed, block, source=path, scales=model.scales).train
