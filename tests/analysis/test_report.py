"""A report is one file that needs nothing else, and shows what it should in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.analysis import analyze
from qrnnlang.analysis.page import report
from qrnnlang.analysis.page.highlight import highlighted
from qrnnlang.cli.main import main

BROWSER = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
SOURCE = """qrnn 1.0;
/// A <small> cell & its memory.
cell Tiny(memory: int = 2) {
    input x: real;
    carry m: qubit[memory];
    fresh e: qubit;
    fixed w: real[memory];
    ry(x) e;
    for (i, q) in enumerate(m) { rx(w[i]) q; cz e, q; }
    h e;
    output y = expect(Z(e));
}
"""
MODEL = (
    SOURCE
    + """model M {
    use c = Tiny();
    input x: seq real;
    target y: seq real;
    output z = c(x);
    loss mse(z, y);
    data series.sine(points = 60) { x = column(0); y = shift(column(0), 1); window = 6; stride = 3; split = (0.6, 0.2, 0.2); }
    train { optimizer = adam(lr = 0.05); epochs = 4; batch = 4; }
}
"""
)


HISTORY = {"epoch": [1.0, 2, 3], "loss": [0.5, 0.2, 0.1], "val_loss": [0.6, 0.3, 0.2]}
METRICS = {"train": {"loss": 0.1}, "test": {"loss": 0.2}}


@pytest.fixture(scope="module")
def text() -> str:
    model = qr.loads(SOURCE)
    quick = {"fourier": {"seeds": 2}, "entanglement": {"steps": 3, "seeds": 2, "sequences": 1}}
    found = analyze(model, ["fourier", "entanglement", "expressibility"], options=quick)
    first, second = (report(model, found, history=HISTORY, metrics=METRICS) for _ in range(2))
    assert first == second
    return first


@pytest.fixture
def page(text: str, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(text)
    return path


def test_it_holds_everything(text: str) -> None:
    for title in (
        "Source",
        "The cell",
        "Counts",
        "Training",
        "Without meaning here",
        "Fourier frequencies",
        "Versions",
    ):
        assert f"<h2>{title}</h2>" in text
    assert '<span class="keyword">carry</span>' in text
    assert "A &lt;small&gt; cell &amp; its memory" in text
    assert "<small>" not in text
    assert "<td>qiskit</td>" in text
    assert "learning curves" in text


def test_it_needs_no_network_and_runs_no_script(text: str) -> None:
    assert "<script" not in text
    assert re.findall(r'(?:src|href)="(?!data:|#)', text) == []
    assert "default-src 'none'" in text
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', text)
    assert len(pictures) == 4
    for picture in pictures:
        svg = b64decode(picture)
        assert svg.rstrip().endswith(b"</svg>")
        assert not re.search(rb'(?:xlink:)?href="(?!#|data:)', svg)
    anchors = set(re.findall(r'href="#([^"]*)"', text))
    assert anchors <= set(re.findall(r'id="([^"]*)"', text))


@pytest.mark.long
def test_a_run_is_reported_from_its_folder(tmp_path: Path) -> None:
    source = tmp_path / "m.qrnn"
    source.write_text(MODEL.replace("fixed w", "param w"))
    run = tmp_path / "run"
    assert main(["train", str(source), "-o", str(run), "--quiet"]) == 0
    assert main(["report", str(run), "--only", "landscape", "--quiet"]) == 0
    made = (run / "report.html").read_text()
    assert "<h2>Training</h2>" in made
    assert "<h2>Loss landscape</h2>" in made


def test_it_asks_what_analyze_asks(tmp_path: Path) -> None:
    source, out = tmp_path / "m.qrnn", tmp_path / "r.html"
    source.write_text(MODEL.replace("fixed w", "param w"))
    asked = ["--only", "flow", "--along", "2", "--quiet"]
    assert main(["report", str(source), *asked, "-o", str(out)]) == 0
    made = out.read_text()
    assert "factor of dy/ds, epoch 0" in made and "factor of dy/ds, epoch 4" in made


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    """Screenshot: text, the drawing and coloured curves are there, in each third of the page."""
    from matplotlib.image import imread

    assert BROWSER is not None
    shot = tmp_path / "page.png"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--hide-scrollbars",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]
    done = subprocess.run(
        [
            BROWSER,
            *flags,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--screenshot={shot}",
            "--window-size=1100,2400",
            page.as_uri(),
        ],
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert shot.is_file(), done.stderr.decode()[-2000:]
    image = imread(shot)[..., :3]
    assert image.shape[:2] == (2400, 1100)
    blue = (
        np.abs(image - np.array([0x00, 0x72, 0xB2]) / 255).max(axis=-1) < 0.03
    )  # a curve's colour
    purple = np.abs(image - np.array([0x7A, 0x2E, 0xA0]) / 255).max(axis=-1) < 0.08  # a keyword's
    assert blue.sum() > 200
    assert purple[:1200].sum() > 50
    ink = (image.mean(axis=-1) < 0.6).reshape(6, 400, 1100).sum(axis=(1, 2))
    assert (ink[:4] > 500).all()


def test_source_is_escaped_and_coloured() -> None:
    found = highlighted('let x = "<a>"; // if & 1\nrx(0.5) q; carry_on')
    assert '<span class="string">&quot;&lt;a&gt;&quot;</span>' in found
    assert '<span class="comment">// if &amp; 1</span>' in found
    assert '<span class="number">0.5</span>' in found
    assert "carry_on" in found and 'keyword">carry' not in found


def test_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 1
    assert "no run, it has no model.qrnnz" in capsys.readouterr().err
