"""Many independent tasks through one interface: in this process, in several, or on a cluster.

A task is data, never code: the name of a function, `package.module:function`, and arguments that
JSON can hold. So is its result. Whoever carries it out imports the function; nothing is pickled,
and every executor gives the same result.

>>> from qrnnlang.runtime.executor import Task, connect, run_tasks
>>> tasks = [Task(str(n), "math:factorial", [n]) for n in range(3)]
>>> with connect() as executor:
...     sorted(result.value for result in run_tasks(tasks, executor))
[1, 1, 2]

`connect(workers=4)` starts four processes of one thread each, `connect(cluster="tcp://…")` takes a
Dask cluster. With `store=Store(folder)` every result is on disk as soon as it is there, and is not
computed again. A worker that dies costs its task one of three attempts.
"""

from .connect import Executor, connect, run_tasks
from .store import Store
from .tasks import ATTEMPTS, ExecutorError, Result, Task, fingerprint

__all__ = [
    "ATTEMPTS",
    "Executor",
    "ExecutorError",
    "Result",
    "Store",
    "Task",
    "connect",
    "fingerprint",
    "run_tasks",
]
