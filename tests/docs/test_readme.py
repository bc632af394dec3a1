"""What the README shows and claims, as far as it can be checked quickly."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics.render import render

from .pages import ROOT, run_command

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CELL = re.findall(r"^```\n(qrnn 1\.0;.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_cell_compiles_trains_and_has_circuits() -> None:
    (source,) = CELL
    model = qr.loads(source)
    assert repr(model) == "<Model Exchange(x) -> z, 20 parameters>"
    assert not model.program.warnings
    x = np.random.default_rng(0).uniform(-1, 1, (3, 4))
    assert model(model.init(0), x)["z"].shape == (3, 4)
    assert model.to_qiskit(steps=4).num_qubits == 3


def test_the_diagnostic_is_what_the_compiler_says() -> None:
    (shown,) = re.findall(r"^  ```\n(  error\[.*?)^  ```$", TEXT, re.MULTILINE | re.DOTALL)
    source = "qrnn 1.0;\n\ncell A {\n    fresh q: qubit[2];\n    h q[0];\n\n"
    source += "    cnot q[0], q[1];\n    output y = expect(Z(q));\n}\n"
    (number,) = re.findall(r"cell\.qrnn:(\d+):", shown)
    assert source.splitlines()[int(number) - 1] == "    cnot q[0], q[1];"
    with pytest.raises(qr.CompileError) as caught:
        qr.loads(source)
    (found,) = [render(d) for d in caught.value.diagnostics]
    expected = "".join(line[2:] if line.strip() else "\n" for line in shown.splitlines(True))
    assert found.replace("<string>", "cell.qrnn").strip() == expected.strip()


def test_the_commands_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [b for b in re.findall(r"```\n(.*?)```", TEXT, re.DOTALL) if "qrnnc check" in b]
    monkeypatch.chdir(tmp_path)
    Path("cell.qrnn").write_text(CELL[0], encoding="utf-8")
    Path("examples").symlink_to(ROOT / "examples")
    commands = re.findall(
        r"qrnnc (?:check|info|compile|explain) [^\s#][^#;\n]*?(?=\s*#|;|\n|  )", block
    )
    assert len(commands) == 4
    for command in commands:
        assert run_command(command)[0] == 0, command


@pytest.mark.parametrize("name", ["emc", "rnn"])
def test_the_parameters_of_the_demo(name: str) -> None:
    (line,) = [t for t in TEXT.splitlines() if t.startswith("|") and f"{name}.qrnn`" in t]
    model = qr.load(ROOT / "examples" / "sunspots" / f"{name}.qrnn")
    size = sum(model.init(0)[path].size for path in model.trained)
    assert line.split("|")[2].strip() == str(size)


def test_the_python_block(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    monkeypatch.chdir(ROOT)
    assert block.count("model.fit()") == 1
    scope = {"x": np.zeros((2, 12)), "y": np.zeros((2, 12))}
    exec(block.replace("model.fit()", "model.fit(epochs=1, progress=False)"), scope)
    assert scope["circuit"].num_parameters > 0  # type: ignore[attr-defined]
    assert np.isfinite(float(scope["loss"]))
