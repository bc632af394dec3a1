"""The native kernel against the XLA executor."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.engine.native import library
from qrnnlang.runtime.init import init
from qrnnlang.sema.closed import ClosedModel

#: Where there is a compiler a kernel that is not ready is a failure, not a skip.
NEEDS_COMPILER = pytest.mark.skipif(
    library.reason() is not None and "compiler" in str(library.reason()),
    reason="no C++ compiler: the kernel is not built",
)


def data(model: ClosedModel, batch: int, steps: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(5)
    params = {k: np.asarray(v) for k, v in init(model.params, 3).items()}

    def some(ports: Any) -> dict[str, Any]:
        return {
            p.name: rng.uniform(0.1, 0.9, (batch, *((steps,) if p.seq else ()), *p.shape))
            for p in ports
        }

    return params, some(model.inputs), some(model.targets)


def gradients(model: ClosedModel, executor: str, given: tuple[Any, Any, Any], **more: Any) -> Any:
    """Loss and gradients for parameters and inputs."""
    executable = build(model, executor=executor)

    def loss(params: Any, inputs: Any, targets: Any) -> Any:
        return executable.evaluate(params, inputs, targets, **more)[1]

    return jax.jit(jax.value_and_grad(loss, (0, 1)))(*given)


def assert_same(model: ClosedModel, given: tuple[Any, Any, Any], **more: Any) -> None:
    found = gradients(model, "native", given, **more)
    wanted = gradients(model, "xla", given, **more)
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-12)
    scale = max(float(np.abs(g).max()) for g in jax.tree.leaves(wanted[1]))
    assert scale > 0
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10 * scale),
        found[1],
        wanted[1],
    )
