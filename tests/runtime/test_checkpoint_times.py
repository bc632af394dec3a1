"""When a checkpoint is written: every so many seconds, for a better validation, and at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrnnlang.runtime.training import checkpoint
from qrnnlang.runtime.training.checkpoint import AT_BEST, Checkpoint, Saved

from .programs import line


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    made = Clock()
    monkeypatch.setattr(checkpoint, "time", made)
    return made


def test_after_seconds_or_for_a_better_epoch(tmp_path: Path, clock: Any) -> None:
    file = Checkpoint(tmp_path / "a.safetensors", every=30.0)
    assert file.due(better=False)  # nothing is written yet
    file.write(Saved(0, {"a": np.zeros(1)}, []))
    assert not file.due(better=False) and not file.due(better=True)
    clock.now += AT_BEST
    assert file.due(better=True) and not file.due(better=False)
    clock.now += 30.0 - AT_BEST
    assert file.due(better=False)


def test_of_a_run(tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second an epoch: every second one is better on the validation, every fifth is due anyway."""
    written: list[int] = []
    write = Checkpoint.write

    def watched(self: Checkpoint, saved: Saved) -> None:
        written.append(saved.update)
        write(self, saved)

    def tick(values: dict[str, float]) -> None:
        clock.now += 1.0

    monkeypatch.setattr(Checkpoint, "write", watched)
    monkeypatch.setattr("qrnnlang.runtime.results.write_run", lambda *_: None)
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    options: Any = {"epochs": 9, "batch": 4, "optimizer": "sgd", "lr": 0.1, "progress": tick}
    line().fit(x, x, checkpoint=tmp_path / "a", checkpoint_every=4.0, **options)
    assert written == [0, 4, 8, 9]
    written.clear()
    line().fit(x, x, validation=(x, x), checkpoint=tmp_path / "b", checkpoint_every=4.0, **options)
    assert written == [0, *range(1, 10), 9]
