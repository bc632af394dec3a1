"""Tables of many cells on many series."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qrnnlang.cli.main import main
from qrnnlang.gallery import grid, read
from qrnnlang.gallery import spec as gallery_spec
from qrnnlang.gallery.spec import GalleryError
from qrnnlang.gallery.tables import BEGIN, END
from qrnnlang.gallery.tasks import tasks

CELLS = """qrnn 1.0;
cell Forecaster(kind: string) {
    input x: real;
    output y: real;
    if (kind == "same") { output y = x; } else { param w: real = 0.5; output y = w * x; }
}
"""
MODEL = """qrnn 1.0;
import "cells.qrnn";
model M(kind: string = "same", points: int = 60) {
    use cell = Forecaster(kind = kind);
    input x: seq real; target y: seq real;
    output p = cell(x);
    loss mse(p, y);
    metric nmse(p, y);
    data series.sine(points = points, period = 5) {
        x = column("v"); y = shift(column("v"), 1);
        window = 10; stride = 10; split = (0.5, 0.5);
    }
    train { optimizer = adam(lr = 0.1); epochs = 2; }
}
"""
TOML = """title = "Two lines"
source = "nobody"

[grid]
metric = "nmse"
seeds = 2

[grid.series]
short = { file = "m.qrnn", points = [41, 61] }
long = { file = "m.qrnn", points = [121] }

[[grid.rows]]
name = "same"
group = "simple"
set = { kind = "same" }
fixed = true

[[grid.rows]]
name = "scaled"
group = "trained"
set = { kind = "scaled" }
train = { epochs = 1 }
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "examples" / "lines"
    made.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    for name, text in (("m.qrnn", MODEL), ("cells.qrnn", CELLS), ("gallery.toml", TOML)):
        (made / name).write_text(text)
    (made / "README.md").write_text(f"{BEGIN}\n{END}\n")
    monkeypatch.setattr(gallery_spec, "folder", lambda: made.parent)
    monkeypatch.chdir(tmp_path)
    return made


def test_every_row_runs_on_every_series_from_every_origin(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gallery", "--quiet", "--write"]) == 0
    results = json.loads((place / "results.json").read_text())
    places = ("short-{}-41", "short-{}-61", "long-{}-121")
    names = {p.format(r) for p in places for r in ("same", "scaled")}
    assert set(results) == names
    assert len(results["short-same-41"]["values"]) == 1
    assert len(results["short-scaled-41"]["values"]) == 2
    assert results["long-scaled-121"]["epochs"] == 1
    assert all(r["curves"] == [] for r in results.values())
    written = (place / "README.md").read_text()
    assert capsys.readouterr().out.rstrip() in written
    assert written.index("**simple**") < written.index("| same | 0 |") < written.index("trained")
    assert "| cell | parameters | short | long |" in written


def result(*values: float) -> dict[str, object]:
    return {"values": list(values), "parameters": 3}


def test_origins_are_pooled_and_the_best_of_a_column_is_bold(place: Path) -> None:
    found = read(place).grid
    assert found is not None
    text = grid.markdown(
        found,
        {
            "short-same-41": result(0.5),
            "short-scaled-41": result(0.1, 0.2),
            "short-scaled-61": result(0.3, 0.4, 0.5),
            "long-same-121": result(0.25),
        },
    )
    lines = [line for line in text.splitlines() if line.startswith("| s")]
    assert lines == ["| same | 3 | 0.5 | **0.25** |", "| scaled | 3 | **0.3** (0.2–0.4) | – |"]


def test_an_imported_file_is_part_of_the_task(place: Path) -> None:
    before = tasks(read(place), None, None)["long-same-121"].key
    (place / "cells.qrnn").write_text(CELLS.replace("0.5", "0.6"))
    assert tasks(read(place), None, None)["long-same-121"].key != before


def test_a_wrong_grid_is_named(place: Path) -> None:
    (place / "gallery.toml").write_text(TOML.replace("fixed =", "fixd ="))
    with pytest.raises(GalleryError, match=r"`grid`: .*fixd"):
        read(place)
