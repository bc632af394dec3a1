"""Recorded series that ship inside other packages."""

from __future__ import annotations

import numpy as np

from ...diagnostics import DataError
from .numerics import Columns


def sunspots() -> Columns:
    """The yearly mean number of sunspots from 1700 to 2008, 309 rows. Columns `v`, `year`.

    The data set of the package `statsmodels` (`pip install qrnnlang[data]`), which took it from the
    National Geophysical Data Center.
    """
    try:
        from statsmodels.datasets import sunspots as recorded
    except ImportError:
        raise DataError(
            "`series.sunspots` comes with the package `statsmodels`: "
            "install it with `pip install 'qrnnlang[data]'`"
        ) from None
    table = recorded.load_pandas().data
    return {
        "v": np.array(table["SUNACTIVITY"], dtype=np.float64),
        "year": np.array(table["YEAR"], dtype=np.float64),
    }
