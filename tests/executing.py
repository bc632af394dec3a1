"""Tasks for the tests of the executors: workers import this module by its name."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from qrnnlang.runtime.executor import Task

#: Seconds after which a task that waits for a sign gives up.
PATIENCE_S = 120


def square(n: int) -> dict[str, Any]:
    print("not a result")  # must not stand between results
    return {"square": np.int64(n * n), "root": np.sqrt([float(n)])}


def fail(kind: str) -> None:
    raise {"value": ValueError("not this\nsecond line"), "bug": KeyError("gone")}[kind]


def settings() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in ("NPROC", "OMP_NUM_THREADS")}


def held(n: int, folder: str) -> int:
    """Leaves its process's number in the folder, and waits for the file `go` there."""
    Path(folder, f"{n}-{os.getpid()}.pid").touch()
    end = time.monotonic() + PATIENCE_S
    while not Path(folder, "go").exists():
        if time.monotonic() > end:
            raise TimeoutError("nobody says go")
        time.sleep(0.01)
    return os.getpid()


def squares(count: int) -> list[Task]:
    return [Task(f"n={n}", "executing:square", {"n": n}) for n in range(count)]


def held_tasks(count: int, folder: Path) -> list[Task]:
    return [Task(f"n={n}", "executing:held", [n, str(folder)]) for n in range(count)]


def first_held(folder: Path, count: int = 1) -> list[int]:
    """The processes of the tasks that are being carried out, once there are `count`."""
    end = time.monotonic() + PATIENCE_S
    while len(found := sorted(folder.glob("*.pid"))) < count:
        assert time.monotonic() < end, "no task begins"
        time.sleep(0.01)
    return [int(path.stem.partition("-")[2]) for path in found]
