"""Binding arguments to the parameters of a `def` or `gate`, with sizes taken from the arguments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..diagnostics import Label, Span
from ..syntax.tree import Argument, Expr, Parameter, TypeExpr, Variable
from .report import Skip, suggestion
from .scope import Env
from .values import Array, Numeric, Register, Value, count, describe, type_name
from .values import Parameter as ParameterValue

TYPES = ("int", "bool", "string", "real", "angle", "bit", "class", "unitary", "qubit")


@dataclass(frozen=True, slots=True)
class Given:
    """An argument as it was matched to its parameter."""

    param: Parameter
    value: Value
    span: Span


def match_arguments(
    env: Env,
    callee: str,
    params: tuple[Parameter, ...],
    args: list[tuple[Argument, Value]],
    span: Span,
) -> list[Given]:
    """Arguments in order or by name; missing, surplus and unknown ones are errors."""
    found: dict[str, Given] = {}
    by_name = {p.name.text: p for p in params}
    if len(by_name) < len(params):
        raise Skip  # one is declared twice, which has been reported
    for position, (argument, value) in enumerate(args):
        if argument.name is not None:
            param = by_name.get(argument.name.text)
            if param is None:
                env.report.fail(
                    "E0206",
                    f"`{callee}` has no parameter `{argument.name.text}`",
                    argument.name.span,
                    "unknown parameter",
                    help=suggestion(argument.name.text, by_name)
                    or "parameters: " + ", ".join(f"`{n}`" for n in by_name),
                )
        elif position < len(params):
            param = params[position]
        else:
            env.report.fail(
                "E0208",
                f"`{callee}` takes {count(len(params), 'argument')}, not {len(args)}",
                argument.span,
                "one too many",
            )
        if param.name.text in found:
            env.report.fail(
                "E0206",
                f"`{param.name.text}` is given twice",
                argument.span,
                "again",
                labels=(Label(found[param.name.text].span, "first here"),),
            )
        found[param.name.text] = Given(param, value, argument.value.span)
    missing = [p for p in params if p.name.text not in found and p.default is None]
    if missing:
        names = ", ".join(f"`{p.name.text}`" for p in missing)
        env.report.fail(
            "E0207",
            f"`{callee}` needs {names}",
            span,
            f"missing {count(len(missing), 'argument')}",
            labels=(Label(missing[0].span, "declared here"),),
        )
    return [found[p.name.text] for p in params if p.name.text in found]


def bind(
    env: Env,
    inner: Env,
    callee: str,
    params: tuple[Parameter, ...],
    args: list[tuple[Argument, Value]],
    span: Span,
) -> dict[str, Given]:
    """Bind parameters and the sizes in their types in `inner`; returns what was given."""
    given = match_arguments(env, callee, params, args, span)
    bind_sizes(inner, given)
    for g in given:
        inner.bind(g.param.name.text, convert(env, inner, g))
    from .expr import evaluate

    for p in params:
        if p.name.text not in inner.scope.names and p.default is not None:
            inner.bind(p.name.text, evaluate(inner, p.default))
    return {g.param.name.text: g for g in given}


def bind_sizes(inner: Env, given: list[Given]) -> None:
    """First whole numbers, which may stand in dimensions; then bare names in dimensions."""
    for g in given:
        if g.param.type.name.text in ("int", "bool") and isinstance(g.value, int):
            inner.scope.names.setdefault(g.param.name.text, g.value)
    bound_at = {g.param.name.text: g.span for g in given if isinstance(g.value, int)}
    for g in given:
        shape = shape_of_argument(g.value)
        dims = g.param.type.dims or ()
        if shape == () and len(dims) == 1:
            shape = (1,)  # a scalar stands for a `real[1]`
        if shape is not None and dims and len(shape) != len(dims):
            inner.report.fail(
                "E0305",
                f"`{g.param.name.text}` has {count(len(dims), 'size')}",
                g.span,
                f"found {describe(g.value)}",
                labels=(Label(g.param.span, "declared here"),),
            )
        for dim, length in zip(dims, shape or (), strict=False):
            if isinstance(dim, Variable) and inner.scope.find(dim.name) is None:
                inner.bind(dim.name, length)
                bound_at[dim.name] = g.span
    inner.sizes_bound_at.update(bound_at)


def shape_of_argument(value: Value) -> tuple[int, ...] | None:
    """The lengths that a value offers to the dimensions of a type."""
    match value:
        case Register(wires=wires):
            return (len(wires),)
        case np.ndarray() | Array() | ParameterValue():
            return tuple(value.shape)
        case bool() | str():
            return None
        case int() | float():
            return ()
    return None


def convert(env: Env, inner: Env, g: Given, *, what: str = "argument") -> Value:
    """The value as its parameter's type wants it, or an error that shows both places."""
    kind = g.param.type
    match kind.name.text:
        case "int" | "bool" | "string":
            return compile_time(env, g)
        case "real" | "angle":
            from .expr import numeric

            number = numeric(env, g.value, g.span)
            return fit(env, number, expected_shape(inner, kind), g, inner)
        case "qubit" if isinstance(g.value, Register):
            return g.value
    env.report.fail(
        "E0302",
        f"`{g.param.name.text}` is {_article(kind)}",
        g.span,
        f"found {describe(g.value)}",
        labels=(Label(g.param.span, "declared here"),),
    )


