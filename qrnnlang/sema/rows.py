"""Lists of lists, which `[…]` joins to one vector where a matrix was probably meant (W0302)."""

from __future__ import annotations

import numpy as np

from ..diagnostics import Diagnostic
from ..syntax.tree import Expr, ListExpr
from .scope import Env
from .values import Array, Value, type_name

_WIDTH = 60  # a longer matrix is not written out again


def check_rows(env: Env, expr: ListExpr, joined: Value) -> None:
    """Warn of a list of numbers all of whose items are lists; registers are joined silently."""
    if not _of_lists(expr) or not isinstance(joined, np.ndarray | Array):
        return
    stacked = _stacked(expr)
    if len(stacked) > _WIDTH:
        stacked = "stack([…], […])" if len(expr.items) > 1 else "stack([…])"
    env.report.add(
        Diagnostic(
            "W0302",
            "lists within a list are joined to one vector",
            expr.span,
            f"this is a `{type_name(joined.shape)}`",
            help=f"write `{stacked}` for rows, or leave out the inner brackets",
        )
    )


def _of_lists(expr: Expr) -> bool:
    return (
        isinstance(expr, ListExpr)
        and bool(expr.items)
        and not expr.clauses
        and all(isinstance(item, ListExpr) for item in expr.items)
    )


def _stacked(expr: Expr) -> str:
    """The source of a list, with `stack` for every list of lists."""
    if isinstance(expr, ListExpr) and _of_lists(expr):
        return f"stack({', '.join(_stacked(item) for item in expr.items)})"
    return " ".join(expr.span.text.split())
