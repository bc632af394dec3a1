"""From tensors to JAX and back: one compiled forward pass, whose reverse pass is kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ..runtime.model import Model


class Calls:
    """The compiled passes of a model. Copies of a layer share them."""

    def __init__(self, model: Model):
        self.model = model

    def __deepcopy__(self, memo: object) -> Calls:
        return self

    @cached_property
    def plain(self) -> Any:
        """Outputs alone."""
        import jax

        def run(given: Any, lengths: Any, steps: int | None) -> Any:
            return self._ended(self.model.executable.apply(*given, lengths, steps), lengths)

        return jax.jit(run, static_argnums=2)

    @cached_property
    def forward(self) -> Any:
        """Outputs, and the reverse pass as a pytree: what it needs was computed already.

        `moving` are the parameters and inputs that derivatives are asked for.
        """
        import jax

        def run(moving: Any, given: Any, lengths: Any, steps: int | None) -> Any:
            def outputs(moving: Any) -> Any:
                whole = [{**g, **m} for g, m in zip(given, moving, strict=True)]
                return self._ended(self.model.executable.apply(*whole, lengths, steps), lengths)

            return jax.vjp(outputs, moving)

        return jax.jit(run, static_argnums=3)

    def _ended(self, outputs: Any, lengths: Any) -> Any:
        """With 0 behind the end of each sequence, as PyTorch pads what a recurrent layer gives."""
        import jax.numpy as jnp

        if lengths is None:
            return outputs
        found = dict(outputs)
        for port in self.model.closed.outputs:
            if port.seq:
                values = outputs[port.name]
                inside = jnp.arange(values.shape[1]) < jnp.asarray(lengths)[:, None]
                shape = inside.shape + (1,) * (values.ndim - 2)
                found[port.name] = jnp.where(inside.reshape(shape), values, 0)
        return found

    @cached_property
    def reverse(self) -> Any:
        import jax

        return jax.jit(lambda pull, given: pull(given)[0])


def call(
    calls: Calls,
    params: Mapping[str, Tensor],
    inputs: Mapping[str, Tensor],
    lengths: Any,
    steps: int | None,
    dtype: torch.dtype,
) -> dict[str, Tensor]:
    """The model's outputs by name, in `dtype`, on the device of the first input or parameter."""
    tensors = (*params.values(), *inputs.values())
    names = (tuple(params), tuple(inputs))
    given = _Given(calls, names, lengths, steps, dtype)
    found = _Apply.apply(given, *tensors)
    return dict(zip((o.name for o in calls.model.closed.outputs), found, strict=True))


class _Given:
    """What a call has beside its tensors."""

    def __init__(
        self,
        calls: Calls,
        names: tuple[tuple[str, ...], tuple[str, ...]],
        lengths: Any,
        steps: int | None,
        dtype: torch.dtype,
    ):
        self.calls, self.names = calls, names
        self.lengths, self.steps, self.dtype = lengths, steps, dtype

    def split(self, values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters and inputs by name; None is left out."""
        first, second = self.names
        here = {n: v for n, v in zip(first, values, strict=False) if v is not None}
        rest = values[len(first) :]
        return here, {n: v for n, v in zip(second, rest, strict=True) if v is not None}


class _Apply(Function):
    """The step between two systems of derivatives."""

    @staticmethod
    def forward(ctx: Any, given: _Given, *tensors: Tensor) -> tuple[Tensor, ...]:
        wanted = ctx.needs_input_grad[1:]
        kind = np.float32 if given.calls.model.precision == "float32" else np.float64
        values = [_to_numpy(t, kind) for t in tensors]
        if any(wanted):
            held = given.split([None if w else v for v, w in zip(values, wanted, strict=True)])
            moving = given.split([v if w else None for v, w in zip(values, wanted, strict=True)])
            outputs, ctx.pull = given.calls.forward(moving, held, given.lengths, given.steps)
        else:
            outputs = given.calls.plain(given.split(values), given.lengths, given.steps)
        ctx.given, ctx.wanted = given, wanted
        ctx.places = [(t.device, t.dtype) for t in tensors]
        # The device of the last tensor: an input, where there is one.
        device = tensors[-1].device if tensors else torch.device("cpu")
        ctx.kinds = {name: (np.shape(v), v.dtype) for name, v in outputs.items()}
        names = [o.name for o in given.calls.model.closed.outputs]
        return tuple(_to_torch(outputs[n]).to(device, given.dtype) for n in names)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        names = [o.name for o in ctx.given.calls.model.closed.outputs]
        back = {n: _to_numpy(g, ctx.kinds[n][1]) for n, g in zip(names, grads, strict=True)}
        params, inputs = ctx.given.calls.reverse(ctx.pull, back)
        found = (
            *(params.get(n) for n in ctx.given.names[0]),
            *(inputs.get(n) for n in ctx.given.names[1]),
        )
        made = (
            _to_torch(f).to(*place) if f is not None else None
            for f, place in zip(found, ctx.places, strict=True)
        )
        return (None, *made)


def _to_numpy(tensor: Tensor, kind: Any) -> Any:
    array = tensor.detach().cpu().numpy()
    return array.astype(kind, copy=False) if array.dtype.kind == "f" else array


def _to_torch(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array))  # a copy: JAX's arrays are not to be written to
