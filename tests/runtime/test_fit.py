"""Training, against updates written out by hand."""

from __future__ import annotations

import signal

import numpy as np
import optax
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError, DataError

from .programs import leaky, line

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 6))
Y = 2 * X + 0.1 * RNG.normal(size=X.shape)


def grad(w, x, y):
    return np.mean(2 * x * (w * x - y))


def loss(w, x=X, y=Y):
    return np.mean((w * x - y) ** 2)


@pytest.fixture(scope="module")
def model():
    return line()


def test_gradient_descent_by_hand(model):
    """Batches in order, the smaller one last; losses of the whole set after each epoch."""
    run = model.fit(X, Y, epochs=3, batch=4, optimizer="sgd", lr=0.1, progress=False)
    w, expected = 0.5, []
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            w -= 0.1 * grad(w, X[rows], Y[rows])
        expected.append(loss(w))
    np.testing.assert_allclose(run.params["w"], w, rtol=1e-13)
    np.testing.assert_allclose(run.history["loss"], expected, rtol=1e-12)
    np.testing.assert_allclose(run.history["rmse"], np.sqrt(expected), rtol=1e-12)
    assert run.history["epoch"] == [1, 2, 3] and set(run.history) == {"epoch", "loss", "rmse"}
    assert run.metrics == {
        "train": pytest.approx({"loss": expected[-1], "rmse": expected[-1] ** 0.5})
    }
    assert run.stopped == "epochs" and run.best_epoch == 3


def test_adam_by_hand(model):
    run = model.fit(X, Y, epochs=2, batch=10, optimizer="adam", lr=0.05, progress=False)
    w, m, v = 0.5, 0.0, 0.0
    for t in (1, 2):
        g = grad(w, X, Y)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(run.params["w"], w, rtol=1e-12)


def test_rmsprop_is_pytorchs(model):
    run = model.fit(X, Y, epochs=3, batch=10, optimizer="rmsprop", lr=0.01, progress=False)
    w, v = 0.5, 0.0
    for _ in range(3):
        g = grad(w, X, Y)
        v = 0.99 * v + 0.01 * g * g
        w -= 0.01 * g / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(run.params["w"], w, rtol=1e-12)


@pytest.mark.parametrize(("clip", "step"), [("clip", 1.0), ("clip_value", 1.0)])
def test_clipping(model, clip, step):
    run = model.fit(
        X, 100 * Y, epochs=1, batch=10, optimizer="sgd", lr=0.1, progress=False, **{clip: step}
    )
    np.testing.assert_allclose(run.params["w"], 0.5 + 0.1, rtol=1e-12)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [1, 1, 1, 1]),
        (("exponential", {"rate": 0.5}), [1, 0.5, 0.25, 0.125]),
        (("step", {"every": 2, "rate": 0.1}), [1, 1, 0.1, 0.1]),
        ("cosine", [(1 + np.cos(np.pi * k / 4)) / 2 for k in range(4)]),
        (("warmup_cosine", {"warmup": 2, "end": 0.2}), [1 / 3, 2 / 3, 1, 0.6]),
    ],
)
def test_schedules(model, schedule, factors):
    run = model.fit(
        *(X, Y), epochs=4, batch=10, optimizer="sgd", lr=0.1, schedule=schedule, progress=False
    )
    w = 0.5
    for factor in factors:
        w -= 0.1 * factor * grad(w, X, Y)
    np.testing.assert_allclose(run.params["w"], w, rtol=1e-12)


def test_the_best_epoch_of_the_validation_is_kept(model):
    """The validation set has its minimum at w = 1, training goes on to 2."""
    run = model.fit(
        *(X, Y), validation=(X, X), test=(X, 3 * X), epochs=40, batch=10, optimizer="sgd", lr=0.05,
        progress=False,
    )  # fmt: skip
    best = int(np.argmin(run.history["val_loss"]))
    assert 0 < best < 39 and run.best_epoch == best + 1
    assert run.metrics["validation"]["loss"] == pytest.approx(min(run.history["val_loss"]))
    assert run.metrics["test"]["loss"] == pytest.approx(loss(run.params["w"], X, 3 * X))
    assert set(run.history) == {"epoch", "loss", "rmse", "val_loss", "val_rmse"}


def test_patience(model):
    run = model.fit(
        *(X, Y), validation=(X, X), epochs=400, batch=10, optimizer="sgd", lr=0.05, patience=3,
        progress=False,
    )  # fmt: skip
    assert run.stopped == "patience" and len(run.history["epoch"]) == run.best_epoch + 3


