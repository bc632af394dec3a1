"""A folder of its own for every test, and the command line within it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from qrnnlang.cli.main import main

CELL = """qrnn 1.0;

cell A(k: int = 2) {
    input x: real;
    carry m: qubit[k];
    fresh e: qubit;
    param w: angle[k];
    ry(x) e;
    rx(w) m;
    for q in m { cz e, q; }
    output y = expect(Z(e));
    output z = expect(X(m));
}
"""
WRONG = "qrnn 1.0;\n\ncell A {\n    fresh q: qubit[2];\n    cx q[0], q[0];\n    output y = expect(Z(q));\n}\n"
MODEL = """qrnn 1.0;

cell Cell {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle[2];
    ry(x) e;
    rx(w[0]) m;
    cz e, m;
    rx(w[1]) e;
    output z = expect(Z(e));
}

model M {
    use cell = Cell();
    param scale: real = 1;
    input x: seq real;
    target y: seq real;
    output p = scale * cell(x);
    loss mse(p, y);
    metric mae(p, y);
    data csv("data.csv") {
        x = column("v");
        y = shift(column("v"), 1);
        window = 5;
        stride = 5;
        split = (0.5, 0.25, 0.25);
    }
    train {
        optimizer = adam(lr = 0.1);
        epochs = 3;
        seed = 1;
    }
}
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with `cell.qrnn`, `wrong.qrnn` and `model.qrnn` with its data."""
    monkeypatch.chdir(tmp_path)
    Path("cell.qrnn").write_text(CELL, encoding="utf-8")
    Path("wrong.qrnn").write_text(WRONG, encoding="utf-8")
    Path("model.qrnn").write_text(MODEL, encoding="utf-8")
    rows = "\n".join(f"{i},{(i * 7 % 10) / 10}" for i in range(41))
    Path("data.csv").write_text(f"t,v\n{rows}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def qrnnc(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in the folder."""

    def run(*args: str) -> Result:
        capsys.readouterr()
        code = main(args)
        caught = capsys.readouterr()
        return Result(code, caught.out, caught.err)

    return run
