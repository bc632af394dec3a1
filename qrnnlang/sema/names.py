"""What is said of a name that stands for nothing, in each namespace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from ..diagnostics import Span
from ..syntax.tree import Expr, Field, Variable
from .calls import BUILTINS
from .expr import CONSTANTS
from .gates import GATES
from .modules import CHANNELS, Module
from .report import Reporter, Skip, suggestion

#: What users of other tools write, and what it is called here.
_OTHER_GATES = {
    "cnot": "cx",
    "hadamard": "h",
    "toffoli": "ccx",
    "rot": "u",
    "u3": "u",
    "phase": "p",
    "zz": "rzz",
    "xx": "rxx",
    "measure_all": "measure",
    "sdag": "sdg",
    "tdag": "tdg",
    "fredkin": "cswap",
    "cphase": "cp",
    "i": "id",
    "u1": "p",
}
_OTHER_FUNCTIONS = {
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "ln": "log",
    "expval": "expect",
    "probs": "prob",
    "concat": "[a, b]",
    "concatenate": "[a, b]",
    "norm": "normalize",
    "one_hot": "onehot",
    "size": "len",
    "comb": "choose",
    "floor_div": "div",
}


def unknown_value(report: Reporter, name: str, span: Span, known: Iterable[str]) -> NoReturn:
    """E0201."""
    _skip_broken(report, name)
    near = suggestion(name, [*known, *CONSTANTS])
    report.fail("E0201", f"there is no value `{name}` here", span, "unknown name", help=near)


def unknown_function(report: Reporter, name: str, span: Span, known: Iterable[str]) -> NoReturn:
    """E0204."""
    _skip_broken(report, name)
    near = suggestion(name, [*known, *BUILTINS])
    if name in _OTHER_FUNCTIONS:
        near = f"here it is written `{_OTHER_FUNCTIONS[name]}`"
    report.fail("E0204", f"there is no function `{name}`", span, "unknown function", help=near)


def unknown_gate(report: Reporter, gate: Expr, module: Module) -> NoReturn:
    """E0202."""
    name = _name(gate)
    _skip_broken(report, name)
    near = suggestion(name, [*GATES, *CHANNELS, *module.gates])
    if name.lower() in _OTHER_GATES:
        near = f"here it is called `{_OTHER_GATES[name.lower()]}`"
    elif name.lower() in GATES:
        near = f"gates are written in lower case: `{name.lower()}`"
    report.fail("E0202", f"there is no gate `{name}`", gate.span, "unknown gate", help=near)


def unknown_cell(report: Reporter, cell: Expr, module: Module) -> NoReturn:
    """E0203."""
    name = _name(cell)
    _skip_broken(report, name)
    near = suggestion(name, module.cells)
    if name in module.models:
        near = "a model cannot be used: put its content into a cell"
    elif not near and name in _STD_CELLS:
        near = "add `import std.cells;`"
    report.fail("E0203", f"there is no cell `{name}`", cell.span, "unknown cell", help=near)


_STD_CELLS = (
    *("Emc", "Takaki", "LiPlain", "LiStaggered", "Bausch", "Qlstm", "LinearQlstm", "Qgru"),
    *("Qfwp", "Reservoir", "FeedbackReservoir", "Rnn", "Lstm", "Gru"),
)


def _skip_broken(report: Reporter, name: str) -> None:
    if name in report.broken:
        raise Skip


def _name(expr: Expr) -> str:
    match expr:
        case Variable(name=name):
            return name
        case Field(name=inner):
            return inner.text
    return expr.span.text
