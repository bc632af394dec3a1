"""The fenced blocks of the documentation, and how each kind is run."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.model import run_model
from qrnnlang.sema.closed import ClosedModel

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

#: What a `fragment` stands in; the reference shows this cell at its beginning.
BEFORE = """qrnn 1.0;
import std.ansatz;
import std.encoding;
cell Example {
    input x: real[3];
    input u: real;
    carry m: qubit[3];
    carry c: real[3] = 0;
    fresh e: qubit[2];
    fresh a: qubit;
    param w: angle[2, 3];
    param t: angle;
"""
AFTER = """
    output done = 0;
}
"""
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: `output y = …;  // = VALUE`: the value at the first step.
_CLAIM = re.compile(r"^ *output (\w+) = .*;  // = (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the words after the fence, its text, and where it stands."""

    page: str
    line: int
    words: tuple[str, ...]
    text: str

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def source(self) -> str:
        """The program of a `qrnn` block."""
        if "fragment" in self.words:
            return BEFORE + self.text + AFTER
        return "qrnn 1.0;\n" + self.text if "items" in self.words else self.text


def blocks(page: str, kind: str | None = None) -> list[Block]:
    """The blocks of a page, those of one kind or all."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        words = tuple(match[1].replace(",", " ").split())
        line = text.count("\n", 0, match.start()) + 1
        if kind is None or words[:1] == (kind,):
            found.append(Block(page, line, words, match[2]))
    return found


def compiled(source: str, folder: Path) -> list[qr.Model]:
    """The models of a source: its model, or every cell that needs no hyperparameter."""
    path = folder / "example.qrnn"
    path.write_text(source, encoding="utf-8")
    cells = re.findall(r"^cell (\w+)", source, re.MULTILINE)
    if re.search(r"^model ", source, re.MULTILINE) or len(cells) == 1:
        return [qr.load(path)]
    made = []
    for cell in cells:
        try:
            made.append(qr.load(path, entry=cell))
        except CompileError as error:
            if {d.code for d in error.diagnostics} != {"E0216"}:
                raise
    assert made, "no cell of the block can be compiled on its own"
    return made


def given(closed: ClosedModel, steps: int = 8, bits: bool = False) -> dict[str, Any]:
    """Values in [0.1, 0.9], labels, or bits, for one sequence."""
    rng = np.random.default_rng(5)
    made: dict[str, Any] = {}
    for port in (*closed.inputs, *closed.targets):
        shape = (1, *((steps,) if port.seq else ()), *port.shape)
        if port.labels is not None or bits:
            made[port.name] = rng.integers(0, port.labels or 2, shape)
        else:
            made[port.name] = rng.uniform(0.1, 0.9, shape)
    return made


def run(model: qr.Model, bits: bool = False, steps: int = 8) -> dict[str, Any]:
    """Outputs of one random sequence by the interpreter; the loss and metrics are computed too."""
    values = given(model.closed, steps, bits)
    inputs = {p.name: values[p.name] for p in model.closed.inputs}
    targets = {p.name: values[p.name] for p in model.closed.targets}
    params = model.init(1)
    if not inputs:
        return dict(model(params, steps=steps))
    result = run_model(model.closed, params, inputs, targets or None)
    if model.closed.loss is not None:
        assert result.loss is not None and np.isfinite(result.loss)
    return dict(result.outputs)


def claims(block: Block) -> dict[str, Any]:
    """What a block says its outputs are."""
    return {m[1]: np.array(eval(m[2], {"pi": np.pi})) for m in _CLAIM.finditer(block.text)}


# --- pages that are played through ----------------------------------------------------------------


def play(page: str, folder: Path) -> dict[str, str]:
    """Writes the files, runs the commands and the Python of a page in order, and compares what they

    print. Returns the texts of the files as they are in the end. `folder` is the working folder.
    """
    files: dict[str, str] = {}
    scope: dict[str, Any] = {"__name__": "__main__"}
    printed: str | None = None
    for block in blocks(page):
        name = next((w.removeprefix("file=") for w in block.words if w.startswith("file=")), None)
        kind = block.words[0] if block.words else ""
        if name is not None:
            files[name] = block.text
            (folder / name).write_text(block.text, encoding="utf-8")
        elif kind == "console":
            for command, expected in _commands(block.text):
                status, printed_by = run_command(command)
                where = f"{block.id}: {command}"
                assert bool(status) == bool(re.search("^error", expected, re.MULTILINE)), (
                    f"{where}: exit code {status}"
                )
                same(printed_by, expected, where)
        elif kind == "python":
            printed = _python(block, scope)
        elif kind == "text" and printed is not None:
            same(printed, block.text, block.id)
            printed = None
    return files


def _commands(text: str) -> list[tuple[str, str]]:
    """Each `$ command` with the lines below it."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run_command(line: str) -> tuple[int, str]:
    """Exit code of `qrnnc …`, and what it prints: results, then diagnostics, without progress."""
    from qrnnlang.cli.main import main

    program, *arguments = shlex.split(line)
    assert program == "qrnnc", line
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as exit:
            status = int(exit.code or 0)
    shown = [
        s for s in err.getvalue().splitlines(True) if not s.startswith(("epoch ", "sweep on "))
    ]
    return status, out.getvalue() + "".join(shown)


def _python(block: Block, scope: dict[str, Any]) -> str:
    """What a block of Python prints; later blocks of a page see its names."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        exec(compile("\n" * block.line + block.text, block.page, "exec"), scope)
    return out.getvalue()


def same(found: str, expected: str, where: str) -> None:
    """Equal up to rounding; in what is expected, `…` stands for anything on a line, and alone on a
    line for any lines."""
    have = [line.rstrip() for line in found.strip().splitlines()]
    want = [line.rstrip() for line in expected.strip().splitlines()]
    assert _match(have, want), f"{where}\n--- found\n{found}\n--- expected\n{expected}"


def _match(have: list[str], want: list[str]) -> bool:
    if not want:
        return not have
    if want[0] == "…":
        return any(_match(have[i:], want[1:]) for i in range(len(have) + 1))
    if not have or not _line(have[0], want[0]):
        return False
    return _match(have[1:], want[1:])


_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def _line(have: str, want: str) -> bool:
    """One line. Decimal numbers agree to the digits that are printed, of which six and no more

    are asked for: the rest differs between machines. `1.23…` means these digits, then any.
    """
    if "…" in want:
        pattern = ".*".join(re.escape(part) for part in want.split("…"))
        return re.fullmatch(pattern, have) is not None
    if re.sub(r"\s+", " ", _NUMBER.sub("#", have)) != re.sub(r"\s+", " ", _NUMBER.sub("#", want)):
        return False
    pairs = zip(_NUMBER.findall(have), _NUMBER.findall(want), strict=True)
    return all(np.isclose(float(a), float(b), rtol=2e-6, atol=1e-12) for a, b in pairs)
