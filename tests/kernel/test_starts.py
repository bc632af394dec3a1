"""Carried states and values that begin at trained ones: one start for all sequences."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel

from .helpers import NEEDS_COMPILER, assert_same, data

pytestmark = NEEDS_COMPILER

BODIES = {
    "a density matrix": "param s: angle[2]; carry m: qubit { ry(s[0]) m; rz(s[1]) m; } fresh e: qubit; "
    "ry(x) e; crx(w) e, m; output y = expect(Z(e));",
    "a ket": "param s: angle[2]; carry m: qubit[4] { ry(s[0]) m; rz(s[1]) m[0]; } "
    "ry(x) m[0]; rx(w) m; cx m[0], m[1]; output y = expect(Z(m[1]));",
    "a value": "param s: real; carry h: real = tanh(s); next h = tanh(w * h + x); output y = h;",
    "both": "param s: real; carry h: real = sin(s); carry m: qubit { ry(s) m; } fresh e: qubit; "
    "ry(x + h) e; crx(w) e, m; let z = expect(Z(e)); next h = z * w; output y = z + h;",
}


def model(name: str) -> ClosedModel:
    cell = f"cell C {{ input x: real; param w: real; {BODIES[name]} }}"
    return load_text(
        f"qrnn 1.0; {cell} model M {{ use c = C(); input x: seq real; target y: seq real; "
        "output p = c(x); loss mse(p, y); }"
    )


@pytest.mark.parametrize("batch", [1, 2, 9])
@pytest.mark.parametrize("name", BODIES)
def test_gradients_of_the_start(name: str, batch: int) -> None:
    made = model(name)
    assert_same(made, data(made, batch, 3))


@pytest.mark.parametrize("name", BODIES)
def test_sequences_of_their_own_lengths(name: str) -> None:
    made = model(name)
    assert_same(made, data(made, 4, 5), lengths=np.array([5, 1, 3, 2]))


@pytest.mark.parametrize("name", BODIES)
def test_a_start_for_each_set_of_parameters(name: str) -> None:
    made = model(name)
    params, inputs, targets = data(made, 3, 2)
    sets = {k: np.stack([v, v + 0.1, v * 0.5]) for k, v in params.items()}
    found: list[Any] = []
    for executor in ("native", "xla"):
        executable = build(made, executor=executor)
        step = jax.jit(jax.vmap(jax.value_and_grad(executable.loss), (0, None, None)))
        found.append(step(sets, inputs, targets))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-11), *found)
