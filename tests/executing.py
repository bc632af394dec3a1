"""Tasks for the tests of the executors, whose workers import this module by its name, and a

cluster of several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from qrnnlang.runtime.executor import Task

HERE = Path(__file__).resolve().parent
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


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[tuple[str, int, list[int]]]:
    """A scheduler's address and process, and the workers' processes, without nannies."""
    place = folder / "scheduler.json"
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        "NPROC": "1",
    }
    common = ["--scheduler-file", str(place), "--host", "127.0.0.1", "--no-dashboard"]

    def start(kind: str, *more: str) -> subprocess.Popen[bytes]:
        code = f"from distributed.cli.dask_{kind} import main; main()"
        with (folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", code, *common, *more], env=env, stdout=log, stderr=log
            )

    worker = ("--no-nanny", "--nthreads", "1", "--local-directory", str(folder))
    processes = [start("scheduler", "--port", "0")]
    processes += [start("worker", *worker) for _ in range(workers)]
    try:
        yield _address(place), processes[0].pid, [p.pid for p in processes[1:]]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _address(place: Path) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if place.exists():
            try:
                return str(json.loads(place.read_text())["address"])
            except ValueError:  # half written
                pass
        time.sleep(0.01)
    raise AssertionError("the scheduler does not start")
