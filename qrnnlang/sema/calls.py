"""Calls: instances of cells, `def` functions, functions of the language, readings of the state."""

from __future__ import annotations

import numpy as np

from ..diagnostics import Span
from ..syntax.tree import CallExpr, DefItem, Field, Index, Name, Variable
from . import functions, iterators, observables, reads, seqs
from .instance import Instance
from .limits import MAX_DEF_DEPTH, check_operations
from .modules import Module
from .scope import Env
from .signature import bind, call_key
from .unrolled import calls_itself, within
from .values import (
    Array,
    Items,
    Observables,
    Parameter,
    Range,
    Register,
    Value,
    describe,
)

#: Functions that take positional arguments only, and are found when no name in scope is callable.
BUILTINS = (
    *functions.NAMES,
    *iterators.NAMES,
    *observables.LETTERS,
    *reads.NAMES,
    *seqs.NAMES,
    *seqs.LOSSES,
    "reverse",
)


def call(env: Env, expr: CallExpr) -> Value:
    """The value of a call."""
    target = _instance(env, expr)
    if target is not None:
        from .invoke import invoke

        return invoke(env, target, expr)
    from .expr import definition

    found = definition(env, expr.callee)
    if found is not None:
        item, module = found
        assert isinstance(module, Module)
        return _definition(env, item, module, expr)
    match expr.callee:
        case Variable(name=name) if name in BUILTINS:
            return _builtin(env, name, expr)
        case Field(base=Variable(name="data" | "series")) | Variable(name="column"):
            env.report.fail("E0405", "data sources stand only in a `data` block", expr.span)
        case Variable(name=name) | Field(name=Name(text=name)):
            from .names import unknown_function

            known = [*env.scope.visible(), *env.module.values]
            unknown_function(env.report, expr, name, known, env.module)
    env.report.fail("E0302", "only a function or a cell can be called", expr.callee.span)


def _instance(env: Env, expr: CallExpr) -> Instance | None:
    match expr.callee:
        case Variable(name=name) if env.scope.find(name) is not None:
            value = env.scope.get(name)
            if isinstance(value, Instance):
                return value
            if name in BUILTINS or env.module.find_value(expr.callee) is not None:
                return None
            assert value is not None
            env.report.fail(
                "E0302", f"`{name}` cannot be called", expr.callee.span, describe(value)
            )
        case Index(base=base):
            env.report.fail("E0302", "only a function or a cell can be called", base.span)
    return None


def _definition(env: Env, item: DefItem, module: Module, expr: CallExpr) -> Value:
    from .expr import evaluate

    _no_clauses(env, expr)
    if env.kind != "def":
        check_operations(env, within(item, module).calls, expr.span)
    inner = env.callee("def", module)
    if inner.depth > MAX_DEF_DEPTH:
        itself = calls_itself(item, module)
        env.report.fail(
            "E0704",
            f"`{item.name.text}` calls itself"
            if itself
            else f"functions are nested more than {MAX_DEF_DEPTH} deep",
            expr.span,
            "a `def` cannot be recursive" if itself else f"`{item.name.text}` is one too many",
        )
    args = [(a, evaluate(env, a.value)) for a in expr.args]
    bind(env, inner, item.name.text, item.params, args, expr.span)
    if item.body is None:
        return _extern(env, inner, item)
    key = call_key(item, inner, [p.name.text for p in item.params])
    if key is None:
        return evaluate(inner, item.body)
    if key not in env.builder.evaluated:  # the same call is evaluated once
        env.builder.evaluated[key] = evaluate(inner, item.body)
    return env.builder.evaluated[key]


def _extern(env: Env, inner: Env, item: DefItem) -> Value:
    from .expr import integer, numeric

    assert item.result is not None
    dims = tuple(integer(inner, d, "a size") for d in item.result.dims or ())
    args = []
    for param in item.params:
        value = inner.scope.get(param.name.text)
        assert value is not None  # bound before
        args.append(numeric(env, value, param.span))
    return env.builder.extern(item.name.text, args, dims)


