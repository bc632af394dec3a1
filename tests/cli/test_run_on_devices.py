"""`qrnnc run` on simulated devices: mitigation as options, what was run, what is refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.runtime.failures import RunError
from qrnnlang.runtime.model import Model
from qrnnlang.runtime.sampled import Outputs

from .conftest import Run

ON = ("run", "cell.qrnn", "--inputs", "x.csv", "--seed", "4", "--shots", "300")


@pytest.fixture(autouse=True)
def inputs(folder: Path) -> None:
    Path("x.csv").write_text("x\n0.1\n0.2\n")


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ((), {}),
        (("--zne", "1,3"), {"zne": (1, 3)}),
        (("--zne", "5,1,3", "--fit=richardson"), {"zne": (5, 1, 3), "fit": "richardson"}),
        (("--readout",), {"readout": True}),
        (("--decoupling",), {"decoupling": True}),
    ],
)
def test_options_are_arguments(
    qrnnc: Run,
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[str, ...],
    options: dict[str, object],
) -> None:
    asked: dict[str, object] = {}

    def run(model: Model, *args: object, **options: object) -> Outputs:
        asked.update(options)
        return Outputs({"y": np.zeros(1)}, {"y": np.zeros(1)}, {}, 4, 2, 1)

    monkeypatch.setattr(Model, "run", run)
    assert qrnnc(*ON, *given).code == 0
    nothing = {
        "progress": True,
        "zne": None,
        "fit": "linear",
        "readout": False,
        "decoupling": False,
        "executor": None,
    }
    assert asked == nothing | options


def test_mitigation_is_that_of_the_python_interface(qrnnc: Run) -> None:
    text = "qrnn 1.0; cell P { input x: real; fresh q: qubit; ry(x) q; output y = expect(Z(q)); }"
    Path("p.qrnn").write_text(text)
    where = ("--inputs", "x.csv", "--backend", "generic_2", "--shots", "300", "--seed", "4")
    found = qrnnc("run", "p.qrnn", *where, "--readout", "--zne", "1,3")
    model, x = qr.loads(text), np.array([[0.1, 0.2]])
    on = {"backend": "generic_2", "shots": 300, "seed": 4}
    want = model.run({}, x, **on, readout=True, zne=(1, 3))
    data = json.loads(found.out)
    assert np.array_equal(data["y"], want["y"])
    assert np.array_equal(data["std_error"]["y"], want.std_error["y"])
    assert not np.array_equal(want["y"], model.run({}, x, **on)["y"])
    assert found.err.startswith("note: 4 circuits from 2 templates, 300 shots each, in ")


def test_what_was_run_is_said(qrnnc: Run) -> None:
    Path("p.qrnn").write_text(
        "qrnn 1.0; cell P { input x: real; fresh a: qubit; fresh q: qubit; ry(1.2) a; cx a, q;"
        " postselect a == 0; ry(x) q; output y = expect(Z(q)); }"
    )
    found = qrnnc("run", "p.qrnn", "--inputs", "x.csv", "--shots", "1000")
    assert found.code == 0
    said = "note: 2 circuits from 1 template, 1000 shots each, in 1 job; passed: post_0_0 0."
    assert found.err.startswith(said)
    share = float(found.err.split("post_0_0 ")[1].split(",")[0])
    assert abs(share - np.cos(0.6) ** 2) < 5 * np.sqrt(0.25 / 1000)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--zne", "1,2"), "odd numbers with 1 among them, such as 1,3, not '1,2'"),
        (("--zne", "3,5"), "odd numbers with 1 among them"),
        (("--zne", "1"), "two or more"),
        (("--zne", "1,3,3"), "different"),
        (("--zne", "1,x"), "not '1,x'"),
        (("--fit", "cubic"), "richardson"),
        (("--fit", "richardson"), "`--fit` says how `--zne` extrapolates"),
    ],
)
def test_wrong_options(qrnnc: Run, given: tuple[str, ...], said: str) -> None:
    found = qrnnc(*ON, *given)
    assert (found.code, found.out, said in found.err) == (2, "", True)


@pytest.mark.parametrize("given", [("--zne", "1,3"), ("--readout",), ("--jobs", "kept")])
def test_shots_are_needed(qrnnc: Run, given: tuple[str, ...]) -> None:
    found = qrnnc("run", "cell.qrnn", "--inputs", "x.csv", *given)
    assert (found.code, found.out) == (2, "")
    assert f"`{given[0]}` is about shots" in found.err and "`--backend NAME`" in found.err


def test_a_backend_that_keeps_failing_is_a_run_that_failed(
    qrnnc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*args: object, **options: object) -> None:
        raise RunError("backend `far` failed 5 times: the line is down")

    monkeypatch.setattr(Model, "run", run)
    found = qrnnc(*ON)
    said = "error: backend `far` failed 5 times: the line is down\n"
    assert (found.code, found.out, found.err) == (3, "", said)


def test_what_cannot_be_decoupled(qrnnc: Run) -> None:
    found = qrnnc(*ON, "--decoupling")
    assert (found.code, found.out) == (1, "")
    assert "error[E0612]" in found.err and "no `--decoupling`" in found.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--shots", "5"), "`--shots` is for training on a backend: give `--backend NAME`"),
        (("--backend", "aer", "--seeds", "2"), "give `--seed`, not `--seeds`"),
        (("--backend", "aer", "--noise-from", "generic_3"), "`--backend` or `--noise-from`"),
    ],
)
def test_train_says_it_in_words_of_the_command_line(
    qrnnc: Run, given: tuple[str, ...], said: str
) -> None:
    found = qrnnc("train", "model.qrnn", *given, "-o", "out")
    assert (found.code, found.out, said in found.err) == (2, "", True)
    assert not Path("out").exists()
