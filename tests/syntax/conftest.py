"""Fixtures for the syntax: parsing that must succeed, errors in short form, trees as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrnnlang.diagnostics import Diagnostic, Source
from qrnnlang.syntax import parse, tree

PROGRAMS = Path(__file__).with_name("programs")
HEAD = "qrnn 1.0;\n"


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """The text of a program of this folder."""
    return lambda name: (PROGRAMS / f"{name}.qrnn").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def parsed() -> Callable[[str], tree.File]:
    """The tree of a text without errors; the version line is put before one that lacks it."""

    def run(text: str) -> tree.File:
        file, errors = parse(Source("t.qrnn", text if "qrnn 1.0;" in text else HEAD + text))
        assert errors == ()
        assert file is not None
        return file

    return run


@pytest.fixture(scope="session")
def statements(parsed: Callable[[str], tree.File]) -> Callable[[str], tuple[Any, ...]]:
    """The statements of a cell that has `text` as its body."""

    def run(text: str) -> tuple[Any, ...]:
        item = parsed("cell A {\n" + text + "\n}").items[0]
        assert isinstance(item, tree.CellItem)
        return item.body.statements

    return run


@pytest.fixture(scope="session")
def expression(statements: Callable[[str], tuple[Any, ...]]) -> Callable[[str], Any]:
    return lambda text: statements(f"let v = {text};")[0].value


@pytest.fixture(scope="session")
def diagnose() -> Callable[[str], list[Diagnostic]]:
    """The errors of a text, which gets the version line unless it begins with one."""

    def run(text: str) -> list[Diagnostic]:
        text = text if text.startswith("qrnn") else HEAD + text
        return list(parse(Source("t.qrnn", text))[1])

    return run


@pytest.fixture(scope="session")
def places(
    diagnose: Callable[[str], list[Diagnostic]],
) -> Callable[[str], list[tuple[str, int, int]]]:
    """Code, line and column of every error of a text."""
    return lambda text: [(d.code, d.line, d.column) for d in diagnose(text)]


def show(node: Any) -> str:
    """An expression with every operation in parentheses."""
    match node:
        case tree.Number(_, value):
            return repr(value)
        case tree.Text(_, value):
            return f'"{value}"'
        case tree.Boolean(_, value):
            return "true" if value else "false"
        case tree.Variable(_, name):
            return name
        case tree.Unary(_, op, operand):
            return f"({op}{show(operand)})"
        case tree.Binary(_, op, left, right):
            return f"({show(left)} {op} {show(right)})"
        case tree.RangeExpr(_, start, stop):
            return f"({show(start)}..{show(stop)})"
        case tree.Argument(_, name, value):
            return f"{name.text} = {show(value)}" if name else show(value)
        case tree.CallExpr(_, callee, args, clauses):
            return f"{show(callee)}({', '.join(map(show, args))}{_clauses(clauses)})"
        case tree.Index(_, base, indices):
            return f"{show(base)}[{', '.join(map(show, indices))}]"
        case tree.Field(_, base, name):
            return f"{show(base)}.{name.text}"
        case tree.ListExpr(_, items, clauses):
            return f"[{', '.join(map(show, items))}{_clauses(clauses)}]"
        case tree.TupleExpr(_, items):
            return f"<{', '.join(map(show, items))}>"
        case tree.MeasureExpr(_, operand):
            return f"measure {show(operand)}"
        case tree.PostselectExpr(_, operand, value):
            return f"postselect {show(operand)} == {show(value)}"
        case tree.TypeExpr(_, name, dims, seq):
            shown = "" if dims is None else f"[{', '.join(map(show, dims))}]"
            return ("seq " if seq else "") + name.text + shown
        case tree.Drawn(_, name, args):
            return f"~ {name.text}({', '.join(map(show, args))})"
        case tree.Modifier(_, name, arg):
            return f"{name.text}({show(arg)})" if arg is not None else name.text
        case tree.Parameter(_, name, type_, default):
            return f"{name.text}: {show(type_)}" + (f" = {show(default)}" if default else "")
        case None:
            return ""
    raise AssertionError(f"not an expression: {node!r}")


def _clauses(clauses: tuple[tree.Clause, ...]) -> str:
    shown = []
    for clause in clauses:
        names = ", ".join(n.text for n in clause.targets)
        shown.append(f"{f'({names})' if clause.unpack else names} in {show(clause.iterable)}")
    return " for " + ", ".join(shown) if shown else ""


@pytest.fixture(scope="session", name="show")
def show_fixture() -> Callable[[Any], str]:
    return show
