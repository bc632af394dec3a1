"""Runs that are killed, interrupted and resumed; checkpoints that do not belong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import DataError
from qrnnlang.runtime.training.checkpoint import Checkpoint

from .programs import line

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 6))
Y = 2 * X + 0.1 * RNG.normal(size=X.shape)
FILE = "checkpoint.safetensors"

#: A run that takes some seconds and keeps a checkpoint all the time.
CHILD = """
import sys
import numpy as np
import qrnnlang as qr
from qrnnlang.runtime.training import checkpoint
checkpoint.AT_BEST = 0.0
rng = np.random.default_rng(3)
x = rng.normal(size=(40, 5))
run = qr.loads(open(sys.argv[1]).read()).fit(
    x[:30], np.sin(x[:30]), validation=(x[30:], np.sin(x[30:])), batch=7, shuffle=True, seed=5,
    progress=False, checkpoint=sys.argv[2], resume="resume" in sys.argv, checkpoint_every=0.0,
    {options},
)
print(run.stopped, len(run.history["epoch"]))
"""

QUANTUM = """qrnn 1.0;
cell Turn {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    crx(w[0]) e, m;
    ry(w[1]) m;
    rz(w[2]) m;
    output z = expect(Z(m));
}
model M {
    use cell = Turn();
    use head = Linear(inputs = 1, outputs = 1);
    input x: seq real;
    target y: seq real;
    output p = head(cell(x));
    loss mse(p, y);
    metric mae(p, y);
}
"""


#: `qrnnc`, where whoever started the tests may have it ignore interrupts.
COMMAND = """
import signal
import sys
from qrnnlang.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""


def command(folder, options, *more):
    (folder / "m.qrnn").write_text(QUANTUM)
    code = CHILD.replace("{options}", options)
    environment = {**os.environ, "PYTHONPATH": str(Path(qr.__file__).resolve().parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", code, "m.qrnn", *more],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def killed_until_done(folder, options, kills, rng):
    """Runs until it ends, killed at random moments after the first checkpoint of each part."""
    path, done = folder / "run" / FILE, 0
    while True:
        more = ["resume"] if path.exists() else []
        before = path.stat().st_mtime_ns if more else 0
        process = command(folder, options, "run", *more)
        while done < kills and process.poll() is None:
            if path.exists() and path.stat().st_mtime_ns != before:
                time.sleep(rng.uniform(0, 0.6))
                process.send_signal(signal.SIGKILL)
                done += 1
                break
            time.sleep(0.005)
        out, err = process.communicate()
        if process.returncode == 0:
            return done, out
        assert process.returncode == -signal.SIGKILL, err


def same_files(a, b):
    for name in ("model.qrnnz", "history.csv", "metrics.json"):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name


def check_kills(folder, options, kills):
    process = command(folder, options, "whole")
    out, err = process.communicate()
    assert process.returncode == 0, err
    done, end = killed_until_done(folder, options, kills, np.random.default_rng(kills))
    assert end == out and done >= 1
    same_files(folder / "whole", folder / "run")
    return done


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path):
    check_kills(tmp_path, 'epochs=1500, optimizer="adam", lr=1e-3', 2)


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        'epochs=4000, optimizer="adam", lr=1e-3',
        'epochs=3000, optimizer="rmsprop", lr=1e-4, clip=1.0, schedule="cosine"',
        'epochs=4000, optimizer="spsa"',
        'epochs=200, optimizer="lbfgs"',
        'epochs=800, optimizer="adamw", seeds=3',
    ],
)
def test_a_run_killed_many_times(tmp_path, options):
    assert check_kills(tmp_path, options, 12) >= 4


