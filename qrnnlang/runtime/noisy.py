"""A model with the noise of a device in it, exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Model


def noisy(model: Model, backend: Any) -> Model:
    """See `Model.noisy`."""
    from ..targets.devices import backend_by_name
    from ..targets.noise import noisy_model, typical
    from .model import Model

    if isinstance(backend, str):
        backend = backend_by_name(backend)
    if not hasattr(backend, "target"):
        raise TypeError(f"backend is a Qiskit BackendV2 or the name of one, not {backend!r}")
    if model.noise is not None:
        raise ValueError(f"the model has the noise of `{model.noise}` already")
    device = typical(backend)
    program = replace(model.program, model=noisy_model(model.closed, device))
    made = Model(program, model.folder, model.precision, model.externs)
    made.noise, made.scales = device.name, model.scales
    return made
