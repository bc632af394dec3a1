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


def copy(points: int = 2000, items: int = 4, delay: int = 8, seed: int = 0) -> Columns:
    """Some bits are shown, and asked for again after a delay (the copy task of Hochreiter and

    Schmidhuber, Neural Computation 9 (1997) 1735, in the form of Arjovsky et al., arXiv
    1511.06464). A sentence has `items` random bits, written as `u` = ±1, `delay` rows of 0, and
    `items` more in which `y` (also `v`) is the bits in their order; `asked` is 1 there, and `go` is
    1 in the first of them. A window and a stride of 2·items + delay take one sentence at a time.
    """
    if items < 1 or delay < 0:
        raise ValueError("`items` is at least 1 and `delay` at least 0")
    length = 2 * items + delay
    sentences = -(-points // length)
    bits = generator(seed, "series.copy").integers(0, 2, (sentences, items)) * 2.0 - 1.0
    table = {name: np.zeros((sentences, length)) for name in ("u", "y", "go", "asked")}
    table["u"][:, :items] = bits
    table["y"][:, items + delay :] = bits
    table["go"][:, items + delay] = 1
    table["asked"][:, items + delay :] = 1
    found = {name: values.ravel()[:points] for name, values in table.items()}
    return {"v": found["y"], **found}
