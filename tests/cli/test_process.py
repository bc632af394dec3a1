"""The command line as a process of its own: start-up, pipes, signals."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from qiskit import qpy

from .conftest import MODEL

COMMAND = [sys.executable, "-m", "qrnnlang"]


def test_the_installed_command(folder: Path) -> None:
    found = subprocess.run([*COMMAND, "check", "wrong.qrnn"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("error[E0401]")


def test_binary_results_go_through_a_pipe(folder: Path) -> None:
    line = [*COMMAND, "compile", "cell.qrnn", "--format", "qpy", "--steps", "2"]
    found = subprocess.run(line, capture_output=True, check=True)
    (circuit,) = qpy.load(io.BytesIO(found.stdout))
    assert circuit.num_qubits == 3


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        line = [*COMMAND, "explain", "E0301"]
        found = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (found.returncode, found.stderr) == (141, b"")


def test_output_is_utf8_in_any_locale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.qrnn").write_text("qrnn 1.0; // größer →\n", encoding="utf-8")
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    found = subprocess.run([*COMMAND, "fmt", "--diff", "a.qrnn"], capture_output=True)
    assert (found.returncode, found.stderr) == (0, b"")
    assert "+qrnn 1.0;  // größer →\n".encode() in found.stdout


#: What a shell starts in the background ignores interrupts, and its children do.
HEARS = """import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("qrnnlang", run_name="__main__")
"""


def test_an_interrupt_keeps_the_training_so_far(folder: Path) -> None:
    Path("model.qrnn").write_text(MODEL.replace("epochs = 3", "epochs = 1000000"))
    line = [sys.executable, "-c", HEARS, "train", "model.qrnn", "-o", "out"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"epoch ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b", interrupted\n" in out
    assert Path("out/model.qrnnz").exists()
