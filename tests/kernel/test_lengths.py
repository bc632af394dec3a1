"""Sequences of different lengths in one call of the kernel."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.sema import load_text

from .helpers import NEEDS_COMPILER, data
from .test_agreement import HYBRID
from .test_forms import FORMS

jax.config.update("jax_enable_x64", True)

pytestmark = NEEDS_COMPILER

LENGTHS = np.array([5, 1, 3, 5, 2, 4, 1, 1, 2])
#: A transfer matrix, Kraus operators with outputs from reads and others, and step by step.
CELLS = {name: FORMS[name][0] for name in ("two", "three", "five", "postselected")}
CELLS["hybrid"] = lambda: load_text(HYBRID)


def padded(name: str, filler: float) -> tuple[Any, Any, Any]:
    model = CELLS[name]()
    params, inputs, _ = data(model, len(LENGTHS), 5)
    beyond = np.arange(5)[None] >= LENGTHS[:, None]
    return model, params, {n: np.where(beyond[..., None], filler, x) for n, x in inputs.items()}


def run(executable: Any, params: Any, inputs: Any) -> Any:
    """Outputs that count, states, and the gradient of a sum over both."""

    def total(params: Any, inputs: Any) -> Any:
        outputs, last = executable.apply_with_state(params, inputs, lengths=LENGTHS)
        y = outputs["p"].reshape(len(LENGTHS), 5, -1)
        y = jnp.where(jnp.arange(5)[None, :, None] < LENGTHS[:, None, None], y, 0)
        ends = sum((x.real * jnp.cos(jnp.arange(x.size).reshape(x.shape))).sum()
                   for x in jax.tree.leaves(last))  # fmt: skip
        return jnp.sin(2 * y).sum() + ends, (y, last)

    return jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))(params, inputs)


@pytest.mark.parametrize("name", CELLS)
def test_values_states_and_gradients(name: str) -> None:
    model, params, inputs = padded(name, np.nan)
    native = build(model, executor="native")
    text = str(jax.make_jaxpr(lambda p, x: run(native, p, x))(params, inputs))
    assert text.count("qrnn_reverse") == 1
    assert " scan[" not in text
    found, wanted = (run(e, params, inputs) for e in (native, build(model, executor="xla")))
    scale = max(float(np.abs(g).max()) for g in jax.tree.leaves(wanted[1]))
    assert 0 < scale < np.inf
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10 * scale), found, wanted
    )


@pytest.mark.parametrize("name", CELLS)
def test_the_last_outputs_are_repeated(name: str) -> None:
    model, params, inputs = padded(name, 7.0)
    found = np.asarray(build(model, executor="native").apply(params, inputs, LENGTHS)["p"])
    for y, n in zip(found, LENGTHS, strict=True):
        np.testing.assert_array_equal(y[n:], np.broadcast_to(y[n - 1], y[n:].shape))


def test_lengths_of_several_sets_of_data() -> None:
    model, params, inputs = padded("two", 0.0)
    executable = build(model, executor="native")
    lengths = np.stack([LENGTHS, LENGTHS[::-1]])

    def slope(n: Any) -> Any:
        def total(p: Any) -> Any:
            _, last = executable.apply_with_state(p, inputs, lengths=n)
            return sum(x.real[..., 0, 0].sum() for x in jax.tree.leaves(last))

        return jax.grad(total)(params)["c.w"]

    both = jax.vmap(slope)(lengths)
    for found, n in zip(both, lengths, strict=True):
        np.testing.assert_allclose(found, slope(n), atol=1e-13)
