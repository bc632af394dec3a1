"""One run of a sweep, as a worker carries it out: everything that it needs is in its arguments."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...diagnostics import DataError
from ..data import Dataset
from ..files import read_bytes
from ..load import load_parts
from ..model import Model

#: A file of data up to this size travels with every task; a larger one is read where it lies.
CARRIED = 1 << 20
#: Models that a worker keeps compiled: runs that differ in their seed share one.
_KEPT = 4


@dataclass(frozen=True)
class DataFile:
    """The file a model is trained on: where it lies, what it holds."""

    path: str
    digest: str
    content: str | None = None  # base64

    @classmethod
    def of(cls, path: Path) -> DataFile:
        """Raises DataError when it cannot be read."""
        content = read_bytes(path)
        small = base64.b64encode(content).decode() if len(content) <= CARRIED else None
        return cls(str(path.resolve()), sha256(content).hexdigest(), small)

    def here(self, folder: Path) -> Path:
        """A path where this machine has the file; it may be written to `folder` first."""
        path = Path(self.path)
        if path.is_file() and sha256(path.read_bytes()).hexdigest() == self.digest:
            return path
        if self.content is None:
            raise DataError(
                f"{self.path}: not on this worker, or not the same there; "
                f"a file above {CARRIED >> 20} MiB must lie where every worker can read it"
            )
        path = folder / f"{self.digest}{path.suffix}"
        path.write_bytes(base64.b64decode(self.content))
        return path


def train(
    source: str,
    imports: dict[str, str],
    entry: str,
    hyper: dict[str, Any],
    precision: str,
    seed: int,
    settings: dict[str, Any],
    data: dict[str, Any] | None,
) -> dict[str, Any]:
    """Trains from a seed; `metrics`, `epochs`, `best_epoch`, `stopped` and `seconds` of the run.

    An interrupt from the keyboard, at which `fit` gives what it has, ends the sweep.
    """
    model = _model(source, _items(imports), entry, _items(hyper), precision)
    windows = _windows(model, None if data is None else DataFile(**data))
    run = model.fit(data=windows, seed=seed, progress=False, **settings)
    if run.stopped == "interrupted":
        raise KeyboardInterrupt
    return {
        "metrics": run.metrics,
        "epochs": len(run.history["epoch"]),
        "best_epoch": run.best_epoch,
        "stopped": run.stopped,
        "seconds": run.seconds,
    }


def _items(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(values.items()))


@lru_cache(_KEPT)
def _model(source: str, imports: Any, entry: str, hyper: Any, precision: Any) -> Model:
    return load_parts(source, dict(imports), entry, dict(hyper), precision)


@lru_cache(_KEPT)
def _windows(model: Model, file: DataFile | None) -> Dataset:
    if file is None:
        return model.data()
    with tempfile.TemporaryDirectory() as folder:
        return model.data(file.here(Path(folder)))
