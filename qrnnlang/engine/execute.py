"""The XLA executor: a plan's steps, traced one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import mul

import jax.numpy as jnp
import numpy as np

from . import run_gates as gates
from . import run_reads as reads
from . import run_states as states
from . import steps as p
from . import tensors as q
from .classical import computed
from .context import Array, Context, Slots, as_value, flat
from .errors import Unsupported


def run(steps: Iterable[p.Step], slots: Slots, c: Context) -> None:
    """Computes the steps in order into `slots`."""
    for step in steps:
        slots[step.out] = _compute(step, slots, c)


def _compute(step: p.Step, s: Slots, c: Context) -> Array:
    match step:
        case p.Compute():
            return computed(step, s, c)
        case p.Table():
            return gates.table(step, s, c)
        case p.Zeros(n=n):
            return c.constant(np.arange(2**n) == 0).reshape(1, -1, 1, 1)
        case p.Identity(n=n):
            return c.constant(np.eye(2**n)).reshape(1, 2**n, 1, 2**n)
        case p.Ones(n=n):
            return c.constant(np.ones(2**n)).reshape(1, 2**n, 1, 1)
        case p.Rotation():
            return gates.rotation(step, s, c)
        case p.Multiplexed(ket=ket):
            return gates.multiplexed(s[ket])
        case p.Merge(parts=parts):
            return reduce(q.merged, (s[i] for i in parts))
        case p.MergeBases(parts=parts):
            return reduce(q.merged_bases, (s[i] for i in parts))
        case p.Permute(ket=ket, order=order, env=env):
            return q.permuted(s[ket], order, env)
        case p.Apply(ket=ket, n=n, use=use, conj=conj):
            diag, cross = gates.entry(use, s, conj)
            return q.pair(s[ket], n, diag, cross, use.axes, use.flips)
        case p.Sweep(ket=ket, n=n, uses=uses, conj=conj):
            return gates.sweep(s[ket], n, uses, conj, s)
        case p.Run(ket=ket, gates=run, conj=conj):
            return gates.run(s[ket], run, conj, s, c)
        case p.Starts():
            return gates.starts(step, s, c)
        case p.Product(parts=parts):
            return gates.product(parts, s)
        case p.Fuse():
            return gates.fuse(step, s, c)
        case p.FuseAll():
            return gates.fuse_all(step, s, c)
        case p.Choose(matrices=matrices, index=place):
            return s[matrices][place : place + 1]
        case p.Multiply(matrix=matrix, ket=ket, lead=lead, wide=wide, conj=conj):
            whole: Array = s[matrix].conj() if conj else s[matrix]
            return q.multiplied(whole, None if ket is None else s[ket], lead, wide)
        case p.Stored(name=name, adjoint=adjoint):
            drawn = jnp.asarray(c.params[name], c.real)
            unitary = drawn[..., 0] + 1j * drawn[..., 1]
            return (unitary.conj().T if adjoint else unitary)[None]
        case p.Exponential():
            return gates.exponential(step, s, c)
        case p.Controlled(matrix=matrix, holds=holds):
            return gates.controlled(s[matrix], holds, c)
        case p.Weighted(ket=ket, base=base):
            return q.weighted(s[ket], s[base])
        case p.Density(ket=ket, weighted=weighted):
            return q.density(s[ket] if weighted is None else s[weighted], s[ket])
        case p.BaseDensity(base=base):
            return s[base].reshape(s[base].shape[0], -1, 1, 1)
        case p.TraceOut(density=density, n=n, rows=rows, columns=columns):
            return q.traced(s[density], n, rows, columns)
        case p.Pick():
            return states.pick(step, s, c)
        case p.BasisKet(values=values):
            bits = [states.bit(v, s, c) for v in values]
            return reduce(q.merged, [jnp.stack([1 - v, v], 1)[:, :, None, None] for v in bits])
        case p.Mask():
            return states.mask(step, s, c)
        case p.Weight(ket=ket, weighted=weighted, before=before):
            now = q.trace(s[ket], None if weighted is None else s[weighted], step.mixed, step.n)
            least = step.least * (1.0 if before is None else s[before])
            return jnp.where(now < least, jnp.nan, now)
        case p.Ratio(now=now, before=before):
            ratio = s[now] if before is None else s[now] / s[before]
            return as_value(ratio[:, None], (), c.level[step.out])
        case p.Certain(held=held, shape=shape, weights=weights):
            lost = jnp.isnan(reduce(mul, (s[i] for i in weights)))
            if shape is None:
                return jnp.where(lost.reshape(-1, *(1,) * (s[held].ndim - 1)), jnp.nan, s[held])
            kept = jnp.where(lost[:, None], jnp.nan, flat(held, s, c))
            return as_value(kept, shape, c.level[step.out])
        case p.WeightProduct(parts=parts):
            return reduce(mul, (s[i] for i in parts))
        case p.Amplitudes():
            return states.amplitudes(step, s, c)
        case p.LoadWhere(amplitudes=amplitudes, conj=conj):
            new = s[amplitudes][:, :, 0, 0].conj() if conj else s[amplitudes][:, :, 0, 0]
            return q.loaded(s[step.ket], step.n, new, step.axes, step.condition, step.holds)
        case p.Noise():
            return states.noise(step, s, c)
        case p.Paulis():
            return reads.paulis(step, s, c)
        case p.Observables():
            return reads.observables(step, s, c)
        case p.Observed():
            return reads.observed(step, s)
        case p.Chances():
            return reads.chances(step, s, c)
        case p.ExpectValue():
            return reads.expect_value(step, s, c)
        case p.ProbValue():
            return reads.prob_value(step, s, c)
        case p.NextBase(density=density, n=n, weight=weight, mask=mask):
            rho = s[density].reshape(-1, 2**n, 2**n)
            rho = rho if weight is None else rho / s[weight][:, None, None]
            return rho if mask is None else jnp.where(mask, rho, 0)
        case p.NextKet(ket=ket, weight=weight):
            return s[ket] if weight is None else s[ket] / jnp.sqrt(s[weight])[:, None, None, None]
    raise Unsupported(f"plan step `{type(step).__name__}`")
