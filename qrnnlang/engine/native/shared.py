"""Gates in pair form whose coefficients all sequences share (kernels/shared.h)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .arrays import Array, Programs
from .writer import Ids


def covers(t: Array, other: Ids, diag: Array, cross: Array) -> bool:
    """Whether rows of lanes are mixed two by two, by what depends on parameters alone."""
    rows = np.arange(len(other))
    mixing = bool((other != rows).all() and (other[other] == rows).all())
    return mixing and not t.fixed and diag.fixed and cross.fixed


def mixed(q: Programs, t: Array, other: Ids, diag: Array, cross: Array) -> Array:
    """diag·t + cross·t[other], by rows of t."""
    first = np.flatnonzero(np.arange(len(other)) < other)
    second = other[first]
    complex_ = not (diag.real and cross.real)
    parts = [diag.re, cross.re] if not complex_ else [diag.re, diag.im, cross.re, cross.im]
    each = np.stack(parts, 1)
    found = list(classes(np.concatenate([each[first], each[second]], 1)))
    found.sort(key=lambda group: group[1][0])  # so that rows are read one after the other
    whole = np.concatenate([key for key, _ in found])
    place = int(q.fixed.copied(whole)[0])
    q.matrices.append((q.sums, place, len(whole)))
    inner = int(np.prod(t.shape[1:], dtype=int))
    rows = np.stack([first, second], 1) * inner
    groups = [(bool((key >= 0).any()), rows[at]) for key, at in found]
    re, im = q.step.shared(q.planes(t), (len(other), inner), complex_, place, q.sums, groups)
    q.sums += len(whole)
    entries = np.arange(len(other) * inner).reshape(t.shape)
    none = np.full(t.shape, -1)
    return Array(re + entries, none if im == -1 else im + entries, False)


def classes(keys: Ids) -> Iterator[tuple[Ids, Ids]]:
    """Different rows, and where each is."""
    different, inverse = np.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    for k, key in enumerate(different):
        yield key, np.flatnonzero(inverse == k)
