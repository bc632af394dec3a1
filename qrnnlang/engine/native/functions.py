"""Classical functions of values in the native programs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from .arrays import Array, Programs, real_array
from .writer import Ids, NotCovered

#: Functions of one number, by the kernel's name.
_UNARY = {
    **{fn: fn for fn in ("sigmoid", "tanh", "exp", "relu", "arctan", "log", "arcsin", "arccos")},
    **{fn: fn for fn in ("abs", "softplus")},
    "sqrt": "root",
}


def called(q: Programs, fn: str, args: Sequence[Array], shape: tuple[int, ...]) -> Array:
    fixed = all(a.fixed for a in args)
    w = q.writer(fixed)
    ids = [q.at(a, fixed).re for a in args]
    n = int(np.prod(shape))
    rows = np.arange(n)

    def spread() -> list[Ids]:
        return [np.broadcast_to(x, shape).reshape(-1) for x in ids]

    match fn:
        case "add" | "sub":
            a, b = spread()
            sign = np.repeat([1.0, 1.0 if fn == "add" else -1.0], n)
            found = w.linear(np.concatenate([rows, rows]), np.concatenate([a, b]), sign, n)
        case "neg":
            found = w.linear(rows, ids[0].reshape(-1), -1.0, n)
        case "mul":
            a, b = spread()
            found = w.bilinear(rows, a, b, 1.0, n, q.one(fixed))
        case "div":
            a, b = spread()
            if (a == -1).any() or (b == -1).any():
                raise NotCovered("a quotient of constants 0")
            found = w.divide(a, b)
        case "sum" | "mean":
            flat = ids[0].reshape(-1)
            weight = 1.0 if fn == "sum" else 1.0 / len(flat)
            found = w.linear(np.zeros(len(flat), int), flat, weight, 1)
        case "dot":
            a, b = ids[0].reshape(-1), ids[1].reshape(-1)
            found = w.bilinear(np.zeros(len(a), int), a, b, 1.0, 1, q.one(fixed))
        case "matmul" if ids[0].ndim <= 2 and ids[1].ndim <= 2:
            a = ids[0] if ids[0].ndim == 2 else ids[0][None]
            b = ids[1] if ids[1].ndim == 2 else ids[1][:, None]
            place = rows.reshape(a.shape[0], 1, b.shape[1])
            found = w.bilinear(place, a[:, :, None], b[None], 1.0, n, q.one(fixed))
        case "outer":
            a, b = ids[0].reshape(-1, 1), ids[1].reshape(1, -1)
            found = w.bilinear(rows.reshape(len(a), -1), a, b, 1.0, n, q.one(fixed))
        case "prod":
            whole = real_array(ids[0].reshape(-1), fixed)
            parts = [whole[i] for i in range(whole.re.size)]
            return reduce(q.times, parts).reshape(*shape)
        case "sin" | "cos":
            cos, sin = w.turns(_present(q, ids[0], fixed))
            found = cos if fn == "cos" else sin
        case _ if fn in _UNARY:
            found = w.unary(_UNARY[fn], _present(q, ids[0], fixed))
        case _:
            raise NotCovered(f"function `{fn}`")
    return real_array(found.reshape(shape), fixed)


def _present(q: Programs, ids: Ids, fixed: bool) -> Ids:
    """The entries with structural zeros as numbers."""
    flat = ids.reshape(-1)
    return q.writer(fixed).copied(flat) if (flat == -1).any() else flat