def test_an_interrupt_ends_the_command_in_good_order(tmp_path):
    """SIGINT to `qrnnc train`: exit code 130, the run's files are there, and it can be resumed."""
    text = QUANTUM[: QUANTUM.rindex("}")] + (
        'data series.sine(points = 100) { x = column("v"); y = shift(column("v"), 1); window = 10; }'
        " train { optimizer = adam(lr = 1e-3); epochs = 1000000; batch = 10; } }"
    )
    (tmp_path / "m.qrnn").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(Path(qr.__file__).resolve().parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "train", "m.qrnn", "-o", "run"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for shown in process.stderr:  # until some epochs have ended
        if shown.startswith("epoch ") and float(shown.split()[1].partition("/")[0]) >= 2:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "interrupted" in out and "Traceback" not in err
    assert {"model.qrnnz", "history.csv", "metrics.json", FILE} <= {
        p.name for p in (tmp_path / "run").iterdir()
    }
    rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    model, params = qr.open(tmp_path / "run" / "model.qrnnz")
    data = model.data()
    loss, _ = model.value_and_grad(params, data.train.inputs["x"], data.train.targets["y"])
    assert loss == pytest.approx(float(rows[-1].split(",")[1]), rel=1e-9)


# --- the cursor -----------------------------------------------------------------------------------


class Stop(Exception):
    pass


def test_a_run_that_ends_within_an_epoch_goes_on_there(tmp_path, monkeypatch):
    """Checkpoints lie between updates, not only between epochs."""
    options = {"batch": 1, "optimizer": "adam", "lr": 0.1, "shuffle": True, "progress": False}
    whole = line().fit(X, Y, validation=(X, X), epochs=3, **options)
    write = Checkpoint.write

    def writing(self, saved):
        write(self, saved)
        if saved.update == 13:
            raise Stop

    from qrnnlang.runtime.training import loop

    def one(self, stand, pace):
        return advance(self, stand, 1)

    advance = loop.Training._advance
    monkeypatch.setattr(loop.Training, "_advance", one)
    monkeypatch.setattr(Checkpoint, "write", writing)
    given = {"checkpoint": tmp_path / "a", "checkpoint_every": 0.0, "epochs": 3, **options}
    with pytest.raises(Stop):
        line().fit(X, Y, validation=(X, X), **given)
    monkeypatch.undo()
    run = line().fit(X, Y, validation=(X, X), resume=True, **given)
    assert run.history == whole.history
    assert run.params["w"] == whole.params["w"] and run.best_epoch == whole.best_epoch


def test_patience_ends_where_it_would_have(tmp_path):
    common = {"batch": 10, "optimizer": "sgd", "lr": 0.05, "patience": 3, "progress": False}
    held = {"validation": (X, X)}
    whole = line().fit(X, Y, epochs=400, **held, **common)
    line().fit(X, Y, epochs=2, checkpoint=tmp_path / "a", **held, **common)
    again = {"epochs": 400, "checkpoint": tmp_path / "a", "resume": True}
    for _ in range(2):  # and once it has ended, it stays so
        run = line().fit(X, Y, **again, **held, **common)
        assert run.stopped == "patience" and run.history == whole.history


# --- refusals -------------------------------------------------------------------------------------

COMMON = {"epochs": 2, "batch": 4, "optimizer": "adam", "lr": 0.1, "progress": False}


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "a"
    line().fit(X, Y, checkpoint=folder, **COMMON)
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, "had `seed` 0, this one has 3"),
        ({"batch": 5}, "had `batch` 4, this one has 5"),
        ({"shuffle": True}, "had `shuffle` unset, this one has true"),
        (
            {"optimizer": "sgd"},
            r"had `optimizer` `adam\(lr = 0.1\)`, this one has `sgd\(lr = 0.1\)`",
        ),
        ({"lr": 0.2}, r"this one has `adam\(lr = 0.2\)`"),
        ({"seeds": 2}, "had `seeds` unset"),
        ({"y": 3 * X}, "a run of other data"),
        ({"x": X[:8], "y": Y[:8]}, "a run of other data"),
        ({"validation": (X, Y)}, "a run of other data"),
    ],
)
def test_another_run_is_refused(run_folder, changes, message):
    before = (run_folder / FILE).read_bytes()
    with pytest.raises(DataError, match=message):
        line().fit(
            **{"x": X, "y": Y, "checkpoint": run_folder, "resume": True, **COMMON, **changes}
        )
    assert (run_folder / FILE).read_bytes() == before


def test_another_model_is_refused_but_not_another_layout(run_folder):
    from .programs import LINE

    given = {"checkpoint": run_folder, "resume": True, **COMMON}
    other = qr.loads(LINE.replace("w * x", "w * x * x") % "")
    with pytest.raises(DataError, match="a run of another model"):
        other.fit(X, Y, **given)
    laid_out = LINE.replace("param w", "/// The slope.\n    param  w") % "// a comment"
    assert qr.loads(laid_out).fit(X, Y, **given).stopped == "epochs"


def test_damaged_checkpoints(run_folder, tmp_path):
    whole = (run_folder / FILE).read_bytes()
    given = {"checkpoint": tmp_path, "resume": True, **COMMON}
    model = line()
    for size in range(1, len(whole), 997):
        (tmp_path / FILE).write_bytes(whole[:size])
        with pytest.raises(DataError, match="damaged, or not a checkpoint"):
            model.fit(X, Y, **given)
    for position in range(0, len(whole), 397):
        flipped = bytes([whole[position] ^ 0x11])
        (tmp_path / FILE).write_bytes(whole[:position] + flipped + whole[position + 1 :])
        with pytest.raises(DataError):
            model.fit(X, Y, **given)


def test_other_files_are_no_checkpoints(tmp_path):
    from safetensors.numpy import save

    given = {"checkpoint": tmp_path, "resume": True, **COMMON}
    for content in (b"12345678901234567890", save({"w": np.zeros(3)}), b"PK\x03\x04"):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(DataError, match="damaged, or not a checkpoint of a run"):
            line().fit(X, Y, **given)
    older = save({"w": np.zeros(3)}, metadata={"kind": "checkpoint of qrnnlang", "format": "9"})
    (tmp_path / FILE).write_bytes(older)
    with pytest.raises(DataError, match="in version 9 of the format"):
        line().fit(X, Y, **given)


def test_what_a_checkpoint_keeps(run_folder):
    saved = Checkpoint(run_folder / FILE, resume=True).read()
    assert saved is not None and saved.update == 6
    assert "model Line" in saved.record["source"] and saved.record["entry"] == "Line"
    assert {"qrnnlang", "jax", "optax", "numpy"} == set(saved.record["versions"])
    assert {"trained/w", "best/w", "state/0/count", "state/0/mu/w", "key"} <= set(saved.arrays)
    assert saved.histories[0]["epoch"] == [1, 2]
