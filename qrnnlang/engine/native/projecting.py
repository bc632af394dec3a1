"""Postselection in the native programs: rows that are taken out, weights, and impossible events."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array, Programs, real_array
from .writer import Ids


def scalar(ids: Any, fixed: bool) -> Array:
    return real_array(np.asarray(ids).reshape(()), fixed)


def bit(q: Programs, value: Array) -> Array:
    """A number that must be 0 or 1; NaN if it is not."""
    flat = value.re.reshape(-1)
    if flat[0] == -1:
        return value
    return scalar(q.writer(value.fixed).unary("bit", flat), value.fixed)


def complement(q: Programs, value: Array) -> Array:
    """1 − value."""
    ids = np.array([q.one(value.fixed), int(value.re)])
    weights = np.array([1.0, -1.0])
    found = q.writer(value.fixed).linear(np.zeros(2, np.int64), ids, weights, 1)
    return scalar(found, value.fixed)


def picked(q: Programs, t: Array, n: int, axis: int, value: Array | int) -> Array:
    """One axis of a ket of n wires taken at a value; an array holds 0 or 1."""
    _, e, h = t.shape
    whole = t.reshape(2**axis, 2, 2 ** (n - axis - 1) * e * h)
    if isinstance(value, int):
        found = whole[:, value]
    else:
        found = _sum(q, q.times(whole[:, 0], complement(q, value)), q.times(whole[:, 1], value))
    return found.reshape(2 ** (n - 1), e, h)


def _sum(q: Programs, a: Array, b: Array) -> Array:
    fixed = a.fixed and b.fixed
    a, b = q.at(a, fixed), q.at(b, fixed)
    n = a.re.size
    rows = np.tile(np.arange(n), 2)

    def part(x: Ids, y: Ids) -> Ids:
        both = np.concatenate([x.reshape(-1), y.reshape(-1)])
        return q.writer(fixed).linear(rows, both, 1.0, n).reshape(a.shape)

    return Array(part(a.re, b.re), part(a.im, b.im), fixed)


def overlap(q: Programs, v: Array, w: Array) -> Array:
    """Re Σ w·v*."""
    fixed = v.fixed and w.fixed
    v, w = q.at(v, fixed), q.at(w, fixed)
    a = np.concatenate([v.re.reshape(-1), v.im.reshape(-1)])
    b = np.concatenate([w.re.reshape(-1), w.im.reshape(-1)])
    found = q.writer(fixed).bilinear(np.zeros(len(a), np.int64), a, b, 1.0, 1)
    return scalar(found, fixed)


def judged(q: Programs, now: Array, before: Array | None, least: float) -> Array:
    """A weight; NaN where it is below `least` of the weight before."""
    one = q.one(now.fixed) if before is None else int(q.at(before, now.fixed).re)
    w = q.writer(now.fixed)
    rows = np.zeros(2, np.int64)
    present = int(now.re) if now.re != -1 else int(w.copied(now.re.reshape(-1))[0])
    spare = w.linear(rows, np.array([present, one]), np.array([1.0, -least]), 1)
    lost = w.unary("possible", spare)
    return scalar(w.linear(rows, np.array([present, int(lost[0])]), 1.0, 1), now.fixed)


def inverse(q: Programs, weight: Array, root: bool = False) -> Array:
    """1 / weight, or one over its root."""
    w = q.writer(weight.fixed)
    below = weight.re.reshape(-1)
    if root:
        below = w.unary("sqrt", below)
    return scalar(w.divide(np.array([q.one(weight.fixed)]), below), weight.fixed)


def certain(q: Programs, held: Array, weight: Array) -> Array:
    """A value, NaN where a weight is."""
    fixed = held.fixed and weight.fixed
    held, weight = q.at(held, fixed), q.at(weight, fixed)
    w = q.writer(fixed)
    lost = int(w.unary("certain", weight.re.reshape(-1))[0])
    n = held.re.size
    rows = np.tile(np.arange(n), 2)

    def part(x: Ids) -> Ids:
        both = np.concatenate([x.reshape(-1), np.full(n, lost)])
        return w.linear(rows, both, 1.0, n).reshape(held.shape)

    return Array(part(held.re), held.im if held.real else part(held.im), fixed)
