"""Forecasts of many steps: the prediction becomes the next input."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..ir.asked import behind
from ..sema.closed import ClosedModel, Port, SeqFn
from . import arrays
from .init import generator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Model

Step: TypeAlias = dict[str, NDArray[Any]]
Feed: TypeAlias = Callable[[Step], Any]

#: The input on which a cell's registers are projected: what was really seen at the step.
OBSERVED = "observed"


def rollout(
    model: Model,
    params: Mapping[str, Any],
    prime: Any,
    steps: int,
    feed: Feed | None = None,
    seed: int | None = None,
) -> dict[str, NDArray[Any]]:
    """See `Model.rollout`."""
    closed, steps = model.closed, arrays.whole("steps", steps)
    if seed is not None:
        seed = arrays.whole("seed", seed, 0)
    if not closed.inputs:
        raise ValueError(
            f"`{closed.name}` has no input to feed back to: `model(params, steps={steps})`"
        )
    given = arrays.checked("input", closed.inputs, prime)
    choose = _Choice(closed, feed, None if seed is None else generator(seed, "rollout"))
    if _stepwise(closed):
        if any(p.name == OBSERVED for p in closed.inputs) and feed is None:
            made = _observed(model, params, given, steps, choose)
        else:
            made = _by_state(model, params, given, steps, choose)
    else:
        made = _by_window(model, params, given, steps, choose)
    found = list(made)
    return {o.name: np.stack([s[o.name] for s in found], axis=1) for o in closed.outputs}


def _stepwise(closed: ClosedModel) -> bool:
    """Whether a step's outputs follow from its inputs and the state before it."""
    if not all(p.seq for p in closed.inputs) or not all(o.seq for o in closed.outputs):
        return False
    shown = behind(closed, [o.ref for o in closed.outputs])
    return not any(isinstance(closed.ops[ref], SeqFn) for ref in shown)


def _by_state(
    model: Model, params: Any, prime: Step, steps: int, choose: _Choice
) -> Iterator[Step]:
    outputs, state = model(params, prime, return_state=True)
    now = {name: values[:, -1] for name, values in outputs.items()}
    yield now
    for _ in range(steps - 1):
        now, state = model.step(params, choose(now), state)
        yield now


def _by_window(
    model: Model, params: Any, prime: Step, steps: int, choose: _Choice
) -> Iterator[Step]:
    """The window of the prime slides along."""
    seqs = {o.name for o in model.closed.outputs if o.seq}
    window = dict(prime)
    for left in range(steps, 0, -1):
        outputs = model(params, window)
        now = {name: v[:, -1] if name in seqs else v for name, v in outputs.items()}
        yield now
        if left > 1:
            following = choose(now)
            for port in model.closed.inputs:
                if port.seq:
                    new = following[port.name][:, None]
                    window[port.name] = np.concatenate([window[port.name][:, 1:], new], axis=1)


def _observed(
    model: Model, params: Any, prime: Step, steps: int, choose: _Choice
) -> Iterator[Step]:
    """What a step observes is drawn from its own output, which does not depend on it.

    So every step runs twice: once for the output, and once with what was drawn from it, which is
    also the next input.
    """
    names = [p.name for p in model.closed.inputs]
    if len(names) != 2:
        raise ValueError(f"a model with `{OBSERVED}` and {len(names) - 1} more inputs needs feed=")
    (other,) = (name for name in names if name != OBSERVED)
    _, state = model(params, prime, return_state=True)
    seen = prime[OBSERVED][:, -1]
    for _ in range(steps):
        now, _ = model.step(params, {other: seen, OBSERVED: np.zeros_like(seen)}, state)
        drawn = choose.drawn(now)
        _, state = model.step(params, {other: seen, OBSERVED: drawn}, state)
        yield now
        seen = drawn


class _Choice:
    """What the outputs of a step are fed back as."""

    def __init__(self, closed: ClosedModel, feed: Feed | None, rng: np.random.Generator | None):
        self.closed, self.feed, self.rng = closed, feed, rng
        self.port = next((p for p in closed.inputs if p.name != OBSERVED), None)
        self.source = None if feed is not None else self._source()

    def __call__(self, now: Step) -> Step:
        """The next inputs, (batch, *shape), by name."""
        if self.feed is None:
            assert self.port is not None
            return {self.port.name: self.drawn(now)}
        named = arrays.by_name("input", self.closed.inputs, self.feed(now))
        batch = len(next(iter(now.values())))
        return {p.name: _fed(p, named[p.name], batch) for p in self.closed.inputs}

    def drawn(self, now: Step) -> NDArray[Any]:
        """The output as the input: as it is, or an outcome drawn from (or largest in) it."""
        assert self.port is not None and self.source is not None
        values, port = now[self.source], self.port
        kind = _kind(port, values.shape[1:])
        if kind == "same":
            return values.reshape(len(values), *port.shape)
        chosen = np.array([self._outcome(row) for row in values])
        if kind == "label":
            return chosen
        return ((chosen[:, None] >> np.arange(port.shape[0])) & 1).astype(np.float64)

    def _outcome(self, chances: NDArray[Any]) -> int:
        if self.rng is None:
            return int(np.argmax(chances))
        weights = np.clip(chances, 0, None)
        return int(self.rng.choice(len(weights), p=weights / weights.sum()))

    def _source(self) -> str:
        """The one output that fits the input."""
        others = [p for p in self.closed.inputs if p.name != OBSERVED]
        if len(others) != 1:
            raise ValueError(
                f"the model has {len(self.closed.inputs)} inputs: say what to feed back with feed="
            )
        fits = [o.name for o in self.closed.outputs if _kind(others[0], o.shape)]
        if len(fits) != 1:
            raise ValueError(
                f"{len(fits)} outputs can be fed back to `{others[0].name}`: "
                "say what to feed back with feed="
            )
        return fits[0]


def _fed(port: Port, value: Any, batch: int) -> NDArray[Any]:
    """What `feed` gave for an input, (batch, *shape)."""
    array, want = np.asarray(value), (batch, *port.shape)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"feed= gives numbers for the input `{port.name}`, not {value!r:.60}")
    alike = array.shape == want or {array.shape[1:], port.shape} == {(), (1,)}
    if not alike or array.size != math.prod(want):
        raise ValueError(f"feed= gives the input `{port.name}` in shape {want}, got {array.shape}")
    return array.reshape(want)


def _kind(port: Port, shape: tuple[int, ...]) -> str:
    """How an output of this shape can be the input: "same", "label", "bits", or "" if it cannot.

    Probabilities stand for what is drawn from them: of k classes a label, of 2^n outcomes n bits.
    """
    if port.labels is not None:
        return "label" if shape == (port.labels,) else ""
    if shape == port.shape or {shape, port.shape} == {(), (1,)}:
        return "same"
    if len(port.shape) == 1 and shape == (2 ** port.shape[0],):
        return "bits"
    return ""
