from __future__ import annotations

import re

import pytest

from qrnnlang import __version__
from qrnnlang.cli.main import VERBS

from .conftest import Run


def test_help_lists_the_verbs(qrnnc: Run) -> None:
    found = qrnnc("--help")
    assert (found.code, found.err) == (0, "")
    assert all(re.search(rf"^    {verb}\s", found.out, re.MULTILINE) for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(qrnnc: Run, verb: str) -> None:
    found = qrnnc(verb, "--help")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith(f"usage: qrnnc {verb}")


def test_version(qrnnc: Run) -> None:
    assert qrnnc("--version").out == f"qrnnc {__version__}\n"


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["fly"],
        ["check"],
        ["check", "--fast", "cell.qrnn"],
        ["compile", "cell.qrnn", "--format", "qasm4"],
        ["compile", "cell.qrnn", "--steps", "0"],
        ["compile", "cell.qrnn", "--set", "k"],
        ["compile", "cell.qrnn", "--set", "k=1", "--set", "k=2"],
        ["compile", "cell.qrnn", "--format", "qasm2", "--rolled"],
        ["run", "cell.qrnn", "--seed", "-1"],
        ["train", "model.qrnn", "--resume"],
        ["fmt", "-", "cell.qrnn"],
    ],
)
def test_wrong_usage(qrnnc: Run, line: list[str]) -> None:
    found = qrnnc(*line)
    assert (found.code, found.out) == (2, "")
    assert found.err


def test_options_may_stand_before_the_file(qrnnc: Run) -> None:
    assert qrnnc("compile", "--steps", "2", "cell.qrnn").code == 0
