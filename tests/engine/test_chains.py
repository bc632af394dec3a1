"""What XLA must not see: a chain of gates that read their input twice, once reversed.

It would fuse them into one loop in which each gate computes its input twice, 2^gates in all, in
code and in work. Neither its cost analysis nor the size of its program shows that, so the test
looks for what starts it.
"""

from __future__ import annotations

import jax
import numpy as np

from qrnnlang.engine.tensors import pair

jax.config.update("jax_enable_x64", True)


def chain(t: jax.Array, c: jax.Array, s: jax.Array) -> jax.Array:
    for g in range(len(c)):
        diag = jax.numpy.stack([c[g], c[g]])[None]
        cross = jax.numpy.stack([-s[g], s[g]])[None]
        t = pair(t, 3, diag, cross, (g,), 1)
    return t


def test_a_chain_is_made_of_gathers() -> None:
    angles = np.array([0.3, 0.4, 0.5])
    ket = np.zeros((1, 8, 1, 1))
    ket[0, 0] = 1
    compiled = jax.jit(chain).lower(ket, np.cos(angles), np.sin(angles)).compile()
    assert " reverse(" not in compiled.as_text()
    found = np.asarray(compiled(ket, np.cos(angles), np.sin(angles)))[0, :, 0, 0]
    each = np.stack([np.cos(angles), np.sin(angles)], 1)
    wanted = np.einsum("a,b,c->abc", *each).reshape(-1)
    np.testing.assert_allclose(found, wanted, atol=1e-15)
