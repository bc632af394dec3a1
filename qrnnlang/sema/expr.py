"""Expressions: one entry, `evaluate`, and what the contexts ask of a value."""

from __future__ import annotations

import math
from typing import NoReturn

import numpy as np

from ..diagnostics import Span
from ..syntax.tree import (
    Binary,
    Boolean,
    CallExpr,
    Clause,
    ConstItem,
    DefItem,
    Expr,
    Field,
    Index,
    ListExpr,
    Name,
    Number,
    RangeExpr,
    Text,
    TupleExpr,
    Unary,
    Variable,
)
from . import arithmetic, calls, indexing, iterators
from .bounds import check_nested
from .closed import Shape
from .limits import check_elements
from .report import Skip
from .rows import check_rows
from .scope import Env, Scope
from .values import (
    Array,
    Numeric,
    Parameter,
    Range,
    Record,
    Register,
    Value,
    count,
    describe,
)

CONSTANTS = {"pi": math.pi, "tau": math.tau, "euler": math.e}


def evaluate(env: Env, expr: Expr) -> Value:
    """The value of an expression. Raises `Skip` when it has none; the reason has been reported."""
    match expr:
        case Number(value=number):
            return number
        case Text(value=text):
            return text
        case Boolean(value=boolean):
            return boolean
        case Variable():
            return variable(env, expr)
        case Unary(op=op, operand=operand):
            with env.builder.at(expr.span):
                return arithmetic.unary(env, op, evaluate(env, operand), expr.span)
        case Binary():
            return _binary_chain(env, expr)
        case RangeExpr(start=start, stop=stop):
            return _range(env, expr, start, stop)
        case Index(base=base, indices=indices):
            return indexing.index(env, evaluate(env, base), indices, expr.span)
        case Field():
            return _field(env, expr)
        case CallExpr():
            with env.builder.at(expr.span):
                return calls.call(env, expr)
        case ListExpr(items=items, clauses=clauses):
            with env.builder.at(expr.span):
                if clauses:
                    rows = repeat(env, items[0], clauses)
                    return indexing.stack(env, rows, expr.span)
                joined = indexing.concatenate(
                    env, [(evaluate(env, i), i.span) for i in items], expr.span
                )
                check_rows(env, expr, joined)
                return joined
        case TupleExpr():
            env.report.fail(
                "E0302",
                "a tuple stands only in `data` and `train` blocks",
                expr.span,
                "not a value",
                help="write a vector as `[a, b]`",
            )
    raise AssertionError(expr)


def variable(env: Env, expr: Variable) -> Value:
    """A name: local, then an item of the file, then a constant of the language."""
    value = env.scope.get(expr.name)
    if value is not None:
        return value
    found = env.module.find_value(expr)
    if found is not None:
        item, module = found
        if isinstance(item, ConstItem):
            return constant(env, item, module)
        env.report.fail(
            "E0302", f"`{expr.name}` is a function", expr.span, "needs arguments: `(…)`"
        )
    if expr.name in CONSTANTS:
        return CONSTANTS[expr.name]
    from .names import unknown_value

    unknown_value(env.report, expr.name, expr.span, env.scope.visible())


def constant(env: Env, item: ConstItem, module: object) -> Value:
    """A `const`, evaluated once, in its own file."""
    from .modules import Module

    assert isinstance(module, Module)
    if item.name.text in module.failed:
        raise Skip
    if item.name.text not in module.constants:
        module.constants[item.name.text] = None  # a constant that needs itself fails below
        inner = Env("const", module, env.builder, env.report, Scope())
        try:
            value = evaluate(inner, item.value)
            if isinstance(value, Array | Parameter):
                needs = "a `const` needs a compile-time value"
                env.report.fail("E0303", needs, item.value.span, describe(value))
        except Skip:
            module.failed.add(item.name.text)
            raise
        module.constants[item.name.text] = value
    known = module.constants[item.name.text]
    if known is None:
        env.report.fail(
            "E0206", f"the constant `{item.name.text}` is defined by itself", item.value.span
        )
    return known


def _binary_chain(env: Env, expr: Binary) -> Value:
    """A chain of left-associative operators, walked without recursion: it may be thousands long."""
    spine: list[Binary] = []
    node: Expr = expr
    while isinstance(node, Binary):
        spine.append(node)
        node = node.left
    value = evaluate(env, node)
    left_span = node.span
    for step in reversed(spine):
        if (value is False and step.op == "&&") or (value is True and step.op == "||"):
            left_span = step.span
            continue  # decided: `i > 0 && v[i - 1] == 1` looks at no v[-1]
        right = evaluate(env, step.right)
        with env.builder.at(step.span):
            value = arithmetic.binary(
                env, step.op, value, right, step.span, left_span, step.right.span
            )
        left_span = step.span
    return value


def _range(env: Env, expr: RangeExpr, start: Expr | None, stop: Expr | None) -> Range:
    if start is None or stop is None:
        env.report.fail(
            "E0302", "a range needs both ends here", expr.span, "open slices stand only in an index"
        )
    return Range(range(integer(env, start), integer(env, stop)))


def _field(env: Env, expr: Field) -> Value:
    if isinstance(expr.base, Variable) and env.scope.find(expr.base.name) is None:
        found = env.module.find_value(expr)
        if found is not None and isinstance(found[0], ConstItem):
            return constant(env, found[0], found[1])
    value = evaluate(env, expr.base)
    name = expr.name.text
    match value:
        case Record(cell=cell, fields=fields):
            if name in fields:
                return fields[name]
            from .report import suggestion

            env.report.fail(
                "E0213",
                f"`{cell}` has no output `{name}`",
                expr.name.span,
                "unknown output",
                help=suggestion(name, fields) or "outputs: " + ", ".join(f"`{f}`" for f in fields),
            )
        case Array(output=(_, only)) if only == name:
            return value
        case Array(output=(str(cell), str(only))):
            env.report.fail(
                "E0213",
                f"`{cell}` has no output `{name}`",
                expr.name.span,
                "unknown output",
                help=f"its output is `{only}`",
            )
        case _:
            env.report.fail(
                "E0213", f"{describe(value)} has no field `{name}`", expr.name.span, "no such field"
            )


