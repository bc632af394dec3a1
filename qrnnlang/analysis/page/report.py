"""The page: source, drawing, counts, learning curves, every quantity with its picture, versions."""

from __future__ import annotations

import platform
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ..analysis import QUANTITIES, Analysis
from ..finding import Curve, Finding, Panel, Table
from ..plots import drawn, picture
from .highlight import highlighted
from .style import STYLE

if TYPE_CHECKING:
    from ...runtime.model import Model

_PACKAGES = ("qrnnlang", "jax", "jaxlib", "numpy", "scipy", "qiskit", "optax", "matplotlib")


def report(
    model: Model,
    found: Analysis,
    *,
    history: Mapping[str, Sequence[float]] | None = None,
    metrics: Mapping[str, Mapping[str, float]] | None = None,
    seed: int = 0,
    steps: int = 10,
) -> str:
    """One HTML text: no script, no network, the same for the same arguments.

    `history` and `metrics`: of a training run. `steps`: of the circuit that is counted.
    """
    parts = [
        _head(model, found, seed),
        _section("Source", _source(model)),
        _section("The cell", _image(model.draw().encode(), "the cell, carried wires looped back")),
        _section("Counts", _info(model.info(steps))),
    ]
    if history:
        parts.append(_section("Training", _training(history, metrics or {})))
    for name, finding in found.findings.items():
        parts.append(_section(finding.title, "".join(_finding(name, finding))))
    if found.undefined:
        rows = tuple((QUANTITIES.get(k, k), why) for k, why in found.undefined.items())
        parts.append(_section("Without meaning here", _table(Table(("question", "why"), rows))))
    parts.append(_section("Versions", _versions(model, seed)))
    title = escape(f"{model.closed.name}: a report")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<style>{STYLE}</style></head>\n<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _head(model: Model, found: Analysis, seed: int) -> str:
    doc = f"<p>{escape(model.closed.doc)}</p>" if model.closed.doc else ""
    asked = "".join(
        f'<li><a href="#{_anchor(f.title)}">{escape(QUANTITIES.get(name, name))}</a> '
        f"<b>{escape(_first(f))}</b></li>"
        for name, f in found.findings.items()
    )
    return (
        f"<header><h1>{escape(model.closed.name)}</h1>{doc}"
        f"<p>Cell <b>{escape(found.cell)}</b>, seed {seed}. Intervals hold 95 %.</p>"
        f"<ul>{asked}</ul></header>"
    )


def _first(finding: Finding) -> str:
    name, value = next(iter(finding.values.items()))
    return f"{name} {value}"


def _source(model: Model) -> str:
    texts = {"": model.program.text, **model.program.imports}
    blocks = []
    for name, text in texts.items():
        head = f"<h3>{escape(name)}</h3>" if name else ""
        blocks.append(f"{head}<pre>{highlighted(text)}</pre>")
    return "".join(blocks)


def _info(info: Mapping[str, Any]) -> str:
    rows = [
        ("parameters", info["parameters"]["total"]),
        ("fixed numbers", info["parameters"]["fixed"]),
        ("qubits", info["qubits"]),
        ("depth", info["depth"]),
        ("gates", ", ".join(f"{k} {v}" for k, v in info["gates"].items()) or "none"),
        ("circuits of an evaluation", info["circuits"]),
        ("steps counted", info["steps"]),
    ]
    rows += [("no circuit", info["no_circuit"])] if "no_circuit" in info else []
    plan = info["plan"]
    shown = ("form", "computed", "qubits", "flops", "executor")
    table = Table(shown, tuple(tuple(part.get(k, "") for k in shown) for part in plan))
    return _table(Table(("", ""), tuple(rows))) + (_fold("The plan", _table(table)) if plan else "")


def _training(
    history: Mapping[str, Sequence[float]], metrics: Mapping[str, Mapping[str, float]]
) -> str:
    epochs = list(history["epoch"])
    curves = [Curve("training", epochs, list(history["loss"]))]
    if "val_loss" in history:
        curves.append(Curve("validation", epochs, list(history["val_loss"]), style="dashed"))
    panel = Panel("Learning curves", "epoch", "loss", tuple(curves), logy=True)
    names = list(dict.fromkeys(k for values in metrics.values() for k in values))
    rows = tuple((part, *(values.get(n, "") for n in names)) for part, values in metrics.items())
    table = _table(Table(("", *names), rows)) if rows else ""
    return _image(drawn((panel,)), "learning curves") + table


def _finding(name: str, finding: Finding) -> Iterator[str]:
    yield f"<p>{escape(QUANTITIES.get(name, ''))}</p>"
    rows = tuple((k, str(v)) for k, v in finding.values.items())
    yield _table(Table(("", "value [interval]"), rows))
    if finding.panels:
        yield _image(picture(finding), finding.title)
    for title, table in finding.tables.items():
        yield _fold(title, _table(table))
    if finding.notes:
        yield f"<ul>{''.join(f'<li>{escape(n)}</li>' for n in finding.notes)}</ul>"
    yield _fold("conditions", _table(Table(("", ""), tuple(finding.conditions.items()))))


def _versions(model: Model, seed: int) -> str:
    rows: list[tuple[str, str]] = [("seed", str(seed)), ("python", platform.python_version())]
    for package in _PACKAGES:
        try:
            rows.append((package, version(package)))
        except PackageNotFoundError:
            continue
    hyper = ", ".join(f"{k} = {v}" for k, v in model.program.hyper.items()) or "as in the source"
    rows.append(("hyperparameters", hyper))
    return _table(Table(("", ""), tuple(rows)))


# --- pieces -----------------------------------------------------------------------------------


def _anchor(title: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in title.lower())


def _section(title: str, body: str) -> str:
    return f'<section id="{_anchor(title)}"><h2>{escape(title)}</h2>{body}</section>\n'


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def _image(svg: bytes, alt: str) -> str:
    """Embedded apart from the page, so that no names of two pictures meet."""
    data = b64encode(svg).decode()
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}">'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(c)}</th>" for c in table.columns)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(_shown(v))}</td>' for v in row)}</tr>" for row in table.rows
    )
    top = f"<tr>{head}</tr>" if any(table.columns) else ""
    return f"<table>{top}{lines}</table>"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case int():
            return f"{value:,}"
        case Mapping():
            return ", ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return str(value)
