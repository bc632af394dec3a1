"""`%load_ext qrnnlang` in a real shell of IPython."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs.pages import blocks, same

import qrnnlang as qr

pytest.importorskip("IPython", reason="needs the extra `notebook`")
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

CELL = """cell Memory(k: int = 1) {
    input x: real;
    carry m: qubit[k];
    param w: angle[k];
    ry(x + w) m;
    output z = expect(Z(m));
}
"""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    """A shell of its own, as a notebook's kernel has it, with the extension loaded."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        assert run(made, "%load_ext qrnnlang").text == ""
        yield made
    finally:
        made.restore_sys_module_state()
        InteractiveShell.clear_instance()


class Ran:
    """What a cell gave: its result, everything it displayed, and its text."""

    def __init__(self, result: Any, captured: Any):
        self.result, self.shown = result, captured.outputs
        self.text = re.sub(r"\x1b\[[0-9;]*m", "", captured.stdout + captured.stderr)


def run(shell: InteractiveShell, text: str) -> Ran:
    with capture_output() as captured:
        result = shell.run_cell(text)
    return Ran(result, captured)


def test_a_cell_becomes_a_model(shell: InteractiveShell) -> None:
    done = run(shell, f"%%qrnn memory --set k=2\n{CELL}")
    assert done.result.success
    model = shell.user_ns["memory"]
    assert isinstance(model, qr.Model) and model.program.hyper == {"k": 2}
    assert done.result.result is model
    data, _ = shell.display_formatter.format(model)
    assert data["text/html"].startswith("<div><code>Model Memory(x) -&gt; z, 2 parameters")
    assert data["image/svg+xml"].startswith("<svg") and "</svg>" in data["text/html"]
    used = run(shell, "memory(memory.init(0), [[0.1, 0.2]])['z'].shape")
    assert used.result.result == (1, 2, 2)


def test_quiet_and_single_precision(shell: InteractiveShell) -> None:
    done = run(shell, f"%%qrnn memory --quiet --float32\n{CELL}")
    assert done.result.success and done.result.result is None and not done.shown
    assert shell.user_ns["memory"].precision == "float32"


def test_what_is_wrong_is_told_without_a_traceback(shell: InteractiveShell) -> None:
    run(shell, f"%%qrnn memory --quiet\n{CELL}")
    before = shell.user_ns["memory"]
    done = run(shell, "%%qrnn memory\n" + CELL.replace("ry(x", "rz2(x"))
    assert not done.result.success and isinstance(done.result.error_in_exec, qr.CompileError)
    assert "error[E0202]" in done.text and " --> memory.qrnn:5:5" in done.text
    assert "Traceback" not in done.text and "magic.py" not in done.text
    assert shell.user_ns["memory"] is before
    data, _ = shell.display_formatter.format(done.result.error_in_exec)
    assert "error[E0202]" in data["text/html"] and data["text/html"].startswith("<pre")


def test_errors_of_load_have_no_traceback_either(shell: InteractiveShell) -> None:
    done = run(shell, "import qrnnlang as qr\nqr.loads('qrnn 1.0; cell A { output y = <b>; }')")
    assert isinstance(done.result.error_in_exec, qr.CompileError)
    assert "error[E" in done.text and "Traceback" not in done.text
    data, _ = shell.display_formatter.format(done.result.error_in_exec)
    assert "&lt;b&gt;" in data["text/html"] and "<b>" not in data["text/html"]


def test_warnings_are_shown(shell: InteractiveShell) -> None:
    done = run(
        shell, "%%qrnn memory --quiet\n" + CELL.replace("param w", "param v: angle;\n    param w")
    )
    assert done.result.success
    shown = [output.data["text/html"] for output in done.shown]
    assert shown and all("warning[W" in html and "color:#9a6700" in html for html in shown)


def test_a_cell_may_import_another(shell: InteractiveShell) -> None:
    two = CELL + CELL.replace("Memory", "Other")
    done = run(shell, f"%%qrnn blocks\n{two}")
    assert done.result.success and done.result.result is None
    assert shell.user_ns["blocks"] == f"qrnn 1.0; {two}"
    done = run(
        shell,
        '%%qrnn whole --quiet\nqrnn 1.0;\nimport "blocks.qrnn";\n'
        "model M { use c = Other(k = 2); input x: seq real; output z = c(x); }",
    )
    assert done.result.success
    assert list(shell.user_ns["whole"].init(0)) == ["c.w"]
    picked = run(shell, f"%%qrnn one --entry Other --quiet\n{two}")
    assert picked.result.success and shell.user_ns["one"].closed.name == "Other"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "the following arguments are required: name"),
        ("a b", "unrecognized arguments: b"),
        ("a --set k", "`--set k`: expected `--set name=value`"),
        ("2a", "`2a` is no name"),
        ("a --set 'k=1", "No closing quotation"),
    ],
)
def test_wrong_lines(shell: InteractiveShell, line: str, said: str) -> None:
    done = run(shell, f"%%qrnn {line}\n{CELL}")
    assert not done.result.success
    assert f"UsageError: %%qrnn: {said}" in done.text and "Traceback" not in done.text


def test_completion(shell: InteractiveShell) -> None:
    def found(text: str) -> list[str]:
        """As the kernel of a notebook asks: the whole cell, and where the cursor stands in it."""
        with provisionalcompleter():
            return [c.text for c in shell.Completer.completions(text, len(text))]

    assert "postselect" in found("%%qrnn a\ncell A { post")
    assert "ryy" in found("%%qrnn a\ncell A { ry")
    assert "memory_of_wires" in found("%%qrnn a\ncell A { fresh memory_of_wires: qubit; h memory")
    assert "Emc" in found("%%qrnn a\nuse c = Em")
    assert "postselect" not in found("post")


def test_unloading(shell: InteractiveShell) -> None:
    assert run(shell, "%unload_ext qrnnlang").result.success
    done = run(shell, f"%%qrnn memory\n{CELL}")
    assert "%%qrnn` not found" in done.text
    with provisionalcompleter():
        found = shell.Completer.completions("%%qrnn a\npost", 13)
        assert "postselect" not in [c.text for c in found]


def test_the_page_plays(shell: InteractiveShell) -> None:
    run(shell, "%unload_ext qrnnlang")
    printed: str | None = None
    count = 0
    for block in blocks("notebook.md"):
        if block.words[:1] == ("ipython",):
            done = run(shell, block.text)
            assert done.result.success != done.text.startswith("error["), (block.id, done.text)
            printed, count = done.text, count + 1
        elif block.words[:1] == ("text",) and printed is not None:
            same(printed, block.text, block.id)
            printed = None
    assert count == 7


def test_without_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("qrnnlang.notebook")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert qr.loads("qrnn 1.0; cell A { input x: real; output y = x; }")._repr_svg_()
