"""Data outside domains, and calls with the wrong arrays."""

import numpy as np
import pytest

from qrnnlang.diagnostics import DataError
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema.closed import (
    Call,
    Const,
    Input,
    Param,
    Port,
)

from .cells import graph, param


def cell_with_matrix():
    ops = [Input("x", (1,)), Param("w", (2, 3)), Call("mul", (0, 1), (2, 3))]
    return graph(ops, {"y": (2, (2, 3))}, inputs=[Port("x", (1,))], params=[param("w", (2, 3))])


def test_a_domain_error_names_the_input_and_the_step():
    ops = [Input("x", ()), Const((2.0,), ()), Call("mul", (0, 1), ()), Call("arccos", (2,), ())]
    cell = graph(ops, {"y": (3, ())}, inputs=[Port("x", ())])
    with pytest.raises(DataError) as caught:
        run_cell(cell, {}, {"x": [0.1, 0.5, 0.75]}, sample=9)
    assert str(caught.value) == (
        "`arccos` of 1.5, outside its domain [-1, 1] (input `x`, sample 9, step 2)"
    )


def test_inputs_must_be_numbers_and_labels_must_exist():
    cell = graph([Input("x", ())], {"y": (0, ())}, inputs=[Port("x", ())])
    with pytest.raises(DataError, match=r"`x` is nan \(input `x`, step 1\)"):
        run_cell(cell, {}, {"x": [0.0, np.nan]})
    cell = graph([Input("k", (), 3)], {"y": (0, ())}, inputs=[Port("k", (), 3)])
    assert run_cell(cell, {}, {"k": [0, 2]})[0]["y"].tolist() == [0, 2]
    for wrong in (3, -1, 0.5):
        with pytest.raises(DataError, match=r"not a label of `class\[3\]` \(input `k`, step 1\)"):
            run_cell(cell, {}, {"k": [0, wrong]})


def test_wrong_calls_say_what_is_expected():
    cell, w = cell_with_matrix(), np.zeros((2, 3))
    with pytest.raises(ValueError, match="the input `x` is missing"):
        run_cell(cell, {"w": w}, {})
    with pytest.raises(ValueError, match="the parameter `w` is missing"):
        run_cell(cell, {}, {"x": np.zeros((2, 1))})
    with pytest.raises(ValueError, match=r"`x` has shape \(2,\), expected \(1,\)"):
        run_cell(cell, {"w": w}, {"x": np.zeros((2, 2))})
    with pytest.raises(ValueError, match=r"`w` has shape \(2,\), expected \(2, 3\)"):
        run_cell(cell, {"w": w[:, 0]}, {"x": np.zeros((2, 1))})
    with pytest.raises(ValueError, match="`x` has 2 steps, expected 3"):
        run_cell(cell, {"w": w}, {"x": np.zeros((2, 1))}, steps=3)
    with pytest.raises(ValueError, match="needs a number of steps"):
        run_cell(graph([]), {}, {})


def test_a_scalar_and_a_vector_of_one_stand_for_each_other():
    w = np.array([[1.0, 2, 3], [4, 5, 6]])
    one, _ = run_cell(cell_with_matrix(), {"w": w}, {"x": np.array([0.3, 0.4])})
    two, _ = run_cell(cell_with_matrix(), {"w": w}, {"x": np.array([[0.3], [0.4]])})
    np.testing.assert_array_equal(one["y"], two["y"])
