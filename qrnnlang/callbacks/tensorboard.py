"""A run as TensorBoard's event files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .names import judged, scalars, settings

if TYPE_CHECKING:
    from ..runtime.training import Run


class TensorBoard:
    """Writes losses and metrics of every epoch; `tensorboard --logdir FOLDER` shows them.

    Args:
        folder: where to; default: `tensorboard` in the run's folder, or `logs/MODEL`.

    Raises ImportError without tensorboardX (or PyTorch with TensorBoard).
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None):
        self.folder = folder
        self._open = _writer()
        self._writer: Any = None
        self._settings: dict[str, Any] = {}

    def on_start(self, info: Mapping[str, Any]) -> None:
        inside = info["folder"] and Path(info["folder"]) / "tensorboard"
        folder = self.folder or inside or Path("logs") / info["model"]
        self._settings = settings(info)
        self._writer = self._open(str(folder))
        self._writer.add_text("program", f"```\n{info['source']}\n```")
        rows = "".join(f"| {name} | {value} |\n" for name, value in self._settings.items())
        self._writer.add_text("settings", f"| | |\n|---|---|\n{rows}")

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        for name, value in scalars(metrics).items():
            self._writer.add_scalar(name, value, epoch)

    def on_end(self, run: Run) -> None:
        for name, value in judged(run.metrics).items():
            self._writer.add_scalar(f"best/{name}", value, run.best_epoch)
        self._close()

    def on_error(self, error: BaseException) -> None:
        if self._writer is not None:
            self._writer.add_text("error", str(error) or type(error).__name__)
            self._close()

    def _close(self) -> None:
        self._writer.close()
        self._writer = None


def _writer() -> Any:
    """The class that writes event files."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        try:
            from torch.utils.tensorboard import SummaryWriter  # type: ignore[no-redef,unused-ignore]
        except ImportError:
            raise ImportError(
                "TensorBoard's event files need tensorboardX: pip install 'qrnnlang[tensorboard]'"
            ) from None
    return SummaryWriter
