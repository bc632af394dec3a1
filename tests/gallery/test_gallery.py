"""The gallery's own parts: what is read, what is run, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qrnnlang.cli.main import main
from qrnnlang.gallery import read
from qrnnlang.gallery import spec as gallery_spec
from qrnnlang.gallery.results import together
from qrnnlang.gallery.spec import GalleryError, examples
from qrnnlang.gallery.tables import BEGIN, END, rows
from qrnnlang.gallery.tasks import chosen, tasks

MODEL = """qrnn 1.0;
model M(width: int = 1) {
    use l = Linear(inputs = 1, outputs = 1);
    input x: seq real; target y: seq real;
    output p = l(x);
    loss mse(p, y);
    data series.sine(points = 60) {
        x = column("v"); y = shift(column("v"), 1);
        window = 10; stride = 10; split = (0.5, 0.5);
    }
    train { optimizer = adam(lr = 0.1); epochs = 4; batch = 2; }
}
"""
TOML = """title = "A line"
source = "nobody"

[[experiment]]
name = "one"
file = "line.qrnn"
seeds = 3
below = 0.4
published = "0.5"

[[experiment]]
name = "two"
file = "line.qrnn"
train = { epochs = 2 }
seeds = 2
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one example, in the place of this one."""
    made = tmp_path / "examples" / "line"
    made.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (made / "line.qrnn").write_text(MODEL)
    (made / "gallery.toml").write_text(TOML)
    (made / "README.md").write_text(f"# A line\n\n{BEGIN}\nold\n{END}\n\nthe end\n")
    monkeypatch.setattr(gallery_spec, "folder", lambda: made.parent)
    monkeypatch.chdir(tmp_path)
    return made


def test_a_run_is_kept_shown_and_written(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gallery", "--quiet", "--write"]) == 0
    first = capsys.readouterr().out
    assert "| `one` | 2 | 3 | test loss |" in first and "| `two` | 2 | 2 |" in first
    assert "under 0.4, after" in first and "| 0.5 |" in first
    results = json.loads((place / "results.json").read_text())
    assert results["one"]["seeds"] == [0, 1, 2] and results["two"]["epochs"] == 2
    assert results["one"]["low"] <= results["one"]["median"] <= results["one"]["high"]
    readme = (place / "README.md").read_text()
    assert "old" not in readme and "| `one` |" in readme and readme.endswith("the end\n")
    assert "## [A line](../examples/line/README.md)" in Path("docs/gallery.md").read_text()
    assert (place / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "\n![curves of line](curves.png)\n" in readme
    assert "![curves of line](../examples/line/curves.png)" in Path("docs/gallery.md").read_text()

    # What is finished is not run again; what changes is.
    def never(**_: object) -> None:
        raise ValueError("run again")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qrnnlang.gallery.experiment.measure", never)
        assert main(["gallery", "--quiet"]) == 0
        assert capsys.readouterr().out == first
        assert main(["gallery", "line/two", "--quiet", "--seeds", "1"]) == 3
        assert "line/two: run again" in capsys.readouterr().err


def test_one_experiment_keeps_the_results_of_the_others(place: Path) -> None:
    assert main(["gallery", "--quiet", "--write", "--seeds", "1"]) == 0
    before = json.loads((place / "results.json").read_text())
    assert main(["gallery", "line/two", "--quiet", "--write", "--epochs", "3"]) == 0
    after = json.loads((place / "results.json").read_text())
    assert after["one"] == before["one"] and after["two"]["epochs"] == 3


def test_seeds_that_are_missing_show(place: Path) -> None:
    """A seed whose loss did not stay finite is not in the results: the row says so."""
    (example,) = examples(place.parent)
    result = {
        "seeds": [0, 2],
        "values": [0.1, 0.3],
        "median": 0.2,
        "low": 0.1,
        "high": 0.3,
        "reached": [4, None],
        "metrics": {"test": {"loss": 0.1}},
        "best": 0,
        "parameters": 2,
        "seconds": 1.0,
    }
    assert "| `one` | 2 | 2 of 3 | test loss |" in rows(example, {"one": result})


def test_results_are_chosen_by_validation() -> None:
    (experiment, *_) = examples()[0].experiments
    found_rows = [
        {
            "seed": seed,
            "metrics": {
                "train": {"loss": 0.0},
                "validation": {"loss": 1.0 - seed},
                "test": {"loss": 5.0, experiment.metric: float(seed)},
            },
            "curve": {"epoch": [1], "loss": [1.0]},
            "reached": None,
            "parameters": 1,
            "epochs": 1,
            "seconds": 1.0,
        }
        for seed in (1, 0)
    ]
    found = together(experiment, found_rows)
    assert found["seeds"] == [0, 1] and found["values"] == [0.0, 1.0]
    assert found["best"] == 1 and found["median"] == 0.5 and found["seconds"] == 2.0


def test_names(place: Path) -> None:
    known = examples(place.parent)
    assert [e.name for e in chosen(known, ["line/two"])[0].experiments] == ["two"]
    assert len(chosen(known, ["line", "line/two"])[0].experiments) == 2
    with pytest.raises(GalleryError, match="no example `lime`: there are line"):
        chosen(known, ["lime"])
    with pytest.raises(GalleryError, match="no experiment `three`: there are one, two"):
        chosen(known, ["line/three"])
    assert main(["gallery", "lime"]) == 1


def test_a_task_is_its_source_and_settings(place: Path) -> None:
    keys = {t.key for t in tasks(read(place), None, None).values()}
    assert keys == {t.key for t in tasks(read(place), None, None).values()}
    assert not keys & {t.key for t in tasks(read(place), 1, None).values()}
    (place / "line.qrnn").write_text(MODEL.replace("0.1", "0.2"))
    assert not keys & {t.key for t in tasks(read(place), None, None).values()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "Invalid value"),
        ('title = "x"\nsource = "y"\n', "experiments"),
        ('[[experiment]]\nname = "a"\n', "`name` or `file` is missing"),
        ('[[experiment]]\nname = "a"\nfile = "b"\nseed = 3\n', "unknown key `seed`"),
    ],
)
def test_a_wrong_gallery_is_refused(place: Path, text: str, message: str) -> None:
    (place / "gallery.toml").write_text(text)
    with pytest.raises(GalleryError, match=message):
        read(place)
