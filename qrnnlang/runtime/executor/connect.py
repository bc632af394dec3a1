"""The interface of all executors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol

from .local import InProcess
from .processes import Processes
from .store import Store
from .tasks import Result, Task


class Executor(Protocol):
    """Where tasks are carried out; a context, which gives back what it holds."""

    @property
    def name(self) -> str:
        """What a progress line calls it: "4 processes"."""
        ...

    def results(self, tasks: Sequence[Task]) -> Iterator[Result]:
        """One result for each task, as they come. What is left is given up with the iterator."""
        ...

    def __enter__(self) -> Executor: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def connect(
    workers: int | None = None, cluster: str | None = None, *, threads: int = 1
) -> Executor:
    """This process; or `workers` processes of `threads` threads; or a Dask cluster's scheduler.

    Raises ValueError for both at once, ExecutorError where no scheduler answers.
    """
    if cluster is not None:
        if workers is not None:
            raise ValueError("either workers on this machine or a cluster")
        from .cluster import Cluster

        return Cluster.at(cluster)
    if workers is None:
        return InProcess()
    if workers < 1 or threads < 1:
        raise ValueError(f"{workers} workers of {threads} threads: at least one of each")
    return Processes(workers, threads)


def run_tasks(
    tasks: Sequence[Task], executor: Executor, store: Store | None = None
) -> Iterator[Result]:
    """The result of every task: first those that the store has, then the others as they come.

    What a store holds of a task whose worker died, or that failed by a bug, is tried again. Raises
    ValueError for keys that are not unique, ExecutorError when the executor cannot go on, OSError
    when the disk refuses; what was finished until then is in the store.
    """
    if len({task.key for task in tasks}) < len(tasks):
        raise ValueError("two tasks have the same key")
    missing = []
    for task in tasks:
        found = store.get(task.key) if store is not None else None
        if found is not None and found.final:
            yield found
        else:
            missing.append(task)
    for result in executor.results(missing):
        if store is not None:
            store.put(result)
        yield result
