"""Observables: Pauli letters on qubits, their products and sums."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..diagnostics import Label, Span
from .closed import Elem, Scalar, Term
from .limits import check_terms
from .scope import Env
from .values import Array, Observables, Register, Value, describe

#: Where the two operands stand, if they are written.
Sides = tuple[Span, Span] | None

LETTERS = ("X", "Y", "Z", "I")


def pauli(letter: str, register: Register) -> Observables:
    """`Z(q)`: an observable of a qubit, a vector of them of a register."""
    items = tuple((_term(1.0, {w: letter} if letter != "I" else {}),) for w in register.wires)
    return Observables(items, () if register.single else (len(register.wires),))


def combine(
    env: Env, op: str, left: Value, right: Value, span: Span, sides: Sides = None
) -> Observables:
    """`*`, `+`, `-` and division by a number."""
    match op, left, right:
        case "*", Observables(), Observables():
            return _pairwise(env, left, right, span, sides, product=True)
        case (("+" | "-"), Observables(), Observables()):
            right = right if op == "+" else scale(env, -1.0, right, span)
            return _pairwise(env, left, right, span, sides, product=False)
        case "*", Observables(), _:
            return scale(env, right, left, span, sides and sides[::-1])
        case "*", _, Observables():
            return scale(env, left, right, span, sides)
        case "/", Observables(), _:
            from .arithmetic import binary

            return scale(env, binary(env, "/", 1, right, span, span, span), left, span)
        case (("+" | "-"), Observables(), (int() | float())):
            number = right if op == "+" else -right
            return _pairwise(env, left, _identity(number), span, None, product=False)
        case (("+" | "-"), (int() | float()), Observables()):
            right = right if op == "+" else scale(env, -1.0, right, span)
            return _pairwise(env, _identity(left), right, span, None, product=False)
    env.report.fail(
        "E0310",
        f"`{op}` does not work on {describe(left)} and {describe(right)}",
        span,
        help="observables take `*` on disjoint qubits, `+`, `-`, and real factors",
    )


def scale(
    env: Env, factor: Value, value: Observables, span: Span, sides: Sides = None
) -> Observables:
    """A real factor, or a vector of factors against a vector of observables."""
    from .expr import numeric, shape_of

    number = numeric(env, factor, span)
    shape = shape_of(number)
    if shape not in ((), (1,), value.shape) and value.shape != ():
        env.report.fail(
            "E0310",
            f"cannot scale {describe(value)} by {describe(factor)}",
            span,
            "lengths differ",
            labels=_places(factor, value, sides),
        )
    factors = env.builder.scalars(number)
    count = len(value.items) if value.shape or shape in ((), (1,)) else len(factors)
    items = tuple(
        tuple(
            Term(_times(env, factors[i % len(factors)], t.coefficient), t.paulis)
            for t in value.items[i % len(value.items)]
        )
        for i in range(count)
    )
    return Observables(items, value.shape if len(value.items) == count else shape)


def _places(left: Value, right: Value, sides: Sides) -> tuple[Label, ...]:
    if sides is None:
        return ()
    return tuple(Label(s, describe(v)) for v, s in zip((left, right), sides, strict=True))


def total(items: Iterable[tuple[Term, ...]]) -> tuple[Term, ...]:
    """The sum of observables: their terms, in order."""
    return tuple(t for terms in items for t in terms)


def reduce(env: Env, fn: str, value: Observables, span: Span) -> Observables:
    """`sum`, `mean` and `prod` of a vector of observables."""
    if fn == "sum":
        return Observables((total(value.items),), ())
    if fn == "mean":
        if not value.items:
            env.report.fail("E0310", "the mean of no observables", span, "the register is empty")
        return scale(env, 1.0 / len(value.items), Observables((total(value.items),), ()), span)
    check_terms(env, math.prod(len(item) for item in value.items), span)
    result: tuple[Term, ...] = (_term(1.0, {}),)
    for item in value.items:
        result = _product(env, result, item, span)
    return Observables((result,), ())


def _pairwise(
    env: Env, left: Observables, right: Observables, span: Span, sides: Sides, *, product: bool
) -> Observables:
    if left.shape != right.shape and left.shape != () and right.shape != ():
        env.report.fail(
            "E0310",
            f"{describe(left)} against {describe(right)}",
            span,
            "lengths differ",
            labels=_places(left, right, sides),
        )
    shape = left.shape or right.shape
    count = int(np.prod(shape, dtype=np.int64))
    terms = sum(len(i) for i in left.items) + sum(len(i) for i in right.items)
    check_terms(env, count if product else max(terms, count), span)
    pairs = [
        (left.items[i if left.shape else 0], right.items[i if right.shape else 0])
        for i in range(count)
    ]
    items = (_product(env, a, b, span) if product else (*a, *b) for a, b in pairs)
    return Observables(tuple(items), shape)


def _product(
    env: Env, left: tuple[Term, ...], right: tuple[Term, ...], span: Span
) -> tuple[Term, ...]:
    check_terms(env, len(left) * len(right), span)
    found = []
    for a in left:
        for b in right:
            shared = {w for w, _ in a.paulis} & {w for w, _ in b.paulis}
            if shared:
                env.report.fail(
                    "E0310",
                    "a product of observables on the same qubit",
                    span,
                    "the factors must act on different qubits",
                )
            coefficient = _times(env, a.coefficient, b.coefficient)
            found.append(Term(coefficient, (*a.paulis, *b.paulis)))
    return tuple(found)


def _times(env: Env, a: Scalar, b: Scalar) -> Scalar:
    if isinstance(a, Elem) and isinstance(b, Elem):
        left, right = (Array(env.builder, e.ref, np.array(e.index)) for e in (a, b))
        (product,) = env.builder.scalars(env.builder.call("mul", [left, right], ()))
        return product
    if isinstance(a, Elem):
        a, b = b, a
    assert not isinstance(a, Elem)
    if isinstance(b, Elem):
        return b if a == 1.0 else env.builder.scaled(b, a)
    return a * b


def as_observable(value: Value) -> Value:
    """A compile-time number as a multiple of the identity, such as a sum of no observables."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _identity(value)
    return value


def _identity(factor: float) -> Observables:
    return Observables(((_term(float(factor), {}),),), ())


def _term(coefficient: float, letters: dict[int, str]) -> Term:
    return Term(coefficient, tuple(letters.items()))
