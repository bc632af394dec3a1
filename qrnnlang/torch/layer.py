"""`Layer`: an `nn.Module` that computes a model, with gradients through parameters and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..runtime import arrays
from ..runtime.model import Model
from .calls import Calls, call

_DTYPES = {"float64": torch.float64, "float32": torch.float32}


class Layer(nn.Module):
    """A model whose parameters are PyTorch's: `layer(x)`, with x of shape (batch, steps, …).

    `state_dict` calls parameters by their paths, `cell.w`; what a program declares `fixed` is a
    buffer. Parameters begin in the model's precision; inputs need the parameters' dtype, as in any
    layer, and outputs have it. A value outside the domain of a function gives NaN in its sample, as
    in `model.apply`. Derivatives are of first order.

    Args:
        model: what `load`, `loads` or `open` gave.
        params: start values by path, all or some; the rest is drawn from `seed`.
        output: the output that the layer gives; default: the only one, else a dict of all.

    Raises ValueError for wrong names and shapes.
    """

    def __init__(
        self,
        model: Model,
        params: Mapping[str, Any] | None = None,
        *,
        seed: int = 0,
        output: str | None = None,
    ):
        super().__init__()
        if not isinstance(model, Model):
            raise TypeError(f"Layer takes a model of qrnnlang, not {type(model).__name__}")
        names = [o.name for o in model.closed.outputs]
        if output is not None and output not in names:
            shown = ", ".join(f"`{name}`" for name in names)
            raise ValueError(f"the model has no output `{output}`; it has {shown}")
        self.output = output if output is not None or len(names) > 1 else names[0]
        self._calls = Calls(model)
        start = model.init(seed)
        start.update(arrays.checked_params(model.closed, params or {}, partial=True))
        dtype = _DTYPES[model.precision]
        for spec in model.closed.params:
            value = torch.tensor(start[spec.name], dtype=dtype)
            *groups, name = spec.name.split(".")
            place: nn.Module = self
            for group in groups:
                place = place._modules.setdefault(group, nn.Module())
            # Not `register_…`, which refuses the names of methods: a cell may be called `train`.
            if spec.trained:
                place._parameters[name] = nn.Parameter(value)
            else:
                place._buffers[name] = value

    @property
    def model(self) -> Model:
        """The model that is computed."""
        return self._calls.model

    def tensors(self) -> dict[str, Tensor]:
        """Parameters and fixed values by path, in the model's order."""
        found = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        return {spec.name: found[spec.name] for spec in self.model.closed.params}

    def numpy(self) -> dict[str, NDArray[np.float64]]:
        """The same as float64 arrays, as `model(params, x)` and `model.save` take them."""
        return {
            name: tensor.detach().cpu().numpy().astype(np.float64)
            for name, tensor in self.tensors().items()
        }

    def forward(
        self,
        x: Tensor | Mapping[str, Tensor] | None = None,
        lengths: Tensor | None = None,
        steps: int | None = None,
    ) -> Tensor | dict[str, Tensor]:
        """Outputs: (batch, steps, …), or (batch, …) where the model says `last(…)`.

        Args:
            x: inputs, or a dict by name.
            lengths: steps of each sequence that count, (batch,), whole numbers; outputs behind
                them are 0.
            steps: how many steps to run a model that has no input.

        Raises RuntimeError for shapes and dtypes, TypeError for what is no tensor.
        """
        params = self.tensors()
        dtype = next((t.dtype for t in params.values()), _DTYPES[self.model.precision])
        try:
            inputs = self._inputs({} if x is None else x, dtype)
            counts = None if lengths is None else self._lengths(inputs, lengths)
        except ValueError as error:
            raise RuntimeError(str(error)) from None
        outputs = call(self._calls, params, inputs, counts, steps, dtype)
        return outputs if self.output is None else outputs[self.output]

    def _inputs(self, x: Any, dtype: torch.dtype) -> dict[str, Tensor]:
        ports = self.model.closed.inputs
        found = {}
        for port, tensor in zip(ports, arrays.by_name("input", ports, x).values(), strict=True):
            if not isinstance(tensor, Tensor):
                raise TypeError(f"input `{port.name}` is a tensor, not {type(tensor).__name__}")
            if port.labels is None and tensor.dtype != dtype:
                raise RuntimeError(
                    f"input `{port.name}` needs {dtype}, as the layer's parameters have, got "
                    f"{tensor.dtype}; convert one of them with `.to(…)`"
                )
            if port.labels is not None and (tensor.is_floating_point() or tensor.is_complex()):
                raise RuntimeError(f"input `{port.name}` needs whole numbers, got {tensor.dtype}")
            found[port.name] = arrays.fit_shape("input", port, tensor)
        arrays.agree(ports, found)
        return found

    def _lengths(self, inputs: dict[str, Tensor], lengths: Tensor) -> NDArray[np.int64] | None:
        given = lengths.detach().cpu().numpy() if isinstance(lengths, Tensor) else lengths
        return self.model.runner.lengths(inputs, given)

    def extra_repr(self) -> str:
        return repr(self.model).strip("<>")
