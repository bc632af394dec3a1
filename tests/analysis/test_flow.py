"""Gradient flow against closed forms and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from analysis.cells import DEPOLARISED, of
from qrnnlang.analysis import analyze
from qrnnlang.analysis.along import stages
from qrnnlang.analysis.finding import NotDefined
from qrnnlang.analysis.flow import flow, norms
from qrnnlang.analysis.subject import subject
from qrnnlang.analysis.tangent import Tangent


def test_a_linear_cell_decays_by_its_factor() -> None:
    """h ← a h + x, y = h: ∂y_T/∂x_{T−k} = a^k, and the state before step T − k adds one factor."""
    of_it = of(
        "cell A { input x: real; carry h: real = 0; let new = 0.7 * h + x; next h = new; output y = new; }"
    )
    found = norms(Tangent(of_it), {}, of_it.inputs(2, 10))
    np.testing.assert_allclose(found["dy/dx"], 0.7 ** np.arange(10), rtol=1e-12)
    np.testing.assert_allclose(found["dy/ds"], 0.7 ** np.arange(1, 11), rtol=1e-12)
    fitted = flow(of_it, steps=10, sequences=2, seeds=2)
    assert fitted.values["factor of dy/dx"].value == pytest.approx(0.7)


@pytest.mark.long
def test_a_depolarised_qubit_decays_at_its_rate() -> None:
    of_it = of(DEPOLARISED)
    found = flow(of_it, steps=15, sequences=2, seeds=2)
    assert found.values["factor of dy/ds"].value == pytest.approx(0.8, abs=1e-6)


@pytest.mark.long
@pytest.mark.parametrize(
    "cell",
    [
        "Emc(memory = 1, layers = 1, uploads = 1)",
        "Lstm(inputs = 1, hidden = 2)",
        "Qlstm(hidden = 1, depth = 1)",
        "LiStaggered(history = 1)",
    ],
)
def test_against_finite_differences(cell: str) -> None:
    model = qr.loads(
        f"qrnn 1.0; import std.cells; model M {{ input x: seq real[1]; use c = {cell}; output y = c(x); }}"
    )
    of_it = subject(model)
    params, x = of_it.params(3), of_it.inputs(1, 5)
    found = norms(Tangent(of_it), params, x)["dy/dx"]
    step = 1e-6

    def last(moved: np.ndarray) -> np.ndarray:
        return model(params, moved)["y"][0, -1].ravel()

    for lag in range(5):
        d = np.zeros((1, 5, 1))
        d[0, 4 - lag, 0] = step
        slope = (last(x["x"] + d) - last(x["x"] - d)) / (2 * step)
        assert np.linalg.norm(slope) == pytest.approx(found[lag], rel=1e-5, abs=1e-9)


@pytest.mark.long
def test_many_components_are_summed_by_random_signs() -> None:
    """20 components of the same slope: the Frobenius norm is exact for one input."""
    of_it = of(
        "cell A { input x: real; carry h: real = 0; let new = 0.5 * h + x; next h = new; output y = new * ones(20); }"
    )
    found = norms(Tangent(of_it), {}, of_it.inputs(1, 4), seed=2)["dy/dx"]
    # One draw of 16 sign vectors estimates ‖J‖_F; all lags share it.
    assert found[1:] / found[:-1] == pytest.approx(0.5)
    assert found[0] == pytest.approx(np.sqrt(20), rel=0.6)


def test_the_loss_is_felt_through_the_last_step_alone() -> None:
    """L = (last y)² of y = h, h ← 0.6 h + x: ∂L_T/∂s falls by 0.6 a lag, whatever earlier terms say."""
    source = """qrnn 1.0; cell C { input x: real; carry h: real = 0; let new = 0.6 * h + x; next h = new; output y = new; }
    model M { input x: seq real; target y: seq real; use c = C(); output z = c(x); loss mse(z, y);
    data series.sine(points = 60) { x = column(0); y = shift(column(0), 1); window = 12; stride = 6; split = (0.8, 0.2); } }"""
    model = qr.loads(source)
    found = flow(subject(model, dataset=model.data()), sequences=2, seeds=1)
    rows = next(c for c in found.panels[0].curves if "L_T" in c.label)
    np.testing.assert_allclose(np.asarray(rows.y)[1:] / np.asarray(rows.y)[:-1], 0.6, rtol=1e-9)


LEARNT = """qrnn 1.0;
cell C { input x: real; param a: real ~ uniform(0.3, 0.6); carry h: real = 0;
    let new = a * h + x; next h = new; output y = new; }
model M { input x: seq real; target y: seq real; use c = C(); output z = c(x); loss mse(z, y);
    data series.sine(points = 60) { x = column(0); y = column(0); window = 12; stride = 6; split = (0.8, 0.2); }
    train { optimizer = sgd(lr = 0.05); epochs = 6; batch = 4; } }
"""


def test_along_a_training_the_factor_is_the_weight_of_that_epoch() -> None:
    """y = h, h ← a h + x: all three norms fall by a, and a is what was learnt up to there."""
    model = qr.loads(LEARNT)
    data = model.data()
    quick = {"flow": {"sequences": 1, "seeds": 2}}
    found = analyze(model, ["flow"], data=data, along=3, options=quick).findings["flow"]
    places = stages(model, data, 3)
    assert list(places) == ["epoch 0", "epoch 3", "epoch 6"]
    assert [len(found) for found in places.values()] == [4, 4, 4]
    assert len({float(found[0]["c.a"]) for found in places.values()}) == 3
    for label, seeds in places.items():
        weight = np.exp(np.mean([np.log(params["c.a"]) for params in seeds]))
        for name in ("dy/dx", "dy/ds", "dL/ds"):
            value = found.values[f"factor of {name}, {label}"]
            assert value.value == pytest.approx(weight, rel=1e-6)
            assert value.n == 4
    assert [p.title for p in found.panels[1:]] == [
        f"{norm} along training" for norm in ("‖∂y_T/∂x‖", "‖∂y_T/∂s‖", "‖∂L_T/∂s‖")
    ]
    assert [c.label for c in found.panels[1].curves] == list(places)


def test_there_is_no_way_along_without_a_training() -> None:
    model = qr.loads(LEARNT)
    assert analyze(model, ["flow"], along=2).undefined == {"flow": "training needs a loss and data"}
    solved = LEARNT.replace("param a", "fixed a").replace("sgd(lr = 0.05)", "ridge()")
    solved = solved.replace("target y: seq real;", "target y: seq real[1];")
    head = "use head = Linear(inputs = 1, outputs = 1); output z = head([c(x)]);"
    reservoir = qr.loads(solved.replace("output z = c(x);", head))
    with pytest.raises(NotDefined, match="closed form"):
        stages(reservoir, reservoir.data(), 2)
    with pytest.raises(ValueError, match="at least 2"):
        analyze(model, ["flow"], along=1)


def test_nothing_flows_without_a_state() -> None:
    with pytest.raises(NotDefined, match="carries nothing"):
        flow(of("cell A { input x: real; output y = 2 * x; }"))