def _builtin(env: Env, name: str, expr: CallExpr) -> Value:
    from .expr import evaluate, repeat

    for argument in expr.args:
        if argument.name is not None:
            env.report.fail(
                "E0206",
                f"`{name}` takes no argument by name",
                argument.name.span,
                "unexpected",
            )
    if name in reads.NAMES:
        _no_clauses(env, expr)
        return reads.read(env, name, expr)
    if expr.clauses:
        if name not in functions.REDUCTIONS:
            env.report.fail(
                "E0302",
                f"`{name}` does not take `… for …`",
                expr.span,
                help="`sum`, `mean`, `prod`, `min` and `max` do",
            )
        return _reduced(env, name, repeat(env, expr.args[0].value, expr.clauses), expr.span)
    args = [(evaluate(env, a.value), a.span) for a in expr.args]
    if name in seqs.LOSSES:
        return seqs.loss(env, name, args, expr.span)
    if name in seqs.NAMES and seqs.is_seq(args):
        return seqs.function(env, name, args, expr.span)
    if name in seqs.NAMES and name not in (*functions.NAMES, "reverse"):
        env.report.fail(
            "E0502" if env.kind == "model" else "E0405",
            f"`{name}` works on a sequence",
            expr.span,
            f"found {describe(args[0][0])}" if args else "needs an argument",
            help="" if env.kind == "model" else "sequences exist in a `model`; a cell is one step",
        )
    if name in observables.LETTERS:
        return _pauli(env, name, args, expr.span)
    if name in iterators.NAMES:
        return iterators.iterator(env, name, args, expr.span)
    if name == "reverse":
        return _reverse(env, args, expr.span)
    one = args[0][0] if len(args) == 1 else None
    if name in ("sum", "mean", "prod") and isinstance(one, Observables):
        return observables.reduce(env, name, one, expr.span)
    return functions.function(env, name, args, expr.span)


def _reduced(env: Env, name: str, parts: list[tuple[Value, Span]], span: Span) -> Value:
    """`sum(… for …)` and the like: over the turns, keeping the shape of one turn."""
    from .arithmetic import binary
    from .indexing import stack

    if not parts:
        if name in ("sum", "prod"):
            return 0 if name == "sum" else 1
        env.report.fail("E0308", f"`{name}` of nothing", span, "no turn")
    if isinstance(parts[0][0], Observables):
        joined = Observables(
            tuple(i for v, _ in parts for i in _observable(env, v, span).items), (len(parts),)
        )
        if len(joined.items) != len(parts):
            env.report.fail("E0310", f"`{name}` needs one observable a turn", span)
        return observables.reduce(env, name, joined, span)
    from .expr import numeric, shape_of

    first = numeric(env, parts[0][0], parts[0][1])
    if shape_of(first) == ():
        return functions.function(env, name, [(stack(env, parts, span), span)], span)
    ops = {"sum": "+", "mean": "+", "prod": "*"}
    if name not in ops:
        env.report.fail("E0301", f"`{name}(… for …)` needs a scalar each turn", parts[0][1])
    total: Value = parts[0][0]
    for value, where in parts[1:]:
        total = binary(env, ops[name], total, value, where, where, where)
    return binary(env, "/", total, len(parts), span, span, span) if name == "mean" else total


def _observable(env: Env, value: Value, span: Span) -> Observables:
    if not isinstance(value, Observables):
        env.report.fail("E0310", "expected an observable", span, f"found {describe(value)}")
    return value


def _pauli(env: Env, letter: str, args: list[tuple[Value, Span]], span: Span) -> Observables:
    if len(args) != 1:
        env.report.fail("E0208" if args else "E0207", f"`{letter}` takes one register", span)
    value, where = args[0]
    if not isinstance(value, Register):
        env.report.fail(
            "E0302", f"`{letter}` is an observable of qubits", where, f"found {describe(value)}"
        )
    return observables.pauli(letter, value)


def _reverse(env: Env, args: list[tuple[Value, Span]], span: Span) -> Value:
    if len(args) != 1:
        env.report.fail("E0208" if args else "E0207", "`reverse` takes one argument", span)
    value, where = args[0]
    match value:
        case Register(wires=wires, single=single):
            return Register(wires[::-1], single)
        case Range(values=values):
            return Range(values[::-1])
        case np.ndarray():
            return value[::-1]
        case Items(rows=rows):
            return Items(rows[::-1])
        case Array() | Parameter() if value.shape:
            view = env.builder.read(value)
            return Array(view.owner, view.ref, np.asarray(view.index[::-1]))
    env.report.fail(
        "E0302", "`reverse` needs a register, a range or an array", where, describe(value)
    )


def _no_clauses(env: Env, expr: CallExpr) -> None:
    if expr.clauses:
        env.report.fail(
            "E0302", "`… for …` stands in `[…]`, `sum(…)`, `mean(…)`, `prod(…)`", expr.span
        )
