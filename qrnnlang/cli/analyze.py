"""`qrnnc analyze`: the field's questions, asked of one model."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import add_output, positive, seed
from .errors import OK, values_of_the_user, wrong_usage
from .output import deliver, write_atomically
from .streams import show
from .values import settings

if TYPE_CHECKING:
    from ..analysis import Analysis, Finding
    from ..runtime.model import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a source, or a .qrnnz: its own parameters")
    add_questions(parser)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_output(parser, "DIR", "a folder for the pictures and analysis.json")


def add_questions(parser: argparse.ArgumentParser) -> None:
    """What is measured, and on what."""
    parser.add_argument("--entry", metavar="NAME", help="the cell or model, if there are several")
    parser.add_argument(
        *("--set",), metavar="k=v", action="append", default=[], help="a hyperparameter"
    )
    parser.add_argument(
        *("--only",), metavar="NAME", action="append", help="one quantity; may be repeated"
    )
    parser.add_argument("--cell", metavar="NAME", help="the cell of a model that has several")
    parser.add_argument(
        *("--data",), metavar="D", help="takes the place of the data block's file; `none`: random"
    )
    parser.add_argument(
        *("--inputs",), metavar="LOW,HIGH", type=_interval, help="the interval of random inputs"
    )
    parser.add_argument(
        *("--vary",),
        metavar="k=v,v,…",
        action="append",
        default=[],
        help="an int hyperparameter, or steps, over which variances and costs are looked at",
    )
    parser.add_argument(
        "--backend", metavar="NAME", help="also the cost of the circuit placed and routed there"
    )
    parser.add_argument(
        *("--along",),
        metavar="N",
        type=positive,
        help="train, and measure gradient flow at N places, start and end included",
    )
    parser.add_argument("--seed", metavar="N", type=seed, default=0)


def run(args: argparse.Namespace) -> int:
    model, params = opened(args.file, args.entry, settings(args.set))
    found = measured(args, model, params)
    if args.output is not None:
        write(Path(args.output), found)
    if args.json:
        deliver(json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n", None)
    else:
        deliver("\n".join(text(found)) + "\n", None)
    return OK


def measured(args: argparse.Namespace, model: Model, params: Any) -> Analysis:
    """The answers to what the arguments of `add_questions` ask."""
    from ..analysis import QUANTITIES, analyze
    from ..runtime.progress import Bar

    if params is not None and args.along is not None:
        raise wrong_usage("`--along` trains from random starts: give the source, not an artefact")
    options = _options(args.vary, args.only)
    if args.backend is not None:
        from ..targets.devices import backend_by_name

        options.setdefault("cost", {})["backend"] = backend_by_name(args.backend)
    count = len(QUANTITIES if args.only is None else args.only)
    started = itertools.count()
    with values_of_the_user(), Bar("measuring", count, not args.quiet, lines=False) as bar:
        return analyze(
            model,
            args.only,
            cell=args.cell,
            params=params,
            data=data_of(model, args.data),
            domain=args.inputs,
            along=args.along,
            seed=args.seed,
            options=options,
            tell=lambda name: bar.at(next(started), name),
        )


def opened(file: str, entry: str | None, hyper: dict[str, Any]) -> tuple[Model, Any]:
    """A source's model and None, or an artefact's model and parameters."""
    from ..runtime.load import load, open_artefact

    if Path(file).suffix == ".qrnnz":
        if entry is not None or hyper:
            raise wrong_usage("an artefact has its entry and hyperparameters: leave them away")
        return open_artefact(file)
    model = load(file, entry=entry, set=hyper)
    show(model.program.warnings)
    return model, None


def data_of(model: Model, given: str | None) -> Any:
    """The data of the file's block, if it has one and `given` is not `none`."""
    if given == "none" or model.closed.data is None:
        if given not in (None, "none"):
            raise wrong_usage("`--data` needs a `data` block, which says what its inputs are")
        return None
    return model.data(given)


def write(folder: Path, found: Analysis) -> None:
    """`analysis.json` and a picture, NAME.svg, of every quantity that has one."""
    from ..analysis import picture

    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / "analysis.json", data.encode())
    for name, finding in found.findings.items():
        if finding.panels:
            write_atomically(folder / f"{name}.svg", picture(finding))


def text(found: Analysis) -> Iterator[str]:
    """The headline numbers with their intervals, the tables, and what has no meaning here."""
    yield f"{found.name}, cell {found.cell}"
    for finding in found.findings.values():
        yield ""
        yield from text_of(finding)
    if found.undefined:
        yield "\nnot defined here"
        yield from (f"  {name}: {why}" for name, why in found.undefined.items())


def text_of(finding: Finding) -> Iterator[str]:
    """One quantity: headline numbers, tables, notes."""
    yield finding.title
    width = max(map(len, finding.values), default=0)
    yield from (f"  {k:{width}}  {v}" for k, v in finding.values.items())
    for name, table in finding.tables.items():
        rows = [table.columns, *(tuple(map(_cell, row)) for row in table.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield f"  {name}:"
        for row in rows:
            cells = (f"{c:>{w}}" for c, w in zip(row, widths, strict=True))
            yield f"    {'  '.join(cells)}"
    yield from (f"  note: {note}" for note in finding.notes)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _interval(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected two numbers LOW,HIGH, not {text!r}") from None
    if not low < high:
        raise argparse.ArgumentTypeError(f"{text!r} is no interval")
    return low, high


def _options(vary: list[str], only: list[str] | None) -> dict[str, dict[str, Any]]:
    chosen: dict[str, tuple[int, ...]] = {}
    for pair in vary:
        name, equals, numbers = pair.partition("=")
        try:
            chosen[name] = tuple(int(n) for n in numbers.split(","))
        except ValueError:
            equals = ""
        if not equals or min(chosen[name]) < 1:
            raise wrong_usage(f"`--vary {pair}`: expected `--vary name=1,2,3`")
    if not chosen:
        return {}
    sizes = {k: v for k, v in chosen.items() if k != "steps"}
    found: dict[str, dict[str, Any]] = {"plateau": {"vary": chosen}}
    if sizes:
        found["cost"] = {"vary": sizes}
    return {k: v for k, v in found.items() if only is None or k in only}
