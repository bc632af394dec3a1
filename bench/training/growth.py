"""Time against carried qubits, steps and batch."""

from __future__ import annotations

from typing import Any

from .process import Worker

#: Contenders of the curves, and the points of each.
CONTENDERS = ("ours", "xla", "jax_fused", "numpy", "tc_fused", "tc", "pennylane", "jax_gates")
AXES = {
    "steps": [10, 40, 160, 640],
    "batch": [1, 8, 64, 512],
    "carried qubits": [1, 2, 3, 4, 5, 6, 7],
}
QUICK = {"carried qubits": [1, 2], "steps": [5, 10], "batch": [1, 8]}
#: A curve ends where a first gradient or a call takes longer than this, seconds.
FIRST_S, CALL_S = 60.0, 2.0


def measure(axis: str, key: str, quick: bool) -> dict[str, Any]:
    """Seconds by value of the axis; a text where a contender ends."""
    found: dict[str, Any] = {}
    for value in (QUICK if quick else AXES)[axis]:
        carried, steps, batch = {
            "carried qubits": (value, 20, 32),
            "steps": (2, value, 32),
            "batch": (2, 20, value),
        }[axis]
        worker = Worker(key, f"emc:{carried}:{steps}:{batch}")
        try:
            worker.start(FIRST_S)
            worker.turn(1)
            if worker.lost is None:
                worker.turn(max(2, min(30, int(0.5 / worker.seconds[0]))))
        finally:
            worker.close()
        if worker.lost is not None or not worker.seconds:
            found[str(value)] = worker.lost
            break
        found[str(value)] = min(worker.seconds)
        if found[str(value)] > CALL_S:
            break
    return found
