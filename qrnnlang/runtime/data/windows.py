"""Windows over the rows of a table, and their split in time order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError
from ...sema.closed import Setting
from .. import settings

_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Windows:
    """`window` None: the whole series is one window."""

    window: int | None
    stride: int
    split: tuple[float, ...] | None  # two or three shares

    def starts(self, rows: int, name: str) -> npt.NDArray[np.int64]:
        """The first row of every window of `rows` rows; what is left at the end is dropped."""
        length = self.window or rows
        if length > rows:
            raise DataError(f"{name}: {rows} complete rows are fewer than a window of {length}")
        return np.arange(0, rows - length + 1, self.stride)


def windows(options: Mapping[str, Setting]) -> Windows:
    """The options `window`, `stride` and `split`. Raises CompileError."""
    window = stride = None
    if "window" in options:
        window = settings.whole(options["window"], "`window`", 1)
    if "stride" in options:
        stride = settings.whole(options["stride"], "`stride`", 1)
        if window is None:
            settings.fail(
                settings.WRONG_VALUE,
                "`stride` without `window`",
                options["stride"],
                "there is only one window",
                "add `window = …;`",
            )
    return Windows(window, stride or 1, _split(options.get("split")))


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


def _split(setting: Setting | None) -> tuple[float, ...] | None:
    if setting is None:
        return None
    items = setting.value if isinstance(setting.value, tuple) else ()
    if len(items) not in (2, 3):
        settings.fail(
            settings.WRONG_VALUE,
            "`split` has two shares (train, test) or three (train, validation, test)",
            setting,
            f"found {settings.describe(setting)}",
        )
    shares = tuple(settings.number(s, "a share of `split`", 0.0, 1.0) for s in items)
    if abs(sum(shares) - 1) > 1e-6:
        settings.fail(
            settings.WRONG_VALUE,
            "the shares of `split` add up to 1",
            setting,
            f"they add up to {sum(shares):g}",
        )
    return shares
