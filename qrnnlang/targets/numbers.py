"""Expressions evaluated, once what they depend on is known."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..sema.closed import Call, Extern
from .classical import Externs, apply
from .symbols import Expr, Fn, Opaque, Read, fold


def evaluate(exprs: Iterable[Expr], reads: Mapping[Read, float], externs: Externs) -> list[float]:
    """The values of expressions in read-outs.

    Raises:
        DataError: an argument outside the domain of a function.
        KeyError: a read-out that is missing.
    """
    arrays: dict[Hashable, NDArray[np.float64]] = {}

    def visit(node: Expr, args: tuple[float, ...]) -> float:
        match node:
            case float():
                return node
            case Read():
                return reads[node]
            case Fn(fn=fn):
                return float(apply(Call(fn, (), ()), [np.asarray(a) for a in args], externs))
            case Opaque():
                # The entries of one result share their arguments: computed once.
                key = (node.fn, id(node.args))
                if key not in arrays:
                    arrays[key] = _whole(node, args, externs)
                return float(arrays[key].flat[node.index])
        raise AssertionError(node)

    memo: dict[Hashable, tuple[Expr, float]] = {}
    return [fold(e, visit, memo) for e in exprs]


def _whole(node: Opaque, args: tuple[float, ...], externs: Externs) -> NDArray[np.float64]:
    parts, start = [], 0
    for shape in node.shapes:
        size = int(np.prod(shape, dtype=np.int64))
        parts.append(np.array(args[start : start + size]).reshape(shape))
        start += size
    make = Extern if node.fn in externs else Call
    return apply(make(node.fn, (), node.shape), parts, externs)
