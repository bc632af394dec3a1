"""The least length of loops, told without unrolling them: a bomb fails at once."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

from ..syntax.tree import (
    Binary,
    Block,
    CallExpr,
    Clause,
    Expr,
    ForStmt,
    GateStmt,
    LetStmt,
    Number,
    RangeExpr,
    Statement,
    Unary,
    Variable,
)
from .gates import GATES
from .limits import MAX_OPERATIONS, check_turns
from .report import Skip
from .scope import Env
from .values import Range, Register

#: Turns of an iterator on so many elements.
ITERATED: dict[str, Callable[..., int]] = {
    "chain": lambda n: max(n - 1, 0),
    "ring": lambda n: n if n > 2 else max(n - 1, 0),
    "pairs": lambda n: comb(n, 2),
    "enumerate": lambda n: n,
    "cross": lambda n, m=0: n * m,
    "zip": lambda n, m=0: min(n, m),
}


def check_nested(env: Env, clauses: tuple[Clause, ...], body: Block | None) -> None:
    """E0705: a loop whose inner turns alone exceed the operations of a cell."""
    many = body is not None and any(isinstance(s, ForStmt | GateStmt) for s in body.statements)
    if len(clauses) == 1 and not many:
        return  # its own turns are counted when it runs
    least = _least(env, clauses, body, frozenset())
    if least > MAX_OPERATIONS:
        first, last = clauses[0], clauses[-1]
        span = first.iterable.span if first is last else first.span.to(last.span)
        check_turns(env, least, span)


def _least(env: Env, clauses: tuple[Clause, ...], body: Block | None, inner: frozenset[str]) -> int:
    """A lower bound of the turns; 0 where the length depends on `inner`, the names of loops."""
    turns = 1
    for clause in clauses:
        turns *= _length(env, clause.iterable, inner)
        inner |= {t.text for t in clause.targets}
        if not turns:
            return 0
    if body is None:
        return turns
    inner |= {s.name.text for s in body.statements if isinstance(s, LetStmt)}
    return turns * max(1, sum(_weight(env, s, inner) for s in body.statements))


def _weight(env: Env, statement: Statement, inner: frozenset[str]) -> int:
    """A lower bound of what a statement of a loop gives."""
    match statement:
        case ForStmt(clauses=clauses, body=body):
            return _least(env, clauses, body, inner)
        case GateStmt(gate=Variable(name=name), operands=operands) if name in GATES:
            return max((_length(env, o, inner) for o in operands), default=1)
    return 0


def _length(env: Env, iterable: Expr, inner: frozenset[str]) -> int:
    """The turns of what is known before the loop, else 0."""
    from .expr import evaluate

    match iterable:
        case CallExpr(callee=Variable(name=name), args=[first, *more], clauses=()) if (
            name in ITERATED
        ):
            others = [_length(env, a.value, inner) for a in more]
            return ITERATED[name](_length(env, first.value, inner), *others[:1])
    if not isinstance(iterable, RangeExpr | Variable) or not _known(env, iterable, inner):
        return 0
    try:
        value = evaluate(env, iterable)
    except Skip:  # it is reported again, and once, where it stands
        return 0
    match value:
        case Range(values=values):
            return len(values)
        case Register(wires=wires):
            return len(wires)
    return 0


def _known(env: Env, expr: Expr | None, inner: frozenset[str]) -> bool:
    """Whether an expression is made of numbers and of names from outside the loops."""
    match expr:
        case Number():
            return True
        case Variable(name=name):
            scope = env.scope.find(name)
            found = name in env.module.values if scope is None else scope.names[name] is not None
            return found and name not in inner
        case RangeExpr(start=a, stop=b) | Binary(left=a, right=b):
            return _known(env, a, inner) and _known(env, b, inner)
        case Unary(operand=a):
            return _known(env, a, inner)
    return False
