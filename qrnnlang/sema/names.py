"""What is said of a name that stands for nothing, in each namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from ..diagnostics import Label, Span
from ..syntax.hints import FOREIGN
from ..syntax.tree import CallExpr, Expr, Field, Variable
from .calls import BUILTINS
from .expr import CONSTANTS
from .gates import GATES
from .modules import CHANNELS, Module
from .report import Reporter, Skip, suggestion
from .vocabulary import FUNCTIONS, NUMBERS, OTHER_GATES, PACKAGES, STD_CELLS, STD_GATES

_LET = re.compile(r"let\s+(\w+)\s*=\s*$")


def unknown_value(
    report: Reporter,
    name: str,
    span: Span,
    known: Iterable[str],
    advice: str = "",
    labels: tuple[Label, ...] = (),
) -> NoReturn:
    """E0201, once in an item. `advice`: what to declare, where no known name resembles it."""
    _skip_broken(report, span, name)
    if not report.first_unknown(name, span):
        raise Skip
    near = suggestion(name, [*known, *CONSTANTS])
    after = span.source.text[span.end : span.end + 3]
    if name in PACKAGES:
        near = "here it is `pi`" if after == ".pi" else "functions and constants have no prefix"
    elif name.lower() in NUMBERS:
        near = f"here it is `{NUMBERS[name.lower()]}`"
    _skip_imported(report, span, near)
    report.fail(
        "E0201",
        f"there is no value `{name}` here",
        span,
        "unknown name",
        labels=labels,
        help=near or advice,
    )


def unknown_function(
    report: Reporter, call: CallExpr, name: str, known: Iterable[str], module: Module
) -> NoReturn:
    """E0204."""
    span = call.callee.span
    _skip_broken(report, span, name, span.text.partition(".")[0])
    near = suggestion(name, [*known, *BUILTINS])
    if isinstance(call.callee, Field) and call.callee.base.span.text in PACKAGES:
        here = FUNCTIONS.get(name, name)
        near = f"here it is `{here}`" if here in BUILTINS else near
    elif name in FUNCTIONS:
        near = f"here it is written `{FUNCTIONS[name]}`"
    elif module.find_cell(call.callee) is not None:
        near = f"`{name}` is a cell: declare an instance with `use c = {name}();`, and call that"
    elif len(name) > 1 and not set(name) - set("XYZI"):
        near = _pauli_word(name, call)
    elif name in GATES or name in module.gates:
        near = f"`{name}` is a gate, which stands as a statement: `{name}(…) q;`"
    elif name in ("uniform", "normal"):
        bound = _LET.search(span.source.text[: span.start])
        declared = bound[1] if bound else "J"
        near = f"a drawn value is declared: `fixed {declared}: real ~ {call.span.text};`"
    _skip_imported(report, span, near)
    report.fail("E0204", f"there is no function `{name}`", span, "unknown function", help=near)


def _pauli_word(name: str, call: CallExpr) -> str:
    qubits = [a.value.span.text for a in call.args]
    if len(qubits) != len(name):
        qubits = [f"q[{i}]" for i in range(len(name))]
    product = " * ".join(f"{p}({q})" for p, q in zip(name, qubits, strict=True))
    return f"write `{product}`"


def unknown_gate(
    report: Reporter, gate: Expr, module: Module, operands: tuple[Expr, ...] = ()
) -> NoReturn:
    """E0202; E0120 where the word is one of another language."""
    name = _name(gate)
    _skip_broken(report, gate.span, name, gate.span.text.partition(".")[0])
    near = suggestion(name, [*GATES, *CHANNELS, *module.gates])
    if name == "return" and len(operands) == 1:
        near = f"a cell gives values with `output`: write `output y = {operands[0].span.text};`"
        _foreign(report, name, gate.span, near)
    if name in FOREIGN:
        _foreign(report, name, gate.span, FOREIGN[name])
    if name.lower() in OTHER_GATES:
        near = f"here it is called `{OTHER_GATES[name.lower()]}`"
    elif name.lower() in GATES:
        near = f"gates are written in lower case: `{name.lower()}`"
    elif name == "discard":
        near = "a `fresh` register is discarded by itself; to start again from |0⟩, `reset q;`"
    elif module.find_cell(gate) is not None:
        near = f"`{name}` is a cell: `use c = {name}();`, then `let y = c(…);`"
    elif not near and name in STD_GATES:
        near = f"add `import std.{STD_GATES[name]};`"
    _skip_imported(report, gate.span, near)
    report.fail("E0202", f"there is no gate `{name}`", gate.span, "unknown gate", help=near)


def _foreign(report: Reporter, word: str, span: Span, advice: str) -> NoReturn:
    report.fail(
        "E0120",
        f"`{word}` does not open a statement",
        span,
        "expected the word that opens a statement, or a gate",
        help=advice,
    )


def unknown_cell(report: Reporter, cell: Expr, module: Module) -> NoReturn:
    """E0203."""
    name = _name(cell)
    _skip_broken(report, cell.span, name, cell.span.text.partition(".")[0])
    near = suggestion(name, module.cells)
    if name in module.models:
        near = "a model cannot be used: put its content into a cell"
    elif not near and name in STD_CELLS:
        near = "add `import std.cells;`"
    _skip_imported(report, cell.span, near)
    report.fail("E0203", f"there is no cell `{name}`", cell.span, "unknown cell", help=near)


def _skip_broken(report: Reporter, span: Span, *names: str) -> None:
    """A name that a syntax error may have left without its declaration."""
    item = report.item(span)
    if any(name in report.broken or report.is_lost(name, item) for name in names):
        raise Skip


def _skip_imported(report: Reporter, span: Span, near: str) -> None:
    """A name that resembles nothing may be of the import that failed."""
    if span.source in report.short and (not near or near.startswith("add `import")):
        raise Skip


def _name(expr: Expr) -> str:
    match expr:
        case Variable(name=name):
            return name
        case Field(name=inner):
            return inner.text
    return expr.span.text


def advice(name: str, span: Span, item: str, role: str) -> str:
    """What to declare in an `item`, going by the role of the expression that a name is in."""
    after = span.source.text[span.end : span.end + 1]
    size = "[…]" if after == "[" else ""
    if item == "model":
        if role == "loss":
            return f"declare it: `target {name}: seq real;`"
        return f"declare it: `input {name}: seq real;` or `let {name} = …;`"
    if item != "cell" or role == "default":
        return ""
    if role == "angle":
        return f"declare it: `param {name}: angle{size};`"
    if role == "operand":
        return f"declare it: `carry {name}: qubit{size};` or `fresh {name}: qubit{size};`"
    if role == "size":
        return f"make it a hyperparameter of the cell: `({name}: int = …)`"
    return f"declare it: `param {name}: real{size};`, `input` or `let`"
