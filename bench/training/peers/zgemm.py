"""The rate of the machine: a product of two complex matrices of 1000 rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..workloads import Workload

SIZE = 1000
FLOPS = 8 * SIZE**3


def make(workload: Workload) -> Callable[[], Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(SIZE, SIZE)) + 1j * rng.normal(size=(SIZE, SIZE)) for _ in range(2))
    out = np.empty_like(a)

    def call() -> Any:
        np.matmul(a, b, out=out)
        return 0.0, {}

    return call