def test_lengths_leave_out_padding(model):
    padded = np.concatenate([X, np.full((10, 2), 9.0)], axis=1)
    target = np.concatenate([Y, np.full((10, 2), -9.0)], axis=1)
    common = {"epochs": 5, "batch": 4, "optimizer": "sgd", "lr": 0.1, "progress": False}
    run = model.fit(padded, target, lengths=[6] * 10, **common)
    np.testing.assert_allclose(run.params["w"], model.fit(X, Y, **common).params["w"], rtol=1e-12)


def test_shuffling_depends_on_the_seed_alone(model):
    common = {"epochs": 2, "batch": 3, "optimizer": "sgd", "lr": 0.1, "progress": False}
    found = [
        model.fit(X, Y, shuffle=shuffle, seed=seed, **common).params["w"].item()
        for shuffle, seed in ((True, 1), (True, 1), (True, 2), (False, 1), (False, 2))
    ]
    assert found[0] == found[1] and found[3] == found[4] and len(set(found)) == 3


def test_start_values():
    model = leaky()
    run = model.fit(
        X, Y, params={"cell.w": 5.0}, epochs=1, optimizer="sgd", lr=1e-9, progress=False
    )
    assert run.params["cell.w"] == pytest.approx(5.0, abs=1e-6)
    with pytest.raises(ValueError, match="the model has no parameter `w`"):
        model.fit(X, Y, params={"w": 5.0}, progress=False)


def test_an_optax_transformation(model):
    ours = model.fit(X, Y, epochs=2, optimizer=("sgd", {"momentum": 0.9}), lr=0.1, progress=False)
    theirs = model.fit(X, Y, epochs=2, optimizer=optax.sgd(0.1, 0.9), progress=False)
    assert ours.params["w"] == theirs.params["w"]


def test_lbfgs_and_spsa_find_the_minimum(model):
    best = np.sum(X * Y) / np.sum(X * X)
    run = model.fit(X, Y, epochs=5, batch=2, optimizer="lbfgs", progress=False)
    assert run.params["w"] == pytest.approx(best, abs=1e-8)
    run = model.fit(X, Y, epochs=300, batch=10, optimizer="spsa", lr=0.5, progress=False)
    assert run.params["w"] == pytest.approx(best, abs=1e-3)


def test_the_train_block_is_the_default():
    model = line(
        "train { optimizer = sgd(lr = 0.1); epochs = 2; batch = 4; clip = 100.0; seed = 3; }"
    )
    by_block = model.fit(X, Y, progress=False)
    by_hand = line().fit(
        X, Y, optimizer="sgd", lr=0.1, epochs=2, batch=4, clip=100.0, seed=3, progress=False
    )
    assert by_block.params["w"] == by_hand.params["w"]
    assert by_block.settings["optimizer"] == {"name": "sgd", "lr": 0.1}
    assert len(model.fit(X, Y, epochs=5, progress=False).history["loss"]) == 5


@pytest.mark.parametrize(
    ("block", "code", "message"),
    [
        ("optimizer = adam(learning_rate = 1);", "E0510", "`adam` has no argument `learning_rate`"),
        ("optimizer = adam(lr = -1);", "E0509", "`lr` of `adam` is at least 0"),
        ("optimizer = sgd(nesterov = 1);", "E0509", "`nesterov` of `sgd` is `true` or `false`"),
        ("epochs = 0;", "E0509", "`epochs` is at least 1"),
        ("batch = 1.5;", "E0509", "`batch` is a whole number"),
        ("clip = 0;", "E0509", "`clip` is above 0"),
        ("schedule = step(each = 2);", "E0510", "`step` has no argument `each`"),
    ],
)
def test_wrong_options_are_shown_in_the_source(block, code, message):
    with pytest.raises(CompileError) as error:
        line(f"train {{ {block} }}").fit(X, Y, progress=False)
    (found,) = error.value.diagnostics
    assert (found.code, found.message) == (code, message)
    assert found.span.text in block


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"optimizer": "adamm"}, ValueError, "there is no optimizer `adamm`: did you mean `adam`"),
        ({"optimizer": 3}, TypeError, "the optimizer is a name or an object of optax"),
        ({"optimizer": ("adam", {"beta": 1})}, ValueError, "`adam` has no argument `beta`"),
        ({"epochs": 0}, ValueError, "`epochs` is at least 1"),
        ({"lr": 0.0}, ValueError, "`lr` is above 0"),
        ({"optimizer": "lbfgs", "lr": 0.1}, ValueError, "the optimizer `lbfgs` has no `lr`"),
        ({"validation": X}, TypeError, "validation is a pair"),
        ({"epoch": 3}, TypeError, "epoch"),
        ({"x": None, "y": None}, ValueError, "`Line` has no `data` block: give x and y"),
        ({"y": None}, ValueError, "missing target `y`"),
    ],
)
def test_wrong_arguments(model, options, error, message):
    with pytest.raises(error, match=message):
        model.fit(**{"x": X, "y": Y, "progress": False, **options})


