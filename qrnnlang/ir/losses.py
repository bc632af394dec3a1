"""Losses and metrics, against an array namespace (`numpy` or `jax.numpy`).

Predictions and targets have leading batch (and time) axes and equal shapes; a label has the shape
of its prediction without the last axis. All reduce over everything to one number. `weights`, of
shape (batch,) or (batch, time), makes every mean a weighted one: 0 leaves out the padding of short
sequences. A scalar and a `real[1]` stand for each other: one trailing axis of length 1 may differ.

Definitions are those of section 6 of the language: `huber` with δ = 1, `nll` and `cross_entropy` of
probabilities, `nmse` the mean square error over the variance of the target, components pooled.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any, Protocol

import numpy as np

from .functions import FUNCTIONS


class Loss(Protocol):
    """A reduction of predictions and targets to one number."""

    def __call__(self, xp: Any, *args: Any, weights: Any = None) -> Any: ...


def mean(xp: Any, x: Any, weights: Any = None) -> Any:
    """The mean of all entries of `x`, weighted along its leading axes."""
    if weights is None:
        return xp.mean(x)
    w = xp.asarray(weights)
    if x.shape[: w.ndim] != w.shape:
        raise ValueError(f"weights of shape {w.shape} do not fit values of shape {x.shape}")
    w = xp.broadcast_to(w.reshape(w.shape + (1,) * (x.ndim - w.ndim)), x.shape)
    # Where the weight is 0 the entry is padding: it may be anything, NaN included.
    return xp.sum(xp.where(w != 0, w * x, 0.0)) / xp.sum(w)


def _aligned(xp: Any, a: Any, b: Any) -> tuple[Any, Any]:
    a, b = xp.asarray(a), xp.asarray(b)
    if a.shape == (*b.shape, 1) or b.shape == (*a.shape, 1):
        b = b.reshape(a.shape)
    if a.shape != b.shape:
        raise ValueError(f"operands of a loss need the same shape, found {a.shape} and {b.shape}")
    return a, b


def _picked(xp: Any, scores: Any, label: Any) -> Any:
    """The entry of each row of `scores` that its label names."""
    scores, label = xp.asarray(scores), xp.asarray(label)
    if label.shape == (*scores.shape[:-1], 1):
        label = label[..., 0]
    if label.shape != scores.shape[:-1]:
        raise ValueError(
            f"labels of shape {label.shape} do not fit predictions of shape {scores.shape}"
        )
    return xp.take_along_axis(scores, label.astype(int)[..., None], axis=-1)[..., 0]


def _log_probability(xp: Any, p: Any) -> Any:
    """log p, finite at p = 0 (the smallest normal number stands for 0, with derivative 0).

    A probability negative beyond rounding is a mistake elsewhere and gives NaN.
    """
    smallest = float(np.finfo(p.dtype).tiny)
    inside = p > smallest
    edge = xp.where(p >= -1e-6, xp.full_like(p, float(np.log(smallest))), nan)
    return xp.where(inside, xp.log(xp.where(inside, p, 1.0)), edge)


# --- distances -------------------------------------------------------------------------------


def _distance(each: Callable[[Any, Any], Any]) -> Loss:
    def loss(xp: Any, *args: Any, weights: Any = None) -> Any:
        a, b = _aligned(xp, *args)
        return mean(xp, each(xp, a - b), weights)

    return loss


def _huber(xp: Any, d: Any) -> Any:
    size = FUNCTIONS["abs"](xp, d)
    return xp.where(size <= 1, 0.5 * d * d, size - 0.5)


_mse = _distance(lambda xp, d: d * d)


def _rmse(xp: Any, *args: Any, weights: Any = None) -> Any:
    return FUNCTIONS["sqrt"](xp, _mse(xp, *args, weights=weights))


def _nmse(xp: Any, *args: Any, weights: Any = None) -> Any:
    a, b = _aligned(xp, *args)
    centred = b - mean(xp, b, weights)
    return _mse(xp, a, b, weights=weights) / mean(xp, centred * centred, weights)


def _r2(xp: Any, *args: Any, weights: Any = None) -> Any:
    return 1.0 - _nmse(xp, *args, weights=weights)


# --- classification --------------------------------------------------------------------------


def _cross_entropy(xp: Any, *args: Any, weights: Any = None) -> Any:
    p, label = args
    return -mean(xp, _log_probability(xp, _picked(xp, p, label)), weights)


def _cross_entropy_logits(xp: Any, *args: Any, weights: Any = None) -> Any:
    logits, label = args
    logits = xp.asarray(logits)
    top = xp.max(logits, axis=-1)
    total = top + xp.log(xp.sum(xp.exp(logits - top[..., None]), axis=-1))
    return mean(xp, total - _picked(xp, logits, label), weights)


def _binary_cross_entropy(xp: Any, *args: Any, weights: Any = None) -> Any:
    p, y = _aligned(xp, *args)
    each = y * _log_probability(xp, p) + (1 - y) * _log_probability(xp, 1 - p)
    return -mean(xp, each, weights)


def _accuracy(xp: Any, *args: Any, weights: Any = None) -> Any:
    """The share of right answers: the largest entry against a label, or above 1/2 against 0/1."""
    p, label = xp.asarray(args[0]), xp.asarray(args[1])
    rows = p.shape[:-1]
    if p.ndim and p.shape[-1] > 1 and label.shape in (rows, (*rows, 1)):
        right = xp.argmax(p, axis=-1) == label.reshape(rows)
    else:
        p, label = _aligned(xp, p, label)
        right = (p > 0.5) == (label > 0.5)
    return mean(xp, right * 1.0, weights)


LOSSES: dict[str, Loss] = {
    "mse": _mse,
    "mae": _distance(FUNCTIONS["abs"]),
    "rmse": _rmse,
    "huber": _distance(_huber),
    "nmse": _nmse,
    "r2": _r2,
    "cross_entropy": _cross_entropy,
    "nll": _cross_entropy,
    "cross_entropy_logits": _cross_entropy_logits,
    "binary_cross_entropy": _binary_cross_entropy,
    "accuracy": _accuracy,
}
