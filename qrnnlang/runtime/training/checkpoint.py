"""Checkpoints: everything that a run needs to go on where it stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...diagnostics import DataError
from ..arrays import Arrays
from ..files import read_bytes, write_bytes

#: Seconds between two checkpoints.
EVERY = 30.0
FORMAT = "1"


@dataclass(frozen=True, eq=False)
class Saved:
    """The state of a run after an epoch; `state` are the leaves of the optimiser's."""

    epoch: int
    updates: int
    best_epoch: int
    best_score: float
    history: dict[str, list[float]]
    trained: Arrays
    best: Arrays
    state: Sequence[np.ndarray]

    def check(
        self, shapes: Mapping[str, tuple[int, ...]], state: Sequence[tuple[int, ...]]
    ) -> None:
        """Raises DataError unless it is of a model and an optimiser with these arrays."""
        if {k: v.shape for k, v in self.trained.items()} != dict(shapes):
            raise DataError("the checkpoint belongs to a model with other parameters")
        if [np.shape(x) for x in self.state] != list(state):
            raise DataError("the checkpoint belongs to a run with another optimizer")


@dataclass
class Checkpoint:
    """The checkpoint file of a run. `resume`: take up what is there."""

    path: Path
    resume: bool = False
    written: float = 0.0

    def offer(self, make: Callable[[], Saved]) -> None:
        """Writes, unless the last time is less than half a minute ago."""
        now = time.monotonic()
        if not self.written:
            self.written = now  # the first epoch is not worth it
        if now - self.written >= EVERY:
            self.write(make())

    def write(self, saved: Saved) -> None:
        """Writes the file, whole or not at all. Raises OSError."""
        from safetensors.numpy import save

        arrays = {f"trained/{k}": v for k, v in saved.trained.items()}
        arrays |= {f"best/{k}": v for k, v in saved.best.items()}
        arrays |= {f"state/{i}": np.asarray(x) for i, x in enumerate(saved.state)}
        facts = {
            "epoch": saved.epoch,
            "updates": saved.updates,
            "best_epoch": saved.best_epoch,
            "best_score": saved.best_score,
            "history": saved.history,
            "leaves": len(saved.state),
        }
        contiguous = {k: np.ascontiguousarray(v).reshape(v.shape) for k, v in arrays.items()}
        header = {"format": FORMAT, "run": json.dumps(facts)}
        write_bytes(self.path, save(contiguous, metadata=header))
        self.written = time.monotonic()

    def read(self) -> Saved | None:
        """What to resume from, if that is wanted and there is something. Raises DataError."""
        if not self.resume or not self.path.exists():
            return None
        content = read_bytes(self.path)
        try:
            return _parsed(content)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.path}: damaged, or not a checkpoint of a run") from error


def _parsed(content: bytes) -> Saved:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    if metadata["format"] != FORMAT:
        raise ValueError("another format")
    facts = json.loads(metadata["run"])

    def part(name: str) -> Arrays:
        return {
            k.removeprefix(f"{name}/"): np.asarray(v)
            for k, v in arrays.items()
            if k.startswith(f"{name}/")
        }

    return Saved(
        int(facts["epoch"]),
        int(facts["updates"]),
        int(facts["best_epoch"]),
        float(facts["best_score"]),
        {str(k): list(v) for k, v in facts["history"].items()},
        part("trained"),
        part("best"),
        [arrays[f"state/{i}"] for i in range(int(facts["leaves"]))],
    )
