"""Rnn, Lstm, Gru against the equations of PyTorch's documentation, written out in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .programs import exact, inputs, model


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def rnn(p: dict[str, Any], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    return np.tanh(p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]), c


def lstm(p: dict[str, Any], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """Rows of the weights: input gate, forget gate, cell, output gate."""
    i, f, g, o = np.split(p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(p: dict[str, Any], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """Rows of the weights: reset gate, update gate, new."""
    xr, xz, xn = np.split(p["weight_ih"] @ x + p["bias_ih"], 3)
    hr, hz, hn = np.split(p["weight_hh"] @ h + p["bias_hh"], 3)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)
    return (1 - z) * n + z * h, c


@pytest.mark.parametrize(
    ("cell", "step", "gates"), [("Rnn", rnn, 1), ("Lstm", lstm, 4), ("Gru", gru, 3)]
)
def test_equations_and_names(cell: str, step: Any, gates: int) -> None:
    made = model(cell, inputs=2, hidden=3)
    params, given = made.init(5), inputs(made.closed, steps=4)
    named = {k.removeprefix("c."): v for k, v in params.items()}
    assert {k: v.shape for k, v in named.items()} == {
        "weight_ih": (3 * gates, 2),
        "weight_hh": (3 * gates, 3),
        "bias_ih": (3 * gates,),
        "bias_hh": (3 * gates,),
    }
    assert all(np.abs(v).max() <= 1 / np.sqrt(3) for v in named.values())
    found = exact(made, params, given)
    for sequence, rows in zip(given["x"], found, strict=True):
        h = c = np.zeros(3)
        for x, row in zip(sequence, rows, strict=True):
            h, c = step(named, x, h, c)
            np.testing.assert_allclose(row, h, rtol=0, atol=1e-14)
