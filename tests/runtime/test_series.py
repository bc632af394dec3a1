"""Generated series against their defining equations."""

from __future__ import annotations

import inspect
import sys

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.runtime.series import SERIES, recorded
from qrnnlang.sema.series import SERIES as KNOWN

from .programs import line

#: Recorded series of packages that are not installed with the tests.
OPTIONAL = {
    "digits": "sklearn",
    "digit_bits": "sklearn",
    "santa_fe": "reservoirpy",
    "air_passengers": "pmdarima",
}
ALWAYS = sorted(set(SERIES) - set(OPTIONAL))


@pytest.mark.parametrize("name", ALWAYS)
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


@pytest.mark.parametrize(
    ("name", "rows", "some"),
    [
        ("nile", 100, {0: 1120.0, 99: 740.0}),
        ("co2", 2284, {0: 316.1, 2283: 371.5}),
        ("el_nino", 732, {0: 23.11, 13: 25.28}),
    ],
)
def test_recorded_series(name, rows, some):
    found = SERIES[name]()
    assert len(found["v"]) == rows and (np.diff(found["year"]) > 0).all()
    assert all(found["v"][row] == value for row, value in some.items())


def test_gaps_of_the_carbon_dioxide_lie_on_a_line():
    found = SERIES["co2"]()
    gap = np.flatnonzero(found["measured"] == 0)
    assert len(gap) == 59 and found["year"][0] == pytest.approx(1958.24, abs=0.01)
    first = next(i for i in gap if found["measured"][i - 1] and found["measured"][i + 1])
    assert found["v"][first] == pytest.approx((found["v"][first - 1] + found["v"][first + 1]) / 2)


@pytest.mark.parametrize(
    ("name", "rows"),
    [("digits", 115008), ("digit_bits", 23040), ("santa_fe", 10093), ("air_passengers", 144)],
)
def test_recorded_series_of_optional_packages(name, rows):
    pytest.importorskip(OPTIONAL[name], reason="an optional package, see pyproject.toml")
    found = SERIES[name]()
    assert {len(c) for c in found.values()} == {rows} and np.isfinite(found["v"]).all()
    assert tuple(found) == KNOWN[name].columns
    if name == "digits":
        assert found["label"][::64][:5].tolist() == [0, 1, 2, 3, 4] and found["v"].max() == 1
    if name == "air_passengers":
        assert found["v"][:3].tolist() == [112, 118, 132] and found["v"][-1] == 432


def test_the_first_rows_of_a_recorded_series():
    assert recorded.sunspots(points=7)["year"].tolist() == list(range(1700, 1707))
    with pytest.raises(DataError, match=r"`series\.nile` has 100 rows, not 101"):
        recorded.nile(points=101)


def test_growth():
    v = recorded.co2()["v"]
    found = recorded.co2(points=100, lag=52)
    assert len(found["v"]) == len(found["growth"]) == 48 and found["v"][0] == v[52]
    np.testing.assert_allclose(found["growth"], np.log(v[52:100]) - np.log(v[:48]), atol=1e-12)
    with pytest.raises(ValueError, match="`lag` is from 0 to 99"):
        recorded.co2(points=100, lag=100)


