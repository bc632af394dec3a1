"""`data` and `train` blocks, with their names and values checked; files are read by the runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod

import numpy as np

from ..diagnostics import CompileError, Span
from ..diagnostics import Label as Place
from ..syntax.tree import (
    Argument,
    Assignment,
    CallExpr,
    DataStmt,
    Expr,
    Field,
    ListExpr,
    Name,
    TrainStmt,
    TupleExpr,
    Variable,
)
from . import dataset
from .closed import DataBlock, Setting, TrainBlock
from .report import suggestion
from .scope import Env
from .training import KEYS, METHODS, SCHEDULES, option
from .values import Array, Parameter, describe

SOURCES = ("csv", "npz")
COLUMNS = ("column", "shift")
SCALES = ("minmax", "standard", "none")
DATA_KEYS = ("window", "stride", "split", "scale", "shuffle")
_CALLS = {*SOURCES, *COLUMNS, *SCALES, *METHODS, *SCHEDULES}


def data_block(env: Env, statement: DataStmt) -> DataBlock:
    """`data csv("…") { … }`."""
    source = setting(env, statement.source)
    if source.call is None or not (source.call in SOURCES or source.call.startswith("series.")):
        env.report.fail(
            "E0505",
            "a `data` block reads `csv(…)`, `npz(…)` or `series.NAME(…)`",
            statement.source.span,
            "not a source of data",
            help=f"write `csv({statement.source.span.text})`"
            if isinstance(source.value, str)
            else suggestion(source.call or "", SOURCES),
        )
    assert env.cell is not None and env.cell.model is not None
    ports = [p.name for p in (*env.cell.root.inputs, *env.cell.model.targets)]
    columns: dict[str, tuple[Setting, Span]] = {}
    options: dict[str, tuple[Setting, Span]] = {}
    misnamed, item = 0, env.report.item(statement.span)
    for a in statement.assignments:
        key = a.key.text
        is_option = a.role is None and key in DATA_KEYS
        if not is_option and key not in ports:
            misnamed += isinstance(a.value, CallExpr | ListExpr)
            lost = env.report.is_lost(key, item)
            if lost or key in env.scope.names or env.report.is_unknown(key, a.key.span):
                continue  # declared wrongly, or not at all, which is reported
            known = [*DATA_KEYS, *ports]
            env.report.error(
                "E0506",
                f"`{key}` is neither an option nor an input or target of the model",
                a.key.span,
                "unknown key",
                help=suggestion(key, known)
                or f"inputs and targets: {_listed(ports)}; options: {_listed(DATA_KEYS)}",
            )
            continue
        _store(env, options if is_option else columns, a)
    missing = [p for p in ports if p not in columns and not env.report.is_lost(p, item)]
    if len(missing) > misnamed:
        env.report.error(
            "E0507",
            "the data block gives no column for " + ", ".join(f"`{m}`" for m in missing),
            statement.source.span,
            "missing",
            help=f'for instance `{missing[0]} = column("…");`',
        )
    _check_values(env, source, {k: s for k, (s, _) in options.items()})
    shapes = {p.name: p.shape for p in (*env.cell.root.inputs, *env.cell.model.targets)}
    for name, (bound, _) in columns.items():
        width = prod(shapes[name]) if len(shapes[name]) < 2 else None
        _checked(env, dataset.check_column, source, bound, width)
    return DataBlock(
        source,
        tuple((k, s) for k, (s, _) in columns.items()),
        tuple((k, s) for k, (s, _) in options.items()),
    )


def _check_values(env: Env, source: Setting, options: dict[str, Setting]) -> None:
    """The values of a `data` block, each on its own, so that all that is wrong is reported."""
    _checked(env, dataset.check_source, source)
    cut = {k: options[k] for k in ("window", "stride") if k in options}
    if len(cut) == 2:
        _checked(env, dataset.cut, {"window": cut["window"]})
        cut["window"] = Setting(cut["window"].span, 1)  # has been checked
    _checked(env, dataset.cut, cut)
    if "window" in options:
        _checked(env, dataset.check_length, source, options["window"])
    for key, check in (
        ("split", dataset.cut),
        ("scale", dataset.scale),
        ("shuffle", dataset.shuffle),
    ):
        if key in options:
            _checked(env, check, {key: options[key]})


def _checked(env: Env, check: Callable[..., object], *given: object) -> None:
    """Reports what a check raises."""
    try:
        check(*given)
    except CompileError as error:
        for diagnostic in error.diagnostics:
            env.report.add(diagnostic)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names) or "none"


def train_block(env: Env, statement: TrainStmt) -> TrainBlock:
    """`train { … }`."""
    options: dict[str, tuple[Setting, Span]] = {}
    for a in statement.assignments:
        if a.key.text not in KEYS or a.role is not None:
            env.report.error(
                "E0506",
                f"`{a.key.text}` is not an option of `train`",
                a.key.span,
                "unknown key",
                help=_rate(a)
                or suggestion(a.key.text, KEYS)
                or "options: " + ", ".join(f"`{k}`" for k in KEYS),
            )
            continue
        _store(env, options, a)
        if a.key.text in options:
            _checked(env, option, a.key.text, options[a.key.text][0])
    return TrainBlock(tuple((k, s) for k, (s, _) in options.items()))


def _rate(a: Assignment) -> str:
    """The learning rate is an argument of the optimizer."""
    if a.key.text not in ("lr", "learning_rate"):
        return ""
    return f"the rate belongs to the optimizer: `optimizer = adam(lr = {a.value.span.text});`"


def _store(env: Env, into: dict[str, tuple[Setting, Span]], a: Assignment) -> None:
    from .report import Skip

    if a.key.text in into:
        env.report.error(
            "E0504",
            f"`{a.key.text}` is set twice",
            a.span,
            "set again",
            labels=(Place(into[a.key.text][1], "first set here"),),
        )
        return
    try:
        into[a.key.text] = (setting(env, a.value), a.span)
    except Skip:
        return


def setting(env: Env, expr: Expr) -> Setting:
    """A value of a block: a call of the block's own functions, a tuple or list, or a constant."""
    match expr:
        case TupleExpr(items=items) | ListExpr(items=items, clauses=()) if _structured(expr):
            return Setting(expr.span, tuple(setting(env, i) for i in items))
        case CallExpr(callee=Field(base=Variable(name="series"), name=Name(text=name)), args=args):
            return _call(env, f"series.{name}", args, expr.span)
        case CallExpr(callee=Variable(name=name), args=args) if _is_call(env, name):
            return _call(env, name, args, expr.span)
        case Variable(name=name) if _is_call(env, name):
            return Setting(expr.span, None, name)
    from .expr import evaluate

    value = evaluate(env, expr)
    if isinstance(value, np.ndarray):
        return _listed_setting(expr.span, value.tolist())
    if not isinstance(value, int | float | bool | str):
        code = "E0303" if isinstance(value, Array | Parameter) else "E0302"
        env.report.fail(
            code, "a setting is known at compile time", expr.span, f"found {describe(value)}"
        )
    return Setting(expr.span, value)


def _listed_setting(span: Span, value: object) -> Setting:
    """An array of constants, as the list of its rows."""
    if isinstance(value, list):
        return Setting(span, tuple(_listed_setting(span, v) for v in value))
    return Setting(span, value)


def _structured(expr: Expr) -> bool:
    return isinstance(expr, TupleExpr | ListExpr)


def _is_call(env: Env, name: str) -> bool:
    """A name of the block's own, or one that is nothing else: the message is better there."""
    if name in _CALLS:
        return True
    from .calls import BUILTINS
    from .expr import CONSTANTS

    known = env.scope.find(name) is not None or name in env.module.values
    return not known and name not in BUILTINS and name not in CONSTANTS


def _call(env: Env, name: str, args: tuple[Argument, ...], span: Span) -> Setting:
    plain = tuple(setting(env, a.value) for a in args if a.name is None)
    named = tuple((a.name.text, setting(env, a.value)) for a in args if a.name is not None)
    return Setting(span, None, name, plain, named)
