"""Models: application along time, sequence functions, losses, blocks, entries."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import VERSION

from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.model import run_model
from qrnnlang.sema import check_text, load_text
from qrnnlang.sema.closed import RunCell


def evaluate(body: str, x: object, y: object = None, cells: str = ""):  # type: ignore[no-untyped-def]
    model = load_text(
        f"{VERSION}{cells} model M {{ input x: seq real; target y: seq real; {body} }}"
    )
    targets = None if y is None else {"y": np.asarray(y, dtype=np.float64)}
    return run_model(model, {}, {"x": np.asarray(x, dtype=np.float64)}, targets)


SUM = (
    "cell Sum { input v: real; carry c: real; next c = c + v; output s = c + v; output d = v - c; }"
)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("2 * x + 1", [[3, 5, 7]]),
        ("last(x)", [3]),
        ("last(x, 2)", [[2, 3]]),
        ("first(x)", [1]),
        ("first(x, 2)", [[1, 2]]),
        ("skip(x, 1)", [[2, 3]]),
        ("reverse(x)", [[3, 2, 1]]),
        ("mean(x)", [2]),
        ("[x, 2 * x][1]", [[2, 4, 6]]),
        ("x - last(x)", [[-2, -1, 0]]),
        ("a(x).s", [[1, 3, 6]]),
        ("reverse(a(reverse(x)).s)", [[6, 5, 3]]),
        ("b(a(x).s).s", [[1, 4, 10]]),
    ],
)
def test_sequences(expr: str, expected: object) -> None:
    used = "".join(f"use {n} = Sum(); " for n in "ab" if f"{n}(" in expr.replace("mea", ""))
    result = evaluate(f"{used} output p = {expr};", [[1, 2, 3]], cells=SUM)
    np.testing.assert_allclose(result.outputs["p"], expected)


def test_several_outputs_of_one_application_go_through_a_let() -> None:
    result = evaluate("use a = Sum(); let r = a(x); output p = r.s * r.d;", [[1, 2, 3]], cells=SUM)
    np.testing.assert_allclose(result.outputs["p"], [[1, 3, 0]])


def test_loss_reduces_over_batch_time_and_components() -> None:
    result = evaluate(
        "output p = x; loss mse(p, y) + 0.5; metric rmse(p, y); metric mae(skip(p, 1), skip(y, 1));",
        [[1, 2], [3, 4]],
        [[1, 0], [0, 4]],
    )
    assert result.loss == pytest.approx((4 + 9) / 4 + 0.5)
    assert result.metrics["rmse"] == pytest.approx(np.sqrt(13 / 4))
    assert result.metrics["mae"] == pytest.approx(1.0)


def test_other_terms_are_averaged_over_the_batch() -> None:
    result = evaluate("output p = x; loss mse(p, y) + last(x);", [[1, 2], [3, 4]], [[1, 2], [3, 4]])
    assert result.loss == pytest.approx(3)


def test_classical_layers_are_inlined_and_named() -> None:
    model = load_text(
        VERSION
        + "model M { use head = Linear(inputs = 2, outputs = 1); use h2 = Linear(inputs = 2, outputs = 2, "
        "bias = false); input x: seq real[2]; output p = head(h2(x)); }"
    )
    assert [p.name for p in model.params] == ["h2.W", "head.W", "head.b"]
    assert not any(isinstance(op, RunCell) for op in model.ops)


def test_scalar_and_one_component_convert() -> None:
    model = load_text(
        VERSION
        + "model M { use head = Linear(inputs = 1, outputs = 1); input x: seq real; target y: seq real; "
        "output p = head(x); loss mse(p, y); }"
    )
    result = run_model(
        model,
        {"head.W": np.array([[2.0]]), "head.b": np.array([1.0])},
        {"x": np.array([[1.0, 2.0]])},
        {"y": np.array([[3.0, 6.0]])},
    )
    assert result.loss == pytest.approx(0.5)


def test_blocks_keep_their_settings() -> None:
    model = load_text(
        VERSION
        + "model M(n: int = 4) { input x: seq real; target y: seq real; output p = x; loss mse(p, y); "
        'data csv("a.csv") { x = column("v"); target y = shift(column(0), n); scale = minmax(-1, 1); '
        "split = (0.5, 0.5); window = 2 * n; } "
        "train { optimizer = adam(lr = 1e-3); epochs = 10; schedule = cosine; } }"
    )
    assert model.data is not None and model.train is not None
    assert (model.data.source.call, model.data.source.args[0].value) == ("csv", "a.csv")
    columns = dict(model.data.columns)
    assert columns["x"].call == "column"
    assert (columns["y"].call, columns["y"].args[1].value) == ("shift", 4)
    options = dict(model.data.options)
    assert [s.value for s in options["split"].value] == [0.5, 0.5]  # type: ignore[union-attr]
    assert options["window"].value == 8
    train = dict(model.train.options)
    assert dict(train["optimizer"].kwargs)["lr"].value == 1e-3
    assert train["schedule"].call == "cosine"


def test_entry_is_the_only_model_or_the_named_item() -> None:
    text = VERSION + "cell A { output y = 1; } cell B { output y = 2; } "
    assert load_text(text + "model M { input x: seq real; output p = x; }").name == "M"
    assert load_text(text, entry="B").name == "B"
    with pytest.raises(CompileError) as caught:
        load_text(text)
    assert caught.value.diagnostics[0].code == "E0215"


@pytest.mark.parametrize(
    ("hyper", "code"),
    [({"m": 2}, "E0216"), ({"n": 2.5}, "E0216"), ({"n": True}, "E0216"), ({}, "E0216")],
)
def test_wrong_hyperparameters(hyper: dict, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        load_text(VERSION + "cell A(n: int) { output y = n; }", hyper=hyper)
    assert [d.code for d in caught.value.diagnostics] == [code] * len(caught.value.diagnostics)


def test_real_hyperparameter_takes_a_whole_number() -> None:
    model = load_text(VERSION + "cell A(n: real) { output y = n; }", hyper={"n": 2})
    assert model.outputs[0].name == "y"


def test_a_hyperparameter_used_in_the_arguments_of_a_series_is_used():
    text = (
        VERSION + "model M(order: int = 5) { use l = Linear(inputs = 1, outputs = 1); "
        "input x: seq real[1]; target y: seq real[1]; output p = l(x); loss mse(p, y); "
        'data series.narma(order = order) { x = column("u"); y = column("y"); } }'
    )
    assert check_text(text) == ()
