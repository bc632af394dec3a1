"""exp(−iH) and its derivatives, where eigenvalues coincide too."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qrnnlang as qr
from qrnnlang.engine import build
from qrnnlang.engine.exponentials import propagator

from .helpers import assert_gradients, model

X, Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
SPECTRA = {
    "all different": [0.3, -1.2, 2.0, 0.9],
    "two alike": [0.3, 0.3, 2.0, -0.7],
    "nearly alike": [0.3, 0.3 + 1e-9, 2.0, 2.0 - 1e-7],
    "all alike": [0.5, 0.5, 0.5, 0.5],
}


def hermitian(rng: np.random.Generator, values: list[float] | None = None) -> Any:
    a = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    if values is None:
        return (a + a.conj().T) / 2
    q, _ = np.linalg.qr(a)
    return q @ np.diag(values) @ q.conj().T


def along(h: Any, directions: list[Any]) -> Any:
    def f(s: Any) -> Any:
        moved = h + sum(s[i] * e for i, e in enumerate(directions))
        return propagator(moved[None])[0]

    return f


@pytest.mark.parametrize("name", SPECTRA)
def test_values_and_two_derivatives(name: str) -> None:
    rng = np.random.default_rng(3)
    h = hermitian(rng, SPECTRA[name])
    d, e = hermitian(rng), hermitian(rng)
    f = along(h, [d, e])
    zero = jnp.zeros(2)
    np.testing.assert_allclose(f(zero), expm(-1j * h), atol=1e-13)

    def exact(s: float, t: float) -> Any:
        return expm(-1j * (h + s * d + t * e))

    step = 1e-3
    first = np.asarray(jax.jit(jax.jacfwd(f))(zero))
    numeric = (
        8 * (exact(step, 0) - exact(-step, 0)) - exact(2 * step, 0) + exact(-2 * step, 0)
    ) / (12 * step)
    np.testing.assert_allclose(first[..., 0], numeric, atol=1e-10)
    second = np.asarray(jax.jit(jax.jacfwd(jax.jacfwd(f)))(zero))
    mixed = (
        sum(
            w * v * exact(a * step, b * step)
            for a, w in ((1, 8), (-1, -8), (2, -1), (-2, 1))
            for b, v in ((1, 8), (-1, -8), (2, -1), (-2, 1))
        )
        / (12 * step) ** 2
    )
    np.testing.assert_allclose(second[..., 0, 1], mixed, atol=1e-8)
    np.testing.assert_allclose(second[..., 0, 1], second[..., 1, 0], atol=1e-12)


def test_reverse_mode_is_forward_mode() -> None:
    rng = np.random.default_rng(4)
    h, d = hermitian(rng, SPECTRA["two alike"]), hermitian(rng)
    weight = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))

    def scalar(s: Any) -> Any:
        return (weight * along(h, [d])(s[None])).sum().real

    s = jnp.array(0.0)
    np.testing.assert_allclose(jax.grad(scalar)(s), jax.jvp(scalar, (s,), (1.0,))[1], atol=1e-13)
    twice = jax.jit(jax.grad(jax.grad(scalar)))
    forward = jax.jvp(jax.grad(scalar), (s,), (1.0,))[1]
    np.testing.assert_allclose(twice(s), forward, atol=1e-12)
    third = jax.jvp(twice, (s,), (1.0,))[1]
    step = 1e-4
    moved = [float(twice(s + k * step)) for k in (1, -1)]
    assert float(third) == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-6)


DEGENERATE = """
cell A {
    input x: real;
    carry m: qubit[2];
    param a: real[2] = [0.7, 0.7];
    param t: real = 0.4;
    h m[0];
    ry(x) m[1];
    let H = a[0] * X(m[0]) * X(m[1]) + a[1] * Y(m[0]) * Y(m[1]) + 0.3 * Z(m[0]) * X(m[1]);
    evolve(H, t);
    output y = [expect(Z(m[0])), expect(X(m[1]))];
}
"""


def test_a_degenerate_hamiltonian_in_a_cell() -> None:
    """Parameters for which pairs of levels coincide: all the same but Z X left out."""
    closed = model(DEGENERATE.replace("+ 0.3 * Z(m[0]) * X(m[1])", "+ 0.0 * X(m[0])"))
    x = {"x": np.array([[0.3, -0.5]])}
    assert_gradients(closed, {"a": np.array([0.7, 0.0]), "t": np.array(0.4)}, x)
    assert_gradients(closed, {"a": np.zeros(2), "t": np.array(0.4)}, x)


def test_second_derivatives_of_a_cell() -> None:
    loaded = qr.loads("qrnn 1.0;" + DEGENERATE)
    x = {"x": np.array([[0.3, -0.5]])}
    executable = build(loaded.closed, executor="xla")

    def value(a: Any) -> Any:
        return (executable.apply({"a": a, "t": jnp.array(0.4)}, x)["y"] ** 2).sum()

    a = jnp.array([0.7, 0.7])
    gradient = jax.jit(jax.grad(value))
    found = np.asarray(jax.jit(jax.hessian(value))(a))
    step = 1e-5
    for i in range(2):
        move = step * np.eye(2)[i]
        numeric = (gradient(a + move) - gradient(a - move)) / (2 * step)
        np.testing.assert_allclose(found[i], numeric, atol=1e-8)


def test_single_precision_stays_unitary() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(32, 32)) + 1j * rng.normal(size=(32, 32))
    h = ((a + a.conj().T) / 2).astype(np.complex64)
    u = np.asarray(propagator(jnp.asarray(h[None])))[0].astype(complex)
    assert np.linalg.norm(u.conj().T @ u - np.eye(32), 2) < 1.2e-6
    np.testing.assert_allclose(u, expm(-1j * h.astype(complex)), atol=3e-6)