def compile_time(env: Env, g: Given) -> Value:
    """An `int`, `bool`, `real` or `string` that must be known at compile time."""
    name = g.param.type.name.text
    value = g.value
    good = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "string": isinstance(value, str),
        "real": isinstance(value, int | float) and not isinstance(value, bool),
        "angle": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if name not in good:
        raise Skip  # reported where names are resolved
    if not good[name]:
        runtime = isinstance(value, Array | ParameterValue)
        env.report.fail(
            "E0303" if runtime else "E0302",
            f"`{g.param.name.text}` is {_article(g.param.type)} known at compile time",
            g.span,
            "known only when the model runs" if runtime else f"found {describe(value)}",
            labels=(Label(g.param.span, "declared here"),),
        )
    if name in ("real", "angle") and isinstance(value, int | float):
        return float(value)
    return value


def expected_shape(inner: Env, kind: TypeExpr) -> tuple[int, ...]:
    """The shape a type names, evaluated where its sizes are bound."""
    return tuple(_dim(inner, d) for d in kind.dims or ())


def _dim(env: Env, expr: Expr) -> int:
    from .expr import integer

    size = integer(env, expr, "a size")
    if size < 0:
        env.report.fail("E0306", f"a size cannot be negative: {size}", expr.span, "here")
    return size


def fit(env: Env, number: Numeric, shape: tuple[int, ...], g: Given, inner: Env) -> Numeric:
    """A number of exactly this shape; a scalar and a `real[1]` convert into each other."""
    from .expr import shape_of

    actual = shape_of(number)
    if actual == shape:
        return number
    if (actual, shape) in (((), (1,)), ((1,), ())):
        if isinstance(number, Array | ParameterValue):
            view = env.builder.read(number)
            return Array(view.owner, view.ref, view.index.reshape(shape))
        made = np.asarray(number, dtype=np.float64).reshape(shape)
        return made if shape else float(made)
    labels = [Label(g.param.span, f"declared as `{type_name(shape)}`")]
    for dim in g.param.type.dims or ():
        if isinstance(dim, Variable) and dim.name in inner.sizes_bound_at:
            where = inner.sizes_bound_at[dim.name]
            if where != g.span:
                size = inner.scope.get(dim.name)
                labels.append(Label(where, f"`{dim.name}` is {size} because of this"))
    env.report.fail(
        "E0305",
        f"`{g.param.name.text}` needs `{type_name(shape)}`",
        g.span,
        f"found `{type_name(actual)}`",
        labels=tuple(labels),
    )


def call_key(item: object, inner: Env, names: list[str]) -> object | None:
    """What a call depends on: the item and the values of its parameters. None: not to be kept."""
    key: list[object] = [id(item), inner.cell is not None and id(inner.cell)]
    for name in names:
        match inner.scope.names.get(name):
            case bool() | int() | float() | str() as plain:
                key.append((type(plain).__name__, plain))
            case Register(wires=wires, single=single):
                key.append((wires, single))
            case ParameterValue(name=path):
                key.append(path)
            case np.ndarray() as constant:
                key.append((constant.shape, constant.dtype.str, constant.tobytes()))
            case Array(owner=owner, ref=ref, index=index) if owner is inner.builder:
                key.append((ref, index.shape, index.tobytes()))
            case _:
                return None
    return tuple(key)


def _article(kind: TypeExpr) -> str:
    names = {
        "int": "a whole number",
        "bool": "a boolean",
        "string": "a string",
        "qubit": "a register of qubits" if kind.dims else "a qubit",
        "real": "a real number",
        "angle": "an angle",
    }
    return names.get(kind.name.text, f"a `{kind.span.text}`")
