"""How fast this machine computes: measured once by the kernel, kept in the user's cache."""

from __future__ import annotations

import ctypes
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from math import isfinite, log2
from pathlib import Path

from .native import library


@dataclass(frozen=True)
class Rates:
    """`product` and `pair`: real operations a second of one thread in products of small matrices

    and in gates on states that lie in the cache; `memory`: bytes a second, read or written.
    """

    product: float
    pair: float
    memory: float

    @property
    def rows_per_gate(self) -> int:
        """How many products of a row of a matrix take as long as a row of a gate.

        A gate takes two multiplications where a product takes one. A power of two: what decides
        about plans should not differ for noise.
        """
        ratio = 2 * self.product / self.pair
        return int(2 ** min(max(round(log2(ratio)), 1), 5))


#: A machine of 2024 with AVX-512; used where nothing was measured, and where output must not depend
#: on the machine.
REFERENCE = Rates(product=2.4e10, pair=6e9, memory=1.2e10)


@cache
def here() -> Rates:
    """This machine's; the reference's without the kernel, or with `QRNNLANG_RATES=reference`."""
    if os.environ.get("QRNNLANG_RATES", "").lower() == "reference":
        return REFERENCE
    try:
        kernel = library.load()
        place = library.rates_file()
    except library.Unavailable:
        return REFERENCE
    found = _kept(place)
    if found is None:
        _keep(place, _measured(kernel))
        found = _kept(place)  # the first of several processes decides
    return found or REFERENCE


def _measured(kernel: ctypes.CDLL) -> Rates:
    numbers = (ctypes.c_double * 3)()
    kernel.qrnn_rates(numbers)
    return Rates(*numbers)


def _kept(place: Path) -> Rates | None:
    try:
        found = Rates(**{k: float(v) for k, v in json.loads(place.read_text()).items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    good = all(isfinite(x) and x > 0 for x in asdict(found).values())
    return found if good else None


def _keep(place: Path, rates: Rates) -> None:
    """Writes the file unless it is there; a machine without a writable cache measures nothing."""
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
        with os.fdopen(handle, "w") as scratch:
            json.dump(asdict(rates), scratch)
        try:
            if _kept(place) is None:
                place.unlink(missing_ok=True)
            os.link(name, place)
        finally:
            Path(name).unlink()
