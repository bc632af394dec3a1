"""Carried states as users see them."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax.numpy as jnp

from .carried import Carried
from .plan import Plan, is_real

Array = Any

#: By instance: `density` (batch, 2^h, 2^h), the density matrix of the carried wires, register by
#: register, the first wire least significant; with carried bits (batch, 2^bits, 2^h, 2^h), the
#: unnormalised matrices for every value of the bits; and the carried reals by name.
State: TypeAlias = dict[str, dict[str, Any]]


def to_state(plan: Plan, carried: Carried) -> dict[str, Any]:
    """The state of one cell; its plan has at most one group of wires."""
    found: dict[str, Any] = {
        "reals": {name: x for (name, _), x in zip(plan.reals, carried.reals, strict=True)}
    }
    if carried.bases:
        (base,) = carried.bases
        n, k = plan.qubits, plan.bits
        x = base.shape[0]
        # Positions are qubits, then bits, the first of all most significant.
        whole = base.reshape((x,) + (2,) * (2 * (n + k)))
        rows = [1 + i for i in reversed(range(n))]
        columns = [n + k + i for i in rows]
        bits = [1 + i for i in reversed(range(n, n + k))]
        mirrored = [n + k + i for i in bits]
        whole = whole.transpose([0, *bits, *mirrored, *rows, *columns])
        whole = whole.reshape(x, 2**k, 2**k, 2**n, 2**n)
        family = jnp.diagonal(whole, axis1=1, axis2=2)
        family = jnp.moveaxis(family, -1, 1)
        complex_ = jnp.complex64 if base.dtype in (jnp.float32, jnp.complex64) else jnp.complex128
        family = family.astype(complex_)
        found["density"] = family if k else family[:, 0]
    return found


def from_state(plan: Plan, state: dict[str, Any], real: Any) -> Carried:
    """The inverse of `to_state`. A real density stays real where all amplitudes are."""
    reals = tuple(jnp.asarray(state["reals"][name], real) for name, _ in plan.reals)
    if not plan.bases:
        return Carried((), reals)
    n, k = plan.qubits, plan.bits
    complex_ = jnp.complex64 if real == jnp.float32 else jnp.complex128
    given = jnp.asarray(state["density"])
    stays = is_real(plan) and not jnp.iscomplexobj(given)
    family = given.astype(real if stays else complex_)
    x = family.shape[0]
    family = family.reshape(x, 2**k, 2**n, 2**n)
    # Its Hermitian part, so that derivatives are those along density matrices.
    family = (family + jnp.conj(family.swapaxes(-1, -2))) / 2
    whole = family[:, :, None] * jnp.eye(2**k)[:, :, None, None].astype(real)
    whole = whole.reshape((x,) + (2,) * (2 * (n + k)))
    # Axes now: x, bits (last first), their mirror, row qubits (last first), columns.
    at_bits = {i: 1 + (k - 1 - i) for i in range(k)}
    at_rows = {i: 1 + 2 * k + (n - 1 - i) for i in range(n)}
    order = [at_rows[i] for i in range(n)] + [at_bits[i] for i in range(k)]
    mirrored = [at_rows[i] + n for i in range(n)] + [at_bits[i] + k for i in range(k)]
    whole = whole.transpose([0, *order, *mirrored])
    size = 2 ** (n + k)
    return Carried((whole.reshape(x, size, size),), reals)
