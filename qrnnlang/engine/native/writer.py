"""Writing a native program: entries of an arena, and instructions on them.

An entry is a number (of one sequence, or of all). Arrays of entry numbers stand for arrays; −1 is a
structural zero, so reordering, slicing and reshaping cost nothing at run time. Entries in front of
a program's own, its constants or what it takes from the program before it, are −2, −3, … until the
program is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import Unsupported

Ids: TypeAlias = npt.NDArray[np.int64]

LINEAR, BILINEAR, TURN, UNARY, DIVIDE, PAIR, CONTRACT, CHAIN, SHARED = range(9)
FUNCTIONS = (
    "sigmoid",
    "tanh",
    "exp",
    "sqrt",
    "relu",
    "arctan",
    "possible",
    "certain",
    "bit",
    "rate",
    "root",
    "log",
    "arcsin",
    "arccos",
    "abs",
    "softplus",
)

#: Marks an entry of the program before.
BEFORE = "before"

_NO_IDS = np.zeros(0, np.int64)


class NotCovered(Unsupported):
    """The kernel has no form for something; the XLA executor has. `slot`: of the step to blame."""

    slot: int | None = None


@dataclass
class Writer:
    """A program being written. `first`: what stands in front, by entry number or constant.

    `limit`: how many entries it may have.
    """

    limit: int
    size: int = 0
    first: dict[Any, int] = field(default_factory=dict)
    #: Op and fields: numbers or arrays, each with what marks its entry numbers.
    code: list[tuple[int, list[tuple[Any, Any]]]] = field(default_factory=list)
    numbers: list[npt.NDArray[np.float64]] = field(default_factory=list)
    count: int = 0

    def new(self, n: int) -> Ids:
        if self.size + n > self.limit:
            raise NotCovered(f"more than {self.limit} numbers at once")
        found = np.arange(self.size, self.size + n)
        self.size += n
        return found

    def front(self, key: Any) -> int:
        return self.first.setdefault(key, -2 - len(self.first))

    def fronts(self, keys: Sequence[Any] | Ids) -> Ids:
        return np.array([self.front(k) for k in np.asarray(keys).reshape(-1).tolist()], np.int64)

    def _emit(self, op: int, *fields: tuple[Any, Any]) -> None:
        self.code.append((op, list(fields)))

    def _numbers(self, values: npt.NDArray[np.float64]) -> int:
        at = self.count
        self.numbers.append(values)
        self.count += len(values)
        return at

    def linear(self, rows: Ids, ids: Ids, weights: Any, n: int) -> Ids:
        """Σ weight·entry for each of n rows; a row that is just an entry is that entry."""
        weights = np.broadcast_to(np.asarray(weights, float), ids.shape).reshape(-1)
        rows = np.broadcast_to(rows, ids.shape).reshape(-1)
        ids = ids.reshape(-1)
        keep = (ids != -1) & (weights != 0)
        rows, ids, weights = rows[keep], ids[keep], weights[keep]
        out = np.full(n, -1)
        terms = np.bincount(rows, minlength=n)
        alone = (terms[rows] == 1) & (weights == 1)
        out[rows[alone]] = ids[alone]
        rest = ~alone
        if rest.any():
            self._sparse(LINEAR, out, rows[rest], ids[rest][:, None], weights[rest])
        return out

    def bilinear(self, rows: Ids, a: Ids, b: Ids, weights: Any, n: int, one: int = -1) -> Ids:
        """Σ weight·a·b for each of n rows; `one` is the entry that holds 1."""
        rows, a, b, weights = (
            x.reshape(-1) for x in np.broadcast_arrays(rows, a, b, np.asarray(weights, float))
        )
        keep = (a != -1) & (b != -1) & (weights != 0)
        rows, a, b, weights = rows[keep], a[keep], b[keep], weights[keep]
        out = np.full(n, -1)
        alone = (np.bincount(rows, minlength=n)[rows] == 1) & (weights == 1)
        alone &= ((a == one) | (b == one)) & (one != -1)
        out[rows[alone]] = np.where(a == one, b, a)[alone]
        rest = ~alone
        if rest.any():
            both = np.stack([a[rest], b[rest]], 1)
            self._sparse(BILINEAR, out, rows[rest], both, weights[rest])
        return out

    def copied(self, ids: Ids) -> Ids:
        """The same numbers in consecutive entries."""
        flat = ids.reshape(-1)
        kept = flat != -1
        made = self.new(len(flat))
        ptr = np.concatenate([[0], np.cumsum(kept)])
        at = self._numbers(np.ones(int(kept.sum())))
        self._emit(
            LINEAR,
            (len(flat), False),
            (int(made[0]), True),
            (at, False),
            (ptr, False),
            (flat[kept], True),
        )
        return made.reshape(ids.shape)

    def _sparse(self, op: int, out: Ids, rows: Ids, ids: Ids, weights: Any) -> None:
        order = np.argsort(rows, kind="stable")
        used, counts = np.unique(rows, return_counts=True)
        made = self.new(len(used))
        out[used] = made
        ptr = np.concatenate([[0], np.cumsum(counts)])
        at = self._numbers(weights[order])
        self._emit(
            op,
            (len(used), False),
            (int(made[0]), True),
            (at, False),
            (ptr, False),
            (ids[order].reshape(-1), True),
        )

    def turns(self, ids: Ids) -> tuple[Ids, Ids]:
        """Cosines and sines."""
        n = len(ids)
        made = self.new(2 * n)
        self._emit(TURN, (n, False), (int(made[0]), True), (ids, True))
        return made[:n], made[n:]

    def unary(self, name: str, ids: Ids) -> Ids:
        made = self.new(len(ids))
        self._emit(
            UNARY,
            (len(ids), False),
            (int(made[0]), True),
            (FUNCTIONS.index(name), False),
            (ids, True),
        )
        return made

    def divide(self, a: Ids, b: Ids) -> Ids:
        made = self.new(len(a))
        both = np.stack([a, b], 1).reshape(-1)
        self._emit(DIVIDE, (len(a), False), (int(made[0]), True), (both, True))
        return made

    def pair(self, t: tuple[int, int], other: Ids, coefficients: list[Ids], inner: int) -> Any:
        """A gate in pair form on rows of `inner` entries; coefficients: diag, cross, re, im."""
        n = len(other)
        complex_ = t[1] != -1 or (coefficients[1] != -1).any() or (coefficients[3] != -1).any()
        re = int(self.new(n * inner)[0])
        im = int(self.new(n * inner)[0]) if complex_ else -1
        rows = np.stack([other, *coefficients], 1)
        marks = np.array([False, True, True, True, True])
        self._emit(
            PAIR,
            (n, False),
            (inner, False),
            (t[0], True),
            (t[1], True),
            (re, True),
            (im, True),
            (rows.reshape(-1), np.tile(marks, n)),
        )
        return re, im

    def chain(
        self,
        t: tuple[int, int],
        shape: tuple[int, int],
        complex_: bool,
        gates: Sequence[tuple[int, Sequence[tuple[Ids, Ids]]]],
        constant: Ids,
    ) -> tuple[int, int]:
        """See kernels/chain.h. Gates: kind and groups of coefficients and rows; `constant`: entries

        that are the same in every call.
        """
        entries = shape[0] * shape[1]
        re = int(self.new(entries)[0])
        im = int(self.new(entries)[0]) if complex_ else -1
        fields: list[tuple[Any, Any]] = [(k, False) for k in shape]
        fields += [(k, True) for k in (*t, re, im)]
        fields.append((len(gates), False))
        for kind, groups in gates:
            fields += [(kind, False), (len(groups), False)]
            for coefficients, rows in groups:
                varies = not np.isin(coefficients, constant).all()
                fields += [(len(rows), False), (int(varies), False)]
                fields += [(coefficients, True), (rows.reshape(-1), False)]
        self._emit(CHAIN, *fields)
        return re, im

    def shared(
        self,
        t: tuple[int, int],
        shape: tuple[int, int],
        complex_: bool,
        coefficients: int,
        sums: int,
        groups: Sequence[tuple[bool, Ids]],
    ) -> tuple[int, int]:
        """See kernels/shared.h. Groups: whether coefficients can vary, and where rows begin.

        `coefficients`: where they begin in the program before; `sums`: where their cotangents do.
        """
        entries = shape[0] * shape[1]
        re = int(self.new(entries)[0])
        im = int(self.new(entries)[0]) if complex_ or t[1] != -1 else -1
        fields: list[tuple[Any, Any]] = [(shape[1], False)]
        fields += [(k, True) for k in (*t, re, im)]
        fields += [(int(complex_), False), (coefficients, BEFORE), (sums, False)]
        fields.append((len(groups), False))
        for varies, rows in groups:
            fields += [(len(rows), False), (int(varies), False), (rows.reshape(-1), False)]
        self._emit(SHARED, *fields)
        return re, im

    def contract(
        self,
        sizes: Sequence[int],
        a: tuple[int, int],
        b: tuple[int, int],
        strides: Sequence[int],
        entries: int,
        conj: bool = False,
        sums: tuple[int, int] | None = None,
    ) -> tuple[int, int]:
        """See `Contract` in kernels/contract.h. `sums`: where a fixed matrix's cotangents go; then

        `a` is final in the program before.
        """
        re = int(self.new(entries)[0])
        im = int(self.new(entries)[0]) if a[1] != -1 or b[1] != -1 else -1
        self._emit(
            CONTRACT,
            *((k, False) for k in sizes),
            (int(sums is not None), False),
            (int(conj), False),
            (a[0], True if sums is None else BEFORE),
            (a[1], True if sums is None else BEFORE),
            (b[0], True),
            (b[1], True),
            (re, True),
            (im, True),
            *((k, False) for k in strides),
            *((k, False) for k in (sums or (-1, -1))),
        )
        return re, im

    def placed(self, ids: Any) -> Any:
        """Final entry numbers."""
        n = len(self.first)
        ids = np.asarray(ids)
        return np.where(ids <= -2, -2 - ids, np.where(ids < 0, -1, ids + n))

    def length(self, count: int) -> int:
        """Numbers of the code of the first instructions."""
        return sum(
            2 + sum(int(np.size(value)) for value, _ in fields) for _, fields in self.code[:count]
        )

    def finished(
        self, before: Writer | None = None
    ) -> tuple[list[int], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """[entries, entries in front], the code, the numbers."""
        rows = []
        for op, fields in self.code:
            parts = [_NO_IDS]
            for value, mark in fields:
                flat = np.atleast_1d(np.asarray(value, np.int64))
                if isinstance(mark, str):
                    assert before is not None
                    parts.append(before.placed(flat))
                else:
                    parts.append(np.where(mark, self.placed(flat), flat))
            body = np.concatenate(parts)
            rows.append(np.concatenate([[op, len(body) + 2], body]))
        code = np.concatenate(rows) if rows else _NO_IDS
        numbers = np.concatenate(self.numbers) if self.numbers else np.zeros(0)
        return [self.size + len(self.first), len(self.first)], code.astype(np.int64), numbers
