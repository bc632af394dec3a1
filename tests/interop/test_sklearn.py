"""Estimators: scikit-learn's own checks, sequences, cells and models of the user."""

from __future__ import annotations

import pickle
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr

pytest.importorskip("sklearn", reason="needs the extra `sklearn`")
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from qrnnlang.sklearn import QRNNClassifier, QRNNRegressor

# What is checked does not depend on the cell: a small one compiles fast.
SMALL: dict[str, Any] = {"model": "Rnn", "hyper": {"hidden": 1}, "epochs": 1}
QUANTUM: dict[str, Any] = {"hyper": {"memory": 1, "layers": 1, "uploads": 1}, "epochs": 1}
#: Checks that compile little; all of them pass, which takes minutes.
QUICK = frozenset(
    [
        "check_complex_data",
        "check_estimator_sparse_array",
        "check_estimators_nan_inf",
        "check_estimators_pickle",
        "check_estimators_unfitted",
        "check_fit1d",
        "check_fit_idempotent",
        "check_get_params_invariance",
        "check_n_features_in",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_requires_y_none",
        "check_set_params",
    ]
)
#: Checks of what a trained cell gives.
ON_VALUES = frozenset(
    [
        "check_dict_unchanged",
        "check_estimators_dtypes",
        "check_estimators_pickle",
        "check_fit_idempotent",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
    ]
)


def checks(
    *estimators: Any, short: frozenset[str], only: frozenset[str] | None = None
) -> list[Any]:
    """Scikit-learn's checks of some estimators; those that are not `short` are long tests."""
    made = []
    for estimator in estimators:
        for number, (checked, check) in enumerate(estimator_checks_generator(estimator)):
            name = check.func.__name__
            if only is None or name in only:
                marks = () if name in short else (pytest.mark.long,)
                tag = f"{type(estimator).__name__}-{name}-{number}"
                made.append(pytest.param(checked, check, id=tag, marks=marks))
    return made


@pytest.mark.parametrize(
    ("estimator", "check"),
    checks(QRNNRegressor(**SMALL), QRNNClassifier(**SMALL), short=QUICK),
)
def test_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"),
    checks(QRNNRegressor(**QUANTUM), short=frozenset(), only=ON_VALUES),
)
def test_checks_of_scikit_learn_on_a_quantum_cell(estimator: Any, check: Any) -> None:
    check(estimator)


def test_the_names_of_checks_are_right() -> None:
    """A name that scikit-learn does not know would silently make nothing quick."""
    names = {check.func.__name__ for _, check in estimator_checks_generator(QRNNRegressor(**SMALL))}
    assert names >= QUICK | ON_VALUES and len(names) > 30


# --- sequences ------------------------------------------------------------------------------------


