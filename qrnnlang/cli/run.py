"""`qrnnc run`: a model on inputs, its outputs as JSON."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from .arguments import add_executor, add_output, add_source, executor_of, positive, scales, seed
from .errors import OK, failed_run, values_of_the_user, wrong_usage
from .output import deliver
from .streams import say, show
from .values import settings

if TYPE_CHECKING:
    from ..runtime.sampled import Outputs


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
    add_executor(parser)
    parser.add_argument("--jobs", metavar="FOLDER", help="keep jobs, and go on from what is there")
    parser.add_argument(
        "--zne",
        metavar="1,3,…",
        type=scales,
        help="run with the noise scaled by these odd numbers, and extrapolate to none",
    )
    parser.add_argument(
        "--fit",
        choices=["linear", "richardson"],
        help="how `--zne` extrapolates; default: linear",
    )
    parser.add_argument(
        "--readout", action="store_true", help="take back the flips of measured bits"
    )
    parser.add_argument("--decoupling", action="store_true", help="put pulses on qubits that wait")
    parser.add_argument(
        "--seed", metavar="N", type=seed, default=0, help="of values that P does not hold, of shots"
    )
    add_output(parser, "OUT.json", "default: standard output")


def run(args: argparse.Namespace) -> int:
    from ..runtime.executor import ExecutorError
    from ..runtime.failures import RunError
    from ..runtime.load import load
    from .arrays import batched, read_inputs, read_params

    sampled = args.shots is not None or args.backend is not None
    _check(args, sampled)
    model = load(args.file, entry=args.entry, set=settings(args.set))
    show(model.program.warnings)
    ports = model.closed.inputs
    params = model.init(args.seed) | (read_params(args.params) if args.params else {})
    inputs = batched(read_inputs(args.inputs, ports), ports) if args.inputs else {}
    with values_of_the_user():
        if not sampled:
            outputs, errors = model(params, inputs, steps=args.steps), {}
        else:
            try:
                with executor_of(args) as executor:
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
                        zne=args.zne,
                        fit=args.fit or "linear",
                        readout=args.readout,
                        decoupling=args.decoupling,
                        executor=executor,
                    )
            except (RunError, ExecutorError) as error:
                raise failed_run(str(error)) from error
            say(f"note: {_told(outputs, args.shots or 4096)}")
            errors = {name: values.tolist() for name, values in outputs.std_error.items()}
    found = {name: values.tolist() for name, values in outputs.items()}
    deliver(json.dumps({**found, "std_error": errors}) + "\n", args.output)
    return OK


def _check(args: argparse.Namespace, sampled: bool) -> None:
    """Refuses what is about shots where there are none."""
    names = ("jobs", "zne", "readout", "decoupling", "workers", "cluster")
    given = {f"--{n}": getattr(args, n) for n in names}
    name = next((name for name, value in given.items() if value), None)
    if name is not None and not sampled:
        raise wrong_usage(
            f"`{name}` is about shots, and without any values are exact: "
            "give `--backend NAME` or `--shots N`"
        )
    if args.fit is not None and args.zne is None:
        raise wrong_usage("`--fit` says how `--zne` extrapolates: give `--zne 1,3`")


def _told(outputs: Outputs, shots: int) -> str:
    """How much was run, and what share of it postselections let pass."""
    text = (
        f"{_many(outputs.circuits, 'circuit')} from {_many(outputs.templates, 'template')}, "
        f"{_many(shots, 'shot')} each, in {_many(outputs.jobs, 'job')}"
    )
    passed = ", ".join(f"{name} {share:.3g}" for name, share in outputs.success.items())
    return f"{text}; passed: {passed}" if passed else text


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n != 1 else ''}"
