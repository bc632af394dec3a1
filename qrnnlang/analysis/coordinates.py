"""Carried states as real vectors, in which lengths are Hilbert–Schmidt norms.

A change of a density operator is a traceless Hermitian matrix. In an orthonormal basis of those
(⟨A, B⟩ = tr AB) it is a real vector of length 4^h − 1 for h qubits, whose Euclidean norm is the
Hilbert–Schmidt norm √tr A². The basis here: diagonal matrices orthogonal to the identity (Helmert),
and (E_ij + E_ji)/√2, i(E_ij − E_ji)/√2 for i < j. With carried bits there is one block for each of
their values and one trace for all. Carried reals follow as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

State = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Coordinates:
    """The layout of the states of one instance.

    `size` is the length of a vector, `levels` 2^h, `blocks` the number of values of the bits,
    `reals` the shapes of the carried arrays by name.
    """

    instance: str
    levels: int
    blocks: int
    bits: bool
    reals: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def quantum(self) -> int:
        """How many of the coordinates are of the density operator."""
        return self.blocks * self.levels**2 - 1 if self.levels else 0

    @property
    def size(self) -> int:
        return self.quantum + sum(int(np.prod(shape)) for _, shape in self.reals)

    def to_vector(self, state: State) -> Any:
        """(batch, size) of a state as `step` gives it."""
        here = state[self.instance]
        parts = []
        if self.levels:
            rho = jnp.asarray(here["density"])
            batch = rho.shape[0]
            rho = rho.reshape(batch, self.blocks, self.levels, self.levels)
            diagonal = jnp.diagonal(rho, axis1=-2, axis2=-1).real.reshape(batch, -1)
            rows, columns = np.triu_indices(self.levels, 1)
            upper = rho[..., rows, columns].reshape(batch, -1) * np.sqrt(2)
            parts += [diagonal @ _helmert(diagonal.shape[1]).T, upper.real, upper.imag]
        for name, _ in self.reals:
            value = jnp.asarray(here["reals"][name])
            parts.append(value.reshape(value.shape[0], -1))
        return jnp.concatenate(parts, axis=1)

    def to_state(self, vector: Any) -> dict[str, dict[str, Any]]:
        """The state of trace 1 with these coordinates, (batch, size)."""
        batch = vector.shape[0]
        found: dict[str, Any] = {"reals": {}}
        if self.levels:
            n, d = self.blocks * self.levels, self.levels
            rows, columns = np.triu_indices(d, 1)
            pairs = self.blocks * len(rows)
            diagonal = vector[:, : n - 1] @ _helmert(n) + 1 / n
            real, imaginary = (
                vector[:, n - 1 : n - 1 + pairs],
                vector[:, n - 1 + pairs :][:, :pairs],
            )
            upper = ((real + 1j * imaginary) / np.sqrt(2)).reshape(batch, self.blocks, -1)
            rho = jnp.zeros((batch, self.blocks, d, d), dtype=upper.dtype)
            rho = rho.at[..., rows, columns].set(upper).at[..., columns, rows].set(upper.conj())
            index = np.arange(d)
            rho = rho.at[..., index, index].set(diagonal.reshape(batch, self.blocks, d))
            found["density"] = rho if self.bits else rho[:, 0]
        start = self.quantum
        for name, shape in self.reals:
            count = int(np.prod(shape))
            found["reals"][name] = vector[:, start : start + count].reshape(batch, *shape)
            start += count
        return {self.instance: found}


def coordinates_of(instance: str, state: State) -> Coordinates:
    """The layout of the states like this one."""
    here = state[instance]
    reals = tuple((n, tuple(np.shape(x)[1:])) for n, x in here["reals"].items())
    if "density" not in here:
        return Coordinates(instance, 0, 0, False, reals)
    shape = np.shape(here["density"])
    return Coordinates(
        instance, shape[-1], shape[1] if len(shape) == 4 else 1, len(shape) == 4, reals
    )


def _helmert(n: int) -> NDArray[np.float64]:
    """(n − 1, n): orthonormal rows, all orthogonal to (1, …, 1)."""
    rows = np.zeros((n - 1, n))
    for k in range(1, n):
        rows[k - 1, :k] = 1
        rows[k - 1, k] = -k
        rows[k - 1] /= np.sqrt(k * (k + 1))
    return rows
