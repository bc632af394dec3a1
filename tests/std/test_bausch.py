"""Bausch's circuit against the closed form of its neuron."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from .programs import exact, inputs, model


def neuron(state: Any, sources: list[int], out: int, angles: Any, degree: int, order: int) -> Any:
    """Where η = Σ of the angles of the sets of sources that are all 1 (the first one always), the

    map [[cos^p, −sin^p], [sin^p, cos^p]](η/2) with p = 2^order on axis `out`; then renormalised.
    """
    sets = [s for k in range(degree + 1) for s in combinations(sources, k)]
    ones = np.indices(state.shape)
    eta = sum(a * np.prod(ones[list(s)], axis=0) for a, s in zip(angles, sets, strict=True))
    eta = np.take(eta, 0, axis=out)
    low, high = np.take(state, 0, axis=out), np.take(state, 1, axis=out)
    c, s = np.cos(eta / 2) ** 2**order, np.sin(eta / 2) ** 2**order
    turned = np.stack([c * low - s * high, s * low + c * high], axis=out)
    return turned / np.linalg.norm(turned)


def rotate(state: Any, lane: int, angle: float) -> Any:
    low, high = np.take(state, 0, axis=lane), np.take(state, 1, axis=lane)
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.stack([c * low - s * high, s * low + c * high], axis=lane)


def flip(state: Any, lanes: list[int], bits: Any) -> Any:
    for lane, bit in zip(lanes, bits, strict=True):
        state = np.flip(state, lane) if bit else state
    return state


def closed_form(p: dict[str, Any], x: Any, observed: Any, size: dict[str, int]) -> Any:
    """Distributions of the io lanes, (steps, 2^width): axes of the state are workspace, then io."""
    w, n = size["workspace"], size["width"]
    own, io = list(range(w)), list(range(w, w + n))
    degree, order, bias = size["degree"], size["order"], size.get("bias", np.pi / 2)

    def row(
        state: Any, lanes: list[int], rest: list[int], theta: Any, phi: Any, turn: int = 1
    ) -> Any:
        for i, lane in list(enumerate(lanes))[::turn]:
            sources = [other for other in lanes if other != lane] + rest
            angles = [bias + theta[i], *phi[i]]
            state = neuron(state, sources, lane, angles, degree, order)
        return state

    state = np.zeros((2,) * (w + n))
    state[(0,) * (w + n)] = 1
    rows = []
    for bits, seen in zip(x, observed, strict=True):
        state = flip(state, io, bits)
        state = row(state, own, io, p["theta"][0], p["phi"][0])
        for s in range(size["stages"]):
            if "turn" in p:
                for lane, angle in zip(own, p["turn"][s], strict=True):
                    state = rotate(state, lane, angle)
            state = row(state, own, io, p["theta"][s + 1], p["phi"][s + 1])
        state = flip(state, io, bits)
        # The most significant bit first.
        state = row(state, io, own, p["theta_io"], p["phi_io"], -1)
        chances = (state**2).sum(axis=tuple(own))
        rows.append(chances.transpose().ravel())  # the first lane is least significant
        kept = state[(..., *(int(b) for b in seen))]
        state = np.zeros_like(state)
        state[(..., *(0,) * n)] = kept / np.linalg.norm(kept)
    return np.array(rows)


@pytest.mark.parametrize(
    "size",
    [
        {"width": 1, "workspace": 2, "stages": 1, "degree": 2, "order": 1},
        {"width": 2, "workspace": 2, "stages": 2, "degree": 3, "order": 2},
        {"width": 1, "workspace": 1, "stages": 0, "degree": 1, "order": 3},
        {"width": 2, "workspace": 1, "stages": 1, "degree": 2, "order": 2, "bias": 0.3},
        {"width": 2, "workspace": 2, "stages": 1, "degree": 2, "order": 1, "turns": False},
    ],
)
def test_circuit_is_the_closed_form(size: dict[str, Any]) -> None:
    made = model("Bausch", **size, spread=0.7)
    params, given = made.init(3), inputs(made.closed, batch=1, steps=3)
    named = {k.removeprefix("c."): v for k, v in params.items()}
    expected = closed_form(named, given["x"][0], given["observed"][0], size)
    np.testing.assert_allclose(exact(made, params, given)[0], expected, rtol=0, atol=1e-10)


def test_it_starts_from_the_bias_alone() -> None:
    """The published start: every neuron turns by π/2, whatever its sources."""
    made = model("Bausch", width=1, workspace=1)
    assert all(not v.any() for v in made.init(1).values())
