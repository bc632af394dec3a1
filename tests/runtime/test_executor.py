"""Executors: equal results, errors, dying workers, results that are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from executing import HERE, dask_cluster, first_held, held_tasks, squares

from qrnnlang.runtime.executor import (
    ATTEMPTS,
    ExecutorError,
    Result,
    Store,
    Task,
    connect,
    fingerprint,
    run_tasks,
)


def values(found: Iterator[Result]) -> dict[str, object]:
    return {result.key: result.value for result in found}


# --- tasks and results ----------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [None, 2])
def test_results_are_the_same_everywhere(workers: int | None) -> None:
    with connect(workers=workers) as executor:
        found = values(run_tasks(squares(5), executor))
        again = values(run_tasks(squares(2), executor))  # workers are used again
    assert found == {f"n={n}": {"square": n * n, "root": [float(np.sqrt(n))]} for n in range(5)}
    assert again == {key: found[key] for key in ("n=0", "n=1")}


@pytest.mark.parametrize("workers", [None, 1])
def test_errors_are_results(workers: int | None) -> None:
    names = {"user": "value", "bug": "bug"}
    tasks = [Task(key, "executing:fail", [kind]) for key, kind in names.items()]
    tasks += [Task("absent", "executing:nothing"), *squares(1)]
    with connect(workers=workers) as executor:
        found = {result.key: result for result in run_tasks(tasks, executor)}
    assert found["n=0"].error is None and found["n=0"].final
    user, bug, absent = found["user"], found["bug"], found["absent"]
    assert (user.error, user.kind, user.trace) == ("not this", "ValueError", "") and user.final
    assert bug.error == "KeyError: 'gone'" and "executing.py" in bug.trace and not bug.final
    assert absent.error is not None and "nothing" in absent.error and not absent.final


def test_processes_have_few_threads() -> None:
    with connect(workers=1, threads=2) as executor:
        (found,) = run_tasks([Task("a", "executing:settings")], executor)
    assert found.value == {"NPROC": "2", "OMP_NUM_THREADS": "2"}


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    task = squares(1)[0]
    monkeypatch.setattr("qrnnlang.runtime.executor.tasks.__version__", "0.0.1")
    text = task.to_json()
    monkeypatch.undo()
    monkeypatch.setattr(Task, "to_json", lambda self: text)
    with connect() as executor:
        (found,) = executor.results([task])
    assert found.kind == "ExecutorError" and "0.0.1" in str(found.error)


@pytest.mark.parametrize(
    ("key", "function"), [("a/b", "m:f"), ("", "m:f"), ("a", "m.f"), ("a", "m:f()"), ("a", ":f")]
)
def test_wrong_tasks(key: str, function: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Task(key, function)


def test_wrong_calls() -> None:
    with pytest.raises(ValueError, match="same key"):
        list(run_tasks([*squares(2), *squares(1)], connect()))
    with pytest.raises(ValueError, match="either"):
        connect(workers=1, cluster="tcp://127.0.0.1:1")
    with pytest.raises(ValueError, match="at least one"):
        connect(workers=0)


def test_fingerprints_depend_on_every_part() -> None:
    made = [fingerprint("a", {"x": 1, "y": 2}), fingerprint("a", {"y": 2, "x": 1})]
    assert made[0] == made[1] and len(made[0]) == 24
    assert fingerprint("a", {"x": 1, "y": 2.5}) != made[0] != fingerprint("b", {"x": 1, "y": 2})


# --- dying workers --------------------------------------------------------------------------------


def test_the_task_of_a_killed_process_is_done_by_another(tmp_path: Path) -> None:
    with connect(workers=2) as executor:
        killed: list[int] = []

        def kill() -> None:
            killed.append(first_held(tmp_path, 2)[0])
            os.kill(killed[0], signal.SIGKILL)
            (tmp_path / "go").touch()

        thread = Thread(target=kill)
        thread.start()
        found = {result.key: result for result in run_tasks(held_tasks(4, tmp_path), executor)}
        thread.join()
    assert len(found) == 4 and not any(r.error for r in found.values())
    assert killed[0] not in {r.value for r in found.values()}
    assert sorted(r.attempts for r in found.values()) == [1, 1, 1, 2]


def test_a_task_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    tasks = [Task("deadly", "os:_exit", [9]), *squares(3)]
    with connect(workers=1) as executor:
        found = {r.key: r for r in run_tasks(tasks, executor, Store(tmp_path))}
    assert found["deadly"].error == f"its worker died {ATTEMPTS} times (exit code 9)"
    assert not found["deadly"].final and found["deadly"].attempts == ATTEMPTS
    assert {k for k, r in found.items() if r.error is None} == {"n=0", "n=1", "n=2"}


def test_giving_up_ends_the_processes(tmp_path: Path) -> None:
    executor = connect(workers=1)
    with executor:
        results = executor.results([*squares(1), *held_tasks(2, tmp_path)[1:]])
        assert next(results).key == "n=0"
        (process,) = first_held(tmp_path)
    for _ in range(500):
        if not Path(f"/proc/{process}").exists():
            return
        time.sleep(0.01)
    raise AssertionError("the worker still runs")


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    code = (
        "from executing import held_tasks; from pathlib import Path; import sys\n"
        "from qrnnlang.runtime.executor import connect, run_tasks\n"
        "with connect(workers=1) as e: list(run_tasks(held_tasks(1, Path(sys.argv[1])), e))\n"
    )
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], env={**os.environ, "PYTHONPATH": path}
    )
    (worker,) = first_held(tmp_path)
    parent.kill()
    parent.wait()
    for _ in range(500):
        if not _running(worker):
            return
        time.sleep(0.01)
    raise AssertionError("the worker outlives its parent")


def _running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- results that are kept ------------------------------------------------------------------------


def test_what_is_kept_is_not_done_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    tasks = squares(4)
    with connect() as executor:
        for n, _ in enumerate(run_tasks(tasks, executor, store)):
            if n == 1:
                break  # the plug is pulled
        assert len(store) == 2
        kept = [store.get(task.key) for task in tasks]
        (tmp_path / "results" / "n=1.json").write_text('{"key": "n=1", "val')  # cut off
        found = list(run_tasks(tasks, executor, store))
    assert [r.key for r in found] == ["n=0", "n=1", "n=2", "n=3"]
    assert found[0] == kept[0]
    assert values(iter(found))["n=1"] == {"square": 1, "root": [1.0]}
    assert len(store) == 4 and store.get("n=1") == found[1]


def test_only_errors_that_would_come_again_are_kept(tmp_path: Path) -> None:
    tasks = [Task(kind, "executing:fail", [kind]) for kind in ("value", "bug")]
    store = Store(tmp_path)
    with connect() as executor:
        first = {r.key: r for r in run_tasks(tasks, executor, store)}
        again = {r.key: r for r in run_tasks(tasks, executor, store)}
    assert again["value"] == first["value"]
    assert again["bug"].seconds != first["bug"].seconds


# --- a cluster ------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A scheduler's address and process, with three workers, each a process of its own."""
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    with dask_cluster(tmp_path, workers=3) as (address, scheduler, _):
        yield address, scheduler


