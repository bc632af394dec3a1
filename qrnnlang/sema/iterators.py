"""What `for` runs over: ranges, registers, and `chain ring pairs cross zip enumerate subsets`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..diagnostics import Label, Span
from ..syntax.tree import Clause
from .limits import MAX_OPERATIONS, check_turns
from .scope import Env
from .values import Array, Bits, Items, Parameter, Range, Register, Value, describe


def turns(env: Env, clause: Clause) -> Iterator[tuple[Value, ...]]:
    """The values of each turn of a `for`, made as they are needed."""
    from .expr import evaluate

    value = evaluate(env, clause.iterable)
    length = size(env, value, clause.iterable.span)
    check_turns(env, length, clause.iterable.span)
    yield from rows(env, value, clause.iterable.span)


def size(env: Env, value: Value, span: Span) -> int:
    """How many turns a value gives."""
    match value:
        case Range(values=values):
            return len(values)
        case Items(rows=found):
            return len(found)
        case Register(wires=wires):
            return len(wires)
        case Bits(exprs=exprs):
            return len(exprs)
        case np.ndarray() | Array() | Parameter() if value.shape:
            return int(value.shape[0])
    env.report.fail(
        "E0302",
        "`for` needs a range, a register, an array or an iterator",
        span,
        f"found {describe(value)}",
        help="a count of turns is the range `0..n`" if isinstance(value, int) else "",
    )


def rows(env: Env, value: Value, span: Span) -> Iterator[tuple[Value, ...]]:
    """The turns of a value, one tuple each."""
    match value:
        case Items(rows=found):
            yield from found
        case Array() | Parameter():
            view = env.builder.read(value)
            for i in range(view.shape[0]):
                yield (Array(view.owner, view.ref, np.asarray(view.index[i])),)
        case np.ndarray():
            for row in value:
                yield (row.item() if row.ndim == 0 else row,)
        case _:
            for element in _elements(env, value, span):
                yield (element,)


def _elements(env: Env, value: Value, span: Span) -> Sequence[Value]:
    match value:
        case Range(values=values):
            return values
        case Register(wires=wires):
            return [Register((w,), True) for w in wires]
        case Bits(exprs=exprs):
            return [Bits((e,), True) for e in exprs]
        case np.ndarray() | Array() | Parameter() if value.shape:
            return [row[0] for row in rows(env, value, span)]
        case Items(rows=found) if all(len(r) == 1 for r in found):
            return [r[0] for r in found]
    env.report.fail(
        "E0302", "expected a register, a range or an array", span, f"found {describe(value)}"
    )


def chain(elements: Sequence[Value]) -> list[tuple[Value, ...]]:
    """(0,1) (1,2) …"""
    return list(itertools.pairwise(elements))


def ring(elements: Sequence[Value]) -> list[tuple[Value, ...]]:
    """`chain` and (n−1, 0); for two elements just (0,1)."""
    closing = [(elements[-1], elements[0])] if len(elements) > 2 else []
    return [*itertools.pairwise(elements), *closing]


def pairs(elements: Sequence[Value]) -> list[tuple[Value, ...]]:
    """All i < j."""
    return list(itertools.combinations(elements, 2))


_UNARY: dict[str, tuple[Callable[[Sequence[Value]], list[tuple[Value, ...]]], int]] = {
    "chain": (chain, 1),
    "ring": (ring, 1),
    "pairs": (pairs, 2),
}
NAMES = (*_UNARY, "cross", "zip", "enumerate", "subsets", "range")


def iterator(env: Env, name: str, args: Sequence[tuple[Value, Span]], span: Span) -> Value:
    """A call of one of the iterators."""
    values = [v for v, _ in args]
    spans = [s for _, s in args]
    if name == "range":
        return _range(env, values, spans, span)
    if name == "subsets":
        return _subsets(env, values, spans, span)
    if name == "zip":
        return _zip(env, values, spans, span)
    wanted = 2 if name == "cross" else 1
    if len(values) != wanted:
        env.report.fail(
            "E0208" if len(values) > wanted else "E0207",
            f"`{name}` takes {wanted} argument{'s' if wanted > 1 else ''}, not {len(values)}",
            span,
        )
    lengths = [size(env, v, s) for v, s in args]
    if name == "enumerate":
        check_turns_ahead(env, lengths[0], span)
        return Items(tuple((i, *row) for i, row in enumerate(rows(env, values[0], spans[0]))))
    if name == "cross":
        check_turns_ahead(env, lengths[0] * lengths[1], span)
        left, right = (_elements(env, v, s) for v, s in args)
        return Items(tuple(itertools.product(left, right)))
    make, power = _UNARY[name]
    check_turns_ahead(env, lengths[0] ** power, span)
    return Items(tuple(make(_elements(env, values[0], spans[0]))))


def check_turns_ahead(env: Env, n: int, span: Span) -> None:
    """Refuse what is too long before it is built, without counting it twice."""
    if n > MAX_OPERATIONS:
        check_turns(env, n, span)


def _range(env: Env, values: list[Value], spans: list[Span], span: Span) -> Value:
    if not 1 <= len(values) <= 3:
        env.report.fail("E0208", f"`range` takes 1 to 3 arguments, not {len(values)}", span)
    for value, where in zip(values, spans, strict=True):
        if isinstance(value, bool) or not isinstance(value, int):
            code = "E0303" if isinstance(value, Array | Parameter) else "E0302"
            env.report.fail(
                code,
                "`range` needs whole numbers known at compile time",
                where,
                f"found {describe(value)}",
            )
    if len(values) == 3 and values[2] == 0:
        env.report.fail("E0308", "a range cannot step by 0", spans[2], "the step")
    return Range(range(*values))  # type: ignore[arg-type]


def _zip(env: Env, values: list[Value], spans: list[Span], span: Span) -> Value:
    if len(values) < 2:
        env.report.fail("E0207", "`zip` takes at least 2 arguments", span)
    lengths = [size(env, v, s) for v, s in zip(values, spans, strict=True)]
    if len(set(lengths)) > 1:
        env.report.fail(
            "E0312",
            f"`zip` of different lengths: {', '.join(map(str, lengths))}",
            span,
            "every argument needs the same length",
            labels=tuple(Label(s, describe(v)) for v, s in zip(values, spans, strict=True)),
        )
    check_turns_ahead(env, lengths[0], span)
    made = [_elements(env, v, s) for v, s in zip(values, spans, strict=True)]
    return Items(tuple(zip(*made, strict=True)))


def _subsets(env: Env, values: list[Value], spans: list[Span], span: Span) -> Value:
    if len(values) != 3:
        env.report.fail(
            "E0207" if len(values) < 3 else "E0208",
            f"`subsets` takes a register and two sizes, not {len(values)} arguments",
            span,
        )
    low, high = values[1], values[2]
    for value, where in zip((low, high), spans[1:], strict=True):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            env.report.fail(
                "E0303" if isinstance(value, Array | Parameter) else "E0302",
                "the sizes of subsets are whole numbers from 0, known at compile time",
                where,
                f"found {describe(value)}",
            )
    assert isinstance(low, int) and isinstance(high, int)
    elements = _elements(env, values[0], spans[0])
    n = len(elements)
    sizes = range(low, min(high, n) + 1)
    check_turns_ahead(env, sum(math.comb(n, k) for k in sizes), span)
    return Items(
        tuple((_view(values[0], s),) for k in sizes for s in itertools.combinations(elements, k))
    )


def _view(whole: Value, chosen: Sequence[Value]) -> Value:
    if isinstance(whole, Register):
        return Register(tuple(q.wires[0] for q in chosen))  # type: ignore[union-attr]
    if isinstance(whole, Bits):
        return Bits(tuple(b.exprs[0] for b in chosen))  # type: ignore[union-attr]
    return np.array(chosen)
