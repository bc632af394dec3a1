"""A model as circuits: what the targets make of it, with checked parameters and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import arrays

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .model import Model


def to_qiskit(model: Model, steps: int, params: Any, x: Any, **options: Any) -> QuantumCircuit:
    from .. import targets

    steps = arrays.whole("steps", steps)
    return targets.to_qiskit(model.closed, steps, **_bound(model, params, x), **options)


def to_qasm(
    model: Model,
    version: Literal[2, 3],
    steps: int,
    params: Any,
    x: Any,
    rolled: bool,
    **options: Any,
) -> str:
    from .. import targets

    steps = arrays.whole("steps", steps)
    if not isinstance(version, int) or version not in (2, 3):
        raise ValueError(f"OpenQASM has versions 2 and 3, not {version!r}")
    if rolled and version == 2:
        raise ValueError("OpenQASM 2 has no loops: leave out `rolled`, or take version 3")
    if rolled:
        options["rolled"] = True
    text = targets.qasm3_text if version == 3 else targets.qasm2_text
    return text(model.closed, steps, **_bound(model, params, x), **options)


def circuits(model: Model, steps: int, params: Any, x: Any, **options: Any) -> list[QuantumCircuit]:
    from .. import targets

    steps = arrays.whole("steps", steps)
    return targets.circuits(model.closed, steps, **_bound(model, params, x), **options)


def parameter_order(model: Model, steps: int) -> list[str]:
    from .. import targets

    steps = arrays.whole("steps", steps)
    return targets.parameter_order(model.closed, steps, fixed=_fixed(model))


def _bound(model: Model, params: Mapping[str, Any] | None, x: Any) -> dict[str, Any]:
    """What is bound: `fixed` values always, from the parameters or else from seed 0."""
    given = None
    if params is not None:
        given = arrays.checked_params(model.closed, params, partial=True)
    inputs = None
    if x is not None:
        ports = model.closed.inputs
        named = arrays.by_name("input", ports, x)
        one = {
            name: arrays.rectangular("input", name, value)[None] for name, value in named.items()
        }
        inputs = {name: value[0] for name, value in arrays.checked("input", ports, one).items()}
    fixed = {**_fixed(model), **{k: v for k, v in (given or {}).items() if k not in model.trained}}
    return {
        "params": None if given is None else {k: v for k, v in given.items() if k in model.trained},
        "inputs": inputs,
        "fixed": fixed,
        "externs": model.externs or None,
    }


def _fixed(model: Model) -> dict[str, Any]:
    return {k: v for k, v in model.init(0).items() if k not in model.trained}
