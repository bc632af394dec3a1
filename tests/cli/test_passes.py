"""`-O`, `--print-after`, `--time-passes`, `--verify-each`."""

from __future__ import annotations

from pathlib import Path

import pytest

import qrnnlang as qr

from .conftest import Run

CELL = """qrnn 1.0;
cell C {
    input x: real;
    carry m: qubit[2];
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    rz(w[0]) m;
    cx m[0], m[1];
    cx m[0], m[1];
    rz(w[1]) m;
    cx m[0], e;
    output y = expect(Z(e));
    ry(w[2]) m[0];
}
"""


@pytest.fixture(autouse=True)
def source(qrnnc: Run) -> None:
    Path("c.qrnn").write_text(CELL)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_levels(qrnnc: Run, level: int) -> None:
    found = qrnnc("compile", "c.qrnn", "--steps", "3", "-O", str(level))
    assert (found.code, found.err) == (0, "")
    assert found.out == qr.load("c.qrnn").to_qasm(3, steps=3, optimize=level)
    assert found.out.count("cx") == (9 if level == 0 else 2)


def test_the_default_is_level_1(qrnnc: Run) -> None:
    assert qrnnc("compile", "c.qrnn").out == qrnnc("compile", "c.qrnn", "-O1").out


def test_print_after(qrnnc: Run) -> None:
    plain = qrnnc("compile", "c.qrnn")
    found = qrnnc("compile", "c.qrnn", "--print-after", "merge")
    assert found.out == plain.out
    assert found.err.startswith("// after merge\ncell C {\n")
    assert found.err.count("cx") == 1
    every = qrnnc("compile", "c.qrnn", "--print-after=all").err
    assert every.count("// after ") == 8
    wrong = qrnnc("compile", "c.qrnn", "--print-after=marge")
    assert wrong.code == 2
    assert "light-cone" in wrong.err


def test_time_and_verify(qrnnc: Run) -> None:
    found = qrnnc("compile", "c.qrnn", "--steps=4", "-O3", "--time-passes", "--verify-each")
    assert found.code == 0
    lines = found.err.splitlines()
    assert lines[-1].startswith("verified: ")
    assert {line.split()[2] for line in lines[:-1]} >= {"merge", "zeros", "blocks", "light-cone"}


def test_ir_shows_the_step_after_the_passes(qrnnc: Run) -> None:
    written = qrnnc("compile", "c.qrnn", "--format=ir").out
    found = qrnnc("compile", "c.qrnn", "--format=ir", "-O2").out
    assert written.count("cx") == 3
    assert found.count("cx") == 1
