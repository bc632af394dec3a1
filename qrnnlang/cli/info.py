"""`qrnnc info`: what a model costs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from .arguments import add_source, positive
from .compile import steps_of
from .errors import OK, values_of_the_user
from .output import deliver
from .streams import show
from .values import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "--steps", metavar="T", type=positive, help="default: the window of the data block, or 1"
    )
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    from ..runtime.load import load

    model = load(args.file, entry=args.entry, set=settings(args.set))
    show(model.program.warnings)
    with values_of_the_user():
        found = model.info(steps_of(model.closed, args.steps))
    text = json.dumps(found, indent=2, ensure_ascii=False) if args.json else "\n".join(_text(found))
    deliver(text + "\n", None)
    return OK


def _text(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['name']}, {_count(found['steps'], 'step')}"
    if found.get("doc"):
        yield from (f"  {line}" for line in str(found["doc"]).splitlines())
    parameters = found["parameters"]
    fixed = f", {parameters['fixed']} fixed" if parameters.get("fixed") else ""
    yield f"  parameters  {parameters['total']}{fixed}"
    yield f"  qubits      {found['qubits']}"
    if "no_circuit" in found:
        yield f"  circuit     none: {found['no_circuit']}"
    elif found["qubits"]:
        yield f"  depth       {found['depth']}"
        gates = ", ".join(f"{name} {n}" for name, n in found["gates"].items())
        yield f"  gates       {sum(found['gates'].values())}: {gates}"
        yield f"  circuits    {found['circuits']} per evaluation"
        yield from map(_measured, found["measurements"])
    if "no_plan" in found:
        yield f"  plan        none: {found['no_plan']}"
    plan = found["plan"]
    if plan:
        yield f"  plan        {_count(len(plan), 'part')}"
        yield from _table([_row(part) for part in plan])
        yield "  forms       chosen and possible ones, of 32 sequences on one thread"
        yield from _table([_form(form) for form in found["alternatives"]])


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{w}}" for cell, w in zip(row, widths, strict=True))
        yield ("    " + "  ".join(cells)).rstrip()


def _measured(kind: Mapping[str, Any]) -> str:
    """`    8 prefixes, to steps 0 to 7: y (ZX)`."""
    first, last = kind["steps"]
    where = f"step {last}" if first == last else f"steps {first} to {last}"
    n = kind["circuits"]
    head = "all steps" if kind["whole"] else f"{n} prefix{'es' if n > 1 else ''}, to {where}"
    outputs = (
        f"{name} at {_count(len(o['steps']), 'step')} ({' '.join(o['bases'])})"
        for name, o in kind["outputs"].items()
    )
    return f"    {head}: {', '.join(outputs)}"


def _row(part: Mapping[str, Any]) -> tuple[str, ...]:
    gates = f"{part['fused_gates'] + part['dynamic_gates']} gates"
    size = f"{part['qubits']} qubits"
    return (part["cell"], part["form"], size, gates, f"{part['flops']:,} flop", part["computed"])


def _form(form: Mapping[str, Any]) -> tuple[str, ...]:
    cost = form["why"] if form["seconds"] is None else f"{1e3 * form['seconds']:,.3g} ms"
    return (form["cell"], form["form"], cost, "chosen" if form["chosen"] else "")


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
