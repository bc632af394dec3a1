"""A worker process: tasks come in on standard input, a line each, results go out likewise.

It ends when standard input does, in the middle of a task, too: nobody would read the result.
"""

from __future__ import annotations

import os
import sys
from queue import SimpleQueue
from threading import Thread

from .tasks import perform


def main() -> None:
    # What tasks print must not stand between results.
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    tasks: SimpleQueue[str] = SimpleQueue()
    Thread(target=_read, args=(tasks,), daemon=True).start()
    while True:
        results.write(perform(tasks.get()) + "\n")
        results.flush()


def _read(tasks: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        tasks.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
