"""Damaged texts: no internal error, no hang over a second, no memory over a gibibyte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qrnnlang.sema import check_text

from .fuzz import MEBIBYTES, Hung, fuzz, limited

TESTS = Path(__file__).parents[1]

#: What damaged texts once found.
ONCE_WRONG = {
    "a matrix as a setting": "qrnn 1.0; model M { input x: seq real; output y = x; train { optimizer = ones(2, 3); epochs = ones(2, 3); } }",
    "no observables times a number": "qrnn 1.0; cell A { fresh q: qubit[2]; let o = 0.5 * Z(q[1..1]); output y = 1; }",
    "an instance named as a parameter of the gate": "qrnn 1.0; gate g(t: real) q: qubit { use t = T(); }",
    "an observable times a vector of nothing": "qrnn 1.0; cell A { fresh q: qubit; let o = Z(q) * zeros(0); output y = 1; }",
}


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_once_wrong(name: str) -> None:
    check_text(ONCE_WRONG[name])


def test_a_few() -> None:
    found = fuzz(250, seed=100)
    assert found["failures"] == []
    assert found["wrong"] > 150


def test_a_hang_is_noticed() -> None:
    with pytest.raises(Hung), limited(0.05):
        while True:
            pass


@pytest.mark.long
def test_a_hundred_thousand() -> None:
    """In a process of its own, whose memory is that of the front end alone."""
    command = [sys.executable, "-m", "generated.fuzz", "100000"]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["failures"] == []
    assert found["mebibytes"] <= MEBIBYTES
