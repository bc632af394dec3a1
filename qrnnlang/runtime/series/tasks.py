"""Memory tasks on random bits."""

from __future__ import annotations

import numpy as np

from ..init import generator
from .numerics import Columns


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