# --- contexts ---------------------------------------------------------------------------------


def integer(env: Env, expr: Expr, what: str = "a whole number") -> int:
    """A compile-time int."""
    value = evaluate(env, expr)
    if isinstance(value, bool) or not isinstance(value, int):
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            fix = f"divide with `div(a, b)`: `/` gives a real, here {value:g}"
        else:
            fix = ""
        code = "E0303" if isinstance(value, Array | Parameter) else "E0302"
        where = "known only when the model runs" if code == "E0303" else f"found {describe(value)}"
        env.report.fail(code, f"expected {what} known at compile time", expr.span, where, help=fix)
    return value


def compile_time_number(env: Env, expr: Expr) -> float:
    value = evaluate(env, expr)
    if isinstance(value, bool) or not isinstance(value, int | float):
        code = "E0303" if isinstance(value, Array | Parameter) else "E0302"
        where = "known only when the model runs" if code == "E0303" else f"found {describe(value)}"
        env.report.fail(code, "expected a number known at compile time", expr.span, where)
    return float(value)


def numeric(env: Env, value: Value, span: Span) -> Numeric:
    """A real number or array, of either stage."""
    if isinstance(value, Record):
        _several(env, value, span)
    if isinstance(value, bool) or not isinstance(
        value, int | float | np.ndarray | Array | Parameter
    ):
        env.report.fail(
            "E0302",
            "expected a number or an array",
            span,
            f"found {describe(value)}",
            help=_hint(value),
        )
    if isinstance(value, Array) and value.owner is not env.builder:
        env.report.fail(
            "E0303",
            "this value does not exist yet when carried state is prepared",
            span,
            "belongs to a step",
            help="start from a constant or a `param`",
        )
    return value


def _several(env: Env, value: Record, span: Span) -> NoReturn:
    """The outputs of a cell where one number is wanted."""
    if value.fields:
        env.report.fail(
            "E0302",
            f"`{value.cell}` has several outputs",
            span,
            "which one?",
            help="name it: " + " or ".join(f"`{span.text}.{name}`" for name in value.fields),
        )
    env.report.fail(
        "E0302",
        f"`{value.cell}` has no outputs",
        span,
        "has no value",
        help=f"let `{value.cell}` give one: `output y = …;`",
    )


def _hint(value: Value) -> str:
    from .values import Bits, Observables

    match value:
        case Observables():
            return "read it with `expect(…)`"
        case Bits():
            return "a bit is not a real: read its distribution with `prob(…)`"
        case Register():
            return "read a register with `expect(Z(…))` or `prob(…)`"
    return ""


def register(env: Env, expr: Expr, what: str = "an operand") -> Register:
    """A quantum operand."""
    value = evaluate(env, expr)
    if not isinstance(value, Register):
        env.report.fail(
            "E0302", f"expected {what} of qubits", expr.span, f"found {describe(value)}"
        )
    return value


def shape_of(value: Numeric) -> Shape:
    return tuple(np.shape(value)) if not isinstance(value, Array | Parameter) else value.shape


def repeat(env: Env, body: Expr, clauses: tuple[Clause, ...]) -> list[tuple[Value, Span]]:
    """The values of `body for …`, in order."""
    found: list[tuple[Value, Span]] = []
    check_nested(env, clauses, None)
    _repeat(env, body, clauses, found)
    return found


def _repeat(
    env: Env, body: Expr, clauses: tuple[Clause, ...], found: list[tuple[Value, Span]]
) -> None:
    clause, *rest = clauses
    for row in iterators.turns(env, clause):
        with env.block():
            bind_targets(env, clause, row)
            if rest:
                _repeat(env, body, tuple(rest), found)
            else:
                value = evaluate(env, body)
                found.append((value, body.span))
                if isinstance(value, np.ndarray | Array) and value.shape:
                    check_elements(env, (len(found), *value.shape), body.span)


def bind_targets(env: Env, clause: Clause, row: tuple[Value, ...]) -> None:
    """Give the names of `for a in …` or `for (a, b) in …` the values of one turn."""
    if len(clause.targets) == 1 and not clause.unpack:
        if len(row) != 1:
            env.report.fail(
                "E0302",
                f"each turn gives {len(row)} values",
                clause.targets[0].span,
                "one name",
                help="write `for (" + ", ".join("abcdefgh"[: len(row)]) + ") in …`",
            )
        env.bind(clause.targets[0].text, row[0])
        return
    if len(row) != len(clause.targets):
        env.report.fail(
            "E0302",
            f"each turn gives {count(len(row), 'value')}, not {len(clause.targets)}",
            clause.targets[0].span.to(clause.targets[-1].span),
            f"{len(clause.targets)} names",
        )
    for target, value in zip(clause.targets, row, strict=True):
        env.bind(target.text, value)


def definition(env: Env, expr: Expr) -> tuple[DefItem, object] | None:
    """The `def` that a callee names, if it names one."""
    found = env.module.find_value(expr)
    if found is not None and isinstance(found[0], DefItem):
        return found[0], found[1]
    return None


def name_of(expr: Expr) -> str:
    """How a callee is written."""
    match expr:
        case Variable(name=name):
            return name
        case Field(name=Name(text=text)):
            return text
    return expr.span.text
