"""Indices and slices, concatenation and stacking, on registers, arrays, bits and observables."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from ..diagnostics import Label as Place
from ..diagnostics import Span
from ..syntax.tree import Expr, Number, RangeExpr, Unary
from .limits import check_elements
from .scope import Env
from .values import (
    Array,
    Bits,
    ConstArray,
    IntArray,
    Label,
    Observables,
    OpenSlice,
    Parameter,
    Range,
    Register,
    Value,
    count,
    describe,
    type_name,
)


def index(env: Env, base: Value, indices: tuple[Expr, ...], span: Span) -> Value:
    """`base[…]`."""
    match base:
        case Register(wires=wires, single=False):
            picks, single = _one_axis(env, indices, len(wires), "register", "qubit", span)
            return Register(tuple(wires[i] for i in picks), single)
        case Bits(exprs=exprs, single=False):
            picks, single = _one_axis(env, indices, len(exprs), "bits", "bit", span)
            return Bits(tuple(exprs[i] for i in picks), single)
        case Observables(items=items, shape=(n,)):
            picks, single = _one_axis(env, indices, n, "vector", "observable", span)
            return Observables(tuple(items[i] for i in picks), () if single else (len(picks),))
        case Range(values=values):
            picks, single = _one_axis(env, indices, len(values), "range", "number", span)
            chosen = np.array([values[i] for i in picks], dtype=np.int64)
            return int(chosen[0]) if single else chosen
        case np.ndarray():
            first = _value(env, indices[0])
            if isinstance(first, Label):
                return _lookup(env, env.builder.read(base), first, indices[1:], span)
            picked: ConstArray = base[_axes(env, indices, base.shape, span, first)]
            return picked.item() if picked.ndim == 0 else picked
        case Array(owner=owner, ref=ref, index=flat):
            first = _value(env, indices[0])
            if isinstance(first, Label):
                return _lookup(env, base, first, indices[1:], span)
            return Array(owner, ref, np.asarray(flat[_axes(env, indices, flat.shape, span, first)]))
        case Parameter():
            return index(env, env.builder.read(base), indices, span)
    env.report.fail("E0302", f"{describe(base)} cannot be indexed", span, "not a register or array")


def place(env: Env, shape: tuple[int, ...], indices: tuple[Expr, ...], span: Span) -> IntArray:
    """The flat positions that `name[…]` names in an array, in the shape of the selection."""
    whole = np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64).reshape(shape)
    return np.asarray(whole[_axes(env, indices, shape, span)])


def _value(env: Env, expr: Expr) -> Value | None:
    """The value of an index, which is evaluated once; None of a slice."""
    from .expr import evaluate

    return None if isinstance(expr, RangeExpr) else evaluate(env, expr)


def _lookup(env: Env, base: Array, label: Label, rest: tuple[Expr, ...], span: Span) -> Value:
    if not base.shape or base.shape[0] != label.classes:
        env.report.fail(
            "E0301",
            f"a `class[{label.classes}]` label cannot index `{type_name(base.shape)}`",
            span,
            f"the first axis must have length {label.classes}",
        )
    tok = Array(label.owner, label.ref, np.array(0))
    row = env.builder.call("lookup", [base, tok], base.shape[1:])
    return index(env, row, rest, span) if rest else row


def _one_axis(
    env: Env, indices: tuple[Expr, ...], length: int, what: str, noun: str, span: Span
) -> tuple[list[int], bool]:
    if len(indices) != 1:
        env.report.fail("E0307", f"a {what} has one index, not {len(indices)}", span)
    picked = _pick(env, indices[0], length, f"{count(length, noun)}")
    return ([picked], True) if isinstance(picked, int) else (picked, False)


def _axes(
    env: Env,
    indices: tuple[Expr, ...],
    shape: tuple[int, ...],
    span: Span,
    first: Value | None = None,
) -> Any:
    """What NumPy is asked for. `first`: the value of the first index where it is known."""
    if len(indices) > len(shape):
        has = count(len(shape), "axis").replace("axiss", "axes") if shape else "no axis to index"
        given = count(len(indices), "index").replace("indexs", "indices")
        env.report.fail("E0307", f"`{type_name(shape)}` has {has}", span, given)
    picks = [
        _pick(env, e, n, f"length {n} along axis {axis}", None if axis else first)
        for axis, (e, n) in enumerate(zip(indices, shape, strict=False))
    ]
    # Several index lists act axis by axis, as slices do (np.ix_), never paired as NumPy pairs them.
    lists = [p for p in picks if isinstance(p, list)]
    if len(lists) <= 1:
        return tuple(np.array(p, dtype=np.int64) if isinstance(p, list) else p for p in picks)
    total = len(lists)
    made: list[Any] = []
    seen = 0
    for p in picks:
        if isinstance(p, list):
            shape_here = [1] * total
            shape_here[seen] = len(p)
            made.append(np.array(p, dtype=np.int64).reshape(shape_here))
            seen += 1
        else:
            made.append(p)
    # A scalar index is an array index too for NumPy's placement rule, so all are adjacent.
    return tuple(made)


def _pick(
    env: Env, expr: Expr, length: int, has: str, value: Value | None = None
) -> int | list[int]:
    """The positions that one index names; `value` is its value where it is known."""
    if isinstance(expr, RangeExpr):
        start = 0 if expr.start is None else _bound(env, expr.start, length)
        stop = length if expr.stop is None else _bound(env, expr.stop, length)
        return _slice(env, start, stop, length, expr.span, has)
    from .expr import evaluate

    value = evaluate(env, expr) if value is None else value
    match value:
        case bool():
            pass
        case int():
            position = value + length if value < 0 and _literal(expr) else value
            if not 0 <= position < length:
                from_end = value < 0 and not _literal(expr)
                env.report.fail(
                    "E0304",
                    f"index {value} is out of range",
                    expr.span,
                    has,
                    help="only a negative literal counts from the end" if from_end else "",
                )
            return position
        case Range(values=r):
            check_elements(env, (len(r),), expr.span)
            positions = list(r)
            bad = next((p for p in positions if not 0 <= p < length), None)
            if bad is not None:
                env.report.fail("E0304", f"index {bad} is out of range", expr.span, has)
            return positions
        case OpenSlice():
            return list(range(length))
        case np.ndarray() if value.ndim == 1 and (value.dtype.kind == "i" or value.size == 0):
            positions = [int(v) for v in value]
            bad = next((p for p in positions if not 0 <= p < length), None)
            if bad is not None:
                env.report.fail("E0304", f"index {bad} is out of range", expr.span, has)
            return positions
    code = "E0303" if isinstance(value, Array | Parameter) else "E0302"
    env.report.fail(
        code,
        "an index must be a whole number known at compile time",
        expr.span,
        f"found {describe(value)}",
        help="a run-time label of type `class[k]` may index the first axis of an array"
        if code == "E0303"
        else "",
    )


def _bound(env: Env, expr: Expr, length: int) -> int:
    from .expr import integer

    value = integer(env, expr)
    return value + length if value < 0 and _literal(expr) else value


def _slice(env: Env, start: int, stop: int, length: int, span: Span, has: str) -> list[int]:
    if start < 0 or stop > length:
        env.report.fail("E0304", f"the slice {start}..{stop} is out of range", span, has)
    return list(range(start, stop))


def _literal(expr: Expr) -> bool:
    return isinstance(expr, Unary) and expr.op == "-" and isinstance(expr.operand, Number)


# --- building -----------------------------------------------------------------------------------


def concatenate(env: Env, parts: list[tuple[Value, Span]], span: Span) -> Value:
    """`[a, b, c]`: vectors and scalars into a vector, registers into a register."""
    values = [v for v, _ in parts]
    if not values:
        return np.zeros(0, dtype=np.int64)
    first = values[0]
    match first:
        case Register():
            _same_kind(env, parts, Register, span)
            return Register(tuple(chain.from_iterable(v.wires for v in values)))  # type: ignore[union-attr]
        case Bits():
            _same_kind(env, parts, Bits, span)
            return Bits(tuple(chain.from_iterable(v.exprs for v in values)))  # type: ignore[union-attr]
        case Observables():
            _same_kind(env, parts, Observables, span)
            items = tuple(chain.from_iterable(v.items for v in values))  # type: ignore[union-attr]
            return Observables(items, (len(items),))
    from .expr import numeric, shape_of

    numbers = [numeric(env, v, s) for v, s in parts]
    for number, (_, where) in zip(numbers, parts, strict=True):
        if len(shape_of(number)) > 1:
            env.report.fail(
                "E0301",
                f"`[…]` joins vectors and scalars, not `{type_name(shape_of(number))}`",
                where,
                help="`stack(a, b, …)` makes a new leading axis",
            )
    length = sum(int(np.prod(shape_of(n), dtype=np.int64)) for n in numbers)
    check_elements(env, (length,), span)
    if any(isinstance(n, Array | Parameter) for n in numbers):
        return env.builder.join(numbers, (length,))
    return np.concatenate([np.atleast_1d(np.asarray(n)) for n in numbers])


def stack(env: Env, parts: list[tuple[Value, Span]], span: Span) -> Value:
    """Values of equal shape along a new leading axis; qubits into a register."""
    if not parts or isinstance(parts[0][0], Register | Bits | Observables):
        return concatenate(env, parts, span)
    from .expr import numeric, shape_of

    numbers = [numeric(env, v, s) for v, s in parts]
    shape = shape_of(numbers[0])
    for number, (_, where) in zip(numbers, parts, strict=True):
        if shape_of(number) != shape:
            env.report.fail(
                "E0301",
                f"rows differ: `{type_name(shape)}` and `{type_name(shape_of(number))}`",
                where,
                "every row needs the same shape",
                labels=(Place(parts[0][1], f"`{type_name(shape)}`"),),
            )
    full = (len(numbers), *shape)
    check_elements(env, full, span)
    if any(isinstance(n, Array | Parameter) for n in numbers):
        return env.builder.join(numbers, full)
    made: ConstArray = np.stack([np.asarray(n) for n in numbers])
    return made


def _same_kind(env: Env, parts: list[tuple[Value, Span]], kind: type, span: Span) -> None:
    for value, where in parts:
        if not isinstance(value, kind):
            env.report.fail(
                "E0302",
                f"`[…]` cannot join {describe(parts[0][0])} and {describe(value)}",
                where,
                "of another kind",
            )
    check_elements(env, (sum(_width(v) for v, _ in parts),), span)


def _width(value: Value) -> int:
    match value:
        case Register(wires=found) | Bits(exprs=found) | Observables(items=found):
            return len(found)
    return 0
