"""Recorded series that ship inside other packages, installed with the extra that is named.

`points` takes the first rows alone, so that forecasts can start from several origins.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from ...diagnostics import DataError
from ..init import generator
from .numerics import Array, Columns
from .symbols import symbol_columns


@contextmanager
def _needs(series: str, package: str, extra: str) -> Iterator[None]:
    """Around an import: DataError with what to install, where the package is missing."""
    try:
        yield
    except ImportError:
        raise DataError(
            f"`series.{series}` comes with the package `{package}`: "
            f"install it with `pip install 'qrnnlang[{extra}]'`"
        ) from None


def _reals(values: npt.ArrayLike) -> Array:
    return np.array(values, dtype=np.float64)


def _first(columns: Columns, points: int, name: str) -> Columns:
    """The first `points` rows. Raises DataError where there are fewer."""
    rows = len(columns["v"])
    if points > rows:
        raise DataError(f"`series.{name}` has {rows} rows, not {points}")
    return {key: column[:points] for key, column in columns.items()}


def _grown(columns: Columns, lag: int) -> Columns:
    """With the column `growth` = log(v / v of `lag` rows before), and from there on."""
    v = columns["v"]
    if not 0 <= lag < len(v):
        raise ValueError(f"`lag` is from 0 to {len(v) - 1}, not {lag}")
    later = {key: column[lag:] for key, column in columns.items()}
    return {**later, "growth": np.log(v[lag:] / v[: len(v) - lag])}


def sunspots(points: int = 309) -> Columns:
    """The yearly mean number of sunspots from 1700 to 2008, 309 rows. Columns `v`, `year`.

    The data set of the package `statsmodels` (`pip install qrnnlang[data]`), which took it from the
    National Geophysical Data Center.
    """
    with _needs("sunspots", "statsmodels", "data"):
        from statsmodels.datasets import sunspots as recorded
    table = recorded.load_pandas().data
    columns = {"v": _reals(table["SUNACTIVITY"]), "year": _reals(table["YEAR"])}
    return _first(columns, points, "sunspots")


def nile(points: int = 100) -> Columns:
    """The volume of the Nile at Aswan in 10⁸ m³ a year, 1871 to 1970, 100 rows. Columns `v`,

    `year`. From `statsmodels` (`pip install qrnnlang[data]`), after Cobb, Biometrika 65 (1978) 243.
    """
    with _needs("nile", "statsmodels", "data"):
        from statsmodels.datasets import nile as recorded
    table = recorded.load_pandas().data
    columns = {"v": _reals(table["volume"]), "year": _reals(table["year"])}
    return _first(columns, points, "nile")


def co2(points: int = 2284, lag: int = 0) -> Columns:
    """Carbon dioxide at Mauna Loa in ppm, weekly from March 1958 to December 2001, 2,284 rows.

    Columns `v`, `year` (with its fraction), `measured` (0 in the 59 weeks without a measurement,
    where `v` lies on a straight line between its neighbours), `growth`: the logarithm of `v` over
    its value `lag` rows before; the first `lag` rows are left out. From `statsmodels` (`pip install
    qrnnlang[data]`), after Keeling and Whorf, Scripps Institution of Oceanography.
    """
    with _needs("co2", "statsmodels", "data"):
        from statsmodels.datasets import co2 as recorded
    table = recorded.load_pandas().data
    v = _reals(table["co2"])
    measured = np.isfinite(v)
    rows = np.arange(len(v))
    days = np.array(table.index.to_numpy(), dtype="datetime64[D]")
    years = days.astype("datetime64[Y]")
    into = (days - years.astype("datetime64[D]")).astype(np.float64)
    columns = {
        "v": np.interp(rows, rows[measured], v[measured]),
        "year": years.astype(np.int64) + 1970 + into / 365.25,
        "measured": measured * 1.0,
    }
    return _grown(_first(columns, points, "co2"), lag)


def el_nino(points: int = 732) -> Columns:
    """The sea surface temperature off Peru in °C (0–10° S, 90–80° W), monthly from 1950 to 2010,

    732 rows. Columns `v`, `year` (with its fraction). From `statsmodels` (`pip install
    qrnnlang[data]`), after the Climate Prediction Center of the NOAA.
    """
    with _needs("el_nino", "statsmodels", "data"):
        from statsmodels.datasets import elnino as recorded
    table = recorded.load_pandas().data
    years = _reals(table["YEAR"])
    months = np.arange(12) / 12
    values = _reals(table.drop(columns="YEAR"))
    columns = {"v": values.ravel(), "year": (years[:, None] + months).ravel()}
    return _first(columns, points, "el_nino")


def digits() -> Columns:
    """Handwritten digits of 8 × 8 pixels, read pixel by pixel, row by row: 1,797 of them, each 64

    rows, so `window = 64; stride = 64;`. Columns `v` (0 to 1) and `label` (0 to 9, the same in all
    rows of a digit). From scikit-learn (`pip install qrnnlang[digits]`), after Alpaydin and Kaynak,
    UCI Machine Learning Repository (1998).
    """
    with _needs("digits", "scikit-learn", "digits"):
        from sklearn.datasets import load_digits
    images, labels = load_digits(return_X_y=True)
    return {"v": _reals(images).ravel() / 16, "label": np.repeat(_reals(labels), 64)}


def digit_bits(points: int = 23040, first: int = 0, second: int = 1, seed: int = 0) -> Columns:
    """Handwritten digits of two kinds, read pixel by pixel, two bits a pixel, in an order drawn by

    `seed`: 64 rows each, of digits 0 and 1 there are 360. Columns as those of `dna_marker`: `v` is
    the brightness 0 to 3, `x0 x1` its bits; asked at the last pixel is 0 for the digit `first`, 1
    for `second`, as the class `next` and the bits `o0 o1`; before that 0 is wanted. The pictures
    are those of `digits`.
    """
    if first == second:
        raise ValueError("`first` and `second` are different digits")
    columns = digits()
    labels = columns["label"][::64]
    shades = np.minimum(columns["v"].reshape(-1, 64) * 4, 3).astype(np.int64)
    chosen = np.flatnonzero((labels == first) | (labels == second))
    order = generator(seed, "series.digit_bits").permutation(chosen)
    said = shades[order]
    wanted = np.zeros_like(said)
    wanted[:, -1] = labels[order] == second
    asked = np.zeros_like(said)
    asked[:, -1] = 1
    return _first(symbol_columns(said, wanted, asked, 2), points, "digit_bits")


def santa_fe(points: int = 10093) -> Columns:
    """The intensity of a far-infrared laser in a chaotic state, data set A of the Santa Fe

    competition, 10,093 rows, 0 to 255. Column `v`. From reservoirpy (`pip install
    qrnnlang[santa-fe]`), after Huebner, Abraham and Weiss, Phys. Rev. A 40 (1989) 6354.
    """
    with _needs("santa_fe", "reservoirpy", "santa-fe"):
        from reservoirpy.datasets import santafe_laser
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its file open
        values = santafe_laser()
    return _first({"v": _reals(values).ravel()}, points, "santa_fe")


def air_passengers(points: int = 144, lag: int = 0) -> Columns:
    """Passengers of international airlines in thousands, monthly from 1949 to 1960, 144 rows.

    Columns `v`, `year` (with its fraction), `growth`: the logarithm of `v` over its value `lag`
    rows before; the first `lag` rows are left out. From pmdarima (`pip install qrnnlang[air]`),
    after Box and Jenkins, Time Series Analysis (1970).
    """
    with _needs("air_passengers", "pmdarima", "air"):
        from pmdarima.datasets import load_airpassengers
    v = _reals(load_airpassengers())
    columns = {"v": v, "year": 1949 + np.arange(len(v)) / 12}
    return _grown(_first(columns, points, "air_passengers"), lag)
