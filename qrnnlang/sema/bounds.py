"""The least length of nested loops, told without unrolling them: a bomb fails at once."""

from __future__ import annotations

from ..syntax.tree import (
    Binary,
    Block,
    Clause,
    Expr,
    ForStmt,
    LetStmt,
    Number,
    RangeExpr,
    Unary,
    Variable,
)
from .limits import MAX_OPERATIONS, check_turns
from .report import Skip
from .scope import Env
from .values import Range, Register


def check_nested(env: Env, clauses: tuple[Clause, ...], body: Block | None) -> None:
    """E0705: a loop whose inner turns alone exceed the operations of a cell."""
    nested = body is not None and any(isinstance(s, ForStmt) for s in body.statements)
    if len(clauses) == 1 and not nested:
        return  # its own turns are counted when it runs
    least = _least(env, clauses, body, frozenset())
    if least > MAX_OPERATIONS:
        check_turns(env, least, clauses[0].span.to(clauses[-1].span))


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
    nested = (s for s in body.statements if isinstance(s, ForStmt))
    return turns * max(1, sum(_least(env, s.clauses, s.body, inner) for s in nested))


def _length(env: Env, iterable: Expr, inner: frozenset[str]) -> int:
    """The turns of a range or a register that is known before the loop, else 0."""
    from .expr import evaluate

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