def test_a_cluster_of_which_parts_are_killed(cluster: tuple[str, int], tmp_path: Path) -> None:
    address, scheduler = cluster
    store, folder = Store(tmp_path / "results"), tmp_path / "held"
    folder.mkdir()
    with connect(cluster=address) as executor:
        tasks = [*squares(3), Task("user", "executing:fail", ["value"])]
        found = {r.key: r for r in run_tasks(tasks, executor, store)}
        assert found["n=2"].value == {"square": 4, "root": [float(np.sqrt(2))]}
        assert found["user"].error == "not this"

        killed: list[int] = []

        def kill() -> None:
            killed.append(first_held(folder, 2)[0])
            os.kill(killed[0], signal.SIGKILL)
            (folder / "go").touch()

        thread = Thread(target=kill)
        thread.start()
        found = {r.key: r for r in executor.results(held_tasks(8, folder))}
        thread.join()
        assert len(found) == 8 and not any(r.error for r in found.values())
        assert killed[0] not in {r.value for r in found.values()}
        assert executor.name == f"2 workers of {address}"

        # Two are left: a task that kills each worker it meets is given up after them.
        (deadly,) = executor.results([Task("deadly", "os:_exit", [9])])
        assert deadly.error == "its worker died 2 times (on the cluster)" and not deadly.final

        waiting = executor.results(squares(1))  # for a worker, which none is left of
        Thread(target=os.kill, args=(scheduler, signal.SIGKILL)).start()
        with pytest.raises(ExecutorError, match="no longer answers"):
            next(waiting)
    assert len(store) == 4  # what was finished is kept


def test_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    monkeypatch.setattr("qrnnlang.runtime.executor.cluster.PATIENCE_S", 0.2)
    with pytest.raises(ExecutorError, match=r"no scheduler of Dask at tcp://127\.0\.0\.1:9"):
        connect(cluster="tcp://127.0.0.1:9")
    with pytest.raises(ExecutorError, match="no scheduler of Dask at nonsense://x"):
        connect(cluster="nonsense://x")


def test_no_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExecutorError, match=r"pip install 'qrnnlang\[cluster\]'"):
        connect(cluster="tcp://127.0.0.1:9")
