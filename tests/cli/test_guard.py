"""Whatever a verb raises ends in an exit code and a line of text."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from qrnnlang.cli import check
from qrnnlang.cli.errors import CliError, failed_run, values_of_the_user, wrong_input
from qrnnlang.diagnostics import CompileError, DataError, Diagnostic, Source, Span

from .conftest import WRONG, Run

DIAGNOSTIC = Diagnostic("E0608", "no unbound data", Span(Source("<model>", ""), 0, 0))


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CompileError([DIAGNOSTIC]), 1, "error[E0608]: no unbound data\n\n"),
        (DataError("a.csv, row 3: is nan"), 1, "error: a.csv, row 3: is nan\n"),
        (wrong_input("no"), 1, "error: no\n"),
        (failed_run("full"), 3, "error: full\n"),
        (OSError(errno.ENOSPC, "No space left", "a"), 3, "error: a: no space left\n"),
        (MemoryError(), 3, "error: out of memory\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    ],
)
def test_exit_codes(
    qrnnc: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(check, "run", fail)
    monkeypatch.setattr("qrnnlang.cli.guard._forget_output", lambda: None)
    found = qrnnc("check", "cell.qrnn")
    assert (found.code, found.out, found.err) == (code, "", said)


def test_an_internal_error_leaves_a_reproducer(
    qrnnc: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: object) -> int:
        raise RuntimeError("this cannot be")

    monkeypatch.setattr(check, "run", crash)
    found = qrnnc("check", "wrong.qrnn", "--message-format=json")
    assert (found.code, found.out) == (70, "")
    first, second, third = found.err.splitlines()
    assert first == "error: internal error: RuntimeError: this cannot be"
    assert "please report it" in second
    path = Path(third.rpartition(": ")[2])
    assert path.parent == folder
    text = path.read_text(encoding="utf-8")
    assert "$ qrnnc check wrong.qrnn --message-format=json\n" in text
    assert 'raise RuntimeError("this cannot be")' in text
    assert f"--- wrong.qrnn\n{WRONG}" in text


def test_a_reproducer_goes_elsewhere_when_the_folder_is_closed(
    qrnnc: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def crash(_: object) -> int:
        raise AssertionError

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr(check, "run", crash)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(elsewhere))
    monkeypatch.setattr(Path, "cwd", lambda: folder / "gone")
    found = qrnnc("check", "wrong.qrnn")
    assert found.code == 70
    assert [p.suffix for p in elsewhere.iterdir()] == [".txt"]


def test_values_of_the_user_are_told_from_our_own_mistakes() -> None:
    from qrnnlang.cli.arguments import positive
    from qrnnlang.runtime.init import generator
    from qrnnlang.runtime.load import loads

    with pytest.raises(CliError, match='precision is "float64"') as caught, values_of_the_user():
        loads("", precision="float16")  # type: ignore[arg-type]
    assert caught.value.code == 1
    with pytest.raises(ValueError, match="low"), values_of_the_user():
        generator(0, "w").integers(3, 1)  # raised within a library
    with pytest.raises(TypeError, match="int"), values_of_the_user():
        positive(None)  # type: ignore[arg-type]  # raised by Python, at a line of ours
