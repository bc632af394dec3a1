"""Ridge regression: the last linear layer of a model in closed form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sema.closed import ClosedModel, ModelOutput
from ...sema.training import METHODS, readout, readout_loss, refuse
from ..arrays import Arrays
from .methods import Method
from .objective import Data

Reals = npt.NDArray[np.float64]


def solve(model: ClosedModel, build: Any, params: Arrays, data: Data, method: Method) -> Arrays:
    """The trained parameters that minimise Σ (prediction − target)² + l2·Σ W², the bias free.

    `build` makes an executable of a model. The prediction must be a linear function of the only
    trained parameters, `W` and `b` of one `Linear`: it is evaluated where they are 0 and along each
    of their columns, and the solution is checked to be one. Raises CompileError, or ValueError if
    the method was given as an argument, for any other model.
    """
    weight, bias = readout(model, method.span)
    (predict, wanted) = _residual(model, build, params, data, method)
    outputs, inputs = params[weight].shape
    zero = {k: np.zeros_like(params[k]) for k in (weight, bias) if k is not None}
    columns = np.zeros((inputs, outputs, inputs))
    columns[np.arange(inputs), :, np.arange(inputs)] = 1.0
    constant = _rows(predict(zero), outputs)
    features = [_rows(predict({**zero, weight: column}), outputs) - constant for column in columns]
    if bias is not None:
        features.append(_rows(predict({**zero, bias: np.ones(outputs)}), outputs) - constant)
    design = np.stack(features, axis=-1)  # (rows, outputs, inputs or one more)
    target = _rows(wanted, outputs)
    found = np.array(
        [
            _minimum(design[:, o], target[:, o] - constant[:, o], inputs, method)
            for o in range(outputs)
        ]
    )
    solution = {weight: found[:, :inputs]}
    if bias is not None:
        solution[bias] = found[:, inputs]
    expected = constant + np.einsum("rof,of->ro", design, found)
    if not np.allclose(_rows(predict(solution), outputs), expected, rtol=1e-6, atol=1e-8):
        refuse(method.span, "its prediction is not linear in the trained parameters")
    return solution


def _minimum(design: Reals, target: Reals, inputs: int, method: Method) -> Reals:
    """argmin |design·w − target|² + l2·|w without the bias|², by an orthogonal decomposition."""
    penalty = np.zeros((inputs, design.shape[1]))
    np.fill_diagonal(penalty, np.sqrt(method.arguments(METHODS)["l2"]))
    rows = np.concatenate([design, penalty])
    found = np.linalg.lstsq(rows, np.concatenate([target, np.zeros(inputs)]), rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _residual(
    model: ClosedModel, build: Any, params: Arrays, data: Data, method: Method
) -> tuple[Any, Any]:
    """What the loss compares: the prediction, of the trained parameters, and the target."""
    import jax

    op = readout_loss(model, method.span)
    if data[2] is not None:
        raise ValueError("`ridge` takes sequences of one length: leave out `lengths`")
    shown = tuple(
        ModelOutput(name, model.types[ref].shape, model.types[ref].seq, ref)
        for name, ref in zip(("prediction", "target"), op.args, strict=True)
    )
    # Targets become inputs, so that whatever the loss does to them is done here too.
    opened = replace(
        model,
        inputs=(*model.inputs, *model.targets),
        targets=(),
        outputs=shown,
        loss=None,
        metrics=(),
    )
    executable = build(opened)
    given = {**data[0], **data[1]}
    apply = jax.jit(lambda trained: executable.apply({**params, **trained}, given))
    return lambda trained: np.asarray(apply(trained)["prediction"]), np.asarray(apply({})["target"])


def _rows(values: Any, outputs: int) -> Reals:
    return np.asarray(values, dtype=np.float64).reshape(-1, outputs)
