"""A report is one file that needs nothing else, and shows what it should in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest

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
    param w: angle[memory];
    ry(x) e;
    for (i, q) in enumerate(m) { rx(w[i]) q; cz e, q; }
    h e;
    output y = expect(Z(e));
}
model M {
    use c = Tiny();
    input x: seq real;
    target y: seq real;
    output z = c(x);
    loss mse(z, y);
    data series.sine(points = 60) { x = column(0); y = shift(column(0), 1); window = 6; stride = 3; split = (0.6, 0.2, 0.2); }
    train { optimizer = adam(lr = 0.05); epochs = 4; batch = 4; }
}
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    source = folder / "m.qrnn"
    source.write_text(SOURCE)
    run = folder / "run"
    assert main(["train", str(source), "-o", str(run), "--quiet"]) == 0
    options = [
        "--only",
        "cost",
        "--only",
        "entanglement",
        "--only",
        "fourier",
        "--only",
        "landscape",
        "--quiet",
    ]
    assert main(["report", str(run), *options]) == 0
    return run / "report.html"


def test_it_holds_everything(page: Path) -> None:
    text = page.read_text()
    for title in (
        "Source",
        "The cell",
        "Counts",
        "Training",
        "Cost",
        "Fourier frequencies",
        "Versions",
    ):
        assert f"<h2>{title}</h2>" in text
    assert '<span class="keyword">carry</span>' in text
    assert "A &lt;small&gt; cell &amp; its memory" in text
    assert "<small>" not in text
    assert "<td>qiskit</td>" in text
    assert "learning curves" in text


def test_it_needs_no_network_and_runs_no_script(page: Path) -> None:
    text = page.read_text()
    assert "<script" not in text
    assert re.findall(r'(?:src|href)="(?!data:|#)', text) == []
    assert "default-src 'none'" in text
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', text)
    assert len(pictures) >= 5
    for picture in pictures:
        svg = b64decode(picture)
        assert svg.rstrip().endswith(b"</svg>")
        assert not re.search(rb'(?:xlink:)?href="(?!#|data:)', svg)
    anchors = set(re.findall(r'href="#([^"]*)"', text))
    assert anchors <= set(re.findall(r'id="([^"]*)"', text))


def test_the_same_run_gives_the_same_bytes(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.html"
    options = [
        "--only",
        "cost",
        "--only",
        "entanglement",
        "--only",
        "fourier",
        "--only",
        "landscape",
        "--quiet",
    ]
    assert main(["report", str(page.parent), *options, "-o", str(out)]) == 0
    assert out.read_bytes() == page.read_bytes()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    """Screenshot: text, the drawing and coloured curves are there, in each third of the page."""
    from matplotlib.image import imread

    assert BROWSER is not None
    shot = tmp_path / "page.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
    done = subprocess.run(
        [
            BROWSER,
            *flags,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--screenshot={shot}",
            "--window-size=1100,4200",
            page.as_uri(),
        ],
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert shot.is_file(), done.stderr.decode()[-2000:]
    image = imread(shot)[..., :3]
    assert image.shape[:2] == (4200, 1100)
    blue = (
        np.abs(image - np.array([0x00, 0x72, 0xB2]) / 255).max(axis=-1) < 0.03
    )  # a curve's colour
    purple = np.abs(image - np.array([0x7A, 0x2E, 0xA0]) / 255).max(axis=-1) < 0.08  # a keyword's
    assert blue.sum() > 200
    assert purple[:2000].sum() > 50
    ink = (image.mean(axis=-1) < 0.6).reshape(6, 700, 1100).sum(axis=(1, 2))
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
