"""exp(−iH) of Hermitian matrices, differentiable any number of times, degenerate spectra included.

H = V·diag(λ)·V†. The k-th derivative of f(H) in directions E_1 … E_k is, with Ẽ = V†EV,

    V · [ Σ over permutations π and over b … of f[λ_a, λ_b, …, λ_z] Ẽ_π1[a, b] … Ẽ_πk[·, z] ] · V†

where f[…] are the divided differences of f(λ) = exp(−iλ) (Daleckii and Krein; Higham, Functions of
Matrices, chapter 3). They stay finite where eigenvalues coincide, which the derivatives of V and λ
themselves do not. So all these derivatives are one JAX primitive, whose derivative in H is itself
with one direction more, and JAX never differentiates the eigendecomposition.
"""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Array = Any

#: Points that lie further apart than this are divided, closer ones are expanded in this many terms.
_FAR, _TERMS = 0.5, 14


def propagator(h: Array) -> Array:
    """exp(−iH) for Hermitian H, (x, N, N)."""
    found: Array = _derivative.bind(h)
    return found


def _computed(h: Array, *directions: Array) -> Array:
    """The derivative of exp(−iH) in as many directions, each (x, N, N)."""
    values, vectors = jnp.linalg.eigh(h)
    if h.dtype == jnp.complex64:
        vectors = _orthonormal(vectors)
    back = vectors.conj().swapaxes(-1, -2)
    k = len(directions)
    if k == 0:
        return (vectors * jnp.exp(-1j * values)[:, None]) @ back
    inside = [back @ e @ vectors for e in directions]
    letters = "abcdefgh"[: k + 1]
    factors = [f"x{letters[i : i + 2]}" for i in range(k)]
    formula = f"x{letters},{','.join(factors)}->x{letters[0]}{letters[-1]}"
    quotients = _divided_at_all(values, k)
    found = sum(jnp.einsum(formula, quotients, *order) for order in permutations(inside))
    return vectors @ found @ back


def _orthonormal(vectors: Array) -> Array:
    """One step of Newton and Schulz: of single precision, `eigh` leaves so much that a trace drifts

    by a few millionths a step.
    """
    overlaps = vectors.conj().swapaxes(-1, -2) @ vectors
    return vectors @ (1.5 * jnp.eye(vectors.shape[-1], dtype=vectors.dtype) - 0.5 * overlaps)


# --- divided differences ---------------------------------------------------------------------


def _divided_at_all(values: Array, k: int) -> Array:
    """Divided differences of exp(−iλ) at every k + 1 of the eigenvalues, (x, N, …, N)."""
    n = values.shape[1]
    axes = range(k + 1)
    points = [values.reshape(-1, *(n if axis == i else 1 for axis in axes)) for i in axes]
    whole = jnp.sort(jnp.stack(jnp.broadcast_arrays(*points)), 0)
    return _divided([whole[i] for i in axes])


def _divided(points: list[Array]) -> Array:
    """The divided difference at ascending points."""
    first, last = points[0], points[-1]
    if len(points) == 1:
        return jnp.exp(-1j * first)
    if len(points) == 2:
        # (e^−ia − e^−ib)/(a − b), without the difference that cancels.
        turn = jnp.exp(-0.5j * (first + last))
        return -1j * turn * jnp.sinc((first - last) / (2 * np.pi))
    spread = last - first
    far = spread > _FAR
    quotient = (_divided(points[1:]) - _divided(points[:-1])) / jnp.where(far, spread, 1)
    return jnp.where(far, quotient, _expanded(points))


def _expanded(points: list[Array]) -> Array:
    """Around the points' mean: e^−iμ Σ_m (−i)^(m+k)/(m+k)! h_m of the distances from it.

    h_m, the complete homogeneous polynomials, are the coefficients of Π 1/(1 − d·t).
    """
    k = len(points) - 1
    centre = sum(points) / len(points)
    powers = [jnp.ones_like(centre)] + [jnp.zeros_like(centre)] * _TERMS
    for point in points:
        distance = point - centre
        for m in range(1, _TERMS + 1):
            powers[m] = powers[m] + distance * powers[m - 1]
    series = sum(h * (-1j) ** (m + k) / factorial(m + k) for m, h in enumerate(powers))
    return jnp.exp(-1j * centre) * series


# --- the primitive -------------------------------------------------------------------------------


_derivative: Any = Primitive("derivative_of_exponential")
_derivative.def_impl(jax.jit(_computed))
_derivative.def_abstract_eval(lambda h, *_: h)


def _jvp(primals: Any, tangents: Any) -> tuple[Array, Array]:
    h, *directions = primals
    change, *changes = tangents
    slopes = []
    if not isinstance(change, ad.Zero):
        slopes.append(_derivative.bind(h, *directions, change))
    for i, tangent in enumerate(changes):
        if not isinstance(tangent, ad.Zero):
            moved = [*directions[:i], tangent, *directions[i + 1 :]]
            slopes.append(_derivative.bind(h, *moved))
    value = _derivative.bind(h, *directions)
    return value, sum(slopes[1:], slopes[0]) if slopes else jnp.zeros_like(value)


def _transposed(cotangent: Any, h: Any, *directions: Any) -> list[Any]:
    """tr(M·D[E_1, …, E_k]) does not change when M and an E change places."""
    found: list[Any] = [None]
    for i, direction in enumerate(directions):
        if not isinstance(direction, ad.UndefinedPrimal):
            found.append(None)
        elif isinstance(cotangent, ad.Zero):
            found.append(ad.Zero(direction.aval))
        else:
            turned = cotangent.swapaxes(-1, -2)
            moved = [*directions[:i], turned, *directions[i + 1 :]]
            found.append(_derivative.bind(h, *moved).swapaxes(-1, -2))
    return found


def _batched(args: Any, axes: Any) -> tuple[Array, int]:
    """A further axis joins that of samples."""
    pairs = list(zip(args, axes, strict=True))
    size = next(a.shape[axis] for a, axis in pairs if axis is not None)
    moved = [
        jnp.broadcast_to(a, (size, *a.shape)) if axis is None else jnp.moveaxis(a, axis, 0)
        for a, axis in pairs
    ]
    shape = moved[0].shape
    flat = [a.reshape(-1, *a.shape[2:]) for a in moved]
    return _derivative.bind(*flat).reshape(shape), 0


ad.primitive_jvps[_derivative] = _jvp
ad.primitive_transposes[_derivative] = _transposed
batching.primitive_batchers[_derivative] = _batched
mlir.register_lowering(_derivative, mlir.lower_fun(_computed, multiple_results=False))
