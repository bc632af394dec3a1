"""Series of numbers: the `series.NAME(…)` of `data` blocks.

Every generator takes keywords and gives columns by name, arrays of one length. The column `v` is
the one to predict; `t` is the time where there is one.
"""

from __future__ import annotations

from .chaos import henon, logistic, lorenz, mackey_glass
from .narma import narma
from .oscillators import damped_pendulum, van_der_pol
from .quantum import ising, jaynes_cummings
from .recorded import (
    air_passengers,
    co2,
    digit_bits,
    digits,
    el_nino,
    nile,
    santa_fe,
    sunspots,
)
from .symbols import dna_marker, elman_letters, elman_xor
from .tasks import copy, delayed_parity
from .waves import bessel, cosine, damped_sine, damped_triangle, sine, triangle

#: All generators, by the name they have in a `data` block.
SERIES = {
    function.__name__: function
    for function in (
        *(sine, cosine, damped_sine, triangle, damped_triangle, bessel),
        *(damped_pendulum, van_der_pol),
        *(narma, mackey_glass, lorenz, henon, logistic),
        *(elman_xor, elman_letters, dna_marker, delayed_parity, copy),
        *(jaynes_cummings, ising),
        *(sunspots, nile, co2, el_nino, digits, digit_bits, santa_fe, air_passengers),
    )
}

__all__ = ["SERIES", *SERIES]
