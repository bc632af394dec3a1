from __future__ import annotations

import numpy as np
import pytest

from qrnnlang import __version__
from qrnnlang.cli import doctor

from .conftest import Run


def test_versions(qrnnc: Run) -> None:
    found = qrnnc("doctor")
    assert (found.code, found.err) == (0, "")
    rows = dict(line.split(None, 1) for line in found.out.splitlines())
    assert rows["qrnnlang"] == __version__
    assert rows["numpy"] == np.__version__
    assert rows["devices"].startswith("cpu:0")
    assert "MISSING" not in found.out


def test_a_missing_package(qrnnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    known = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda n: None if n in ("jax", "torch") else known(n))
    found = qrnnc("doctor")
    assert found.code == 3
    rows = dict(line.split(None, 1) for line in found.out.splitlines())
    assert rows["jax"] == "MISSING"
    assert rows["torch"] == "not installed (for qrnnlang.torch)"
    assert "devices" not in rows
