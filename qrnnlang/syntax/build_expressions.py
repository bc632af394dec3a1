"""Builders of expressions, arguments, indices and clauses. `v` are the symbols of the rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Span
from . import tree
from .context import Context, rule
from .limits import MAX_DEPTH, TooDeep
from .tokens import Token

_MAX_DIGITS = 1000
_ORDERINGS = frozenset({"<", "<=", ">", ">="})


def name_of(context: Context, token: Token) -> tree.Name:
    return tree.Name(Span(context.source, token.start, token.end), token.text)


# --- lists of things -------------------------------------------------------------------------


@rule
def empty(context: Context, span: Span, v: list[Any]) -> list[Any]:
    return []


@rule
def one(context: Context, span: Span, v: list[Any]) -> list[Any]:
    return [v[0]]


@rule
def more(context: Context, span: Span, v: list[Any]) -> Any:
    v[0].append(v[1])
    return v[0]


@rule
def comma(context: Context, span: Span, v: list[Any]) -> Any:
    v[0].append(v[2])
    return v[0]


@rule
def first(context: Context, span: Span, v: list[Any]) -> Any:
    return v[0]


@rule
def inner(context: Context, span: Span, v: list[Any]) -> Any:
    return v[1]


@rule
def nothing(context: Context, span: Span, v: list[Any]) -> None:
    return None


@rule
def names_one(context: Context, span: Span, v: list[Any]) -> list[tree.Name]:
    return [name_of(context, v[0])]


@rule
def names_more(context: Context, span: Span, v: list[Any]) -> Any:
    v[0].append(name_of(context, v[2]))
    return v[0]


# --- operators -------------------------------------------------------------------------------


@rule
def binary(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    left, op, right = v
    match left:
        case tree.Binary(chain, before, inner_left) if {before, op.text} <= _ORDERINGS:
            if chain.start == inner_left.span.start:  # not in parentheses
                context.errors.append(_chained(span, left, op, right))
    return tree.Binary(span, op.text, left, right)


def _chained(span: Span, left: tree.Binary, op: Token, right: tree.Expr) -> Diagnostic:
    middle = left.right.span.text
    return Diagnostic(
        "E0114",
        "comparisons do not chain",
        span,
        label="this compares a truth value with a number",
        help=f"write `{left.span.text} && {middle} {op.text} {right.span.text}`",
    )


@rule
def power(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Binary(span, "**", v[0], v[2])


@rule
def unary(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Unary(span, v[0].text, v[1])


# --- primaries and what follows them ---------------------------------------------------------


@rule
def variable(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Variable(span, v[0].text)


@rule
def number(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    text = v[0].text.replace("_", "")
    if text.isdigit():
        # Python refuses to read very long integers; no size or count is that long.
        return tree.Number(span, int(text) if len(text) <= _MAX_DIGITS else float("inf"))
    return tree.Number(span, float(text))


@rule
def text(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Text(span, v[0].text[1:-1])


@rule
def boolean(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Boolean(span, v[0].text == "true")


@rule
def paren(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    """The node itself, its span with the parentheses."""
    expr: tree.Expr = replace(v[1], span=span)
    return expr


@rule
def tuple_(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    context.tuples.append(span)
    return tree.TupleExpr(span, (v[1], *v[3]))


@rule
def call(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.CallExpr(span, v[0], tuple(v[2]))


@rule
def call_clauses(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    callee, _, value, clauses, _ = v
    return tree.CallExpr(span, callee, (tree.Argument(value.span, None, value),), nested(clauses))


@rule
def index(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Index(span, v[0], tuple(v[2]))


@rule
def field(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.Field(span, v[0], name_of(context, v[2]))


@rule
def list_empty(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.ListExpr(span, ())


@rule
def list_items(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.ListExpr(span, tuple(v[1]))


@rule
def list_clauses(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.ListExpr(span, (v[1],), nested(v[2]))


@rule
def argument(context: Context, span: Span, v: list[Any]) -> tree.Argument:
    return tree.Argument(span, None, v[0])


@rule
def argument_named(context: Context, span: Span, v: list[Any]) -> tree.Argument:
    return tree.Argument(span, name_of(context, v[0]), v[2])


# --- ranges and clauses ----------------------------------------------------------------------


@rule
def range_full(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.RangeExpr(span, v[0], v[2])


@rule
def range_from(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.RangeExpr(span, v[0], None)


@rule
def range_to(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.RangeExpr(span, None, v[1])


@rule
def range_all(context: Context, span: Span, v: list[Any]) -> tree.Expr:
    return tree.RangeExpr(span, None, None)


def nested(clauses: list[tree.Clause]) -> tuple[tree.Clause, ...]:
    """The clauses of a loop, each within the one before. Raises TooDeep like any other nesting."""
    if len(clauses) > MAX_DEPTH:
        raise TooDeep(clauses[MAX_DEPTH].span)
    return tuple(clauses)


@rule
def clause(context: Context, span: Span, v: list[Any]) -> tree.Clause:
    return tree.Clause(span, (name_of(context, v[0]),), False, v[2])


@rule
def clause_unpack(context: Context, span: Span, v: list[Any]) -> tree.Clause:
    return tree.Clause(span, tuple(v[1]), True, v[4])


@rule
def comprehension(context: Context, span: Span, v: list[Any]) -> Any:
    return v[1]


@rule
def comprehension_more(context: Context, span: Span, v: list[Any]) -> list[tree.Clause]:
    return [*v[0], *v[2]]
