"""`qrnnc compile`: circuits, and what the compiler makes on the way to them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .arguments import add_output, add_source, positive, seconds, seed
from .devices import placing
from .errors import OK, values_of_the_user, wrong_usage
from .output import deliver
from .streams import say, show
from .values import settings
from .watching import watching

if TYPE_CHECKING:
    from ..sema.closed import ClosedModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "--format", choices=tuple(_FORMATS), default="qasm3", help="default: %(default)s"
    )
    parser.add_argument(
        "--steps", metavar="T", type=positive, help="default: the window of the data block, or 1"
    )
    parser.add_argument("--params", metavar="P", help="bind parameters: .safetensors or .npz")
    parser.add_argument("--inputs", metavar="X", help="bind one sequence of inputs: .npz or .csv")
    parser.add_argument("--fresh", choices=("reuse", "expand"), default="reuse")
    parser.add_argument("--rolled", action="store_true", help="qasm3 as a loop over the steps")
    parser.add_argument("--drop-noise", action="store_true", help="leave noise channels out")
    parser.add_argument("--backend", metavar="NAME", help="place and route for a device")
    parser.add_argument(
        "--budget",
        metavar="S",
        type=seconds,
        help="of the search for places, in units of about a second; default: 5 with -O 3, else .05",
    )
    parser.add_argument(
        "--seed", metavar="N", type=seed, default=0, help="of the `fixed` values and of searches"
    )
    parser.add_argument(
        "-O", dest="level", type=int, choices=(0, 1, 2, 3), help="what the passes do (default: 1)"
    )
    parser.add_argument(
        "--print-after",
        metavar="PASS",
        action="append",
        default=[],
        help="print the step, or `all`",
    )
    parser.add_argument("--time-passes", action="store_true", help="print what each pass took")
    parser.add_argument(
        "--verify-each", action="store_true", help="run the step before and after each pass"
    )
    add_output(parser, "OUT", "default: standard output")


def run(args: argparse.Namespace) -> int:
    from ..sema import load_program

    if args.rolled and args.format != "qasm3":
        raise wrong_usage("`--rolled` goes with `--format qasm3`")
    if args.rolled and args.fresh != "reuse":
        raise wrong_usage("`--rolled` reuses qubits: it does not go with `--fresh expand`")
    if args.backend and args.format not in ("qasm3", "qasm2", "qpy"):
        raise wrong_usage("`--backend` goes with the formats qasm3, qasm2 and qpy")
    program = load_program(args.file, args.entry, settings(args.set))
    show(program.warnings)
    deliver(_FORMATS[args.format](program.model, args), args.output)
    return OK


def _qasm3(model: ClosedModel, args: argparse.Namespace) -> str:
    from ..targets import qasm3_text

    return str(_circuit(qasm3_text, model, args, rolled=args.rolled))


def _qasm2(model: ClosedModel, args: argparse.Namespace) -> str:
    from ..targets import qasm2_text

    return str(_circuit(qasm2_text, model, args))


def _qpy(model: ClosedModel, args: argparse.Namespace) -> bytes:
    from ..targets import to_qiskit, to_qpy_bytes

    if args.output in (None, "-") and sys.stdout.isatty():
        raise wrong_usage("qpy is binary: give a file with `-o OUT`")
    return to_qpy_bytes(_circuit(to_qiskit, model, args))


def _ir(model: ClosedModel, args: argparse.Namespace) -> str:
    """The graphs of the cells: as written, or after the passes if a level is given."""
    from ..ir.graph import build
    from ..ir.printer import print_graph
    from ..sema.closed import RunCell

    cells = {id(op.cell): op.cell for op in model.ops if isinstance(op, RunCell)}
    graphs = [build(cell) for cell in cells.values()]
    if args.level is not None:
        from ..targets import optimised_graph

        with watching(args) as watch:
            graphs = [optimised_graph(g, args.level, args.drop_noise, watch) for g in graphs]
    return "\n".join(map(print_graph, graphs))


def _plan(model: ClosedModel, args: argparse.Namespace) -> str:
    """The parts of all plans, then the forms they were chosen among.

    At a reference machine's rates, so that the same input gives the same bytes everywhere.
    """
    from ..engine import build
    from ..engine.rates import REFERENCE

    cells = build(model, rates=REFERENCE).described(1, steps_of(model, args.steps))
    parts = [part for cell in cells for part in cell.parts]
    return _json(parts + [form for cell in cells for form in cell.alternatives()])


def _model_json(model: ClosedModel, args: argparse.Namespace) -> str:
    from ..ir.serialize import to_dict

    return _json(to_dict(model))


_FORMATS: dict[str, Callable[[ClosedModel, argparse.Namespace], str | bytes]] = {
    "qasm3": _qasm3,
    "qasm2": _qasm2,
    "qpy": _qpy,
    "ir": _ir,
    "plan": _plan,
    "json": _model_json,
}


def steps_of(model: ClosedModel, given: int | None) -> int:
    """The number of steps: as given, or the window of the data block, or 1."""
    if given is not None:
        return given
    window = dict(model.data.options).get("window") if model.data is not None else None
    found = window.value if window is not None else None
    return found if isinstance(found, int) and found > 0 else 1


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _circuit(
    make: Callable[..., Any], model: ClosedModel, args: argparse.Namespace, **more: object
) -> Any:
    """What a target makes of the model with the parameters and inputs of the command line."""
    from ..runtime.init import init
    from .arrays import batched, read_inputs, read_params

    fixed = init((p for p in model.params if not p.trained), args.seed)
    params = read_params(args.params) if args.params else None
    inputs = None
    if args.inputs:
        several = batched(read_inputs(args.inputs, model.inputs), model.inputs)
        if any(len(a) > 1 for a in several.values() if a.ndim):
            say(f"note: {args.inputs} holds several sequences; the circuit is of the first")
        inputs = {name: a[0] if a.ndim and len(a) else a for name, a in several.items()}
    watched = watching(args, {**fixed, **(params or {})})
    with values_of_the_user(), watched as watch, placing(args) as options:
        options |= {"fixed": fixed, "drop_noise": args.drop_noise, "watch": watch, **more}
        options["warn"] = lambda found: show((found,))
        level = 1 if args.level is None else args.level
        steps = steps_of(model, args.steps)
        return make(model, steps, params, inputs, args.fresh, optimize=level, **options)
