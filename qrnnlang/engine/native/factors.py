"""Gates: angles, products of their factors, and rows of states that they mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import steps as p
from . import shared
from .arrays import Array, Programs, real_array, stacked
from .writer import Ids, NotCovered, Writer

#: Fewer entries than this are mixed one by one, where zeros cost nothing.
DENSE = 64


def turned(q: Programs, angles: p.Angles, slots: Mapping[p.Slot, Any]) -> tuple[Array, Array]:
    """Cosines and sines, (K, G), of the angles that factors have."""
    count = len(angles.scale)
    sources = [slots[i].reshape(-1) for i in angles.sources] + [q.constant([1.0])]
    fixed = np.array([a.fixed for a in sources])
    known = fixed[angles.index[..., 0]].all(0) if count else np.zeros(0, bool)
    all_fixed = bool(known.all())
    cos, sin = np.full(count + 1, -1), np.full(count + 1, -1)
    cos[count] = q.one(all_fixed)
    for here in (True, False):
        group = np.flatnonzero(known == here)
        if not len(group):
            continue
        w = q.writer(here)
        parts = _parts(q, angles, group, sources, here)
        rows = np.arange(len(group))
        scale = angles.scale[group]
        if len(parts) == 1:
            angle = w.linear(rows, parts[0], scale, len(group))
        else:
            angle = _product(w, parts, scale)
        # The angle of a structural zero.
        some = angle != -1
        c, s = np.full(len(group), q.one(here)), np.full(len(group), -1)
        if some.any():
            c[some], s[some] = w.turns(angle[some])
        if here and not all_fixed:
            c, s = q.lifted(c), q.lifted(s)
        cos[group], sin[group] = c, s
    return real_array(cos[angles.which], all_fixed), real_array(sin[angles.which], all_fixed)


def _parts(
    q: Programs, angles: p.Angles, group: Ids, sources: Sequence[Array], here: bool
) -> list[Ids]:
    """The factors of some of the angles."""
    return [
        np.array([int(q.at(sources[i][k], here).re) for i, k in angles.index[r, group]])
        for r in range(len(angles.index))
    ]


def _product(w: Writer, parts: Sequence[Ids], scale: Any) -> Ids:
    n = len(parts[0])
    rows = np.arange(n)
    found = w.bilinear(rows, parts[0], parts[1], scale, n)
    for more in parts[2:]:
        found = w.bilinear(rows, found, more, 1.0, n)
    return found


def rotation(
    q: Programs,
    step: p.Rotation,
    slots: Mapping[p.Slot, Any],
    known: dict[bytes, tuple[Ids, Ids]],
) -> tuple[Array, Array]:
    """(1, 2^k) each. A circuit and its inverse share their cosines and sines, which are `known`."""
    angles = step.angles
    sources = [slots[i].reshape(-1) for i in angles.sources] + [q.constant([1.0])]
    if not all(a.fixed for a in sources):
        raise NotCovered("a sum of angles that differ by sample")
    weights = step.weights * angles.scale
    count, most = weights.shape[1], weights.shape[0]
    parts = _parts(q, angles, np.arange(count), sources, True)
    ids = parts[0] if len(parts) == 1 else _product(q.fixed, parts, 1.0)
    sign = -1.0 if (weights[weights != 0][:1] < 0).any() else 1.0
    weights = sign * weights
    key = ids.tobytes() + weights.tobytes()
    if key not in known:
        rows = np.repeat(np.arange(most), count)
        angle = q.fixed.linear(rows, np.tile(ids, most), weights.reshape(-1), most)
        some = angle != -1
        cos, sin = np.full(most, q.one(True)), np.full(most, -1)
        cos[some], sin[some] = q.fixed.turns(angle[some])
        known[key] = cos, sin
    cos, sin = known[key]
    size = len(step.turn)
    diag, cross = real_array(np.repeat(cos, size), True), real_array(np.repeat(sin, size), True)
    turn = np.tile(sign * step.turn, most)
    if size > 1:
        cross = q.sums_of(np.arange(most * size), cross, turn, most * size)
    else:
        both = np.tile(np.arange(most), 2)
        diag = q.sums_of(both, stacked([diag, cross]), np.append(np.ones(most), turn), most)
        cross = q.constant(np.zeros(most))
    return diag.reshape(1, -1), cross.reshape(1, -1)


def _factor(q: Programs, rows: Any, cos: Array, sin: Array) -> Array:
    """Coefficients (3, n) of 1, cos and sin at the angles: (n,)."""
    n = rows.shape[1]
    one = np.full(n, q.one(cos.fixed))
    ids = np.concatenate([one, cos.re, sin.re])
    w = q.writer(cos.fixed)
    place = np.tile(np.arange(n), 3)
    flat = rows.reshape(-1)
    return Array(
        w.linear(place, ids, flat.real, n),
        w.linear(place, ids, np.imag(flat), n),
        cos.fixed,
    )


def _sum(q: Programs, a: Array, b: Array, c: Array, d: Array) -> Array:
    """a·b + c·d."""
    n = len(a.re)
    rows = np.concatenate([np.arange(n)] * 2)
    left = Array(np.concatenate([a.re, c.re]), np.concatenate([a.im, c.im]), a.fixed)
    right = Array(np.concatenate([b.re, d.re]), np.concatenate([b.im, d.im]), b.fixed)
    return q.products(rows, left, right, n)


def pairs(
    q: Programs, diag: Any, cross: Any, mirror: Ids, angles: p.Angles, slots: Mapping[p.Slot, Any]
) -> tuple[Array, Array]:
    """`loops.products`: (G, S) each. Equal entries are computed once."""
    _, depth, count, size = diag.shape
    cos, sin = turned(q, angles, slots)
    at = np.arange(count)[:, None]
    quads = np.stack([diag, cross, diag[..., at, mirror], cross[..., at, mirror]])
    quads = quads.reshape(4, 3, depth, count * size)
    turn_c = np.repeat(cos.re, size, axis=1)  # (K, G·S)
    turn_s = np.repeat(sin.re, size, axis=1)
    flat = quads.reshape(-1, count * size)
    keys = np.concatenate([flat.real, np.imag(flat), turn_c]).T
    _, chosen, inverse = np.unique(
        np.ascontiguousarray(keys), axis=0, return_index=True, return_inverse=True
    )
    inverse = inverse.reshape(-1)

    def factor(k: int) -> list[Array]:
        c = real_array(turn_c[k, chosen], cos.fixed)
        s = real_array(turn_s[k, chosen], cos.fixed)
        return [_factor(q, quads[f, :, k][:, chosen], c, s) for f in range(4)]

    a1, b1, ma1, mb1 = factor(0)
    for k in range(1, depth):
        a2, b2, ma2, mb2 = factor(k)
        a, b = _sum(q, a2, a1, b2, mb1), _sum(q, a2, b1, b2, ma1)
        if k + 1 < depth:
            ma1, mb1 = _sum(q, ma2, ma1, mb2, b1), _sum(q, ma2, mb1, mb2, a1)
        a1, b1 = a, b
    return a1[inverse].reshape(count, size), b1[inverse].reshape(count, size)


def multiplexed(t: Array) -> tuple[Array, Array]:
    """Entries kept and flipped, of a ket (N, 1, 2): the least significant bit is flipped."""

    def parts(ids: Ids) -> tuple[Ids, Ids]:
        pairs = ids.reshape(-1, 2, 2)
        diag = np.stack([pairs[:, 0, 0], pairs[:, 1, 1]], 1)
        cross = np.stack([pairs[:, 0, 1], pairs[:, 1, 0]], 1)
        return diag.reshape(1, -1), cross.reshape(1, -1)

    (diag, cross), (diag_im, cross_im) = parts(t.re), parts(t.im)
    return Array(diag, diag_im, t.fixed), Array(cross, cross_im, t.fixed)


def kets(
    q: Programs, diag: Any, cross: Any, angles: p.Angles, slots: Mapping[p.Slot, Any]
) -> Array:
    """`loops.kets`: (G, 2). Neighbouring factors of parameters alone are multiplied once a call."""
    fixed = _fixed_factors(angles, slots)
    depth, count = angles.which.shape
    turns: dict[int, tuple[Array, Array]] = {}
    for kind in (True, False):
        mine = np.flatnonzero(fixed == kind)
        if len(mine):
            cos, sin = turned(q, _restricted(angles, mine), slots)
            turns |= {int(at): (cos[i], sin[i]) for i, at in enumerate(mine)}

    def factor(k: int) -> tuple[Array, Array]:
        cos, sin = turns[k]
        c = real_array(np.repeat(cos.re, 2), cos.fixed)
        s = real_array(np.repeat(sin.re, 2), cos.fixed)
        a, b = (_factor(q, x[:, k].reshape(3, -1), c, s) for x in (diag, cross))
        return a.reshape(count, 2), b.reshape(count, 2)

    def applied(a: Array, b: Array, ket: Array) -> Array:
        flat = [x.reshape(-1) for x in (a, ket, b, ket[:, ::-1])]
        return _sum(q, *flat).reshape(count, 2)

    ket, k = q.constant(np.tile([1.0, 0.0], (count, 1))), 0
    while k < depth:
        a, b = factor(k)
        k += 1
        while k < depth and fixed[k] and fixed[k - 1]:
            a2, b2 = factor(k)
            flat = [x.reshape(-1) for x in (a2, a, b2, b[:, ::-1], a2, b, b2, a[:, ::-1])]
            a, b = (_sum(q, *x).reshape(count, 2) for x in (flat[:4], flat[4:]))
            k += 1
        ket = applied(a, b, ket)
    return ket


def _fixed_factors(angles: p.Angles, slots: Mapping[p.Slot, Any]) -> Any:
    """Whether factor k depends on parameters alone, (K,)."""
    known = np.array([slots[i].fixed for i in angles.sources] + [True])
    each = known[angles.index[..., 0]].all(0) if angles.index.size else np.zeros(0, bool)
    return np.append(each, True)[angles.which].all(1)


def _restricted(angles: p.Angles, factors: Ids) -> p.Angles:
    """The angles of some factors."""
    which = angles.which[factors]
    count = len(angles.scale)
    used = np.unique(which[which < count])
    place = np.full(count + 1, len(used))
    place[used] = np.arange(len(used))
    return p.Angles(angles.scale[used], angles.index[:, used], place[which], angles.sources)


def paired(q: Programs, t: Array, other: Ids, diag: Array, cross: Array) -> Array:
    """diag·t + cross·t[other], by rows of t."""
    rows, inner = t.shape[0], int(np.prod(t.shape[1:]))
    if rows * inner >= DENSE and shared.covers(t, other, diag, cross):
        return shared.mixed(q, t, other, diag, cross)
    fixed = t.fixed and diag.fixed
    t, diag, cross = q.at(t, fixed), q.at(diag, fixed), q.at(cross, fixed)
    if (diag.re == q.one(fixed)).all() and diag.real and (cross.re == -1).all() and cross.real:
        return t
    if rows * inner < DENSE:
        flat = t.reshape(rows, inner)
        place = np.arange(rows * inner).reshape(rows, inner)
        left = Array(
            np.stack([flat.re, flat.re[other]]), np.stack([flat.im, flat.im[other]]), fixed
        )
        right = Array(np.stack([diag.re, cross.re]), np.stack([diag.im, cross.im]), fixed)
        found = q.products(place[None], left, right[:, :, None], rows * inner)
        return found.reshape(*t.shape)
    start = q.planes(t)
    coefficients = [diag.re, diag.im, cross.re, cross.im]
    re, im = q.writer(fixed).pair(start, other, coefficients, inner)
    whole = np.arange(rows * inner).reshape(t.shape)
    return Array(re + whole, np.full(t.shape, -1) if im == -1 else im + whole, fixed)


def parted(gates: p.Gates, runs: int) -> list[p.Gates]:
    """The gates of each of several circuits."""
    each = len(gates.other) // runs
    found = []
    for r in range(runs):
        mine = slice(r * each, (r + 1) * each)
        angles = replace(gates.angles, which=gates.angles.which[:, mine])
        found.append(
            p.Gates(gates.diag[:, :, mine], gates.cross[:, :, mine], gates.other[mine], angles)
        )
    return found
