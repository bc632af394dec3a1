"""Estimators around a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..runtime.model import Model
from ..runtime.starting import STARTS
from ..sema.closed import LossFn, ModelOutput, Port
from .programs import trainable

Array = NDArray[Any]
#: Where a scaled input lies, unless the cell wants it elsewhere.
_RANGE = (-0.8, 0.8)
#: Losses that are compared with probabilities before the softmax.
_LOGITS = ("cross_entropy_logits",)


class _Sequences(BaseEstimator):
    """What both estimators do: sequences in, a trained model, its outputs.

    X is (samples, steps), sequences of scalars with one column a step, or (samples, steps,
    features), whose number of steps may differ between calls.
    """

    def __init__(
        self,
        model: str | Path | Model = "Emc",
        hyper: Mapping[str, Any] | None = None,
        *,
        epochs: int | None = None,
        batch: int | None = None,
        optimizer: Any = None,
        lr: float | None = None,
        patience: int | None = None,
        scale: bool = True,
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.model = model
        self.hyper = hyper
        self.epochs = epochs
        self.batch = batch
        self.optimizer = optimizer
        self.lr = lr
        self.patience = patience
        self.scale = scale
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # --- inputs -----------------------------------------------------------------------------------

    def _sequences(self, X: Any, reset: bool) -> Array:
        """(samples, steps, features), checked. Raises ValueError."""
        if _axes(X) == 3:
            found: Array = check_array(X, allow_nd=True, dtype=np.float64)
            if reset:
                self.n_features_in_ = found.shape[2]
                self._flat = False
            elif found.shape[2] != self._features:
                raise ValueError(
                    f"X has {found.shape[2]} features a step, but {type(self).__name__} was "
                    f"trained on {self._features}"
                )
            return found
        if not reset and not self._flat:
            raise ValueError(
                f"{type(self).__name__} was trained on (samples, steps, features), and X has shape "
                f"{np.shape(X)}"
            )
        checked: Array = validate_data(self, X, reset=reset, dtype=np.float64)
        if reset:
            self._flat = True
        return checked[:, :, None]

    def _scaled(self, X: Array) -> Array:
        factor, offset, bounds = self._scale_x
        scaled = factor * X + offset
        return np.asarray(scaled if bounds is None else np.clip(scaled, *bounds))

    def _fit_inputs(self, X: Array) -> None:
        """Each feature by its least and most value over all samples and steps."""
        start = STARTS.get(self.model) if isinstance(self.model, str) else None
        low, high = (start.low, start.high) if start is not None else _RANGE
        # A cell of a limited domain must not be given values outside it.
        limited = start is not None and start.cell in ("Takaki", "Reservoir")
        if not self.scale:
            self._scale_x: tuple[Any, Any, Any] = (1.0, 0.0, None)
            return
        least, most = X.min(axis=(0, 1)), X.max(axis=(0, 1))
        span = np.where(most > least, most - least, 1.0)
        factor = (high - low) / span
        self._scale_x = (factor, low - factor * least, (low, high) if limited else None)

    # --- training ---------------------------------------------------------------------------------

    def _train(self, X: Array, y: Array, outputs: int, labels: int) -> None:
        self._features = X.shape[2]
        self._fit_inputs(X)
        made = trainable(self.model, dict(self.hyper or {}), self._features, outputs, labels)
        self.model_ = made
        ports, targets = made.closed.inputs, made.closed.targets
        if len(ports) != 1 or len(targets) != 1 or not ports[0].seq:
            raise ValueError(f"`{made.closed.name}` needs one sequence as input and one target")
        if (targets[0].labels is None) != (labels == 0):
            kind = "a label" if labels == 0 else "no label"
            raise ValueError(f"the target `{targets[0].name}` of `{made.closed.name}` is {kind}")
        if labels and targets[0].labels != labels:
            raise ValueError(
                f"`{made.closed.name}` tells {targets[0].labels} classes apart, y has {labels}"
            )
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        run = made.fit(
            self._input(X),
            self._target(targets[0], y),
            epochs=self.epochs,
            batch=self.batch,
            optimizer=self.optimizer,
            lr=self.lr,
            patience=self.patience,
            seed=seed,
            progress=bool(self.verbose),
        )
        self.params_ = run.params
        self.history_ = run.history

    def _input(self, X: Array) -> Array:
        scaled = self._scaled(X)
        return scaled[..., 0] if self.model_.closed.inputs[0].shape == () else scaled

    def _target(self, port: Port, y: Array) -> Array:
        axes = (1 if port.seq else 0) + 1
        if port.shape == (1,) and y.ndim == axes:
            return y[..., None]
        if port.shape == () and y.ndim == axes + 1 and y.shape[-1] == 1:
            return y[..., 0]
        return y

    def _output(self) -> ModelOutput:
        """The output that the loss compares with the target, else the only one."""
        closed = self.model_.closed
        judged = [op.args[0] for op in closed.ops if isinstance(op, LossFn)]
        found = [o for o in closed.outputs if o.ref in judged]
        if not found and len(closed.outputs) != 1:
            names = ", ".join(f"`{o.name}`" for o in closed.outputs)
            raise ValueError(f"the loss of `{closed.name}` does not say which of {names} predicts")
        return (found or list(closed.outputs))[0]

    def _predicted(self, X: Any) -> Array:
        check_is_fitted(self)
        checked = self._sequences(X, reset=False)
        outputs = self.model_(self.params_, self._input(checked))
        found: Array = outputs[self._output().name]
        return found


def _axes(X: Any) -> int:
    """How many axes an array, or what can be made one, has."""
    return int(X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim)


class QRNNRegressor(RegressorMixin, _Sequences):
    """Numbers from sequences.

    Args:
        model: the name of a cell of `std.cells` ("Emc", "Qlstm", …), the path of a `.qrnn` file,
            the text of a source, or a `Model`. Around a cell a model is written: a linear layer
            behind its last output, and the mean squared error. A model with a loss is taken as it
            is.
        hyper: hyperparameters of the cell or model.
        epochs, batch, optimizer, lr, patience: of `Model.fit`; None: what the model's `train` block
            says (around a cell: 100 epochs of Adam at 0.05, batches of 32).
        scale: brings each feature of X into [-0.8, 0.8] (where a cell's domain is, and no further,
            for Takaki and Reservoir), and y to mean 0 and variance 1, and back.
        random_state: of the start values; `verbose`: progress on standard error.

    X: (samples, steps), sequences of scalars with one column a step, or (samples, steps, features).
    y: (samples,) or (samples, outputs); what the model's target needs where the model is your own.

    Attributes: `model_`, the `Model`; `params_`; `history_`; `n_features_in_`, the columns of a 2-D
    X, the features of a step of a 3-D one.
    """

    def fit(self, X: Any, y: Any) -> QRNNRegressor:
        """Trains. Raises ValueError for data that do not fit, TrainingError for a loss that

        stops being finite.
        """
        if _axes(X) == 3:
            sequences = self._sequences(X, reset=True)
            targets = check_array(y, ensure_2d=False, allow_nd=True, dtype=np.float64)
            if len(targets) != len(sequences):
                raise ValueError(f"X has {len(sequences)} samples, y has {len(targets)}")
        else:
            checked, targets = validate_data(
                self, X, y, dtype=np.float64, multi_output=True, y_numeric=True
            )
            self._flat, sequences = True, checked[:, :, None]
        targets = np.asarray(targets, dtype=np.float64)
        axis = tuple(range(max(targets.ndim - 1, 1))) if targets.ndim > 1 else 0
        mean, std = targets.mean(axis=axis), targets.std(axis=axis)
        std = np.where(std > 0, std, 1.0)
        self._scale_y = (std, mean) if self.scale else (np.ones(()), np.zeros(()))
        self._shape_y = targets.shape[1:]
        factor, offset = self._scale_y
        scaled = (targets - offset) / factor
        self._train(sequences, scaled, 1 if targets.ndim == 1 else targets.shape[1], 0)
        return self

    def predict(self, X: Any) -> Array:
        """(samples,), or as y had it."""
        found = self._predicted(X)
        if found.ndim > 1 + len(self._shape_y) and found.shape[-1] == 1:
            found = found[..., 0]
        if found.ndim < 1 + len(self._shape_y):
            found = found[..., None]
        factor, offset = self._scale_y
        return np.asarray(factor * found + offset)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # on tables of numbers that are no sequences
        return tags


class QRNNClassifier(ClassifierMixin, _Sequences):
    """Classes of sequences.

    As `QRNNRegressor`, with a label as target. Around a cell, the linear layer behind its last
    output gives logits, and the loss is their cross entropy. In a model of your own the target is
    `class[k]`, and the output that its loss reads gives k probabilities, or logits for
    `cross_entropy_logits`.

    Attributes: `classes_` beside those of `QRNNRegressor`.
    """

    def fit(self, X: Any, y: Any) -> QRNNClassifier:
        """Trains. Raises ValueError for data that do not fit, TrainingError for a loss that

        stops being finite.
        """
        if _axes(X) == 3:
            sequences = self._sequences(X, reset=True)
            labels = column_or_1d(y, warn=True)
            if len(labels) != len(sequences):
                raise ValueError(f"X has {len(sequences)} samples, y has {len(labels)}")
        else:
            checked, labels = validate_data(self, X, y, dtype=np.float64)
            self._flat, sequences = True, checked[:, :, None]
        check_classification_targets(labels)
        self.classes_, whole = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("y has one class: there is nothing to tell apart")
        self._train(sequences, whole, 1, len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> Array:
        """(samples, classes), in the order of `classes_`."""
        found = self._predicted(X)
        closed = self.model_.closed
        judged = [op for op in closed.ops if isinstance(op, LossFn)]
        ref = self._output().ref
        if any(op.fn in _LOGITS and op.args[0] == ref for op in judged):
            raised = np.exp(found - found.max(axis=-1, keepdims=True))
            return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
        return found

    def predict(self, X: Any) -> Array:
        """(samples,), entries of `classes_`."""
        likeliest = self.predict_proba(X).argmax(axis=-1)
        return np.asarray(self.classes_[likeliest])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # on tables of numbers that are no sequences
        return tags
