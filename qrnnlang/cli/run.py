"""`qrnnc run`: a model on inputs, its outputs as JSON."""

from __future__ import annotations

import argparse
import json

from .arguments import add_output, add_source, positive, seed
from .errors import OK, failed_run, values_of_the_user
from .output import deliver
from .streams import show
from .values import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "--params", metavar="P", help=".safetensors, .npz or .qrnnz; default: drawn from the seed"
    )
    parser.add_argument(
        "--inputs", metavar="X", help=".npz, (batch, steps, …) by name, or .csv, one sequence"
    )
    parser.add_argument("--steps", metavar="T", type=positive, help="for a model without inputs")
    parser.add_argument("--shots", metavar="N", type=positive, help="sample; default: exact values")
    parser.add_argument("--backend", metavar="NAME", help="sample there; default with --shots: aer")
    parser.add_argument(
        "--fresh",
        choices=["reuse", "expand"],
        default="reuse",
        help="reset qubits, or take new ones",
    )
    parser.add_argument("--jobs", metavar="FOLDER", help="keep jobs, and go on from what is there")
    parser.add_argument(
        "--seed", metavar="N", type=seed, default=0, help="of values that P does not hold, of shots"
    )
    add_output(parser, "OUT.json", "default: standard output")


def run(args: argparse.Namespace) -> int:
    from ..runtime.failures import RunError
    from ..runtime.load import load
    from .arrays import batched, read_inputs, read_params

    model = load(args.file, entry=args.entry, set=settings(args.set))
    show(model.program.warnings)
    ports = model.closed.inputs
    params = model.init(args.seed) | (read_params(args.params) if args.params else {})
    inputs = batched(read_inputs(args.inputs, ports), ports) if args.inputs else {}
    with values_of_the_user():
        if args.shots is None and args.backend is None:
            outputs, errors = model(params, inputs, steps=args.steps), {}
        else:
            try:
                outputs = model.run(
                    params,
                    inputs,
                    args.backend,
                    args.shots or 4096,
                    args.seed,
                    args.steps,
                    args.fresh,
                    args.jobs,
                    progress=True,
                )
            except RunError as error:
                raise failed_run(str(error)) from error
            errors = {name: values.tolist() for name, values in outputs.std_error.items()}
    found = {name: values.tolist() for name, values in outputs.items()}
    deliver(json.dumps({**found, "std_error": errors}) + "\n", args.output)
    return OK
