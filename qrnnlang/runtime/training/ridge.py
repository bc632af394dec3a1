"""Ridge regression: the last linear layer of a model in closed form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ...engine.errors import TooShort
from ...sema.closed import ClosedModel, ModelOutput
from ...sema.training import METHODS, readout, readout_loss, refuse
from ..arrays import Arrays
from .methods import Method
from .objective import Data

Reals = npt.NDArray[np.float64]


class Ridge:
    """A model's read-out in closed form, compiled once for all parameters and data of a shape.

    `build` makes an executable of a model. Raises CompileError, or ValueError if the method was
    given as an argument, for a model whose trained parameters are more than one final `Linear`.
    """

    def __init__(self, model: ClosedModel, build: Any, method: Method):
        self.method = method
        self.weight, self.bias = readout(model, method.span)
        self._predict = _prediction(model, build, method)

    def solve(self, params: Arrays, data: Data) -> Arrays:
        """The trained parameters that minimise Σ (prediction − target)² + l2·Σ W², the bias free.

        The prediction must be a linear function of the only trained parameters, `W` and `b` of one
        `Linear`: it is evaluated where they are 0 and along each of their columns, and the solution
        is checked to be one. Raises as the class does if it is not.
        """
        if data[2] is not None:
            raise ValueError("`ridge` takes sequences of one length: leave out `lengths`")
        weight, bias, method = self.weight, self.bias, self.method
        outputs, inputs = params[weight].shape
        # Zero, a unit for each column of the weight and for the bias, and something to check by:
        # all in one call, in which what does not depend on them is computed once.
        width = inputs + (bias is not None)
        trials = np.zeros((width + 2, outputs, width))
        trials[1 + np.arange(width), :, np.arange(width)] = 1.0
        trials[-1] = np.random.default_rng(0).normal(size=(outputs, width))
        given = {weight: trials[..., :inputs]}
        if bias is not None:
            given[bias] = trials[..., inputs]
        fixed = {name: value for name, value in params.items() if name not in given}
        predicted, wanted = self._predict(given, fixed, {**data[0], **data[1]})
        rows = np.asarray(predicted, dtype=np.float64).reshape(width + 2, -1, outputs)
        constant, design = rows[0], np.moveaxis(rows[1:-1] - rows[0], 0, -1)
        expected = constant + np.einsum("rof,of->ro", design, trials[-1])
        if not np.allclose(rows[-1], expected, rtol=1e-6, atol=1e-8):
            refuse(
                method.span,
                "its prediction is not linear in the trained parameters",
                "leave out what follows the `Linear`, such as `tanh`, or train with "
                "`adam(lr = 0.01)`",
            )
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
    # Threads that wait for one another in small products cost more than they save: seconds instead
    # of milliseconds on a machine that is busy.
    with threadpool_limits(1, "blas"):
        found = np.linalg.lstsq(rows, np.concatenate([target, np.zeros(inputs)]), rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _prediction(model: ClosedModel, build: Any, method: Method) -> Any:
    """(trained parameters, fixed ones, data) ↦ what the loss compares: predictions and target.

    Trained parameters and predictions have an axis of trials in front.
    """
    import jax

    op = readout_loss(model, method.span)
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

    def compared(trained: Any, fixed: Any, given: Any) -> tuple[Any, Any]:
        try:
            found = executable.apply({**fixed, **trained}, given)
        except TooShort as error:  # of an output that is none of the model's
            raise ValueError(f"the loss: {error.why}") from None
        return found["prediction"], found["target"]

    return jax.jit(jax.vmap(compared, in_axes=(0, None, None), out_axes=(0, None)))
