"""Scalar expressions in what is known only later: unbound parameters and inputs, and read-outs.

A scalar is a float as long as everything in it is known. `fold` is the one walk over expressions;
it is iterative, so that a carried value may chain over thousands of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from ..sema.closed import Ref, Shape


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry of an unbound parameter or input, or of a carried array in the body of a loop.

    `index`: flat C-order position, None for a scalar. `step`: None for what is constant in time,
    (a, b) for a × the loop's variable + b. In circuits whose angles are all open (`Binding.open`):
    "value" is an entry of a cell's value, "prepare" an angle of an amplitude encoding.
    """

    kind: Literal["param", "input", "carry", "value", "prepare"]
    name: str
    index: int | None = None
    step: int | tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Entry `component` of what the operation `ref` of run `run` reads from the state at `step`."""

    run: int
    step: int
    ref: Ref
    component: int


@dataclass(frozen=True, slots=True, eq=False)
class Fn:
    """An elementwise function of scalars, by its name in `Call.fn`."""

    fn: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """Entry `index` of a function of whole arrays, whose entries are `args`."""

    fn: str
    args: tuple[Expr, ...]
    shapes: tuple[Shape, ...]
    shape: Shape
    index: int


Expr: TypeAlias = "float | Leaf | Read | Fn | Opaque"
R = TypeVar("R")


def fold(
    expr: Expr, visit: Callable[[Expr, tuple[R, ...]], R], memo: dict[Hashable, tuple[Expr, R]]
) -> R:
    """`visit(node, results of its arguments)` bottom up, each node once; `memo` may be kept."""
    stack = [expr]
    while stack:
        node = stack[-1]
        key = _key(node)
        if key in memo:
            stack.pop()
            continue
        args = node.args if isinstance(node, Fn | Opaque) else ()
        missing = [a for a in args if _key(a) not in memo]
        if missing:
            stack += missing
            continue
        memo[key] = (node, visit(node, tuple(memo[_key(a)][1] for a in args)))
        stack.pop()
    return memo[_key(expr)][1]


def _key(node: Expr) -> Hashable:
    # The memo holds the node too, so an id cannot be taken over by another node meanwhile.
    return id(node) if isinstance(node, Fn | Opaque) else (type(node), node)


# --- arithmetic with what is known folded away ---------------------------------------------------


def add(a: Expr, b: Expr) -> Expr:
    if isinstance(a, float) and isinstance(b, float):
        return a + b
    if a == 0.0:
        return b
    if b == 0.0:
        return a
    return Fn("add", (a, b))


def neg(a: Expr) -> Expr:
    if isinstance(a, float):
        return -a
    if isinstance(a, Fn) and a.fn == "neg":
        return a.args[0]
    return Fn("neg", (a,))


def sub(a: Expr, b: Expr) -> Expr:
    if isinstance(a, float) and isinstance(b, float):
        return a - b
    if b == 0.0:
        return a
    if a == 0.0:
        return neg(b)
    return Fn("sub", (a, b))


def mul(a: Expr, b: Expr) -> Expr:
    """The product; a known zero makes it zero."""
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    if isinstance(b, float):
        a, b = b, a
    if isinstance(a, float):
        if a == 0.0:
            return 0.0
        if a in (1.0, -1.0):
            return b if a == 1.0 else neg(b)
        if isinstance(b, Fn) and b.fn == "mul" and isinstance(b.args[0], float):
            return mul(a * b.args[0], b.args[1])
    return Fn("mul", (a, b))


def div(a: Expr, b: Expr) -> Expr:
    if b == 1.0 or a == 0.0:
        return a
    return Fn("div", (a, b))


def leaves(
    expr: Expr, memo: dict[Hashable, tuple[Expr, frozenset[Leaf | Read]]] | None = None
) -> frozenset[Leaf | Read]:
    """Every leaf and read-out an expression depends on."""
    if isinstance(expr, Leaf | Read):
        return frozenset((expr,))

    def visit(node: Expr, args: tuple[frozenset[Leaf | Read], ...]) -> frozenset[Leaf | Read]:
        if isinstance(node, Leaf | Read):
            return frozenset((node,))
        return frozenset().union(*args)

    return fold(expr, visit, {} if memo is None else memo)


class NotAffine(Exception):
    """An expression that is not affine in its read-outs; says which function is in the way."""


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """constant + Σ coefficient × read-out."""

    constant: Expr
    terms: dict[Read, Expr]


def affine(expr: Expr) -> Affine:
    """An expression as an affine function of the read-outs in it.

    Raises:
        NotAffine: where a read-out goes through anything else than sums and known factors.
    """
    if isinstance(expr, Read):
        return Affine(0.0, {expr: 1.0})
    return fold(expr, _affine, {})


def _affine(node: Expr, args: tuple[Affine, ...]) -> Affine:
    if isinstance(node, Read):
        return Affine(0.0, {node: 1.0})
    if isinstance(node, float | Leaf) or not any(a.terms for a in args):
        return Affine(node, {})
    fn = node.fn
    match fn:
        case "neg":
            return _scaled(args[0], -1.0)
        case "add":
            return _summed(args[0], args[1])
        case "sub":
            return _summed(args[0], _scaled(args[1], -1.0))
        case "mul" if not args[0].terms:
            return _scaled(args[1], args[0].constant)
        case "mul" if not args[1].terms:
            return _scaled(args[0], args[1].constant)
        case "div" if not args[1].terms:
            divisor = args[1].constant
            return _scaled(
                args[0], 1.0 / divisor if isinstance(divisor, float) else div(1.0, divisor)
            )
    raise NotAffine(fn)


def _scaled(a: Affine, factor: Expr) -> Affine:
    return Affine(mul(factor, a.constant), {r: mul(factor, c) for r, c in a.terms.items()})


def _summed(a: Affine, b: Affine) -> Affine:
    terms = dict(a.terms)
    for read, c in b.terms.items():
        terms[read] = add(terms[read], c) if read in terms else c
    return Affine(add(a.constant, b.constant), terms)
