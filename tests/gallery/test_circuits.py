"""The table of the examples' circuits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qrnnlang.cli.main import main
from qrnnlang.gallery import circuits
from qrnnlang.gallery import spec as gallery_spec

PAIR = """qrnn 1.0;
cell Pair {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle;
    ry(x) e;
    cz e, m;
    rx(w) e;
    ry(w) m;
    output y = expect(Z(e));
}
model M {
    use cell = Pair();
    input x: seq real;
    output y = cell(x);
}
"""
#: Its one angle starts at 0, and what is kept is a bit of the data.
KEPT = """qrnn 1.0;
cell Kept {
    input b: real[1];
    carry m: qubit;
    fresh e: qubit[1];
    param w: angle ~ normal(0, 0);
    for q in e { crx(w) m, q; }
    ry(w + 1) m;
    output y = expect(Z(m));
    postselect e == bits(b);
}
model M {
    use cell = Kept();
    input b: seq real[1];
    output y = cell(b);
}
"""
LINE = "qrnn 1.0; model M { use l = Linear(inputs = 1, outputs = 1); input x: seq real[1]; output y = l(x); }"
TOML = 'title = "{0}"\nsource = "nobody"\n[[experiment]]\nname = "one"\nfile = "m.qrnn"\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("pair", PAIR), ("line", LINE), ("kept", KEPT)):
        made = tmp_path / "examples" / name
        made.mkdir(parents=True)
        (made / "m.qrnn").write_text(text)
        (made / "gallery.toml").write_text(TOML.format(name.title()))
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(gallery_spec, "folder", lambda: tmp_path / "examples")
    monkeypatch.setattr(circuits, "BACKENDS", ("fake_manila", "generic_4"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_circuits_are_counted_placed_and_drawn(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("qiskit_ibm_runtime", reason="the fake devices come with it")
    assert main(["gallery", "--circuits", "--quiet", "--write"]) == 0
    text = (place / "docs" / "gallery_circuits.md").read_text()
    assert capsys.readouterr().out == text
    # 20 steps of RY, CZ, RX, RY, a reading, and 19 resets; a CZ a step, idle in the first.
    assert "| [Pair](../examples/pair/README.md) | 2 | " in text and " | 118 | 19 | " in text
    assert "[Line]" not in text
    assert "| [Kept](../examples/kept/README.md) | 2 | " in text
    assert "<svg" in (place / "examples" / "pair" / "cell.svg").read_text()
    assert not (place / "examples" / "line" / "cell.svg").exists()


def test_what_a_device_reports(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("qiskit_ibm_runtime", reason="the fake devices come with it")
    assert main(["gallery", "pair", "line", "kept", "--circuits", "--quiet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["line"]) == {"error"}
    manila = found["pair"]["devices"]["fake_manila"]
    assert manila["two_qubit"] == 1 and 0.8 < manila["success"] < 1
    # A controlled RX a step, none in the first, whose memory is 0; at angle 0 a device has none.
    kept = found["kept"]
    assert kept["two_qubit"] == 19 and kept["devices"]["fake_manila"]["two_qubit"] >= 1
