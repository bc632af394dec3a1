"""Calls that cannot be meant: refused in words of the caller, never answered as if they were right."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import DataError

from .programs import QUBIT, leaky, line

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 5))


@pytest.fixture(scope="module")
def qubit():
    return qr.loads(QUBIT)


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1j, "a", None, [[1.0], [2.0, 3.0]]])
def test_parameters_that_are_no_numbers(value):
    with pytest.raises(TypeError, match=r"parameter `w` needs real numbers"):
        line()({"w": value}, X)


# --- state ----------------------------------------------------------------------------------------


def test_a_state_of_another_batch(qubit):
    params = qubit.init(0)
    _, state = qubit.step(params, X[:, 0])
    said = r"the state is of a batch of 4, the inputs are of 2"
    with pytest.raises(ValueError, match=said):
        qubit.step(params, X[:2, 0], state)
    with pytest.raises(ValueError, match=said):
        qubit(params, X[:2], state=state)


@pytest.mark.parametrize("state", [{"a": 1}, {}, 3, {"": {"density": np.zeros((4, 3, 3))}}])
def test_what_is_no_state_of_the_model(qubit, state):
    params = qubit.init(0)
    for call in (
        lambda: qubit.step(params, X[:, 0], state),
        lambda: qubit(params, X, state=state),
    ):
        with pytest.raises((ValueError, TypeError), match="as `step` and `return_state=True` give"):
            call()


def test_a_state_may_come_from_anywhere_it_fits(qubit):
    params = qubit.init(0)
    _, state = qubit(params, X[:, :2], return_state=True)
    _, other = qubit.step(params, X[:, 1], qubit.step(params, X[:, 0])[1])
    whole = qubit(params, X)["z"]
    for start in (state, other):
        np.testing.assert_allclose(
            qubit(params, X[:, 2:], state=start)["z"], whole[:, 2:], rtol=0, atol=1e-12
        )


# --- circuits -------------------------------------------------------------------------------------


def test_a_circuit_takes_the_first_steps_of_its_inputs(qubit):
    params = qubit.init(0)
    assert qubit.to_qasm(3, 3, params, X[0]) == qubit.to_qasm(3, 3, params, X[0, :3])
    for call in (qubit.to_qiskit, qubit.circuits, lambda *a: qubit.to_qasm(3, *a)):
        with pytest.raises(ValueError, match=r"input `x` .*\(2,\), expected \(3,\)"):
            call(3, params, X[0, :2])


@pytest.mark.parametrize("steps", ["3", 2.5, None])
def test_steps_are_a_whole_number(qubit, steps):
    for call in (qubit.to_qiskit, lambda n: qubit.to_qasm(3, n), qubit.circuits, qubit.info):
        with pytest.raises(TypeError, match="steps is a whole number"):
            call(steps)
    with pytest.raises(ValueError, match="steps is at least 1, not 0"):
        qubit.info(0)


def test_shots_of_a_model_without_inputs_need_steps():
    model = qr.loads("qrnn 1.0; cell N { carry q: qubit; ry(0.3) q; output y = expect(Z(q)); }")
    with pytest.raises(ValueError, match="give steps="):
        model.run({}, shots=10)
    assert model.run({}, steps=3, shots=10, seed=0)["y"].shape == (1, 3)


# --- rollouts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fed", [np.zeros(7), np.zeros((4, 2)), None, "a", {"x": np.zeros(3)}])
def test_what_is_fed_back_has_the_shape_of_the_input(fed):
    model = leaky()
    with pytest.raises((ValueError, TypeError), match=r"feed=.*`x`"):
        model.rollout(model.init(0), X, 3, feed=lambda now: fed)


def test_a_rollout_without_inputs():
    model = qr.loads("qrnn 1.0; cell N { carry h: real; next h = h + 1; output y = h; }")
    with pytest.raises(ValueError, match=r"no input.*steps="):
        model.rollout({}, None, 3)


@pytest.mark.parametrize("steps", ["3", 2.5])
def test_steps_of_a_rollout_are_a_whole_number(steps):
    model = leaky()
    with pytest.raises(TypeError, match="steps is a whole number"):
        model.rollout(model.init(0), X, steps)


# --- external functions ---------------------------------------------------------------------------

EXTERN = (
    "qrnn 1.0; extern def twice(x: real) -> real%s; cell A { input x: real; output y = twice(x); }"
)


def test_external_functions_that_the_source_does_not_declare():
    with pytest.raises(ValueError, match=r"no `extern def twic`.*`twice`"):
        qr.loads(EXTERN % "", extern={"twic": lambda x: 2 * x})


def test_an_external_function_that_jax_cannot_trace():
    model = qr.loads(EXTERN % "", extern={"twice": lambda x: np.sin(x)})
    with pytest.raises(TypeError, match=r"`twice` cannot be traced.*jax\.numpy"):
        model({}, X)


def test_an_external_function_of_another_shape():
    model = qr.loads(EXTERN % "[2]", extern={"twice": lambda x: 2 * x})
    with pytest.raises(ValueError, match=r"`twice` gave shape \(\), declared is \(2,\)"):
        model({}, X)


def test_external_functions_are_given_by_name():
    with pytest.raises(TypeError, match="`extern` holds functions by name, not 3"):
        qr.loads("qrnn 1.0; cell A { input x: real; output y = x; }", extern=3)


# --- training -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("shuffle", "yes", "`shuffle` is True or False"),
        ("epochs", 2.5, "`epochs` is a whole number"),
        ("batch", "8", "`batch` is a whole number"),
        ("seed", "a", "`seed` is a whole number"),
        ("lr", "a", "`lr` is a number"),
        ("clip", "a", "`clip` is a number"),
        ("epochs", True, "`epochs` is a whole number"),
        ("progress", "yes", "`progress` is True, False or a function"),
        ("checkpoint", 3, "`checkpoint` is the path of a folder"),
        ("checkpoint_every", "often", "`checkpoint_every` is a number of seconds"),
        ("data", "a.csv", r"`data` is a Dataset.*`model.data\(path\)`"),
    ],
)
def test_options_of_the_wrong_type(name, value, said):
    with pytest.raises(TypeError, match=said):
        line().fit(X, X, **{"progress": False, name: value})


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_seconds_between_checkpoints(value):
    with pytest.raises(ValueError, match="`checkpoint_every` is at least 0"):
        line().fit(X, X, progress=False, checkpoint_every=value)


def test_resuming_needs_something_to_resume(tmp_path):
    model = line()
    with pytest.raises(ValueError, match=r"resume.*checkpoint="):
        model.fit(X, X, epochs=1, progress=False, resume=True)
    with pytest.raises(DataError, match="no checkpoint to go on from"):
        model.fit(X, X, epochs=1, progress=False, checkpoint=tmp_path / "run", resume=True)
    assert not (tmp_path / "run").exists()


def test_resuming_with_other_parts(tmp_path):
    """A validation part that was not there is other data."""
    model = line()
    model.fit(X, X, epochs=1, progress=False, checkpoint=tmp_path)
    with pytest.raises(DataError, match="a run of other data"):
        model.fit(
            X, X, validation=(X, X), epochs=2, progress=False, checkpoint=tmp_path, resume=True
        )


# --- lengths --------------------------------------------------------------------------------------


def test_the_last_steps_of_a_sequence_that_is_shorter():
    model = qr.loads("qrnn 1.0; model M { input x: seq real; output y = last(x, 3); }")
    assert model({}, X, lengths=[3, 4, 5, 3])["y"].shape == (4, 3)
    with pytest.raises(ValueError, match=r"`last\(…, 3\)`.*sample 1 has 2"):
        model({}, X, lengths=[3, 2, 5, 3])


# --- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"shots": 100}, {"jobs": "jobs"}])
def test_what_is_for_a_backend_needs_one(given):
    said = rf"{next(iter(given))}= is for training on a backend: give backend="
    with pytest.raises(ValueError, match=said):
        line().fit(X, X, epochs=1, progress=False, **given)


@pytest.mark.parametrize("below", ["", "run"])
def test_a_checkpoint_where_a_file_is(tmp_path, below):
    file = tmp_path / "results"
    file.write_text("kept")
    for resume in (False, True):
        with pytest.raises(DataError, match=r"results: a file, where `checkpoint` needs a folder"):
            line().fit(X, X, epochs=1, progress=False, checkpoint=file / below, resume=resume)
    assert file.read_text() == "kept"


@pytest.mark.parametrize("path", [3, None, b"model.qrnn"])
def test_what_is_no_path(path):
    for call in (qr.load, qr.open):
        with pytest.raises(TypeError, match=r"`path` is the path of a file, not "):
            call(path)
    with pytest.raises(TypeError, match=r"`path` is the path of a file, not "):
        line().save(path, line().init(0))


def test_what_is_no_source():
    with pytest.raises(TypeError, match=r"`text` is a source, as text, not 3"):
        qr.loads(3)
    with pytest.raises(TypeError, match=r"`entry` is the name of a cell or model, not 3"):
        qr.loads(QUBIT, entry=3)
    with pytest.raises(TypeError, match=r"`set` holds hyperparameters by name, not 3"):
        qr.loads(QUBIT, set=3)


def test_a_model_is_not_saved_over_a_folder(tmp_path):
    with pytest.raises(DataError, match="a folder, not a file"):
        line().save(tmp_path, line().init(0))


# --- anything anywhere ----------------------------------------------------------------------------

#: What is wrong nearly everywhere.
STRANGE = {
    "text": "abc",
    "number": 3,
    "object": object(),
    "bytes": b"abc",
    "set": {1, 2},
    "dict": {"z": X},
    "no sequence": np.zeros((0, 5)),
    "no step": np.zeros((4, 0)),
    "complex": X * 1j,
    "characters": np.full((4, 5), "a"),
    "objects": X.astype(object),
    "dates": np.zeros((4, 5), "datetime64[D]"),
    "nan": np.full((4, 5), np.nan),
    "inf": np.full((4, 5), np.inf),
    "ragged": [[1.0, 2.0], [1.0]],
    "vector": np.zeros(5),
    "many axes": np.zeros((4, 5, 2, 2)),
}
#: Arguments by what they may be of these.
ARGUMENTS = {
    "call x": (lambda m, p, v: m(p, v), {"ragged"}),
    "call params": (lambda m, p, v: m(v, X), set()),
    "call a parameter": (lambda m, p, v: m({**p, "w": v}, X), {"number", "vector"}),
    "call lengths": (lambda m, p, v: m(p, X, lengths=v), set()),
    "step x": (lambda m, p, v: m.step(p, v), {"vector"}),
    "states x": (lambda m, p, v: m.states(p, v), set()),
    "apply x": (lambda m, p, v: m.apply(p, v), {"nan", "inf"}),
    "apply params": (lambda m, p, v: m.apply(v, X), set()),
    "gradient x": (lambda m, p, v: m.value_and_grad(p, v, X), set()),
    "gradient y": (lambda m, p, v: m.value_and_grad(p, X, v), set()),
    "fit x": (lambda m, p, v: m.fit(v, X, epochs=1, progress=False), set()),
    "fit y": (lambda m, p, v: m.fit(X, v, epochs=1, progress=False), set()),
    "fit params": (lambda m, p, v: m.fit(X, X, params=v, progress=False), set()),
    "fit lengths": (lambda m, p, v: m.fit(X, X, lengths=v, progress=False), set()),
    "fit validation": (lambda m, p, v: m.fit(X, X, validation=v, progress=False), set()),
    "fit optimizer": (lambda m, p, v: m.fit(X, X, optimizer=v, progress=False), set()),
    "fit schedule": (lambda m, p, v: m.fit(X, X, schedule=v, progress=False), set()),
    "fit patience": (lambda m, p, v: m.fit(X, X, patience=v, progress=False), {"number"}),
    "fit backend": (lambda m, p, v: m.fit(X, X, backend=v, progress=False), set()),
    "fit data": (lambda m, p, v: m.fit(data=v, progress=False), set()),
    "fit checkpoint": (lambda m, p, v: m.fit(X, X, checkpoint=v, progress=False), {"text"}),
    "rollout prime": (lambda m, p, v: m.rollout(p, v, 2), {"ragged"}),
    "rollout steps": (lambda m, p, v: m.rollout(p, X, v), {"number"}),
    "rollout seed": (lambda m, p, v: m.rollout(p, X, 2, seed=v), {"number"}),
    "run x": (lambda m, p, v: m.run(p, v, shots=5), {"ragged"}),
    "run shots": (lambda m, p, v: m.run(p, X, shots=v), {"number"}),
    "run seed": (lambda m, p, v: m.run(p, X, shots=5, seed=v), {"number"}),
    "run jobs": (lambda m, p, v: m.run(p, X, shots=5, jobs=v), {"text"}),
    "run backend": (lambda m, p, v: m.run(p, X, v), set()),
    "run zne": (lambda m, p, v: m.run(p, X, shots=5, zne=v), set()),
    "trajectories x": (lambda m, p, v: m.trajectories(p, v), {"ragged"}),
    "trajectories count": (lambda m, p, v: m.trajectories(p, X, count=v), set()),
    "trajectories seed": (lambda m, p, v: m.trajectories(p, X, seed=v), {"number"}),
    "circuit steps": (lambda m, p, v: m.to_qiskit(v), {"number"}),
    "circuit params": (lambda m, p, v: m.to_qiskit(2, v), set()),
    "circuit x": (lambda m, p, v: m.to_qiskit(5, p, v), {"vector"}),
    "circuit fresh": (lambda m, p, v: m.to_qiskit(2, fresh=v), set()),
    "circuit optimize": (lambda m, p, v: m.to_qiskit(2, optimize=v), {"number"}),
    "qasm version": (lambda m, p, v: m.to_qasm(v, 2), {"number"}),
    "info steps": (lambda m, p, v: m.info(v), {"number"}),
    "init seed": (lambda m, p, v: m.init(v), {"number"}),
    "noisy": (lambda m, p, v: m.noisy(v), set()),
    "draw": (lambda m, p, v: m.draw(v), set()),
    "save": (lambda m, p, v: m.save(v, p), {"text"}),
    "save params": (lambda m, p, v: m.save("a.qrnnz", v), set()),
    "load": (lambda m, p, v: qr.load(v), set()),
    "open": (lambda m, p, v: qr.open(v), set()),
    "loads": (lambda m, p, v: qr.loads(v), set()),
    "precision": (lambda m, p, v: qr.loads(QUBIT, precision=v), set()),
    "entry": (lambda m, p, v: qr.loads(QUBIT, entry=v), set()),
    "set": (lambda m, p, v: qr.loads(QUBIT, set=v), set()),
    "extern": (lambda m, p, v: qr.loads(QUBIT, extern=v), set()),
}


@pytest.fixture(scope="module")
def judged():
    """`QUBIT` as a model with a loss."""
    return qr.loads(
        QUBIT + "model J { use cell = Turn(); input x: seq real; target y: seq real; "
        "output z = cell(x); loss mse(z, y); }",
        entry="J",
    )


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_anything_anywhere(judged, tmp_path, monkeypatch, argument):
    """An error that this package raises, in one line or in diagnostics: not one of a library."""
    monkeypatch.chdir(tmp_path)
    call, meant = ARGUMENTS[argument]
    params = judged.init(0)
    if argument == "call a parameter":
        judged, params = line(), {"w": 0.5}
        meant = {"number"}
    for name, value in STRANGE.items():
        if name in meant:
            continue
        with pytest.raises((ValueError, TypeError, qr.CompileError)) as caught:
            call(judged, params, value)
        last = caught.traceback[-1]
        source = str(last.statement).lstrip()
        assert source.startswith("raise "), (name, last.path, str(caught.value))
        assert "/qrnnlang/" in str(last.path), (name, last.path, str(caught.value))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_names_that_no_file_can_have(judged, name):
    params = judged.init(0)
    for call in (
        lambda: qr.load(name),
        lambda: qr.open(name),
        lambda: judged.save(name, params),
        lambda: judged.draw(name),
        lambda: judged.run(params, X, shots=5, jobs=name),
        lambda: judged.fit(X, X, checkpoint=name, progress=False),
    ):
        with pytest.raises(ValueError, match="is the path of a"):
            call()


def test_steps_beyond_all_measure():
    model = qr.loads("qrnn 1.0; cell N { carry h: real; next h = h + 1; output y = h; }")
    with pytest.raises(ValueError, match="steps is below 2147483648"):
        model({}, steps=10**20)
