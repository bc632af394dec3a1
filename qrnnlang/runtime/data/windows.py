"""Windows over the rows of a table, and their split in time order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError
from ...sema.closed import Setting
from ...sema.dataset import cut

_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Windows:
    """`window` None: the whole series is one window."""

    window: int | None
    stride: int
    split: tuple[float, ...] | None  # two or three shares

    def starts(
        self, rows: int, name: str, rest: bool = False
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
        """The first row of every window of `rows` rows; what is left at the end is dropped.

        With `rest` it makes one more window, which is shorter: the second array then says how many
        rows each has.
        """
        length = self.window or rows
        if length > rows and not rest:
            raise DataError(f"{name}: {rows} complete rows are fewer than a window of {length}")
        starts = np.arange(0, rows - length + 1, self.stride)
        covered = int(starts[-1]) + length if len(starts) else 0
        first = len(starts) * self.stride
        if not rest or covered >= rows or first >= rows:
            return starts, None
        lengths = np.full(len(starts) + 1, length)
        lengths[-1] = rows - first
        return np.append(starts, first), lengths


def windows(options: Mapping[str, Setting]) -> Windows:
    """The options `window`, `stride` and `split`. Raises CompileError."""
    found = cut(options)
    return Windows(found.window, found.stride, found.split)


def counts(n: int, shares: tuple[float, ...] | None, name: str) -> dict[str, int]:
    """How many of n windows belong to each part: the first round(a·n) train, halves up."""
    if shares is None:
        return {"train": n, "validation": 0, "test": 0}
    train = min(_rounded(shares[0], n), n)
    validation = min(_rounded(shares[1], n), n - train) if len(shares) == 3 else 0
    if train == 0:
        raise DataError(f"{name}: the split leaves no window of {n} for training")
    return dict(zip(_PARTS, (train, validation, n - train - validation), strict=True))


def _rounded(share: float, n: int) -> int:
    # In decimal, as written: 0.145 · 100 is 14.5 and not a little less.
    return int((Decimal(str(share)) * n).to_integral_value(ROUND_HALF_UP))
