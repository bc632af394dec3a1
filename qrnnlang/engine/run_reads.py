"""Reads of a plan in JAX."""

from __future__ import annotations

from functools import reduce
from math import isqrt
from operator import mul

import jax.numpy as jnp
import numpy as np

from . import steps as p
from . import tensors as q
from .context import Array, Context, Slots, as_value, number_of, side_by_side


def paulis(step: p.Paulis, s: Slots, c: Context) -> Array:
    ket = s[step.ket]
    w = None if step.weighted is None else s[step.weighted]
    found: list[Array] = []
    order: list[int] = []
    for flips in dict.fromkeys(step.flips):
        mine = [i for i, f in enumerate(step.flips) if f == flips]
        entries = q.overlaps(ket, w, step.mixed, step.n, step.axes, flips)
        phases = step.phases[mine]
        if not np.any(phases.imag):
            found.append(entries.real @ c.constant(phases.real.T))
        else:
            found.append((entries @ c.constant(phases.T)).real)
        order += mine
    rows = side_by_side(found)
    if order != sorted(order):
        rows = rows[:, np.argsort(order)]
    return rows if step.weight is None else rows / s[step.weight][:, None]


def observables(step: p.Observables, s: Slots, c: Context) -> Array:
    found = []
    for i, slot in enumerate(step.matrices):
        u, mine = s[slot][0], np.flatnonzero(np.array(step.which) == i)
        rows = np.arange(len(u)) ^ np.array(step.flips)[mine, None]
        right = c.constant(step.phases[mine])[:, :, None] * u[rows]
        found.append(u.conj().T @ right)
    n, few = len(step.flips), 2**step.few
    whole = jnp.concatenate(found).reshape(n, few, -1, few, u.shape[0] // few)
    blocks = whole.transpose(1, 3, 0, 2, 4).reshape(few, few, n, -1)
    on, above = np.diag_indices(few), np.triu_indices(few, 1)
    # Re(ρ·conj(O)·σ), entry by entry.
    real = jnp.concatenate([blocks.real, blocks.imag], -1)
    imag = jnp.concatenate([blocks.imag, -blocks.real], -1)
    columns = jnp.concatenate([real[on], real[above], imag[above]])
    return columns.transpose(2, 1, 0).reshape(columns.shape[-1], -1)


def observed(step: p.Observed, s: Slots) -> Array:
    rho = s[step.density][:, :, 0, 0]
    rows = jnp.concatenate([rho.real, rho.imag], 1) @ s[step.observables]
    if step.other is not None:
        other = s[step.other][:, :, 0, 0]
        few = isqrt(other.shape[1])
        other = other.reshape(-1, few, few)
        on, above = np.diag_indices(few), np.triu_indices(few, 1)
        upper = 2 * other[:, *above]
        weights = jnp.concatenate([other[:, *on].real, upper.real, upper.imag], 1)
        rows = jnp.einsum("xnf,xf->xn", rows.reshape(len(rows), -1, few**2), weights)
    return rows if step.weight is None else rows / s[step.weight][:, None]


def chances(step: p.Chances, s: Slots, c: Context) -> Array:
    w = None if step.weighted is None else s[step.weighted]
    rows = q.overlaps(s[step.ket], w, step.mixed, step.n, step.axes, 0).real
    count = 2**step.k
    if count == len(step.outcome) and len(set(step.outcome.tolist())) == count:
        found = rows[:, np.argsort(step.outcome)]
    else:
        found = rows @ c.constant((step.outcome[:, None] == np.arange(count)) * 1.0)
    return found if step.weight is None else found / s[step.weight][:, None]


def expect_value(step: p.ExpectValue, s: Slots, c: Context) -> Array:
    slots = list(dict.fromkeys(i for terms in step.observables for t in terms for i, _ in t.reads))
    rows = [s[i] for i in slots]
    start = dict(zip(slots, np.cumsum([0, *(r.shape[1] for r in rows)]), strict=False))
    one = sum(r.shape[1] for r in rows)
    whole = side_by_side([*rows, c.constant([[1.0]])])
    terms = [(o, t) for o, found in enumerate(step.observables) for t in found]
    count = len(step.observables)
    if all(len(t.reads) < 2 and not isinstance(t.coefficient, p.Entry) for _, t in terms):
        sums = np.zeros((count, one + 1))
        for o, t in terms:
            at = start[t.reads[0][0]] + t.reads[0][1] if t.reads else one
            sums[o, at] += float(t.coefficient)  # type: ignore[arg-type]
    else:
        depth = max((len(t.reads) for _, t in terms), default=0)
        index = np.full((depth, len(terms)), one)
        for j, (_, t) in enumerate(terms):
            for r, (slot, entry) in enumerate(t.reads):
                index[r, j] = start[slot] + entry
        factors = [whole[:, i] for i in index]
        factors.append(side_by_side([number_of(t.coefficient, s, c)[:, None] for _, t in terms]))
        whole = reduce(mul, factors)
        sums = np.zeros((count, len(terms)))
        for j, (o, _) in enumerate(terms):
            sums[o, j] = 1
    return as_value(_summed(whole, sums, c), step.shape, c.level[step.out])


def _summed(rows: Array, sums: np.ndarray, c: Context) -> Array:
    """Rows (x, M) times a matrix (count, M): no product where it only picks entries."""
    if ((sums != 0).sum(1) == 1).all() and (sums.max(1) == 1).all():
        picked = sums.argmax(1)
        if np.array_equal(picked, np.arange(picked[0], picked[0] + len(picked))):
            return rows[:, picked[0] : picked[0] + len(picked)]
        return rows[:, picked]
    return rows @ c.constant(sums.T)


def prob_value(step: p.ProbValue, s: Slots, c: Context) -> Array:
    whole: Array = c.constant([[1.0]])
    for i in step.parts:
        product = whole[:, :, None] * s[i][:, None]
        whole = product.reshape(product.shape[0], -1)
    order = step.order if step.value is None else step.order[[step.value]]
    if order.tolist() != list(range(whole.shape[1])):
        whole = jnp.where(order >= 0, whole[:, np.maximum(order, 0)], 0.0)
    shape = (len(order),) if step.value is None else ()
    return as_value(whole, shape, c.level[step.out])
