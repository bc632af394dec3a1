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


#: A sequence of vectors of one number in, of two numbers out, for a cell C.
MODEL = (
    "model M { use c = C(); input x: seq real[1]; target y: seq real[2];"
    " output p = c(x); loss mse(p, y); }"
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


def assert_slope(model: ClosedModel, given: Any, **more: Any) -> None:
    """The gradient along some direction, against central differences of the same loss."""
    params, inputs, targets = given
    executable = build(model, executor="native")

    @jax.jit
    def loss(both: Any) -> Any:
        return executable.evaluate(*both, targets, **more)[1]

    both = (params, inputs)
    rng = np.random.default_rng(1)
    way = jax.tree.map(lambda a: rng.normal(size=np.shape(a)), both)
    found = jax.jit(jax.grad(loss))(both)
    slope = sum(jax.tree.leaves(jax.tree.map(lambda g, d: float((g * d).sum()), found, way)))

    def at(size: float) -> float:
        return float(loss(jax.tree.map(lambda a, d: a + size * d, both, way)))

    wanted = (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3
    assert abs(wanted) > 1e-3
    np.testing.assert_allclose(slope, wanted, rtol=1e-7)
