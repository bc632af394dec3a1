"""Generated series against their defining equations."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.runtime.series import SERIES, recorded
from qrnnlang.sema.series import SERIES as KNOWN

from .programs import line


@pytest.mark.parametrize("name", sorted(SERIES))
def test_columns_are_finite_repeatable_and_of_one_length(name):
    few = {"points": 50} if "points" in inspect.signature(SERIES[name]).parameters else {}
    first, second = SERIES[name](**few), SERIES[name](**few)
    assert "v" in first and len({len(c) for c in first.values()}) == 1
    assert not few or len(first["v"]) == 50
    for column, values in first.items():
        assert np.isfinite(values).all() and values.dtype == np.float64
        np.testing.assert_array_equal(values, second[column])


def test_waves():
    t = np.linspace(0, 20, 240)
    np.testing.assert_allclose(SERIES["sine"]()["v"], np.sin(2 * np.pi * t / 5), atol=1e-13)
    np.testing.assert_allclose(SERIES["cosine"]()["v"], np.cos(2 * np.pi * t / 5), atol=1e-13)
    wave = SERIES["triangle"](points=9, duration=4.0, period=4.0)["v"]
    np.testing.assert_allclose(wave, [-1, -0.5, 0, 0.5, 1, 0.5, 0, -0.5, -1], atol=1e-14)
    damped = SERIES["damped_triangle"](points=9, duration=4.0, period=4.0, decay=0.5)
    np.testing.assert_allclose(damped["v"], 0.75 * np.exp(-0.5 * damped["t"]) * wave, atol=1e-14)


def test_bessel_satisfies_the_recurrence_and_known_values():
    j = [SERIES["bessel"](order=n)["v"] for n in (0, 1, 2)]
    t = np.linspace(0, 20, 240)
    np.testing.assert_allclose(t * (j[0] + j[2]), 2 * j[1], atol=1e-12)
    at_one = SERIES["bessel"](points=2, duration=1.0, order=0)["v"]
    np.testing.assert_allclose(at_one, [1.0, 0.7651976865579666], atol=1e-15)


def test_the_pendulum_converges_and_loses_energy():
    found = SERIES["damped_pendulum"]()
    assert found["angle"][0] == 0 and found["v"][0] == 3 and len(found["v"]) == 240
    # Each time of 240 points up to 20 s is one of 4 · 239 + 1 points, with steps a quarter as long.
    fine = SERIES["damped_pendulum"](points=4 * 239 + 1)
    np.testing.assert_allclose(found["v"], fine["v"][::4], atol=1e-7)
    energy = found["v"] ** 2 / 2 - 9.81 * np.cos(found["angle"])
    assert (np.diff(energy) <= 1e-9).all()


def test_van_der_pol_reaches_its_limit_cycle():
    v = SERIES["van_der_pol"](points=2000, duration=100.0, mu=1.0)["v"]
    assert abs(np.abs(v[1000:]).max() - 2.00862) < 1e-3


@pytest.mark.parametrize("order", [2, 5, 10])
def test_narma(order):
    found = SERIES["narma"](points=200, order=order, seed=4)
    u, y = found["u"], found["y"]
    assert u.min() >= 0 and u.max() <= 0.5
    t = 100  # y[t] stands beside the input it follows from
    if order == 2:
        expected = 0.4 * y[t - 1] + 0.4 * y[t - 1] * y[t - 2] + 0.6 * u[t] ** 3 + 0.1
    else:
        past = y[t - order : t].sum()
        expected = 0.3 * y[t - 1] + 0.05 * y[t - 1] * past + 1.5 * u[t - order + 1] * u[t] + 0.1
    assert y[t] == pytest.approx(expected, abs=1e-14)
    assert not np.array_equal(u, SERIES["narma"](points=200, order=order, seed=5)["u"])


def test_maps():
    h = SERIES["henon"](points=5)
    np.testing.assert_allclose(h["v"][1:], 1 - 1.4 * h["v"][:-1] ** 2 + h["y"][:-1], atol=1e-15)
    np.testing.assert_allclose(h["y"][1:], 0.3 * h["v"][:-1], atol=1e-15)
    v = SERIES["logistic"](points=100)["v"]
    np.testing.assert_allclose(v[1:], 3.9 * v[:-1] * (1 - v[:-1]), atol=1e-14)


def test_flows():
    path = SERIES["lorenz"](points=1000, spacing=0.002)
    slope = np.gradient(path["v"], path["t"])
    np.testing.assert_allclose(slope[5:-5], 10 * (path["y"] - path["v"])[5:-5], atol=0.06)
    # A delay that nothing depends on: x′ = −γx exactly.
    decay = SERIES["mackey_glass"](points=20, beta=0.0, washout=0)
    np.testing.assert_allclose(decay["v"], 1.2 * np.exp(-0.1 * decay["t"]), rtol=1e-9)
    whole = SERIES["mackey_glass"](points=2000)["v"]
    assert 0.2 < whole.min() < 0.5 and 1.2 < whole.max() < 1.5  # the known attractor for τ = 17


def test_tasks():
    v = SERIES["elman_xor"](points=31)["v"]
    assert (v[2:30:3] == (v[0:30:3] + v[1:30:3]) % 2).all() and len(v) == 31
    d = SERIES["delayed_parity"](points=60, delay=2, width=3)
    u, y = d["u"], d["y"]
    assert all(y[t] == (u[t - 2] + u[t - 3] + u[t - 4]) % 2 for t in range(4, 60))
    assert y[0] == 0 and y[2] == u[0]


def test_sunspots():
    found = recorded.sunspots()
    assert len(found["v"]) == 309 and (found["year"][0], found["year"][-1]) == (1700, 2008)
    assert found["v"][0] == 5.0 and found["v"].max() == 190.2


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "statsmodels.datasets", None)
    with pytest.raises(DataError, match=r"pip install 'qrnnlang\[data\]'"):
        recorded.sunspots()


def test_what_the_language_knows_of_them_is_so():
    for name, generator in SERIES.items():
        known = KNOWN[name]
        defaults = {p.name: p.default for p in inspect.signature(generator).parameters.values()}
        assert known.arguments == defaults
        assert {k: type(v) for k, v in known.arguments.items()} == {
            k: type(v) for k, v in defaults.items()
        }
        few = {"points": 40} if "points" in defaults else {}
        assert known.columns == tuple(generator(**few))
    assert list(KNOWN) == list(SERIES)


def test_growth_without_bound_is_a_data_error():
    with pytest.raises(DataError, match=r"`series.logistic` grows without bound.*row \d+"):
        SERIES["logistic"](r=5.0)


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("series.sinus()", "E0510", "there is no generator `series.sinus`"),
        ("series.sine(pints = 3)", "E0510", "`series.sine` has no argument `pints`"),
        ("series.sine(points = 2.5)", "E0509", "`points` of `series.sine` is a whole number"),
        ("series.sine(points = 0)", "E0509", "`points` of `series.sine` is at least 1"),
        ("series.sine(points = 20000000)", "E0509", "a series has at most 10,000,000 points"),
        ("series.narma(order = 1)", "E0509", "`order` is at least 2, not 1"),
    ],
)
def test_wrong_arguments(source, code, message):
    with pytest.raises(CompileError) as error:
        line(f'data {source} {{ x = column("v"); y = column("v"); window = 2; }}').data()
    (found,) = error.value.diagnostics
    assert (found.code, found.message) == (code, message)


def test_a_block_reads_a_series():
    model = line('data series.sine(points = 20) { x = column("v"); y = column("t"); window = 5; }')
    data = model.data()
    np.testing.assert_array_equal(data.train.inputs["x"][0], SERIES["sine"](points=20)["v"][:5])
    assert data.train.targets["y"][0, 0] == 0
