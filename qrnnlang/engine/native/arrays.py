"""Complex arrays of entries, and the two programs of a cell that compute them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .writer import Ids, Writer


@dataclass(frozen=True)
class Array:
    """Entry numbers of real and imaginary parts; `fixed`: the same in every sample."""

    re: Ids
    im: Ids
    fixed: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return self.re.shape

    @property
    def real(self) -> bool:
        return bool((self.im == -1).all())

    def reshape(self, *shape: int) -> Array:
        return Array(self.re.reshape(shape), self.im.reshape(shape), self.fixed)

    def transpose(self, order: Sequence[int]) -> Array:
        return Array(self.re.transpose(order), self.im.transpose(order), self.fixed)

    def __getitem__(self, index: Any) -> Array:
        return Array(np.asarray(self.re[index]), np.asarray(self.im[index]), self.fixed)


def real_array(ids: Ids, fixed: bool) -> Array:
    return Array(ids, np.full(ids.shape, -1), fixed)


def stacked(parts: Sequence[Array]) -> Array:
    """Arrays side by side along the first axis; all fixed or none."""
    return Array(
        np.concatenate([a.re for a in parts]),
        np.concatenate([a.im for a in parts]),
        parts[0].fixed,
    )


#: Numbers that the programs may hold: 256 MiB for all sequences, 16 MiB for eight of them; beyond
#: that they fall out of every cache.
LARGEST_FIXED = 1 << 25
LARGEST_STEP = 1 << 18


@dataclass
class Programs:
    """`fixed`, run once a call, and `step`, run for every step of every sequence."""

    fixed: Writer = field(default_factory=lambda: Writer(LARGEST_FIXED))
    step: Writer = field(default_factory=lambda: Writer(LARGEST_STEP))
    #: Sums of cotangents of matrices in `fixed`: from, to, size, entry numbers not yet final.
    matrices: list[tuple[int, int, int]] = field(default_factory=list)
    sums: int = 0

    def writer(self, fixed: bool) -> Writer:
        return self.fixed if fixed else self.step

    def lifted(self, ids: Ids) -> Ids:
        """Entries of `fixed` in `step`."""
        kept = ids[ids != -1]
        out = np.full(ids.shape, -1)
        if kept.size:
            values, inverse = np.unique(kept, return_inverse=True)
            out[ids != -1] = self.step.fronts(values)[inverse.reshape(-1)]
        return out

    def at(self, a: Array, fixed: bool) -> Array:
        """The array in the program that is asked for."""
        if a.fixed == fixed:
            return a
        if fixed:
            raise AssertionError("what differs by sample is needed before the samples")
        return Array(self.lifted(a.re), self.lifted(a.im), False)

    def one(self, fixed: bool) -> int:
        entry = self.fixed.front(1.0)
        return entry if fixed else self.step.front(entry)

    def constants(self, values: Any) -> Ids:
        """Entries of `fixed` that hold the numbers."""
        values = np.asarray(values, float)
        flat = values.reshape(-1)
        ids = np.full(flat.shape, -1)
        if flat.any():
            ids[flat != 0] = self.fixed.fronts(flat[flat != 0])
        return ids.reshape(values.shape)

    def constant(self, values: Any) -> Array:
        values = np.asarray(values)
        return Array(self.constants(values.real), self.constants(values.imag), True)

    def products(self, rows: Ids, a: Array, b: Array, n: int, conj: bool = False) -> Array:
        """Σ a·b (b conjugated) for each of n rows; the arguments are broadcast."""
        fixed = a.fixed and b.fixed
        a, b = self.at(a, fixed), self.at(b, fixed)
        sign = -1.0 if conj else 1.0
        w, one = self.writer(fixed), self.one(fixed)

        def summed(first: tuple[Ids, Ids, float], second: tuple[Ids, Ids, float]) -> Ids:
            found = []
            for x, y, weight in (first, second):
                r, x, y = (z.reshape(-1) for z in np.broadcast_arrays(rows, x, y))
                keep = (x != -1) & (y != -1)
                found.append((r[keep], x[keep], y[keep], np.full(int(keep.sum()), weight)))
            r, x, y, c = (np.concatenate(z) for z in zip(*found, strict=True))
            return w.bilinear(r, x, y, c, n, one)

        return Array(
            summed((a.re, b.re, 1.0), (a.im, b.im, -sign)),
            summed((a.re, b.im, sign), (a.im, b.re, 1.0)),
            fixed,
        )

    def times(self, a: Array, b: Array, conj: bool = False) -> Array:
        """Entry by entry, broadcast."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        n = int(np.prod(shape))
        rows = np.arange(n).reshape(shape)
        return self.products(rows, a, b, n, conj).reshape(*shape)

    def conjugate(self, a: Array) -> Array:
        if a.real:
            return a
        n = a.im.size
        im = self.writer(a.fixed).linear(np.arange(n), a.im.reshape(-1), -1.0, n)
        return Array(a.re, im.reshape(a.shape), a.fixed)

    def sums_of(self, rows: Ids, a: Array, weights: Any, n: int) -> Array:
        """Σ weight·a for each of n rows, the weights complex."""
        weights = np.broadcast_to(np.asarray(weights), a.shape)
        rows = np.broadcast_to(rows, a.shape).reshape(-1)
        w = self.writer(a.fixed)
        both = np.concatenate([rows, rows])
        ids = np.concatenate([a.re.reshape(-1), a.im.reshape(-1)])
        re, im = weights.real.reshape(-1), weights.imag.reshape(-1)
        return Array(
            w.linear(both, ids, np.concatenate([re, -im]), n),
            w.linear(both, ids, np.concatenate([im, re]), n),
            a.fixed,
        )

    def planes(self, a: Array) -> tuple[int, int]:
        """The first entries of real and imaginary part, each in consecutive entries."""
        w = self.writer(a.fixed)
        return _plane(w, a.re, False), _plane(w, a.im, True)

    def contracted(
        self,
        sizes: Sequence[int],
        a: Array,
        b: Array,
        strides: Sequence[int],
        shape: tuple[int, ...],
        conj: bool = False,
    ) -> Array:
        """See `Contract` in kernels/contract.h; `b` is lifted, a fixed `a` stays where it is."""
        n = int(np.prod(shape))
        fixed = a.fixed and b.fixed
        b = self.at(b, fixed)
        left = self.planes(a)
        sums = None
        if a.fixed and not fixed:
            size = a.re.size
            places = []
            for plane in left:
                places.append(-1 if plane == -1 else self.sums)
                if plane != -1:
                    self.matrices.append((self.sums, plane, size))
                    self.sums += size
            sums = (places[0], places[1])
        w = self.writer(fixed)
        re, im = w.contract(sizes, left, self.planes(b), strides, n, conj, sums)
        whole = np.arange(n).reshape(shape)
        return Array(re + whole, np.full(shape, -1) if im == -1 else im + whole, fixed)


def _plane(w: Writer, ids: Ids, may_miss: bool) -> int:
    flat = ids.reshape(-1)
    if may_miss and (flat == -1).all():
        return -1
    if flat[0] >= 0 and np.array_equal(flat, flat[0] + np.arange(len(flat))):
        return int(flat[0])
    return int(w.copied(flat)[0])
