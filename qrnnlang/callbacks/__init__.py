"""Callbacks for `fit(callbacks=[…])` that hand a run on: `TensorBoard`, `MLflow`.

>>> from qrnnlang.callbacks import TensorBoard
>>> run = model.fit(x, y, callbacks=[TensorBoard("logs/first")])  # doctest: +SKIP
"""

from .mlflow import MLflow
from .tensorboard import TensorBoard

__all__ = ["MLflow", "TensorBoard"]
