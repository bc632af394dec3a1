"""One contender in a process of its own: `python -m training.worker WORKLOAD PEER`.

It answers one line of JSON to each command on standard input: `first` (build and run once),
`save PATH` (loss and gradient), `time N` (N calls), `cold N` (each with the processor's caches
emptied), `memory` (peak, in MiB).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = 2
#: A contender that asks for more ends with "out of memory".
MEMORY_GIB = 9


def main() -> None:
    workload_key, peer_key = sys.argv[1:3]
    _pin()
    answer = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    call: Callable[[], Any] | None = None
    for line in sys.stdin:
        command, *rest = line.split()
        try:
            with contextlib.redirect_stdout(sys.stderr):
                match command:
                    case "first":
                        call, found = _first(workload_key, peer_key)
                    case "save":
                        assert call is not None
                        found = _save(call, Path(rest[0]))
                    case "time" | "cold":
                        assert call is not None
                        found = _timed(call, int(rest[0]), command == "cold")
                    case "memory":
                        usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                        found = {"peak_mib": usage / 1024}
                    case _:
                        raise ValueError(command)
        except ModuleNotFoundError as error:
            found = {"missing": f"{error.name} is not installed"}
        except MemoryError:
            found = {"failed": "out of memory"}
        except Exception as error:
            text = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            lost = "RESOURCE_EXHAUSTED" in text or "ut of memory" in text or "alloc" in text
            found = {"failed": "out of memory" if lost else f"{type(error).__name__}: {text[:200]}"}
        print(json.dumps(found), file=answer)


def _pin() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(THREADS)
    limit = MEMORY_GIB * 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _first(workload_key: str, peer_key: str) -> tuple[Callable[[], Any], dict[str, float]]:
    from .peers import PEERS
    from .workloads import by_key

    peer, workload = PEERS[peer_key], by_key(workload_key)
    start = time.perf_counter()
    for module in peer.imports:
        __import__(module)
    if "jax" in peer.imports:
        import jax

        jax.config.update("jax_enable_x64", True)
    make = peer.load()
    imported = time.perf_counter()
    call = make(workload)
    call()
    ready = time.perf_counter()
    return call, {"imports_s": imported - start, "first_s": ready - imported}


def _save(call: Callable[[], Any], path: Path) -> dict[str, Any]:
    import numpy as np

    loss, grads = call()
    arrays = {k.removeprefix("c."): np.asarray(v) for k, v in grads.items()}
    np.savez(path, loss=np.asarray(loss), **{f"g:{k}": v for k, v in arrays.items()})
    return {"saved": True}


def _timed(call: Callable[[], Any], count: int, cold: bool) -> dict[str, Any]:
    import numpy as np

    walk = np.zeros(2**23) if cold else None  # 64 MiB, more than the last cache
    found = []
    if not cold:
        call()  # after the others' turns
    for _ in range(count):
        if walk is not None:
            walk += 1
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return {"seconds": found}


if __name__ == "__main__":
    main()
