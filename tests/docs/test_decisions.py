"""What the reference decides where the definition of the language leaves something open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.ir.model import run_model

from .pages import AFTER, BEFORE, run


def fragment(text: str) -> dict[str, Any]:
    """Outputs of a fragment at the first step."""
    return {
        k: np.asarray(v)[0, 0] for k, v in run(qr.loads(BEFORE + text + AFTER), steps=1).items()
    }


def codes(text: str) -> set[str]:
    """Codes of the errors of a fragment."""
    with pytest.raises(CompileError) as caught:
        qr.loads(BEFORE + text + AFTER)
    return {d.code for d in caught.value.diagnostics if d.severity == "error"}


VALUES: list[tuple[str, Any]] = [
    ("let v = [1, 2, 3]; output y = v[-1];", 3),
    ("output y = len(m[2..1]) + len(m[3..3]);", 0),
    ("let M = stack([1, 2, 3], [4, 5, 6]); output y = M[[0, 1], [0, 2]];", [[1, 3], [4, 6]]),
    # true ^ true == false reads true ^ (true == false), which is true; && is looser.
    ("let k = true ^ true == false; if (k) { x a; } output y = prob(a);", [0, 1]),
    ("let k = false && true ^ true; if (k) { x a; } output y = prob(a);", [1, 0]),
    ("output y = [sum(row) for row in stack([1, 2], [3, 4])];", [3, 7]),
    ("output y = [i for i in range(3)];", [0, 1, 2]),
    ("output y = [i for i in range(5, 0, -2)];", [5, 3, 1]),
    ("output y = sum(i for i in 0..0) + prod(i for i in 0..0);", 1),
    ("output y = min(3, 2) + max(3, 2);", 5),
    ("let k = [1, 2] == [1, 2]; if (k) { x a; } output y = prob(a);", [0, 1]),
    ("pow(-1) @ sx a; pow(2) @ sx a; sx a; pow(0) @ h a; output y = prob(a);", [0, 1]),
    ("h e; inv @ iswap e[0], e[1]; iswap e[0], e[1]; h e; output y = prob(e);", [1, 0, 0, 0]),
    ("h e; inv @ csx e[0], e[1]; csx e[0], e[1]; h e; output y = prob(e);", [1, 0, 0, 0]),
    ("x e; bit_flip([0, 1]) e; output y = expect(Z(e));", [-1, 1]),
    (
        "let b = measure a; if (b) { let d = measure a; if (!d) { x m[0]; } } output y = prob(m[0]);",
        [1, 0],
    ),
    (
        "x a; let b = measure a; if (b) { let d = measure m[0]; if (!d) { x m[0]; } } output y = prob(m[0]);",
        [0, 1],
    ),
    ("h a; output y = expect(X(a)); output z = 2 * y; barrier;", 1),
    ("let q = m[1]; ctrl @ x q, a; ctrl @ x [e[0]], a; output y = prob(a);", [1, 0]),
    ("output y = arccos([1 + 2e-14, -1 - 2e-14] + 0 * u);", [0, np.pi]),
]


@pytest.mark.parametrize(("text", "value"), VALUES, ids=[t for t, _ in VALUES])
def test_value(text: str, value: Any) -> None:
    np.testing.assert_allclose(fragment(text)["y"], value, atol=1e-7)


ERRORS = [
    ("let k = 1; output y = x[k - 2];", "E0304"),
    ("output y = x[1..4];", "E0304"),
    ("ctrl @ x e, a;", "E0309"),
    ("output y = mean(i for i in 0..0);", "E0308"),
    ("output y = log(0);", "E0308"),
    ("let x = 1; output y = x;", "E0205"),
    ("for u in 0..2 { h m; }", "E0205"),
    ("next m = [e[0], e[0], a];", "E0401"),
]


@pytest.mark.parametrize(("text", "code"), ERRORS, ids=[t for t, _ in ERRORS])
def test_error(text: str, code: str) -> None:
    assert codes(text) == {code}


def test_log_of_zero_is_a_data_error() -> None:
    model = qr.loads("qrnn 1.0; cell A { input x: real; output y = log(x); }")
    with pytest.raises(DataError, match=r"`x`.*sample 0, step 1"):
        run_model(model.closed, {}, {"x": np.array([[1.0, 0.0]])})


def test_a_scalar_binds_n_to_1() -> None:
    model = qr.loads(
        "qrnn 1.0; def f(v: real[n]) = v * n; cell A { input x: real; output y = f(x); }"
    )
    found = run_model(model.closed, {}, {"x": np.array([[3.0]])}).outputs["y"]
    np.testing.assert_array_equal(np.ravel(found), [3.0])


def test_a_carry_may_start_from_an_expression_of_parameters() -> None:
    text = "param s: real = 2; carry c: real[2] = 3 * s; output y = c;"
    model = qr.loads(f"qrnn 1.0; cell A {{ input x: real[2]; {text} next c = x; }}")
    found = run_model(model.closed, model.init(0), {"x": np.ones((1, 1, 2))}).outputs["y"]
    np.testing.assert_array_equal(found, [[[6.0, 6.0]]])


def test_a_bit_keeps_its_value_in_shots_that_do_not_take_the_branch() -> None:
    model = qr.loads(
        "qrnn 1.0; cell A { carry f: bit; fresh a: qubit; h a; let b = measure a;"
        "if (b) { next f = true; } output y = prob(f == true); }"
    )
    np.testing.assert_allclose(model(model.init(0), steps=3)["y"], [[0, 0.5, 0.75]])


def test_metrics_of_one_kind_are_numbered() -> None:
    model = qr.loads(
        "qrnn 1.0; model A { input x: seq real; target y: seq real; output z = x;"
        "loss mse(z, y); metric rmse(z, y); metric rmse(last(z), last(y)); }"
    )
    assert [name for name, _ in model.closed.metrics] == ["rmse", "rmse_2"]


def test_own_items_hide_those_of_the_library() -> None:
    model = qr.loads(
        "qrnn 1.0; import std.ansatz; gate rotations(t: angle) q: qubit { ry(t) q; }"
        "cell A { input x: real; fresh q: qubit; rotations(x) q; output y = expect(Z(q)); }"
    )
    found = run_model(model.closed, {}, {"x": np.array([[0.3]])}).outputs["y"]
    np.testing.assert_allclose(found, [[np.cos(0.3)]])


def test_fixed_values_of_a_circuit_are_those_of_seed_0() -> None:
    model = qr.loads(
        "qrnn 1.0; cell A { fixed J: real ~ normal(0, 1); fresh q: qubit; ry(J) q; output y = expect(Z(q)); }"
    )
    circuit = model.to_qiskit(steps=1)
    (angle,) = [float(i.operation.params[0]) for i in circuit.data if i.operation.name == "ry"]
    assert angle == model.init(0)["J"] and angle != model.init(1)["J"]


def test_stride_is_1_and_a_header_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("v\n" + "\n".join(map(str, range(6))))
    (tmp_path / "b.csv").write_text("\n".join(map(str, range(6))))
    for file, column in (("a.csv", '"v"'), ("b.csv", "0")):
        (tmp_path / "m.qrnn").write_text(
            "qrnn 1.0; model A { input x: seq real; target y: real; output z = last(x); loss mse(z, y);"
            f'data csv("{file}") {{ x = column({column}); y = shift(column({column}), 1); window = 3; }} }}'
        )
        data = qr.load(tmp_path / "m.qrnn").data().train
        np.testing.assert_array_equal(data.inputs["x"], [[0, 1, 2], [1, 2, 3], [2, 3, 4]])
        np.testing.assert_array_equal(data.targets["y"], [3, 4, 5])