def test_digits_by_bits():
    pytest.importorskip("sklearn", reason="an optional package, see pyproject.toml")
    found = {
        k: c.reshape(-1, 64)
        for k, c in SERIES["digit_bits"](points=362 * 64, first=3, second=7).items()
    }
    pictures = SERIES["digits"]()
    wanted = found["next"][:, -1]
    labels = pictures["label"][::64]
    assert (wanted == 0).sum() == (labels == 3).sum() and (wanted == 1).sum() == (labels == 7).sum()
    assert (found["v"] == found["x0"] + 2 * found["x1"]).all()
    assert (found["next"] == found["o0"] + 2 * found["o1"]).all()
    assert (found["next"][:, :-1] == 0).all()
    assert (found["asked"].sum(axis=0) == [0] * 63 + [len(wanted)]).all()
    threes = np.minimum(pictures["v"].reshape(-1, 64)[labels == 3] * 4, 3) // 1
    assert sorted(found["v"][wanted == 0].tolist()) == sorted(threes.tolist())
    assert 0 < wanted[:20].sum() < 20  # mixed
    ones = SERIES["digit_bits"]()["next"].reshape(-1, 64)[:, -1]
    assert (ones == 0).sum() == 178 and (ones == 1).sum() == 182


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        *((n, "statsmodels.datasets", "data") for n in ("sunspots", "nile", "co2", "el_nino")),
        *((n, "sklearn.datasets", "digits") for n in ("digits", "digit_bits")),
        ("santa_fe", "reservoirpy.datasets", "santa-fe"),
        ("air_passengers", "pmdarima.datasets", "air"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        DataError, match=rf"`series.{name[:5]}.*` comes with .*'qrnnlang\[{extra}\]'"
    ):
        SERIES[name]()


def test_copy():
    found = SERIES["copy"](points=45, items=3, delay=4, seed=2)
    u, y = found["u"][:40].reshape(4, 10), found["y"][:40].reshape(4, 10)
    np.testing.assert_array_equal(y[:, 7:], u[:, :3])
    assert (np.abs(u[:, :3]) == 1).all() and (u[:, 3:] == 0).all() and (y[:, :7] == 0).all()
    np.testing.assert_array_equal(found["asked"][:10], [0] * 7 + [1] * 3)
    assert np.flatnonzero(found["go"]).tolist() == [7, 17, 27, 37]


def test_jaynes_cummings_is_the_atom_in_its_field():
    """Against the Hamiltonian g(σ₊a + σ₋a†) on 80 photon numbers."""
    found = SERIES["jaynes_cummings"](points=60, duration=30.0, coupling=0.7, mean=9.0)
    n = 80
    lower = np.diag(np.sqrt(np.arange(1, n)), 1)
    zero = np.zeros((n, n))
    h = 0.7 * np.block([[zero, lower], [lower.T, zero]])  # excited, then ground
    weights = np.array(
        [np.exp(-9.0 + k * np.log(9.0) - sum(np.log(np.arange(1, k + 1)))) for k in range(n)]
    )
    start = np.concatenate([np.sqrt(weights), np.zeros(n)])
    levels, vectors = np.linalg.eigh(h)
    path = (np.exp(-1j * np.outer(found["t"], levels)) * (vectors.T @ start)) @ vectors.T
    p = np.abs(path) ** 2
    np.testing.assert_allclose(found["v"], p[:, :n].sum(1) - p[:, n:].sum(1), atol=1e-9)
    t = SERIES["jaynes_cummings"]()
    early, quiet = (
        np.abs(t["v"][t["t"] < 1]).max(),
        np.abs(t["v"][(t["t"] > 8) & (t["t"] < 22)]).max(),
    )
    revival = np.abs(t["v"][(t["t"] > 29) & (t["t"] < 34)]).max()
    assert early == pytest.approx(1) and quiet < 1e-2 and revival > 0.3


def test_the_spin_chain_is_that_of_the_language():
    found = SERIES["ising"](points=4, duration=1.5, spins=3, coupling=0.8, field=0.6)
    model = qr.loads(
        "qrnn 1.0; cell C { carry m: qubit[3]; let H = 0 - 0.8 * sum(Z(a) * Z(b) for (a, b) in chain(m))"
        " - 0.6 * sum(X(m)); evolve(H, 0.5); output z = expect(Z(m)); }"
    )
    z = model({}, steps=3)["z"][0]
    np.testing.assert_allclose(found["v"][1:], z.mean(1), atol=1e-12)
    np.testing.assert_allclose(found["edge"][1:], z[:, 0], atol=1e-12)
    assert found["v"][0] == pytest.approx(1)
    with pytest.raises(ValueError, match="`spins` is from 1 to 10"):
        SERIES["ising"](spins=11)


def test_what_the_language_knows_of_them_is_so():
    for name in ALWAYS:
        generator = SERIES[name]
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
