"""Values of a model over a batch: with or without a batch axis, with or without time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp

from ..sema.closed import SeqFn
from .errors import Unsupported

Array = Any


@dataclass(frozen=True)
class Value:
    """An array with a batch axis if `batch`, then a time axis if `seq`, then the components.

    `lengths` (batch,): how many steps of each sequence count; None: all.
    """

    data: Array
    seq: bool
    batch: bool
    lengths: Array | None = None

    @property
    def steps(self) -> int:
        return int(self.data.shape[1 if self.batch else 0])

    def broadcast(self, size: int, steps: int | None) -> Array:
        """The array with a batch axis, and a time axis if `steps` is given."""
        data = self.data if self.batch else jnp.broadcast_to(self.data, (size, *self.data.shape))
        if steps is None or self.seq:
            return data
        return jnp.broadcast_to(data[:, None], (size, steps, *data.shape[1:]))


def pointwise(f: Callable[..., Array], args: Sequence[Value]) -> Value:
    """`f`, a function of one sample at one step, over every axis that an argument has."""
    batch, seq = any(a.batch for a in args), any(a.seq for a in args)
    if seq:
        f = jax.vmap(f, in_axes=tuple(0 if a.seq else None for a in args))
    if batch:
        f = jax.vmap(f, in_axes=tuple(0 if a.batch else None for a in args))
    return Value(f(*(a.data for a in args)), seq, batch, lengths_of(args))


def lengths_of(args: Sequence[Value]) -> Array | None:
    return next((a.lengths for a in args if a.seq and a.lengths is not None), None)


def weights(value: Value) -> Array | None:
    """1 for the steps that count, 0 for padding; None when all count."""
    if not value.seq or value.lengths is None:
        return None
    return (jnp.arange(value.steps)[None] < value.lengths[:, None]) * 1.0


def over_time(op: SeqFn, value: Value) -> Value:
    """A function over the time axis; with `lengths`, over the steps that count."""
    if not value.seq:
        raise Unsupported(f"`{op.fn}` of a value that is no sequence")
    k = op.k or 1
    if value.lengths is not None and value.batch:
        return _over_counted(op, value, k)
    axis = 1 if value.batch else 0
    data = value.data
    match op.fn:
        case "mean":
            return replace(value, data=data.mean(axis), seq=False)
        case "reverse":
            return replace(value, data=jnp.flip(data, axis))
        case "last":
            found = jax.lax.slice_in_dim(data, value.steps - k, value.steps, axis=axis)
        case "first":
            found = jax.lax.slice_in_dim(data, 0, k, axis=axis)
        case "skip":
            return replace(
                value, data=jax.lax.slice_in_dim(data, op.k or 0, value.steps, axis=axis)
            )
        case _:
            raise Unsupported(f"`{op.fn}` over time")
    if op.k is None:
        return replace(value, data=jnp.squeeze(found, axis), seq=False)
    return replace(value, data=found)


def _over_counted(op: SeqFn, value: Value, k: int) -> Value:
    data, lengths = value.data, value.lengths
    assert lengths is not None
    steps = jnp.arange(value.steps)

    def taken(index: Array) -> Array:
        index = jnp.clip(index, 0, value.steps - 1)
        return jax.vmap(lambda rows, i: rows[i])(data, index)

    match op.fn:
        case "mean":
            mask = (steps[None] < lengths[:, None]).reshape(
                *data.shape[:2], *(1,) * (data.ndim - 2)
            )
            total = jnp.where(mask, data, 0.0).sum(1)
            count = lengths.reshape(-1, *(1,) * (data.ndim - 2))
            return Value(total / count, False, True)
        case "reverse":
            return replace(value, data=taken(lengths[:, None] - 1 - steps[None]))
        case "last" if op.k is None:
            return Value(taken(lengths - 1), False, True)
        case "last":
            return Value(taken(lengths[:, None] - k + jnp.arange(k)[None]), True, True)
        case "first" if op.k is None:
            return Value(data[:, 0], False, True)
        case "first":
            return Value(data[:, :k], True, True, jnp.minimum(lengths, k))
        case "skip":
            skipped = op.k or 0
            return Value(data[:, skipped:], True, True, jnp.maximum(lengths - skipped, 0))
        case _:
            raise Unsupported(f"`{op.fn}` over time")
