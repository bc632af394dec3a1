"""From the steps of a plan to the two native programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from ...sema.closed import Call, Const, Gather, Input, Param
from .. import steps as p
from . import chains, channels, factors, projecting
from .arrays import Array, Programs, real_array, stacked
from .functions import called
from .writer import Ids, NotCovered


@dataclass
class Lowering:
    """`slots`: what steps have given; `params` and `inputs`: entries by name."""

    level: tuple[p.Level, ...]
    programs: Programs
    params: Mapping[str, Array]
    inputs: Mapping[str, Array]
    slots: dict[p.Slot, Any] = field(default_factory=dict)
    #: States that gates leave to the next ones: see `chains.inner`.
    inner: frozenset[p.Slot] = frozenset()
    inverses: dict[p.Slot, Array] = field(default_factory=dict)
    rotations: dict[bytes, tuple[Ids, Ids]] = field(default_factory=dict)

    def run(self, steps: tuple[p.Step, ...]) -> None:
        for step in steps:
            if step.out in self.slots:  # handed over
                continue
            try:
                self.slots[step.out] = self.lower(step)
            except NotCovered as error:
                error.slot = step.out
                raise

    def lower(self, step: p.Step) -> Any:
        s, q = self.slots, self.programs
        match step:
            case p.Compute():
                return self.computed(step)
            case p.Table():
                size = step.diag.shape[-1]
                mirror = np.arange(size) ^ (2 ** np.array(step.flips) - 1)[:, None]
                return factors.pairs(q, step.diag, step.cross, mirror, step.angles, s)
            case p.Starts():
                return factors.kets(q, step.diag, step.cross, step.angles, s)
            case p.Product(parts=parts):
                each = [s[u.starts][u.entry].reshape(2, 1, 1) for u in parts]
                return reduce(self.merged, each)
            case p.Zeros(n=n):
                return q.constant(np.arange(2**n) == 0).reshape(2**n, 1, 1)
            case p.Ones(n=n):
                return q.constant(np.ones(2**n)).reshape(2**n, 1, 1)
            case p.Rotation():
                return factors.rotation(q, step, s, self.rotations)
            case p.Multiplexed(ket=ket):
                return factors.multiplexed(s[ket])
            case p.Identity(n=n):
                return q.constant(np.eye(2**n)).reshape(2**n, 1, 2**n)
            case p.Merge(parts=parts):
                return reduce(self.merged, (s[i] for i in parts))
            case p.MergeBases(parts=parts):
                return reduce(self.merged_bases, (s[i] for i in parts))
            case p.Permute(ket=ket, order=order, env=env):
                return permuted(s[ket], order, env)
            case p.Apply() | p.Sweep() | p.Run():
                return self.acted(step)
            case p.Fuse(n=n, parts=parts, columns=columns, unitary=unitary):
                matrix = q.constant(np.eye(2**n)[:, list(columns)])
                for part in parts:
                    if not isinstance(part, p.Gates):
                        raise NotCovered("a matrix inside a fused matrix")
                    matrix = chains.swept(q, matrix, part, s, unitary)
                return matrix
            case p.FuseAll(n=n, runs=runs, gates=gates, columns=columns, unitary=unitary):
                eye = q.constant(np.eye(2**n)[:, list(columns)])
                each = factors.parted(gates, runs)
                return [chains.swept(q, eye, g, s, unitary) for g in each]
            case p.Choose(matrices=matrices, index=index):
                return s[matrices][index]
            case p.Multiply():
                return self.multiplied(step)
            case p.Weighted(ket=ket, base=base):
                n, e, h = s[ket].shape
                ket_, base_ = q.at(s[ket], False), s[base]
                strides = (h, 1, 0, h, 1, 0, h, 1, 0)
                return q.contracted((n * e, h, h, 1), ket_, base_, strides, (n, e, h))
            case p.Density(ket=ket, weighted=weighted):
                return self.density(s[ket], s[ket if weighted is None else weighted])
            case p.BaseDensity(base=base):
                return s[base].reshape(-1, 1, 1)
            case p.TraceOut(density=density, n=n, rows=rows, columns=columns):
                return self.traced(s[density], n, rows, columns).reshape(-1, 1, 1)
            case p.Pick():
                return self.picked(step)
            case p.BasisKet(values=values):
                each = [self.number(v).reshape() for v in values]
                bits = [projecting.bit(q, v) for v in each]
                pairs = [
                    stacked([projecting.complement(q, v).reshape(1), v.reshape(1)]) for v in bits
                ]
                return reduce(self.merged, [v.reshape(2, 1, 1) for v in pairs])
            case p.Mask():
                return masked(s[step.ket], step)
            case p.WeightProduct(parts=parts):
                return reduce(q.times, (s[i] for i in parts))
            case p.Weight():
                return self.weight(step)
            case p.Ratio(now=now, before=before):
                return s[now] if before is None else q.times(s[now], self.inverse(before))
            case p.Certain(held=held, weights=weights):
                return projecting.certain(q, s[held], reduce(q.times, (s[i] for i in weights)))
            case p.Paulis():
                return self.paulis(step)
            case p.Chances():
                return self.chances(step)
            case p.ExpectValue():
                return self.expect_value(step)
            case p.ProbValue(parts=parts, order=order, value=value):
                whole = reduce(self.outer, [s[i] for i in parts])
                chosen = order if value is None else order[[value]]
                found = whole[np.maximum(chosen, 0)]
                found = real_array(np.where(chosen >= 0, found.re, -1), found.fixed)
                return found if value is None else found.reshape()
            case p.Amplitudes(re=re, im=im):
                return channels.amplitudes(q, s[re], None if im is None else s[im])
            case p.Noise():
                return channels.noise(
                    q, s[step.density], step, [self.number(r) for r in step.rates]
                )
            case p.Stored(name=name, adjoint=adjoint):
                return channels.stored(q, self.params[name], adjoint)
            case p.Controlled(matrix=matrix, holds=holds):
                return channels.controlled(q, s[matrix], holds)
            case p.NextBase(density=density, n=n, weight=weight, mask=mask):
                rho = s[density].reshape(2**n, 2**n)
                if weight is not None:
                    rho = q.times(rho, self.inverse(weight))
                if mask is None:
                    return rho
                return Array(np.where(mask, rho.re, -1), np.where(mask, rho.im, -1), rho.fixed)
            case p.NextKet(ket=ket, weight=weight):
                if weight is None:
                    return s[ket]
                return q.times(s[ket], projecting.inverse(q, s[weight], root=True))
        raise NotCovered(f"step `{type(step).__name__}`")

    # --- states ------------------------------------------------------------------------------

    def outer(self, a: Array, b: Array) -> Array:
        return self.programs.times(a.reshape(-1, 1), b).reshape(-1)

    def merged(self, a: Array, b: Array) -> Array:
        (na, ea, ha), (nb, eb, hb) = a.shape, b.shape
        both = self.programs.times(a.reshape(na, 1, ea, 1, ha, 1), b.reshape(1, nb, 1, eb, 1, hb))
        return both.reshape(na * nb, ea * eb, ha * hb)

    def merged_bases(self, a: Array, b: Array) -> Array:
        n, m = a.shape[0], b.shape[0]
        both = self.programs.times(a.reshape(n, 1, n, 1), b.reshape(1, m, 1, m))
        return both.reshape(n * m, n * m)

    def acted(self, step: p.Apply | p.Sweep | p.Run) -> Array | chains.Chain:
        """The state behind a step's gates, or those with what has led to them."""
        before = self.slots[step.ket]
        chain = before if isinstance(before, chains.Chain) else chains.Chain(before)
        gates = chains.gates(self.programs, self.slots, step)
        chain = replace(chain, gates=(*chain.gates, *gates))
        if step.out in self.inner:
            return chain
        return chains.applied(self.programs, chain, step.unitary)

    def multiplied(self, step: p.Multiply) -> Array:
        q = self.programs
        m: Array = self.slots[step.matrix]
        rows, width = m.shape
        c, wide = width // step.wide, step.wide
        if step.conj:
            m = q.conjugate(m)
        if step.ket is None:
            return m.reshape(rows, 1, wide)
        t = self.slots[step.ket]
        n, e, h = t.shape
        others = n // c
        rest = others * e * h
        strides = (width, wide, 1, rest, 1, 0, rest * wide, wide, 1)
        shape = (rows * others, e, h * wide)
        return q.contracted((rows, rest, c, wide), m, t, strides, shape)

    def density(self, v: Array, w: Array) -> Array:
        q = self.programs
        n, e, h = v.shape
        if v.fixed and w.fixed:
            a, b = w.reshape(n, 1, e * h), v.reshape(1, n, e * h)
            rows = np.arange(n * n).reshape(n, n, 1)
            return q.products(rows, a, b, n * n, conj=True).reshape(n * n, 1, 1)
        r = e * h
        strides = (r, 1, 0, 1, r, 0, n, 1, 0)
        w = q.at(w, False)
        return q.contracted((n, n, r, 1), w, v, strides, (n * n, 1, 1), conj=True)

    def traced(self, t: Array, n: int, rows: Any, columns: Any) -> Array:
        keep = [a for a in range(n) if a not in (*rows, *columns)]
        order = [*keep, *rows, *columns]
        k = 2 ** len(rows)
        whole = t.reshape(*(2,) * n).transpose(order).reshape(-1, k, k)
        diagonal = whole[:, np.arange(k), np.arange(k)]
        m = diagonal.shape[0]
        return self.programs.sums_of(np.arange(m)[:, None], diagonal, 1.0, m)

    # --- postselection -----------------------------------------------------------------------

    def picked(self, step: p.Pick) -> Array:
        q, n = self.programs, step.n
        t: Array = self.slots[step.ket]
        bits: dict[p.Entry, Array] = {}
        for axis, value in sorted(zip(step.axes, step.values, strict=True), key=lambda x: -x[0]):
            if isinstance(value, p.Entry):
                if value not in bits:
                    bits[value] = projecting.bit(q, self.number(value).reshape())
                t = projecting.picked(q, t, n, axis, bits[value])
            else:
                t = projecting.picked(q, t, n, axis, round(value))
            n -= 1
        return t

    def weight(self, step: p.Weight) -> Array:
        s, q = self.slots, self.programs
        if step.mixed:
            size = 2**step.n
            whole = s[step.ket].reshape(size, size)[np.arange(size), np.arange(size)]
            found = q.sums_of(np.zeros(size, np.int64), whole, 1.0, 1)
            now = projecting.scalar(found.re, found.fixed)
        else:
            v = s[step.ket]
            now = projecting.overlap(q, v, v if step.weighted is None else s[step.weighted])
        before = None if step.before is None else s[step.before]
        if before is not None and not before.fixed:
            now = q.at(now, False)
        return projecting.judged(q, now, before, step.least)

    def inverse(self, weight: p.Slot) -> Array:
        """1 / weight, once."""
        if weight not in self.inverses:
            self.inverses[weight] = projecting.inverse(self.programs, self.slots[weight])
        return self.inverses[weight]

    def divided(self, reads: Array, weight: p.Slot | None) -> Array:
        return reads if weight is None else self.programs.times(reads, self.inverse(weight))

    # --- reads -------------------------------------------------------------------------------

    def overlaps(self, step: p.Paulis | p.Chances, flips: int, imaginary: bool) -> Array:
        """ρ[i ^ flips, i] of the row axes, as `tensors.overlaps`."""
        s, q, n, axes = self.slots, self.programs, step.n, step.axes
        k = len(axes)
        if step.mixed:
            gone = [a for a in range(n) if a not in axes]
            rho = self.traced(s[step.ket], 2 * n, gone, [n + a for a in gone]).reshape(2**k, 2**k)
            kept = sorted(axes)
            if list(axes) != kept:
                raise NotCovered("reads of axes out of order")
            i = np.arange(2**k)
            return rho[i ^ flips, i]
        v = s[step.ket]
        w = v if step.weighted is None else s[step.weighted]
        row = np.arange(2**n)
        inside = (
            sum(((row >> (n - 1 - a)) & 1) << (k - 1 - j) for j, a in enumerate(axes)) + 0 * row
        )
        full = sum(1 << (n - 1 - axes[k - 1 - j]) for j in range(k) if (flips >> j) & 1)
        fixed = v.fixed and w.fixed
        left, right = q.at(w, fixed)[row ^ full], q.at(v, fixed)
        rows = inside[:, None, None]
        if imaginary:
            return q.products(rows, left, right, 2**k, conj=True)
        both = [np.concatenate([x.re.reshape(-1), x.im.reshape(-1)]) for x in (left, right)]
        rows = np.broadcast_to(rows, left.shape).reshape(-1)
        rows = np.concatenate([rows, rows])
        ids = q.writer(fixed).bilinear(rows, both[0], both[1], 1.0, 2**k)
        return real_array(ids, fixed)

    def paulis(self, step: p.Paulis) -> Array:
        q = self.programs
        if list(step.axes) != sorted(step.axes):
            raise NotCovered("reads of axes out of order")
        found: list[Any] = [None] * len(step.flips)
        for flips in dict.fromkeys(step.flips):
            mine = [i for i, f in enumerate(step.flips) if f == flips]
            phases = step.phases[mine]
            entries = self.overlaps(step, flips, bool(phases.imag.any()))
            rows = np.broadcast_to(np.arange(len(mine))[:, None], phases.shape)
            wide = Array(
                np.broadcast_to(entries.re, phases.shape),
                np.broadcast_to(entries.im, phases.shape),
                entries.fixed,
            )
            sums = q.sums_of(rows, wide, phases, len(mine))
            for at, i in enumerate(mine):
                found[i] = real_array(sums.re[at : at + 1], sums.fixed)
        return self.divided(stacked(found), step.weight)

    def chances(self, step: p.Chances) -> Array:
        if list(step.axes) != sorted(step.axes):
            raise NotCovered("reads of axes out of order")
        rows = self.overlaps(step, 0, False)
        sums = self.programs.sums_of(step.outcome, rows, 1.0, 2**step.k)
        return self.divided(real_array(sums.re, rows.fixed), step.weight)

    def number(self, number: p.Number) -> Array:
        if isinstance(number, p.Entry):
            value: Array = self.slots[number.slot]
            return value.reshape(-1)[number.index]
        return self.programs.constant(float(number))

    def expect_value(self, step: p.ExpectValue) -> Array:
        s, q = self.slots, self.programs
        terms = [(o, t) for o, found in enumerate(step.observables) for t in found]
        fixed = self.level[step.out] == p.STATIC
        found: list[Array] = []
        weights = []
        for _, t in terms:
            parts = [q.at(s[slot][entry], fixed) for slot, entry in t.reads]
            weight = 1.0
            if isinstance(t.coefficient, p.Entry):
                parts.append(q.at(self.number(t.coefficient), fixed))
            else:
                weight = float(t.coefficient)
            if not parts:
                parts = [q.at(q.constant(1.0), fixed)]
            found.append(reduce(q.times, parts))
            weights.append(weight)
        count = len(step.observables)
        if not terms:
            return real_array(np.full(step.shape, -1), fixed)
        ids = np.array([int(f.re) for f in found])
        rows = np.array([o for o, _ in terms])
        sums = q.writer(fixed).linear(rows, ids, np.array(weights), count)
        return real_array(sums.reshape(step.shape), fixed)

    # --- values ------------------------------------------------------------------------------

    def computed(self, step: p.Compute) -> Array:
        q = self.programs
        args = [self.slots[i] for i in step.args]
        match step.op:
            case Const(values=values, shape=shape):
                return q.constant(np.array(values, float).reshape(shape))
            case Input(name=name):
                return self.inputs[name]
            case Param(name=name, shape=shape):
                return self.params[name].reshape(*shape)
            case Gather(index=index, shape=shape):
                fixed = all(a.fixed for a in args)
                whole = stacked([q.at(a, fixed).reshape(-1) for a in args])
                return whole[np.array(index, dtype=np.int64)].reshape(*shape)
            case Call(fn=fn, shape=shape):
                return called(q, fn, args, shape)
        raise NotCovered(f"operation `{type(step.op).__name__}`")


def permuted(t: Array, order: Any, env: int) -> Array:
    n = len(order)
    _, e, h = t.shape
    whole = t.reshape(*(2,) * n, e * h).transpose([*order, n])
    return whole.reshape(2 ** (n - env), 2**env * e, h)


def masked(t: Array, step: p.Mask) -> Array:
    n = step.n
    row = np.arange(2**n)
    kept = np.ones(2**n, bool)
    for axis, value in zip(step.axes, step.values, strict=True):
        if isinstance(value, p.Entry):
            raise NotCovered("a projection on a computed value")
        kept &= ((row >> (n - 1 - axis)) & 1) == round(value)
    state = sum((((row >> (n - 1 - a)) & 1) << j for j, a in enumerate(step.condition)), 0 * row)
    kept |= ~np.asarray(step.holds)[state]
    keep = kept[:, None, None]
    return Array(np.where(keep, t.re, -1), np.where(keep, t.im, -1), t.fixed)
