"""A run as a run of MLflow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .names import judged, settings

if TYPE_CHECKING:
    from ..runtime.training import Run


class MLflow:
    """Logs settings, losses and metrics of every epoch, and the run's files.

    Args:
        experiment: its name; it is made if there is none.
        name: of the run; default: the model's.
        tracking_uri: of the server or folder; default: as MLflow is set up.

    `run_id` is MLflow's, from the start of training on. Raises ImportError without MLflow.
    """

    def __init__(
        self, experiment: str = "Default", name: str | None = None, tracking_uri: str | None = None
    ):
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise ImportError(
                "MLflow needs its package: pip install 'qrnnlang[mlflow]', or mlflow itself"
            ) from None
        self.experiment, self.name = experiment, name
        self._client = MlflowClient(tracking_uri)
        self._folder: Path | None = None
        self.run_id: str | None = None

    def on_start(self, info: Mapping[str, Any]) -> None:
        found = self._client.get_experiment_by_name(self.experiment)
        number = found.experiment_id if found else self._client.create_experiment(self.experiment)
        run = self._client.create_run(number, run_name=self.name or info["model"])
        self.run_id = run.info.run_id
        self._folder = info["folder"] and Path(info["folder"])
        for name, value in settings(info).items():
            self._client.log_param(self.run_id, name, value)
        self._client.log_text(self.run_id, info["source"], "model.qrnn")

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        self._log(metrics, epoch)

    def on_end(self, run: Run) -> None:
        self._log(judged(run.metrics), run.best_epoch)
        for file in ("model.qrnnz", "history.csv", "metrics.json", "curves.png", "forecast.png"):
            if self._folder is not None and (self._folder / file).is_file():
                self._client.log_artifact(self.run_id, str(self._folder / file))
        stopped = "KILLED" if run.stopped == "interrupted" else "FINISHED"
        self._client.set_terminated(self.run_id, stopped)

    def on_error(self, error: BaseException) -> None:
        if self.run_id is not None:
            self._client.set_tag(self.run_id, "error", str(error) or type(error).__name__)
            self._client.set_terminated(self.run_id, "FAILED")

    def _log(self, metrics: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        found = [Metric(name, value, now, step) for name, value in metrics.items()]
        self._client.log_batch(self.run_id, metrics=found)
