from __future__ import annotations

import os
from pathlib import Path

import pytest

from qrnnlang.cli import output
from qrnnlang.cli.errors import CliError
from qrnnlang.cli.output import deliver, write_atomically

from .conftest import Run


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"x"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.Path, "replace", full)
    with pytest.raises(CliError, match="no space left on device") as caught:
        write_atomically(path, b"new")
    assert caught.value.code == 3
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_device_is_written_to(tmp_path: Path) -> None:
    write_atomically(Path(os.devnull), b"x")
    assert Path(os.devnull).is_char_device()


def test_text_is_utf8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deliver("→\n", str(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == "→\n".encode()
    deliver("→\n", None)
    deliver("-\n", "-")
    assert capsys.readouterr().out == "→\n-\n"


@pytest.mark.parametrize("target", ["no/such/folder/a.qasm", "."])
def test_what_cannot_be_written(qrnnc: Run, target: str) -> None:
    found = qrnnc("compile", "cell.qrnn", "-o", target)
    assert (found.code, found.out) == (3, "")
    assert found.err.startswith("error: cannot write ")
    assert found.err.count("\n") == 1
