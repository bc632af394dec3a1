"""One workload: contenders agree first, then take turns."""

from __future__ import annotations

import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from .machine import machine, revision
from .peers import MACHINE, PEERS, taking_part
from .process import Worker

#: Seconds of a contender's turn, and the fewest calls in all.
TURN_S, LEAST = 0.1, 5
#: Of each contender's times as many quantiles are kept.
POINTS = 401


def run(workload: str, budget_s: float, only: list[str] | None = None) -> dict[str, Any]:
    """What was measured on a workload, as plain data. AssertionError where results differ."""
    keys = [k for k in taking_part(workload) if only is None or k in only]
    workers = [Worker(key, workload) for key in keys]
    try:
        for worker in workers:
            worker.start()
            print(f"  {worker.key}: {worker.lost or _first(worker)}", flush=True)
        compared = _agree(workers)
        _take_turns(workers, budget_s)
        for worker in workers:
            if worker.lost is None:
                worker.turn_cold(min(5, len(worker.seconds)))
                worker.facts |= worker.ask("memory")
        return {
            "workload": workload,
            "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
            "python": platform.python_version(),
            "machine": machine(),
            "revision": revision(),
            "compared": compared,
            "contenders": {
                w.key: {
                    "lost": w.lost,
                    "calls": len(w.seconds),
                    "seconds": _points(w.seconds),
                    "cold": w.cold,
                    **w.facts,
                }
                for w in workers
            },
        }
    finally:
        for worker in workers:
            worker.close()


def _first(worker: Worker) -> str:
    facts = worker.facts
    return f"first gradient {facts['first_s']:.2f} s, process {facts['process_s']:.2f} s"


def _agree(workers: list[Worker]) -> int:
    """Every loss to 1e-10 and every gradient to 1e-8 of its largest entry; how many agree."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for worker in workers:
            if PEERS[worker.key].table == MACHINE:
                continue
            path = Path(folder) / f"{worker.key}.npz"
            if worker.ask(f"save {path}"):
                with np.load(path) as found:
                    results[worker.key] = {name: found[name] for name in found.files}
    names = list(results)
    for key in names[1:]:
        wanted, found = results[names[0]], results[key]
        assert set(found) == set(wanted), f"{key}: {sorted(found)} for {sorted(wanted)}"
        for name, value in wanted.items():
            scale = max(float(np.abs(value).max(initial=0)), 1e-3)
            bound = 1e-10 if name == "loss" else 1e-8
            far = float(np.abs(found[name] - value).max(initial=0)) / scale
            assert far < bound, f"{key} against {names[0]}: {name} differs by {far:.1e}"
    return len(names)


def _points(seconds: list[float]) -> list[float]:
    """Quantiles that stand for all calls, the least and the greatest among them."""
    if len(seconds) <= POINTS:
        return sorted(seconds)
    return [float(v) for v in np.quantile(seconds, np.linspace(0, 1, POINTS))]


def _take_turns(workers: list[Worker], budget_s: float) -> None:
    """Turn by turn until the budget is used; slow contenders sit out once they have enough."""
    for worker in workers:
        worker.turn(1)
    end = time.perf_counter() + budget_s
    rounds = 0
    while rounds < LEAST or time.perf_counter() < end:
        for worker in workers:
            if worker.lost is not None:
                continue
            typical = float(np.median(worker.seconds))
            late = time.perf_counter() > end
            if late and len(worker.seconds) * typical > 10:
                continue
            worker.turn(max(1, int(TURN_S / typical)))
        rounds += 1
        if time.perf_counter() > end + budget_s:
            break
