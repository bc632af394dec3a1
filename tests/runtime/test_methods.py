"""Optimisers and schedules against the equations of PyTorch's documentation, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.runtime.training.methods import Method, rate, transformation

#: Gradients of one parameter at successive updates.
GRADIENTS = [0.5, -2.0, 0.25]


def adam(lr: float, decay: float) -> list[float]:
    m = v = 0.0
    x, found = 1.0, []
    for t, g in enumerate(GRADIENTS, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        x -= lr * (m / (1 - 0.9**t) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8) + decay * x)
        found.append(x)
    return found


def sgd(lr: float, momentum: float) -> list[float]:
    b, x, found = 0.0, 1.0, []
    for g in GRADIENTS:
        b = momentum * b + g
        x -= lr * b
        found.append(x)
    return found


def rmsprop(lr: float) -> list[float]:
    v, x, found = 0.0, 1.0, []
    for g in GRADIENTS:
        v = 0.99 * v + 0.01 * g * g
        x -= lr * g / (math.sqrt(v) + 1e-8)
        found.append(x)
    return found


def adagrad(lr: float) -> list[float]:
    s, x, found = 0.0, 1.0, []
    for g in GRADIENTS:
        s += g * g
        x -= lr * g / (math.sqrt(s) + 1e-10)
        found.append(x)
    return found


CASES: dict[str, tuple[Method, Callable[[], list[float]]]] = {
    "adam": (Method("adam", (("lr", 0.1),)), lambda: adam(0.1, 0)),
    "adamw": (Method("adamw", (("lr", 0.1),)), lambda: adam(0.1, 0.01)),
    "sgd": (Method("sgd", (("lr", 0.1),)), lambda: sgd(0.1, 0)),
    "sgd, momentum": (Method("sgd", (("lr", 0.1), ("momentum", 0.9))), lambda: sgd(0.1, 0.9)),
    "rmsprop": (Method("rmsprop", (("lr", 0.1),)), lambda: rmsprop(0.1)),
    "adagrad": (Method("adagrad", (("lr", 0.1),)), lambda: adagrad(0.1)),
}


@pytest.mark.parametrize("name", CASES)
def test_an_optimiser(name: str) -> None:
    method, wanted = CASES[name]
    with jax.enable_x64(True):
        update = transformation(method)
        x = np.asarray(1.0)
        state, found = update.init(x), []
        for g in GRADIENTS:
            change, state = update.update(np.asarray(g), state, x)
            x = np.asarray(x + change)
            found.append(float(x))
    np.testing.assert_allclose(found, wanted(), rtol=1e-6)


@pytest.mark.parametrize(
    ("bounds", "wanted"),
    [
        ({"clip": 1.0}, [0.6, 0.8]),
        ({"clip": 10.0}, [3, 4]),
        ({"clip_value": 3.5}, [3, 3.5]),
        ({"clip": 2.5, "clip_value": 3.0}, [2.5 / math.sqrt(2)] * 2),
    ],
)
def test_bounds_of_a_gradient(bounds: dict[str, float], wanted: list[float]) -> None:
    update = transformation(Method("sgd", (("lr", 1.0),)), **bounds)
    gradient = np.asarray([3.0, 4.0])
    with jax.enable_x64(True):
        change, _ = update.update(gradient, update.init(gradient), gradient)
    np.testing.assert_allclose(-change, wanted, rtol=1e-6)


#: Of 4 epochs of 2 updates each, at a rate of 1.
HALF = [(1 + math.cos(math.pi * k / 8)) / 2 for k in range(8)]
SCHEDULES: dict[str, tuple[dict[str, Any], list[float]]] = {
    "constant": ({}, [1] * 8),
    "exponential": ({"rate": 0.5}, [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]),
    "step": ({"every": 2, "rate": 0.1}, [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1]),
    "cosine": ({"end": 0.2}, [0.2 + 0.8 * h for h in HALF]),
    "warmup_cosine": (
        {"warmup": 1, "end": 0.0},
        [1 / 3, 2 / 3, *((1 + math.cos(math.pi * k / 6)) / 2 for k in range(6))],
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule(name: str) -> None:
    given, wanted = SCHEDULES[name]
    found = rate(1.0, Method(name, tuple(given.items())), epochs=4, updates=2)
    values = [float(found(k)) if callable(found) else found for k in range(8)]
    np.testing.assert_allclose(values, wanted, rtol=1e-6)
