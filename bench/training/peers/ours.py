"""This package: the model's own loss and gradient, as `fit` computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..workloads import Workload
from .jax_common import start


def make(workload: Workload, executor: str = "auto") -> Callable[[], Any]:
    import jax
    import numpy as np

    from qrnnlang.engine import build
    from qrnnlang.sema import load_text

    model = load_text(workload.source)
    executable = build(model, executor=executor)
    params = start(workload)
    expected = {s.name: tuple(s.shape) for s in model.params}
    assert expected == {k: np.shape(v) for k, v in params.items()}, expected
    x, y = workload.data()
    if workload.updates:
        return _epoch(executable, params, x, y, workload)
    compiled = jax.jit(jax.value_and_grad(executable.loss))
    given = jax.device_put((params, x, y))

    def call() -> Any:
        return jax.block_until_ready(compiled(*given))

    return call


def make_xla(workload: Workload) -> Callable[[], Any]:
    return make(workload, "xla")


def _epoch(executable: Any, params: Any, x: Any, y: Any, workload: Workload) -> Callable[[], Any]:
    from .rmsprop import epoch

    return epoch(lambda p, x, y: executable.loss(p, {"x": x}, {"y": y}), params, x, y, workload)
