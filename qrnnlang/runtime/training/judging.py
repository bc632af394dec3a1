"""Losses and metrics of a set that is larger than the memory: by parts, as of the whole set.

Every loss reduces over the whole set at once. The mean of the parts' means is that of the whole,
weighted by their sizes; of `rmse` that holds for the squares, of `nmse` and `r2` for the squared
error and for the first two moments of the target. What is computed from the losses (their sum, a
penalty) is computed from those of the whole set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ...ir.asked import behind
from ...sema.closed import (
    ClosedModel,
    Const,
    Input,
    LossFn,
    ModelOp,
    Param,
    Ref,
    RunCell,
    ValueType,
)
from ..arrays import Arrays
from ..data.stream import Stream

#: Metrics that follow from the mean squared error.
_SQUARES = ("mse", "rmse", "nmse", "r2")
_SPREADS = ("nmse", "r2")


class Judge:
    """Judges streams by the loss and the metrics of a model."""

    def __init__(self, closed: ClosedModel, executable: Any):
        self.closed, self.executable = closed, executable
        asked = [ref for _, ref in closed.metrics]
        asked += [] if closed.loss is None else [closed.loss]
        seen = behind(closed, asked)
        self.losses = {
            ref: op for ref, op in enumerate(closed.ops) if isinstance(op, LossFn) and ref in seen
        }
        self.parts, self.moments = _parts(closed, self.losses)
        self.rest = _rest(closed, self.losses)

    def __call__(self, params: Mapping[str, Any], stream: Stream) -> dict[str, float]:
        """Loss and metrics by name, of all windows of a stream."""
        found = self._means(self._judge_parts, params, stream.chunks())
        whole = {_name(ref): self._of_whole(ref, op, found) for ref, op in self.losses.items()}
        chunks = stream.chunks() if self._needs_data else _first(stream)
        return self._means(self._judge_rest, {**params, **whole}, chunks)

    def _of_whole(self, ref: Ref, op: LossFn, found: Mapping[str, float]) -> float:
        value = found[_name(ref)]
        if op.fn == "rmse":
            return math.sqrt(value)
        if op.fn in _SPREADS:
            square, shifted = (found[name] for name in self.moments[ref])
            mean = (square - shifted + 1) / 2  # E y² − E (y − 1)² = 2 E y − 1
            value = value / (square - mean**2)
            return value if op.fn == "nmse" else 1 - value
        return value

    @cached_property
    def _needs_data(self) -> bool:
        """Whether a loss or metric has terms of the data beside its losses."""
        asked = [ref for _, ref in self.rest.metrics]
        asked += [] if self.rest.loss is None else [self.rest.loss]
        ops = (self.rest.ops[ref] for ref in behind(self.rest, asked))
        return any(isinstance(op, Input | RunCell) for op in ops)

    @cached_property
    def _judge_parts(self) -> Any:
        return _judging(replace(self.executable, model=self.parts, plans={}, natives={}))

    @cached_property
    def _judge_rest(self) -> Any:
        return _judging(replace(self.executable, model=self.rest, plans={}, natives={}))

    @staticmethod
    def _means(
        judge: Any, params: Mapping[str, Any], chunks: Iterator[tuple[Arrays, Arrays]]
    ) -> dict[str, float]:
        totals: dict[str, float] = {}
        count = 0
        for inputs, targets in chunks:
            size = len(next(a for arrays in (inputs, targets) for a in arrays.values()))
            count += size
            for name, value in judge(params, inputs, targets).items():
                totals[name] = totals.get(name, 0.0) + size * float(value)
        return {name: total / count for name, total in totals.items()}


def _judging(executable: Any) -> Any:
    import jax

    def judged(params: Any, inputs: Any, targets: Any) -> dict[str, Any]:
        _, loss, metrics = executable.evaluate(params, inputs, targets)
        return metrics if loss is None else {"loss": loss, **metrics}

    return jax.jit(judged)


def _first(stream: Stream) -> Iterator[tuple[Arrays, Arrays]]:
    yield stream.take(np.zeros(1, np.int64))


def _name(ref: Ref) -> str:
    return f"the loss in line {ref}"


def _parts(
    closed: ClosedModel, losses: Mapping[Ref, LossFn]
) -> tuple[ClosedModel, dict[Ref, tuple[str, str]]]:
    """The model with every loss as a metric of its own, and with the moments of some targets."""
    ops, types = list(closed.ops), list(closed.types)
    metrics = []
    moments: dict[Ref, tuple[str, str]] = {}

    def add(op: ModelOp, type_: ValueType) -> Ref:
        ops.append(op)
        types.append(type_)
        return len(ops) - 1

    for ref, op in losses.items():
        metrics.append((_name(ref), ref))
        if op.fn in _SQUARES:
            ops[ref] = replace(op, fn="mse")
        if op.fn in _SPREADS:
            target = op.args[1]
            shape = closed.types[target].shape
            names = []
            for value in (0.0, 1.0):
                constant = Const((value,) * math.prod(shape), shape)
                one = add(constant, ValueType(shape, False, False))
                moment = add(LossFn("mse", (target, one)), ValueType((), False, False))
                names.append(f"{_name(ref)}, moment {value:g}")
                metrics.append((names[-1], moment))
            moments[ref] = (names[0], names[1])
    made = replace(
        closed, ops=tuple(ops), types=tuple(types), outputs=(), loss=None, metrics=tuple(metrics)
    )
    return made, moments


def _rest(closed: ClosedModel, losses: Mapping[Ref, LossFn]) -> ClosedModel:
    """The model with its losses given."""
    ops = [Param(_name(ref), ()) if ref in losses else op for ref, op in enumerate(closed.ops)]
    return replace(closed, ops=tuple(ops), outputs=())