def waves(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (count, 6) of waves, and the value after each."""
    phase = np.random.default_rng(0).uniform(0, 6.28, count)[:, None]
    whole = 5 + 3 * np.sin(phase + 0.7 * np.arange(7))
    return whole[:, :6], whole[:, 6]


def test_the_default_learns_the_next_value_of_a_wave() -> None:
    X, y = waves()
    made = QRNNRegressor(random_state=0, epochs=60).fit(X[:40], y[:40])
    assert made.score(X[40:], y[40:]) > 0.9
    assert made.predict(X[40:]).shape == (20,) and made.n_features_in_ == 6
    assert len(made.history_["epoch"]) == 60 and isinstance(made.model_, qr.Model)


def test_classes_of_sequences() -> None:
    X, _ = waves(80)
    y = np.where(X[:, -1] > X[:, -2], "rising", "falling")
    made = QRNNClassifier("Gru", {"hidden": 3}, random_state=0, epochs=60).fit(X[:50], y[:50])
    assert made.score(X[50:], y[50:]) > 0.9
    assert made.classes_.tolist() == ["falling", "rising"]
    proba = made.predict_proba(X[50:])
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert (made.classes_[proba.argmax(axis=1)] == made.predict(X[50:])).all()


def test_several_features_and_any_number_of_steps() -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (10, 5, 2))
    y = X[:, -1]
    made = QRNNRegressor("Rnn", {"hidden": 2}, epochs=1, random_state=0).fit(X, y)
    assert made.n_features_in_ == 2
    assert made.predict(X).shape == (10, 2)
    assert made.predict(X[:, :3]).shape == (10, 2)
    with pytest.raises(
        ValueError, match="X has 1 features a step, but QRNNRegressor was trained on 2"
    ):
        made.predict(X[..., :1])
    with pytest.raises(ValueError, match=r"was trained on \(samples, steps, features\)"):
        made.predict(X[..., 0])
    with pytest.raises(ValueError, match="10 samples, y has 9"):
        made.fit(X, y[:9])


def test_scaling_is_undone() -> None:
    X, y = waves(20)
    first = QRNNRegressor("Rnn", {"hidden": 1}, epochs=2, random_state=0)
    plain = first.fit(X, y).predict(X)
    moved = clone(first).fit(100 * X + 7, 1000 * y - 3).predict(100 * X + 7)
    np.testing.assert_allclose(moved, 1000 * plain - 3)
    raw = clone(first).set_params(scale=False).fit(X, y)
    np.testing.assert_allclose(
        raw.predict(X), raw.model_(raw.params_, X[..., None])["pred"][..., 0]
    )


# --- what is trained ------------------------------------------------------------------------------

OWN = """qrnn 1.0;
model Own(gain: real = 1) {
    param w: real = 0.1;
    input x: seq real;
    target y: real;
    output pred = gain * w * last(x);
    loss mse(pred, y);
    train { optimizer = sgd(lr = 0.1); epochs = 3; }
}
"""


def test_a_model_of_the_user(tmp_path: Path) -> None:
    X, y = waves(20)
    (tmp_path / "own.qrnn").write_text(OWN)
    kinds: list[Any] = [OWN, tmp_path / "own.qrnn", str(tmp_path / "own.qrnn"), qr.loads(OWN)]
    made = [QRNNRegressor(kind, random_state=0).fit(X, y) for kind in kinds]
    assert {len(one.history_["epoch"]) for one in made} == {3}
    assert len({one.params_["w"].item() for one in made}) == 1
    strong = QRNNRegressor(OWN, {"gain": 2.0}, random_state=0).fit(X, y)
    assert strong.params_["w"].item() != made[0].params_["w"].item()


def test_a_cell_of_the_user() -> None:
    source = "qrnn 1.0; cell Mine(k: int = 1) { input x: real; carry m: qubit[k]; param w: angle[k]; ry(x + w) m; output z = expect(Z(m)); }"
    X, y = waves(20)
    made = QRNNRegressor(source, {"k": 2}, epochs=1, random_state=0).fit(X, y)
    assert made.params_["cell.w"].shape == (2,) and made.params_["head.W"].shape == (1, 2)


def test_probabilities_of_a_model_of_the_user() -> None:
    source = """qrnn 1.0;
    model Own { use head = Linear(inputs = 1, outputs = 2); input x: seq real[1]; target y: class[2];
      output p = softmax(head(last(x))); loss cross_entropy(p, y); train { epochs = 1; } }"""
    X, y = waves(20)
    made = QRNNClassifier(source, random_state=0).fit(X, y > 5)
    np.testing.assert_allclose(
        made.predict_proba(X), made.model_(made.params_, made._input(X[..., None]))["p"]
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "Emcc"}, "no cell to estimate with is called `Emcc`"),
        (
            {"model": "qrnn 1.0; model M { input x: seq real; output p = last(x); }"},
            "`M` has no loss: add",
        ),
        ({"model": qr.loads(OWN), "hyper": {"gain": 2}}, "not a Model"),
        ({"model": "Emc", "epochs": 0}, "`epochs` is at least 1"),
    ],
)
def test_wrong_models(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        QRNNRegressor(**options).fit(*waves(6))


def test_wrong_kinds_of_targets() -> None:
    X, y = waves(6)
    with pytest.raises(ValueError, match="the target `y` of `Own` is no label"):
        QRNNClassifier(OWN).fit(X, y > 5)
    with pytest.raises(ValueError, match="y has one class"):
        QRNNClassifier("Rnn").fit(X, y > 500)
    with pytest.raises(TypeError, match="a name, a path, a source or a Model"):
        QRNNRegressor(3).fit(X, y)  # type: ignore[arg-type]
    with pytest.raises(qr.CompileError):
        QRNNRegressor("Emc", {"memry": 2}).fit(X, y)


# --- among scikit-learn's tools -------------------------------------------------------------------


def test_a_search_in_a_pipeline() -> None:
    X, y = waves(20)
    estimator = QRNNRegressor("Rnn", {"hidden": 1}, epochs=2, random_state=0)
    steps = make_pipeline(StandardScaler(), estimator)
    grid = {"qrnnregressor__hyper": [{"hidden": 1}, {"hidden": 2}]}
    search = GridSearchCV(steps, grid, cv=2, n_jobs=1).fit(X, y)
    assert search.best_params_["qrnnregressor__hyper"] in grid["qrnnregressor__hyper"]
    assert search.predict(X).shape == (20,)


def test_a_model_is_pickled_as_its_source() -> None:
    model = qr.loads(OWN, gain=2.0)
    again = pickle.loads(pickle.dumps(model))
    assert again.program.text == OWN and again.program.hyper == {"gain": 2.0}
    extern = qr.loads(
        "qrnn 1.0; extern def f(x: real) -> real; cell A { input x: real; output y = f(x); }",
        extern={"f": lambda x: x},
    )
    with pytest.raises(TypeError, match="cannot be copied"):
        pickle.dumps(extern)


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("qrnnlang.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"pip install 'qrnnlang\[sklearn\]'"):
        import_module("qrnnlang.sklearn")
