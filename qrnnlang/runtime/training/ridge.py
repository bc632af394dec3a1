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
    predict = _prediction(model, build, params, data, method)
    outputs, inputs = params[weight].shape
    # Zero, a unit for each column of the weight and for the bias, and something to check by: all in
    # one call, in which what does not depend on them is computed once.
    width = inputs + (bias is not None)
    trials = np.zeros((width + 2, outputs, width))
    trials[1 + np.arange(width), :, np.arange(width)] = 1.0
    trials[-1] = np.random.default_rng(0).normal(size=(outputs, width))
    given = {weight: trials[..., :inputs]}
    if bias is not None:
        given[bias] = trials[..., inputs]
    predicted, wanted = predict(given)
    rows = np.asarray(predicted, dtype=np.float64).reshape(width + 2, -1, outputs)
    constant, design = rows[0], np.moveaxis(rows[1:-1] - rows[0], 0, -1)
    expected = constant + np.einsum("rof,of->ro", design, trials[-1])
    if not np.allclose(rows[-1], expected, rtol=1e-6, atol=1e-8):
        refuse(method.span, "its prediction is not linear in the trained parameters")
    target = np.asarray(wanted, dtype=np.float64).reshape(-1, outputs)
    found = np.array(
        [
            _minimum(design[:, o], target[:, o] - constant[:, o], inputs, method)
            for o in range(outputs)
        ]
    )
    solution = {weight: found[:, :inputs]}
    if bias is not None:
        solution[bias] = found[:, inputs]
    return solution


def _minimum(design: Reals, target: Reals, inputs: int, method: Method) -> Reals:
    """argmin |design·w − target|² + l2·|w without the bias|², by an orthogonal decomposition."""
    penalty = np.zeros((inputs, design.shape[1]))
    np.fill_diagonal(penalty, np.sqrt(method.arguments(METHODS)["l2"]))
    rows = np.concatenate([design, penalty])
    found = np.linalg.lstsq(rows, np.concatenate([target, np.zeros(inputs)]), rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _prediction(model: ClosedModel, build: Any, params: Arrays, data: Data, method: Method) -> Any:
    """What the loss compares: the predictions of several trained parameters, and the target."""
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

    def compared(trained: Any) -> tuple[Any, Any]:
        found = executable.apply({**params, **trained}, given)
        return found["prediction"], found["target"]

    return jax.jit(jax.vmap(compared, out_axes=(0, None)))
