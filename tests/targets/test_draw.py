"""Drawings: every cell in every format, what stands where, and the same bytes each time."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

import qrnnlang as qr
from qrnnlang.cli.main import main
from qrnnlang.sema import load_text
from qrnnlang.targets import draw

from .conftest import load
from .programs import ALL

SVG = "{http://www.w3.org/2000/svg}"

CELL = """cell Small {
    input x: real;
    carry m: qubit[2];
    carry s: real = 0;
    fresh e: qubit;
    param w: angle[2];
    ry(x) e;
    for i in 0..2 { rz(2 * w[i]) m[i]; cx e, m[i]; }
    next s = tanh(s + x);
    output y = expect(Z(e));
}"""


def words(text: str) -> list[str]:
    return [t.text or "" for t in ElementTree.fromstring(text).iter(f"{SVG}text")]


def extent(text: ElementTree.Element) -> tuple[float, float]:
    """Where a text begins, and how long it is."""
    size = 0.602 * float(text.get("font-size", 0)) * len(text.text or "")
    share = {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "")]
    return float(text.get("x", 0)) - share * size, size


@pytest.mark.parametrize("name", ALL)
def test_every_program_is_drawn_within_its_page(name: str) -> None:
    model = load_text(ALL[name], entry="Calls" if name == "calls" else None)
    root = ElementTree.fromstring(draw.svg(model))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter(f"{SVG}text"):
        left, size = extent(text)
        assert left >= 0, text.text
        assert left + size <= width, text.text
        assert 0 < float(text.get("y", 0)) < height
    assert draw.text(model).startswith("cell ")


def test_what_a_drawing_says() -> None:
    found = words(draw.svg(load(CELL)))
    for word in ("cell Small", "carry", "fresh", "m[0]", "m[1]", "e", "2·w[0]", "2·w[1]", "⟨Z⟩"):
        assert word in found, word
    assert {"m: 2 qubits", "s = tanh(s + x)", "y = ⟨Z(e)⟩", "s"} <= set(found)


def test_ten_qubits_are_legible() -> None:
    """Every wire has its name, in letters that can be read, and no two texts cover each other."""
    cell = """cell Ten { input x: real[5]; carry m: qubit[5]; fresh e: qubit[5];
        param w: angle[2, 10]; let q = [e, m]; ry(x) e;
        for l in 0..2 { rx(w[l]) q; for (i, j) in ring(q) { cz i, j; } }
        output y = expect(Z(e)); }"""
    texts = list(ElementTree.fromstring(draw.svg(load(cell))).iter(f"{SVG}text"))
    names = [f"{register}[{i}]" for register in "me" for i in range(5)]
    assert set(names) <= {t.text for t in texts}
    assert min(float(t.get("font-size", 0)) for t in texts) >= 8  # pixels
    for a, b in combinations(texts, 2):
        apart = abs(float(a.get("y", 0)) - float(b.get("y", 0)))
        (left, size), (other, more) = extent(a), extent(b)
        least = min(float(a.get("font-size", 0)), float(b.get("font-size", 0)))
        aside = left + size <= other + 0.5 or other + more <= left + 0.5
        assert aside or apart >= 0.7 * least, (a.text, b.text)


def test_text() -> None:
    lines = draw.text(load(CELL)).splitlines()
    assert lines[2:7] == [
        "⟩ e    ────[RY x]───●─●─(⟨Z⟩ y)",
        "                    │ │",
        "↻ m[0] ─[RZ 2·w[0]]─⊕─┼───────── ↻",
        "                      │",
        "↻ m[1] ─[RZ 2·w[1]]───⊕───────── ↻",
    ]


def test_a_relabelled_register_says_where_its_wires_go() -> None:
    text = """cell Shift { input x: real; carry m: qubit[2]; fresh e: qubit; ry(x) e; cx e, m[0];
        output y = expect(Z(m[0])); next m = [m[1], e]; }"""
    assert {"→ m[0]", "→ m[1]"} <= set(words(draw.svg(load(text))))


def test_conditions_and_bits() -> None:
    text = """cell Bits { carry m: qubit; carry f: bit; fresh a: qubit; if (f) { x m; } h a;
        let b = measure a; next f = b; output p = prob(m == 1); }"""
    found = words(draw.svg(load(text)))
    assert {"if f", "f = b", "P(1)", "p = P(m = 1)"} <= set(found)


def test_long_cells_wrap() -> None:
    text = """cell Long { input x: real; carry m: qubit; param w: angle[60];
        for i in 0..60 { rx(w[i]) m; } ry(x) m; output y = expect(Z(m)); }"""
    model = load(text)
    root = ElementTree.fromstring(draw.svg(model))
    assert float(root.get("width", 0)) < 1300
    assert sum(w == "m" for w in words(draw.svg(model))) > 3
    assert max(map(len, draw.text(model, 80).splitlines()[1:])) <= 80


def test_too_long_cells_say_what_is_missing() -> None:
    text = """cell Endless { input x: real; carry m: qubit; for i in 0..5000 { rx(x) m; }
        output y = expect(Z(m)); }"""
    assert "drawn are the first 4000 of 5001 operations" in draw.text(load(text))


def test_the_same_bytes_under_every_hash_seed(tmp_path: Path) -> None:
    source = tmp_path / "a.qrnn"
    source.write_text(f"qrnn 1.0;\n{CELL}")
    found = set()
    for seed in ("0", "1"):
        for suffix in ("svg", "png"):
            out = tmp_path / f"{seed}.{suffix}"
            code = f"from qrnnlang.cli.main import main; main(['draw', {str(source)!r}, '-o', {str(out)!r}])"
            env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(qr.__file__).parents[1])}
            subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=env)
            found.add(out.read_bytes())
    assert len(found) == 2


def test_a_model_shows_its_cells() -> None:
    text = """cell One { input x: real; fresh q: qubit; rx(x) q; output y = expect(Z(q)); }
        model M { use a = One(); use b = One(); input x: seq real; output y = a(x) + b(x); }"""
    model = qr.loads("qrnn 1.0;\n" + text)
    assert sum(w == "cell One" for w in words(model._repr_svg_())) == 2


def test_the_picture_of_the_readme_is_of_its_cell() -> None:
    root = Path(__file__).parents[2]
    block = (root / "README.md").read_text(encoding="utf-8").split("```")[1]
    picture = (root / "docs" / "exchange.svg").read_text(encoding="utf-8")
    assert picture == draw.svg(load_text(block.strip() + "\n"))


def test_files(tmp_path: Path) -> None:
    model = qr.loads("qrnn 1.0;\n" + CELL)
    model.draw(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=re.escape("expected a file .svg, .png or .txt")):
        model.draw(tmp_path / "a.gif")
    source = tmp_path / "a.qrnn"
    source.write_text(f"qrnn 1.0;\n{CELL}")
    assert main(["draw", str(source), "-o", str(tmp_path / "a.gif")]) == 2
    assert main(["draw", str(source), "-o", str(tmp_path / "a.txt")]) == 0
    assert (tmp_path / "a.txt").read_text() == draw.text(model.closed)
