"""The sunspot demo on two snapshots of devices with their noise, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.cli.main import main

PROGRAM = Path(__file__).parents[2] / "examples" / "sunspots" / "emc.qrnn"


@pytest.mark.long
def test_trained_here_and_run_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("qiskit_ibm_runtime", reason="the snapshots come with qrnnlang[devices]")
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(PROGRAM), "--epochs", "20", "--quiet", "-o", "run"]) == 0
    model, params = qr.open("run/model.qrnnz")
    x = model.data().test.inputs["x"][:2]
    np.savez("x.npz", x=x)
    exact = model(params, x)["next_year"]
    found = []
    for backend in ("fake_manila", "fake_lagos"):
        given = ["run", str(PROGRAM), "--params", "run/model.qrnnz", "--inputs", "x.npz"]
        capsys.readouterr()
        assert main([*given, "--backend", backend, "--shots", "500", "--jobs", backend]) == 0
        found.append(np.array(json.loads(capsys.readouterr().out)["next_year"]))
        assert list(Path(backend).glob("*.npz"))
        off = np.abs(found[-1] - exact).mean()
        print(backend, off)
        # Noise pulls read-outs to their mean; what is forecast is still the forecast.
        assert off < 0.25
        assert np.corrcoef(found[-1].ravel(), exact.ravel())[0, 1] > 0.6
    assert not np.array_equal(*found)