def test_divergence_names_epoch_update_and_parameters(model):
    with pytest.raises(qr.TrainingError) as error:
        model.fit(X, 1e150 * Y, epochs=9, batch=5, optimizer="sgd", lr=1e10, progress=False)
    text = str(error.value)
    assert "the loss is inf at epoch 1, update" in text or "the loss is nan at epoch 1" in text
    assert "`w`" in text and "smaller learning rate" in text
    assert error.value.params["w"] == 0.5


def test_data_outside_a_domain_is_found_before_training():
    model = qr.loads(
        "qrnn 1.0; model M { param w: real = 1; input x: seq real; target y: seq real;"
        " output p = w * arcsin(x); loss mse(p, y); }"
    )
    x = np.zeros((4, 3))
    x[2, 1] = -3
    with pytest.raises(DataError, match=r"`arcsin` of -3.*\(input `x`, sample 2, step 1\)"):
        model.fit(x, x, progress=False)


@pytest.fixture
def interrupts():
    """Interrupts as at a terminal, also where whoever started the tests has them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_keeps_what_there_is(model, interrupts):
    """Both ways to interrupt: the signal, which is noted, and the exception out of a callback."""

    def signalled(values):
        if values["epoch"] == 2:
            signal.raise_signal(signal.SIGINT)

    def raised(values):
        if values["epoch"] == 2:
            raise KeyboardInterrupt

    two = model.fit(X, Y, epochs=2, batch=10, optimizer="sgd", lr=0.1, progress=False)
    for progress in (signalled, raised):
        run = model.fit(X, Y, epochs=9, batch=10, optimizer="sgd", lr=0.1, progress=progress)
        assert run.stopped == "interrupted" and run.history["epoch"] == [1, 2]
        assert run.params["w"] == two.params["w"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_resuming_goes_on_as_if_nothing_had_happened(model, tmp_path):
    common = {"batch": 3, "optimizer": "adam", "lr": 0.1, "shuffle": True, "progress": False}
    held = {"validation": (X, 1.5 * X)}
    whole = model.fit(X, Y, epochs=6, **held, **common)
    model.fit(X, Y, epochs=2, checkpoint=tmp_path / "run", **held, **common)
    assert {"checkpoint.safetensors", "model.qrnnz", "history.csv", "metrics.json"} <= {
        p.name for p in (tmp_path / "run").iterdir()
    }
    resumed = model.fit(X, Y, epochs=6, checkpoint=tmp_path / "run", resume=True, **held, **common)
    assert resumed.history == whole.history and resumed.best_epoch == whole.best_epoch
    assert resumed.params["w"] == whole.params["w"]
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(b"12345678901234567890")
    with pytest.raises(DataError, match="not a checkpoint of a run"):
        model.fit(X, Y, checkpoint=tmp_path / "run", resume=True, progress=False)


def test_progress_goes_to_standard_error_or_to_a_function(model, capsys, monkeypatch):
    seen = []
    model.fit(X, Y, epochs=3, progress=seen.append)
    assert [e["epoch"] for e in seen] == [1, 2, 3] and set(seen[0]) == {"epoch", "loss", "rmse"}
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("qrnnlang.runtime.progress.EVERY", 0.0)
    monkeypatch.setattr("qrnnlang.runtime.progress.AT_ONCE", 0.0)
    model.fit(X, Y, epochs=3)
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 2
    assert err.startswith("epoch 2/3  loss ") and err.rstrip().endswith("0 s left")


RIDGE = """qrnn 1.0;
cell Twist {
    input x: real;
    carry m: qubit;
    fixed a: angle[2];
    ry(x + a[0]) m;
    rx(a[1]) m;
    output z = [expect(X(m)), expect(Y(m)), expect(Z(m))];
}
model Readout {
    use cell = Twist();
    use head = Linear(inputs = 3, outputs = 2);
    input x: seq real;
    target y: seq real[2];
    output pred = head(cell(x));
    loss mse(skip(pred, 2), skip(y, 2));
    metric r2(skip(pred, 2), skip(y, 2));
    train { optimizer = ridge(l2 = 0.01); }
}
"""


def test_ridge_is_the_closed_form():
    model = qr.loads(RIDGE)
    y = RNG.normal(size=(10, 6, 2))
    run = model.fit(X, y, progress=False)
    params = model.init(0)
    features = []
    for k in range(3):  # the cell's outputs, read with a head that picks one
        head = {"head.W": np.eye(3)[[k, k]], "head.b": np.zeros(2)}
        features.append(model({**params, **head}, X)["pred"][:, 2:, 0].ravel())
    a, b = np.stack(features, 1), y[:, 2:].reshape(-1, 2)
    # The bias is not penalised: solve for centred columns, then the bias follows.
    ca, cb = a - a.mean(0), b - b.mean(0)
    w = np.linalg.solve(ca.T @ ca + 0.01 * np.eye(3), ca.T @ cb)
    np.testing.assert_allclose(run.params["head.W"], w.T, atol=1e-10)
    np.testing.assert_allclose(run.params["head.b"], b.mean(0) - a.mean(0) @ w, atol=1e-10)
    np.testing.assert_array_equal(run.params["cell.a"], params["cell.a"])
    assert run.history["epoch"] == [1] and run.metrics["train"]["r2"] > 0


def test_ridge_again_compiles_nothing(monkeypatch):
    from qrnnlang.engine.executable import Executable

    runs = []
    plain = Executable.apply
    monkeypatch.setattr(
        Executable, "apply", lambda self, *a, **k: runs.append(1) or plain(self, *a, **k)
    )
    model, y = qr.loads(RIDGE), RNG.normal(size=(10, 6, 2))
    first = model.fit(X, y, progress=False)
    assert runs
    runs.clear()
    again = model.fit(X, y, progress=False)
    assert not runs
    np.testing.assert_array_equal(again.params["head.W"], first.params["head.W"])
    # Another penalty is another solution, not the one that was kept.
    other = model.fit(X, y, optimizer=("ridge", {"l2": 10.0}), progress=False)
    assert np.abs(other.params["head.W"]).sum() < np.abs(first.params["head.W"]).sum()


def test_ridge_judges_every_part_by_its_own_data():
    """Parts of one length run together, others apart."""
    model, y = qr.loads(RIDGE), RNG.normal(size=(10, 6, 2))
    run = model.fit(
        X[:5], y[:5], validation=(X[5:8], y[5:8]), test=(X[8:, :5], y[8:, :5]), progress=False
    )
    for part, data in (
        ("train", (X[:5], y[:5])), ("validation", (X[5:8], y[5:8])), ("test", (X[8:, :5], y[8:, :5]))
    ):  # fmt: skip
        loss, _ = model.value_and_grad(run.params, *data)
        assert run.metrics[part]["loss"] == pytest.approx(loss, rel=1e-10)


@pytest.mark.parametrize(
    ("old", "new", "why", "advice"),
    [
        ("fixed a", "param a", "other trained parameters", "`fixed`"),
        ("head(cell(x))", "tanh(head(cell(x)))", "not linear in the trained parameters", "`tanh`"),
        ("loss mse(", "loss 2 * mse(", "its loss is not `mse", "`nmse`"),
    ],
)
def test_ridge_refuses_other_models(old, new, why, advice):
    text = RIDGE.replace(old, new)
    with pytest.raises(CompileError) as error:
        qr.loads(text).fit(X, RNG.normal(size=(10, 6, 2)), progress=False)
    (found,) = error.value.diagnostics
    assert found.code == "E0511" and why in found.label and found.span.text == "ridge(l2 = 0.01)"
    assert advice in found.help
    with pytest.raises(ValueError, match=why):
        model = qr.loads(text.replace("ridge(l2 = 0.01)", "adam()"))
        model.fit(X, RNG.normal(size=(10, 6, 2)), optimizer="ridge", progress=False)


def test_the_pace_stays_finite_where_epochs_end_every_block(model):
    """A block may hold ever more updates, of which its epoch has one: eightfold 400 times is inf."""
    seen: list[object] = []
    model.fit({"x": X}, {"y": Y}, epochs=400, batch=10, lr=0.01, seed=0, progress=seen.append)
    assert len(seen) == 400
