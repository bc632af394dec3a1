"""Every `qrnn` block of the documentation compiles, runs, and gives what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.sema import check_path

from .pages import AFTER, BEFORE, DOCS, Block, blocks, claims, compiled, run

PAGES = ("language.md", "cheatsheet.md")
BLOCKS = [b for page in PAGES for b in blocks(page, "qrnn")]
WORDS = {"fragment", "items", "wrong", "warns", "bits", "extern", "trains"}


@pytest.mark.parametrize("block", BLOCKS, ids=[b.id for b in BLOCKS])
def test_block(block: Block, tmp_path: Path) -> None:
    codes = {w for w in block.words[1:] if w not in WORDS and "=" not in w}
    for other in BLOCKS:  # what a block of the same page may import
        if other.page == block.page and (name := _file(other)):
            (tmp_path / name).write_text(other.source, encoding="utf-8")
    path = tmp_path / "example.qrnn"
    path.write_text(block.source, encoding="utf-8")
    found = check_path(path)
    if "wrong" in block.words:
        assert {d.code for d in found if d.severity == "error"} == codes
        return
    shown = {(d.code, d.message) for d in found if "fragment" not in block.words}
    assert {code for code, _ in shown} == codes, shown
    assert not [d.message for d in found if d.severity == "error"]
    if "extern" in block.words or not ({"cell ", "model "} & _items(block.source)):
        return
    outputs: dict[str, object] = {}
    for model in compiled(block.source, tmp_path):
        outputs |= run(model, "bits" in block.words, _steps(block))
    assert outputs and all(np.isfinite(np.asarray(v)).all() for v in outputs.values())
    for name, value in claims(block).items():
        first = np.asarray(outputs[name])[0, 0]
        assert first.shape == value.shape, name
        np.testing.assert_allclose(first, value, atol=1e-6, err_msg=name)


@pytest.mark.long
@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if "trains" in b.words], ids=lambda block: str(block.id)
)
def test_a_block_trains(block: Block) -> None:
    metrics = qr.loads(block.source).fit(progress=False).metrics
    assert metrics["test"]["nmse"] < 0.3


def _steps(block: Block) -> int:
    said = next((w.removeprefix("steps=") for w in block.words if w.startswith("steps=")), None)
    return int(said) if said else 1 if "fragment" in block.words else 4


def _file(block: Block) -> str:
    """The name under which a block lies beside the others."""
    return next((w.removeprefix("file=") for w in block.words if w.startswith("file=")), "")


def _items(source: str) -> set[str]:
    return {
        word
        for word in ("cell ", "model ")
        for line in source.splitlines()
        if line.startswith(word)
    }


def test_the_reference_shows_what_fragments_stand_in() -> None:
    first = blocks("language.md", "qrnn")[0].text
    assert first == BEFORE.replace("cell Example", "\ncell Example") + "    // …" + AFTER


@pytest.mark.parametrize(
    ("page", "programs", "values"),
    [("language.md", 38, 63), ("cheatsheet.md", 3, 11)],
)
def test_no_block_is_lost(page: str, programs: int, values: int) -> None:
    found = [b for b in BLOCKS if b.page == page]
    assert len(found) >= programs
    assert sum(len(claims(b)) for b in found) >= values
    # Nothing that looks like a program or a claim stands where the tests do not see it.
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text.count("\n```qrnn") == len(found)
    assert len(re.findall(r"//\s+= ", text)) <= sum(len(claims(b)) for b in found) + 1
