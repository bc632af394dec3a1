"""Tasks in several processes of this machine."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from .tasks import ATTEMPTS, ExecutorError, Result, Task, died

#: What holds the libraries that compute to a number of threads.
_THREADS = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(eq=False)
class _Worker:
    """A process, what it has written of a line, and the task it is at."""

    process: subprocess.Popen[bytes]
    text: bytes = b""
    task: Task | None = None

    @property
    def output(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def begin(self, task: Task) -> None:
        self.task = task
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has died, which its output will tell
            self.process.stdin.write(task.to_json().encode() + b"\n")
            self.process.stdin.flush()

    def end(self) -> str:
        """How the process ended; it is ended if it still runs."""
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        self.process.kill()
        code = self.process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


@dataclass(eq=False)
class Processes:
    """`count` workers with `threads` threads each, started when there is work for them.

    The task of a worker that dies goes to a new one, `ATTEMPTS` times in all.
    """

    count: int
    threads: int = 1
    _workers: list[_Worker] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.count} process{'es' if self.count != 1 else ''}"

    def results(self, tasks: Sequence[Task]) -> Iterator[Result]:
        waiting = deque(tasks)
        begun: dict[str, int] = {}
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.output, selectors.EVENT_READ, worker)
            try:
                yield from self._turns(waiting, begun, selector)
            finally:
                for worker in [w for w in self._workers if w.task is not None]:
                    self._end(worker)  # nobody waits for it any more

    def _turns(
        self, waiting: deque[Task], begun: dict[str, int], selector: selectors.BaseSelector
    ) -> Iterator[Result]:
        while True:
            self._hand_out(waiting, begun, selector)
            if all(w.task is None for w in self._workers):
                return
            for key, _ in selector.select():
                worker: _Worker = key.data
                chunk = os.read(worker.output, 1 << 20)
                if not chunk:
                    selector.unregister(worker.output)
                    task, how = worker.task, self._end(worker)
                    if task is None:
                        continue
                    if begun[task.key] < ATTEMPTS:
                        waiting.appendleft(task)
                    else:
                        yield died(task.key, how, ATTEMPTS)
                    continue
                *lines, worker.text = (worker.text + chunk).split(b"\n")
                for line in lines:
                    found = Result.from_json(line.decode())
                    worker.task = None
                    self._hand_out(waiting, begun, selector)
                    yield replace(found, attempts=begun[found.key])

    def _hand_out(
        self, waiting: deque[Task], begun: dict[str, int], selector: selectors.BaseSelector
    ) -> None:
        """Work for every worker, as far as there is any; workers are started as they are needed."""
        while waiting:
            free = next((w for w in self._workers if w.task is None), None)
            if free is None:
                if len(self._workers) >= self.count:
                    return
                free = self._start()
                selector.register(free.output, selectors.EVENT_READ, free)
            task = waiting.popleft()
            begun[task.key] = begun.get(task.key, 0) + 1
            free.begin(task)

    def _start(self) -> _Worker:
        # The worker imports what this process would, wherever that was found.
        here = Path(__file__).resolve().parents[3]
        path = os.pathsep.join(dict.fromkeys([str(here), *filter(None, sys.path)]))
        settings = dict.fromkeys(_THREADS, str(self.threads))
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **settings, "PYTHONPATH": path},
                # A group of its own: an interrupt from the keyboard is for whoever started it.
                process_group=0,
            )
        except OSError as error:
            raise ExecutorError(f"no process starts: {error.strerror or error}") from None
        worker = _Worker(process)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker) -> str:
        self._workers.remove(worker)
        return worker.end()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in list(self._workers):
            self._end(worker)
