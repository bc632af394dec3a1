"""The series of `data` blocks: their arguments and columns. The runtime generates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """Arguments with their defaults, whole numbers where the default is one, and the columns."""

    arguments: Mapping[str, float]
    columns: tuple[str, ...]


def _bits(width: int) -> tuple[str, ...]:
    """The columns of a symbol's bits, as read and as wanted next."""
    return tuple(f"{name}{bit}" for bit in range(width) for name in "xo")


SERIES = {
    "sine": Series({"points": 240, "duration": 20.0, "period": 5.0, "phase": 0.0}, ("v", "t")),
    "cosine": Series({"points": 240, "duration": 20.0, "period": 5.0, "phase": 0.0}, ("v", "t")),
    "damped_sine": Series(
        {"points": 240, "duration": 20.0, "period": 5.0, "decay": 0.1}, ("v", "t")
    ),
    "triangle": Series({"points": 1000, "duration": 100.0, "period": 5.0}, ("v", "t")),
    "damped_triangle": Series(
        {"points": 1120, "duration": 112.0, "period": 5.0, "decay": 0.02, "amplitude": 0.75},
        ("v", "t"),
    ),
    "bessel": Series({"points": 240, "duration": 20.0, "order": 2}, ("v", "t")),
    "damped_pendulum": Series(
        {
            "points": 240,
            "duration": 20.0,
            "damping": 0.15,
            "gravity": 9.81,
            "angle": 0.0,
            "velocity": 3.0,
        },
        ("v", "angle", "t"),
    ),
    "van_der_pol": Series(
        {"points": 1150, "duration": 115.0, "mu": 2.0, "x": 0.25, "velocity": 0.0},
        ("v", "velocity", "t"),
    ),
    "narma": Series(
        {"points": 2000, "order": 10, "low": 0.0, "high": 0.5, "seed": 0}, ("v", "u", "y")
    ),
    "mackey_glass": Series(
        {
            "points": 1000,
            "delay": 17.0,
            "beta": 0.2,
            "gamma": 0.1,
            "power": 10.0,
            "start": 1.2,
            "washout": 100,
            "spacing": 1.0,
        },
        ("v", "t"),
    ),
    "lorenz": Series(
        {
            "points": 1000,
            "spacing": 0.02,
            "sigma": 10.0,
            "rho": 28.0,
            "beta": 8.0 / 3.0,
            "x": 1.0,
            "y": 1.0,
            "z": 1.0,
        },
        ("v", "x", "y", "z", "t"),
    ),
    "henon": Series({"points": 1000, "a": 1.4, "b": 0.3, "x": 0.0, "y": 0.0}, ("v", "x", "y")),
    "logistic": Series({"points": 1000, "r": 3.9, "x": 0.5}, ("v",)),
    "elman_xor": Series(
        {"points": 3000, "length": 36, "seed": 0}, ("v", "next", "asked", *_bits(2))
    ),
    "elman_letters": Series(
        {"points": 3600, "length": 36, "seed": 0}, ("v", "next", "asked", *_bits(3))
    ),
    "dna_marker": Series(
        {"points": 12800, "length": 10, "told": 0, "seed": 0},
        ("v", "next", "asked", *_bits(3)),
    ),
    "delayed_parity": Series({"points": 1000, "delay": 1, "width": 2, "seed": 0}, ("v", "u", "y")),
    "copy": Series(
        {"points": 2000, "items": 4, "delay": 8, "seed": 0}, ("v", "u", "y", "go", "asked")
    ),
    "jaynes_cummings": Series(
        {"points": 1000, "duration": 50.0, "coupling": 1.0, "mean": 25.0}, ("v", "t")
    ),
    "ising": Series(
        {"points": 400, "duration": 20.0, "spins": 5, "coupling": 1.0, "field": 0.7},
        ("v", "edge", "t"),
    ),
    "sunspots": Series({"points": 309}, ("v", "year")),
    "nile": Series({"points": 100}, ("v", "year")),
    "co2": Series({"points": 2284, "lag": 0}, ("v", "year", "measured", "growth")),
    "el_nino": Series({"points": 732}, ("v", "year")),
    "digits": Series({}, ("v", "label")),
    "digit_bits": Series(
        {"points": 23040, "first": 0, "second": 1, "seed": 0}, ("v", "next", "asked", *_bits(2))
    ),
    "santa_fe": Series({"points": 10093}, ("v",)),
    "air_passengers": Series({"points": 144, "lag": 0}, ("v", "year", "growth")),
}
