"""Tasks on a Dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any
from uuid import uuid4

from .tasks import ExecutorError, Result, Task, died, perform

#: Tasks that are with the scheduler at a time: enough for its workers, few to take back.
_AHEAD = 256
#: Seconds to wait for the scheduler.
PATIENCE_S = 15.0


@dataclass(eq=False)
class Cluster:
    """The workers of the scheduler at an address; they need the same version of qrnnlang.

    Dask gives the task of a worker that dies to another, as often as the scheduler's
    `allowed-failures` says. Without workers a task waits until one comes.
    """

    address: str
    client: Any

    @classmethod
    def at(cls, address: str) -> Cluster:
        """Raises ExecutorError without `distributed`, or where no scheduler answers."""
        try:
            from distributed import Client
        except ImportError:
            raise ExecutorError(
                "a cluster needs Dask's scheduler: pip install 'qrnnlang[cluster]'"
            ) from None
        try:
            client = Client(address, timeout=PATIENCE_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else "no answer"
            raise ExecutorError(f"no scheduler of Dask at {address}: {reason}") from None
        return cls(address, client)

    @property
    def name(self) -> str:
        count = len(self.client.scheduler_info(n_workers=-1)["workers"])
        return f"{count} worker{'s' if count != 1 else ''} of {self.address}"

    def results(self, tasks: Sequence[Task]) -> Iterator[Result]:
        waiting = deque(tasks)
        running: dict[Any, Task] = {}
        done: SimpleQueue[Any] = SimpleQueue()
        run = uuid4().hex[:8]  # a task of an earlier run may stand with the scheduler yet
        try:
            while waiting or running:
                while waiting and len(running) < _AHEAD:
                    task = waiting.popleft()
                    name = f"qrnnlang-{run}-{task.key}"
                    made = self.client.submit(perform, task.to_json(), key=name, pure=False)
                    running[made] = task
                    made.add_done_callback(done.put)
                try:
                    future = done.get(timeout=2)
                except Empty:
                    self._check()
                    continue
                yield self._result(future, running.pop(future))
        finally:
            if running:
                self.client.cancel(list(running), force=True)

    def _check(self) -> None:
        if self.client.status != "running":
            raise ExecutorError(f"the scheduler at {self.address} no longer answers")

    def _result(self, future: Any, task: Task) -> Result:
        from distributed import KilledWorker

        try:
            return Result.from_json(future.result(timeout=PATIENCE_S))
        except KilledWorker as error:
            return died(task.key, "on the cluster", getattr(error, "allowed_failures", 0) + 1)
        except ImportError as error:
            raise ExecutorError(
                f"a worker of {self.address} cannot load qrnnlang ({error}); "
                "install the same version there"
            ) from None
        except Exception as error:  # the connection: tasks themselves never raise
            self._check()
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ExecutorError(f"the cluster at {self.address} fails: {first}") from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
