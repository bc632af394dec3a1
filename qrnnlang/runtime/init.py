"""Start values of parameters: each drawn from the seed and its own full name alone."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from operator import index
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..sema.closed import ParamSpec

Array: TypeAlias = npt.NDArray[np.float64]


def init(specs: Iterable[ParamSpec], seed: int) -> dict[str, Array]:
    """Start values by parameter path, `fixed` ones included.

    A scalar has shape (), a `unitary[n]` (2^n, 2^n, 2) with real and imaginary parts last. Another
    parameter changes no draw: every name has its own stream (`language.md`, section 5).
    """
    return {spec.name: _start(spec, generator(seed, spec.name)) for spec in specs}


def generator(seed: int, name: str) -> np.random.Generator:
    """The stream of numbers that belongs to a seed and a name."""
    digest = sha256(f"{index(seed)}:{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def _start(spec: ParamSpec, rng: np.random.Generator) -> Array:
    match spec.start:
        case ("uniform", float() | int() as low, float() | int() as high):
            drawn = rng.uniform(low, high, spec.shape)
        case ("normal", float() | int() as mean, float() | int() as std):
            drawn = rng.normal(mean, std, spec.shape)
        case ("values", (float() | int() as only,)):
            drawn = np.full(spec.shape, only, dtype=np.float64)
        case ("values", tuple(values)):
            drawn = np.array(values).reshape(spec.shape)
        case ("haar",):
            drawn = _haar(spec.shape[0], rng)
        case _:
            raise ValueError(f"`{spec.name}` has no known start: {spec.start!r}")
    return np.asarray(drawn, dtype=np.float64)


def _haar(size: int, rng: np.random.Generator) -> Array:
    """A unitary of the Haar measure, (size, size, 2).

    The Q factor of a complex Gaussian matrix (all real parts drawn first), with the phases of R's
    diagonal moved into it: without that Q is not Haar distributed (Mezzadri, Notices of the AMS 54
    (2007) 592).
    """
    real, imaginary = rng.normal(size=(size, size)), rng.normal(size=(size, size))
    q, r = np.linalg.qr(real + 1j * imaginary)
    diagonal = np.diagonal(r)
    unitary = q * (diagonal / np.abs(diagonal))
    return np.stack([unitary.real, unitary.imag], axis=-1)
