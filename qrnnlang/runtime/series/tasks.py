"""Memory tasks on random bits."""

from __future__ import annotations

import numpy as np

from ..init import generator
from .numerics import Columns


def elman_xor(points: int = 3000, seed: int = 0) -> Columns:
    """The stream a, b, a xor b, a′, b′, … of random bits (Elman, Cognitive Science 14 (1990) 179).

    Column `v`, zeros and ones: every third bit follows from the two before it.
    """
    triples = -(-points // 3)
    bits = generator(seed, "series.elman_xor").integers(0, 2, (triples, 2))
    stream = np.concatenate([bits, bits.sum(axis=1, keepdims=True) % 2], axis=1)
    return {"v": stream.ravel()[:points].astype(np.float64)}


def delayed_parity(points: int = 1000, delay: int = 1, width: int = 2, seed: int = 0) -> Columns:
    """Random bits `u`, and `y` (also `v`) the parity of the `width` bits that end `delay` rows ago.

    Bits before the first row count as 0.
    """
    if delay < 0 or width < 1:
        raise ValueError("`delay` is at least 0 and `width` at least 1")
    u = generator(seed, "series.delayed_parity").integers(0, 2, points)
    padded = np.concatenate([np.zeros(delay + width, dtype=u.dtype), u])
    # Row t of `u` is row t + delay + width of `padded`.
    ends = np.arange(points) + width
    y = sum(padded[ends - i] for i in range(width)) % 2
    return {
        "v": np.asarray(y, dtype=np.float64),
        "u": u.astype(np.float64),
        "y": np.asarray(y, dtype=np.float64),
    }
