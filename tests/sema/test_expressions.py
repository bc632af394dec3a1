"""Values: stages, shapes, indexing, iterators, functions — read off what `output` receives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers import cell

from qrnnlang.ir.graph import build
from qrnnlang.ir.interpreter import run_cell


def value(expr: str, prelude: str = "") -> np.ndarray:
    """What an expression is: as an output of a cell with `x = (1, 2, 3)` and `A = [[1,2,3],[4,5,6]]`."""
    text = f"cell T {{ input x: real[3]; input m: real[2, 3]; input s: real; {prelude} output y = {expr}; }}"
    inputs = {
        "x": np.array([[1.0, 2.0, 3.0]]),
        "m": np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]),
        "s": np.array([0.5]),
    }
    outputs, _ = run_cell(build(cell(text)), {}, inputs)
    return outputs["y"][0]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("2 ** -1", 0.5),
        ("7 / 2", 3.5),
        ("div(7, 2)", 3),
        ("7 % 3", 1),
        ("1_000 + 2.5e3", 3500),
        ("choose(5, 2)", 10),
        ("pi", math.pi),
        ("tau - 2 * pi", 0),
        ("len(x)", 3),
        ("len(0..7)", 7),
        ("x[0] + x[-1]", 4),
        ("x[1..]", [2, 3]),
        ("x[..2]", [1, 2]),
        ("x[0..-1]", [1, 2]),
        ("m[1]", [4, 5, 6]),
        ("m[.., 2]", [3, 6]),
        ("m[1, 0..2]", [4, 5]),
        ("m[0..2, 1..3]", [[2, 3], [5, 6]]),
        ("m[range(1, -1, -1), 0]", [4, 1]),
        ("transpose(m)", [[1, 4], [2, 5], [3, 6]]),
        ("reshape(m, 3, 2)", [[1, 2], [3, 4], [5, 6]]),
        ("m @ x", [14, 32]),
        ("x @ x", 14),
        ("m @ transpose(m)", [[14, 32], [32, 77]]),
        ("x * 2 + s", [2.5, 4.5, 6.5]),
        ("m + x", [[2, 4, 6], [5, 7, 9]]),
        ("-x", [-1, -2, -3]),
        ("[x, s, 9]", [1, 2, 3, 0.5, 9]),
        ("stack(x, 2 * x)", [[1, 2, 3], [2, 4, 6]]),
        ("[x[i] ** 2 for i in 0..3]", [1, 4, 9]),
        ("[x * k for k in 1..3]", [[1, 2, 3], [2, 4, 6]]),
        ("[i + 10 * j for i in 0..2, j in 0..2]", [0, 10, 1, 11]),
        ("sum(x[i] * x[j] for (i, j) in pairs(0..3))", 2 + 3 + 6),
        ("prod(x)", 6),
        ("prod(x[i] for i in 1..3)", 6),
        ("mean(x)", 2),
        ("mean(x * k for k in 1..4)", [2, 4, 6]),
        ("max(x) - min(x)", 2),
        ("minimum(x, 2)", [1, 2, 2]),
        ("clip(x, 1.5, 2.5)", [1.5, 2, 2.5]),
        ("dot(x, x)", 14),
        ("outer(x[0..2], x)", [[1, 2, 3], [2, 4, 6]]),
        ("softmax(0 * x)", [1 / 3] * 3),
        ("normalize([3 * s, 4 * s])", [0.6, 0.8]),
        ("sqrt(4) + arccos(1)", 2),
        ("sigmoid(0 * s)", 0.5),
        ("relu(x - 2)", [0, 0, 1]),
        ("softplus(0 * s)", math.log(2)),
        ("zeros(2) + ones(2)", [1, 1]),
        ("onehot(1, 3)", [0, 1, 0]),
        ("reverse(x)", [3, 2, 1]),
        ("exp(log(x))", [1, 2, 3]),
        ("abs(s - 1)", 0.5),
    ],
)
def test_value(expr: str, expected: object) -> None:
    np.testing.assert_allclose(value(expr), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("iterator", "expected"),
    [
        ("chain(0..4)", [1, 12, 23]),
        ("chain(0..1)", []),
        ("ring(0..4)", [1, 12, 23, 30]),
        ("ring(0..2)", [1]),
        ("ring(0..1)", []),
        ("ring(0..0)", []),
        ("pairs(0..3)", [1, 2, 12]),
        ("cross(0..2, 5..7)", [5, 6, 15, 16]),
        ("zip(0..2, 5..7)", [5, 16]),
        ("enumerate(7..9)", [7, 18]),
    ],
)
def test_iterators_of_pairs(iterator: str, expected: list[int]) -> None:
    found = value(f"[99, [10 * a + b for (a, b) in {iterator}]]")
    np.testing.assert_array_equal(found[1:], expected)


def test_subsets_by_size_then_lexicographic() -> None:
    found = value("[sum(t) + 10 * len(t) for t in subsets([1, 2, 4], 0, 7)]")
    np.testing.assert_array_equal(found, [0, 11, 12, 14, 23, 25, 26, 37])


def test_def_takes_sizes_from_its_arguments() -> None:
    text = (
        "def mix(a: real[n], b: real[n]) = a * b + n;"
        "cell T { input x: real[3]; output y = mix(x, 2 * x); output z = mix([1, 2], [3, 4]); }"
    )
    outputs, _ = run_cell(build(cell(text)), {}, {"x": np.array([[1.0, 2.0, 3.0]])})
    np.testing.assert_array_equal(outputs["y"][0], [5, 11, 21])
    np.testing.assert_array_equal(outputs["z"][0], [5, 10])


def test_const_and_hyperparameters() -> None:
    text = "const D = 0.5; const N = 2 * 3; cell T(k: int = N, on: bool = true) { let v = ones(k); if (on) { output y = D * v; } else { output y = v; } }"
    assert cell(text).outputs[0].shape == (6,)
    assert cell(text, k=2).outputs[0].shape == (2,)
    off, _ = run_cell(build(cell(text, k=1, on=False)), {}, {}, steps=1)
    np.testing.assert_array_equal(off["y"][0], [1.0])


def test_labels_index_rows() -> None:
    text = "cell T { input tok: class[3]; param E: real[3, 2]; output y = E[tok]; output z = onehot(tok, 3); output w = E[tok, 1]; }"
    table = np.arange(6.0).reshape(3, 2)
    outputs, _ = run_cell(build(cell(text)), {"E": table}, {"tok": np.array([2, 0])})
    np.testing.assert_array_equal(outputs["y"], table[[2, 0]])
    np.testing.assert_array_equal(outputs["z"], np.eye(3)[[2, 0]])
    np.testing.assert_array_equal(outputs["w"], [5, 1])


def test_ten_thousand_terms_do_not_overflow() -> None:
    found = value(" + ".join(["s"] * 10_000))
    assert found == pytest.approx(5000.0)
