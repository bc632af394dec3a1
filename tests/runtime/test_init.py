"""Start values: the rule to the letter."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from qrnnlang.runtime.init import init
from qrnnlang.sema.closed import ParamSpec


def spec(name, shape, start, kind="real"):
    return ParamSpec(name, shape, True, kind, start)


def stream(seed, name):
    key = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def test_draws_follow_the_rule():
    found = init(
        [spec("f.w", (2, 3), ("uniform", -1.0, 2.0)), spec("s", (), ("normal", 1.0, 0.5))], 7
    )
    np.testing.assert_array_equal(found["f.w"], stream(7, "f.w").uniform(-1, 2, (2, 3)))
    np.testing.assert_array_equal(found["s"], stream(7, "s").normal(1, 0.5, ()))
    assert found["s"].shape == () and found["s"].dtype == np.float64


def test_another_parameter_changes_no_draw():
    a, b = spec("a", (4,), ("uniform", 0.0, 1.0)), spec("b", (4,), ("uniform", 0.0, 1.0))
    alone, both = init([b], 3), init([a, b], 3)
    np.testing.assert_array_equal(alone["b"], both["b"])
    assert not np.array_equal(both["a"], both["b"])


def test_given_values():
    found = init(
        [spec("a", (2, 2), ("values", (1.0, 2.0, 3.0, 4.0))), spec("b", (3,), ("values", (9.0,)))],
        0,
    )
    np.testing.assert_array_equal(found["a"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(found["b"], [9, 9, 9])


def test_haar_is_unitary_and_has_free_phases():
    units = []
    for seed in range(300):
        u = init([spec("U", (4, 4, 2), ("haar",), "unitary")], seed)["U"]
        full = u[..., 0] + 1j * u[..., 1]
        np.testing.assert_allclose(full @ full.conj().T, np.eye(4), atol=1e-14)
        units.append(full)
    # Under the Haar measure E U = 0 and E |U_ij|² = 1/4; without the phase fix the first fails.
    mean = np.mean(units, axis=0)
    assert np.abs(mean).max() < 0.12
    assert np.abs(np.mean(np.abs(units) ** 2, axis=0) - 0.25).max() < 0.06


def test_a_seed_is_a_whole_number():
    with pytest.raises(TypeError):
        init([spec("a", (), ("uniform", 0.0, 1.0))], 1.5)
