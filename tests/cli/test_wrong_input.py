"""Every verb on every kind of wrong file, value and place: a message and its exit code, no crash."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import qrnnlang as qr

from .conftest import CELL, MODEL, Result, Run

ROWS = range(41)
#: What takes a source; what takes data, parameters and inputs, at the end.
SOURCES = (
    *("check", "compile", "info", "draw", "run", "train", "sweep", "analyze --quiet"),
    *("report", "compare-models model.qrnn"),
)
DATA = (
    *("train model.qrnn --quiet -o new --data", "sweep model.qrnn --quiet -o new --data"),
    *("predict model.qrnnz --data", "analyze model.qrnn --quiet --only flow --data"),
    *("report model.qrnn --only cost --data", "compare-models model.qrnn same.qrnn --quiet --data"),
)
PARAMS = (
    *("run cell.qrnn --inputs x.npz --params", "compile cell.qrnn --params"),
    "run cell.qrnn --inputs x.npz --shots 5 --params",
    "train model.qrnn --quiet -o new --params",
)
INPUTS = (
    *("run cell.qrnn --inputs", "run cell.qrnn --shots 5 --inputs"),
    *("compile cell.qrnn --inputs", "compile cell.qrnn --steps 3 --params p.npz --inputs"),
)


def refused(found: Result, code: int = 1, said: str = "") -> None:
    """A message, nothing on standard output, and nothing of how the program is made."""
    assert found.code == code, found
    assert found.out == "" and found.err.strip() and said in found.err, found
    assert not any(word in found.err for word in ("Traceback", "internal", "Warning")), found


def written(name: str, content: object) -> str:
    """A file, or a folder where there is no content."""
    path = Path(name)
    match content:
        case None:
            path.mkdir()
        case dict():
            np.savez(path, **content)
        case bytes():
            path.write_bytes(content)
        case _:
            path.write_text(str(content), encoding="utf-8")
    return name


@pytest.fixture
def places(folder: Path) -> Path:
    """Also a second model, an artefact, parameters and inputs."""
    Path("same.qrnn").write_text(MODEL)
    model = qr.load("model.qrnn")
    model.save("model.qrnnz", model.init(0))
    np.savez("p.npz", w=np.zeros(2))
    np.savez("x.npz", x=np.zeros((1, 3)))
    return folder


def test_every_verb_is_looked_at() -> None:
    from qrnnlang.cli.main import VERBS

    here = Path(__file__).read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f'"{verb}' not in here] == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.qrnn", ..., "gone.qrnn: no such file"),
        ("dir.qrnn", None, "dir.qrnn: "),
        ("a.qrnn", bytes(range(256)), "a.qrnn: not UTF-8 text (byte 128)"),
        ("a.qrnn", "", "a.qrnn: the file is empty"),
        ("a.csv", "t,v\n1,2\n", "qrnn 1.0;"),
        ("a.qrnn", CELL[: len(CELL) // 2], "a.qrnn:"),
    ],
)
def test_sources(qrnnc: Run, name: str, content: object, said: str) -> None:
    if content is not ...:
        written(name, content)
    for verb in SOURCES:
        found = qrnnc(*verb.split(), name)
        if verb == "report" and content is None:  # a folder is a run
            refused(found, 1, "no run, it has no model.qrnnz")
        elif verb == "check" and found.out:  # the count of errors
            assert found.code == 1 and said in found.err and found.out == "1 error\n", found
        else:
            refused(found, 1, said)
    if content is None or content is ... or isinstance(content, bytes) or content == "":
        refused(qrnnc("fmt", name), 1, said)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.csv", ..., "gone.csv: no such file"),
        ("dir.csv", None, "dir.csv: a folder, not a file"),
        ("dir.npz", None, "dir.npz: a folder, not a file"),
        ("a.csv", bytes(range(256)), "a.csv: not UTF-8 text"),
        ("a.csv", "", "a.csv: the file is empty"),
        ("a.csv", "t,v\n", "a.csv: no rows below the header"),
        ("a.csv", "t,v\n1,2\n3\n", "a.csv, row 3: 1 cells where the first has 2"),
        ("a.csv", "a,b\n" + "1,2\n" * 41, "a.csv: no column `v`; columns: `a`, `b`"),
        *(
            (
                "a.csv",
                "v\n" + "".join(f"{bad if i == 7 else i}\n" for i in ROWS),
                f"row 9: is {bad}",
            )
            for bad in ("nan", "inf", "1e400")
        ),
        ("a.csv", "v\n" + "".join(f"{'x' if i == 7 else i}\n" for i in ROWS), "row 9: is `x`"),
        ("a.csv", b"v\n1\n\0\n3\n", "row 3: is "),
        ("a.npz", b"PK\x03\x04 cut off", "a.npz: not an NPZ file"),
        ("a.npz", {}, "a.npz: the file holds no arrays"),
        ("a.npz", {"w": np.zeros(41)}, "a.npz: no column `v`"),
        ("a.npz", {"v": np.array(["a"] * 41)}, "not real numbers"),
        ("a.npz", {"v": np.zeros(41) * 1j}, "holds complex128, not real numbers"),
        ("a.npz", {"v": np.zeros(41, "datetime64[D]")}, "not real numbers"),
        ("a.npz", {"v": np.full(41, np.nan)}, "row 0: is nan"),
    ],
)
def test_data(qrnnc: Run, places: Path, name: str, content: object, said: str) -> None:
    if content is not ...:
        written(name, content)
    for line in DATA:
        refused(qrnnc(*line.split(), name), 1, said)


def test_too_few_rows(qrnnc: Run, places: Path) -> None:
    written("a.csv", "v\n1\n")
    for line in (line for line in DATA if not line.startswith("predict")):  # which shortens it
        refused(qrnnc(*line.split(), "a.csv"), 1, "1 rows are too few for a shift of 1")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.npz", ..., "gone.npz: no such file"),
        ("gone.safetensors", ..., "gone.safetensors: no such file"),
        ("gone.qrnnz", ..., "gone.qrnnz: no such file"),
        ("dir.npz", None, "dir.npz: "),
        ("dir.safetensors", None, "dir.safetensors: "),
        ("dir.qrnnz", None, "dir.qrnnz: a folder, not a file"),
        ("a.csv", "w\n1\n", "a.csv: parameters are read from"),
        ("a.npz", b"PK\x03\x04 cut off", "a.npz: not an .npz archive"),
        ("a.safetensors", b"\x10" * 30, "a.safetensors: not a safetensors file"),
        ("a.qrnnz", b"PK\x03\x04 cut off", "a.qrnnz: damaged, or no artefact"),
        ("a.npz", {"v": np.zeros(2)}, "no parameter `v`"),
        ("a.npz", {"W": np.zeros((2, 3))}, "shape (2, 3)|got (2, 3)"),
        ("a.npz", {"W": np.zeros(2) * 1j}, "needs real numbers"),
        ("a.npz", {"W": np.array(["a", "b"])}, "needs real numbers"),
        ("a.npz", {"W": np.zeros(2, "datetime64[D]")}, "needs real numbers"),
        ("a.npz", {"W": np.array([0.0, np.nan])}, "nan"),
    ],
)
def test_parameters(qrnnc: Run, places: Path, name: str, content: object, said: str) -> None:
    for line in PARAMS:
        given = content
        if isinstance(content, dict) and "W" in content:  # as it is called there
            given = {"cell.w" if "model" in line else "w": content["W"]}
        if given is not ... and not (given is None and Path(name).is_dir()):
            written(name, given)
        found = qrnnc(*line.split(), name)
        refused(found, 1)
        assert any(part in found.err for part in said.split("|")), found


@pytest.mark.parametrize("keep", [8, 60, -5])
def test_cut_parameters(qrnnc: Run, places: Path, keep: int) -> None:
    save_file({"w": np.zeros(2)}, "whole.safetensors")
    for name, cut in (("whole.safetensors", "a.safetensors"), ("model.qrnnz", "a.qrnnz")):
        written(cut, Path(name).read_bytes()[:keep])
        for line in PARAMS:
            refused(qrnnc(*line.split(), cut), 1, cut)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.npz", ..., "gone.npz: no such file"),
        ("dir.csv", None, "dir.csv: a folder, not a file"),
        ("a.json", "{}", "a.json: inputs are read from .npz or .csv"),
        ("a.csv", "", "a.csv: the file is empty"),
        ("a.csv", "x\n", "a.csv: no rows below the header"),
        ("a.csv", "y\n1\n", "a.csv: no column `x`"),
        ("a.csv", "x\n1\nq\n", "column `x`, row 3: is `q`, not a number"),
        ("a.csv", "x\n1\nnan\n", "column `x`, row 3: is nan"),
        ("a.npz", b"PK", "a.npz: not an .npz archive"),
        ("a.npz", {"y": np.zeros((1, 3))}, "no input `y`"),
        ("a.npz", {"x": np.zeros((1, 3)) * 1j}, "numbers, not complex128"),
        ("a.npz", {"x": np.array([["a"]])}, "numbers, not <U1"),
        ("a.npz", {"x": np.zeros((1, 3), "datetime64[D]")}, "numbers, not datetime64[D]"),
        ("a.npz", {"x": np.full((1, 3), np.inf)}, "`x` is inf"),
        ("a.npz", {"x": np.zeros((0, 3))}, "`x` "),
        ("a.npz", {"x": np.zeros((1, 0))}, "`x` "),
        ("a.npz", {"x": np.zeros((1, 3, 2, 2))}, "input `x` "),
    ],
)
def test_inputs(qrnnc: Run, places: Path, name: str, content: object, said: str) -> None:
    if content is not ...:
        written(name, content)
    for line in INPUTS:
        refused(qrnnc(*line.split(), name), 1, said)


NUMBERS = (
    *("compile cell.qrnn --steps", "info cell.qrnn --steps", "run cell.qrnn --shots"),
    *("run cell.qrnn --steps", "train model.qrnn --epochs", "train model.qrnn --seeds"),
    *("train model.qrnn --backend aer --shots", "train model.qrnn --backend aer --shot-budget"),
    *("sweep model.qrnn --workers", "sweep model.qrnn --seeds", "report cell.qrnn --steps"),
    *("compare-models model.qrnn same.qrnn --seeds", "gallery --seeds", "gallery --epochs"),
    *("analyze cell.qrnn --along", "compare-models model.qrnn same.qrnn --batch"),
)
SEEDS = ("compile cell.qrnn", "run cell.qrnn", "train model.qrnn", "analyze cell.qrnn")


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "1e3", "a", "nan", "", " "])
def test_numbers_on_the_command_line(qrnnc: Run, value: str) -> None:
    lines = [*NUMBERS, *(f"{line} --seed" for line in SEEDS if value != "0")]
    lines += ["train model.qrnn --checkpoint-every", "compile cell.qrnn --budget"]
    for line in lines:
        if value in ("0", "2.5", "1e3") and line.endswith(("-every", "--budget")):
            continue  # are seconds
        refused(qrnnc(*line.split(), value), 2)


def test_numbers_beyond_all_measure(qrnnc: Run) -> None:
    for line in NUMBERS:
        if not line.startswith("sweep model.qrnn --seeds"):
            refused(qrnnc(*line.split(), "99999999999999999999"), 2, "2147483647")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("check -", 1, "-: no such file"),
        ("nosuch", 2, "invalid choice: 'nosuch'"),
        ("check", 2, "required: FILE"),
        ("predict model.qrnnz", 2, "required: --data"),
        ("compile cell.qrnn --set k=a", 1, "k"),
        ("compile cell.qrnn --set k=-1", 1, "k"),
        ("compile cell.qrnn --entry B", 1, "it has `A`"),
        ("compile cell.qrnn --format pdf", 2, "invalid choice: 'pdf'"),
        ("compile cell.qrnn --backend nosuch", 1, "there are `aer`"),
        ("compile cell.qrnn -O 4", 2, "invalid choice"),
        ("draw cell.qrnn -o a.pdf", 2, "cannot draw into `a.pdf`"),
        ("train model.qrnn --optimizer adum", 1, "no optimizer `adum`"),
        ("train model.qrnn --backend nosuch", 1, "there are `aer`"),
        ("train model.qrnn --noise-from nosuch", 1, "there are `aer`"),
        ("train model.qrnn --optimizer ridge", 1, "`ridge` needs one final `Linear`"),
        ("sweep model.qrnn --train epochs=2.5", 1, "`epochs` is a whole number, not 2.5"),
        ("sweep model.qrnn --train lr=0.1,-1", 1, "`lr` is above 0, not -1"),
        ("sweep model.qrnn --train optimizer=adum", 1, "no optimizer `adum`"),
        ("analyze cell.qrnn --only nosuch", 1, "no quantity `nosuch`"),
        ("analyze cell.qrnn --cell B", 1, "no cell `B`; it has `A`"),
        ("analyze cell.qrnn --inputs 1,0", 2, "is no interval"),
        ("compare-models model.qrnn", 1, "at least two models"),
        ("compare-models model.qrnn same.qrnn --rates 0", 2, "numbers above 0"),
        ("compare-models model.qrnn same.qrnn --size B=k", 1, "no model `B`"),
        ("explain E9999", 1, "no code E9999"),
        ("explain ../E0301", 1, "is not a code"),
        ("new a --cell nosuch", 2, "no cell of std is called `nosuch`"),
        ("gallery nosuch", 1, "no example `nosuch`"),
        ("gallery --circuits emc nosuch", 1, "no example `nosuch`"),
        ("doctor a", 2, "unrecognized arguments: a"),
        ("compare gone", 1, "gone: no such folder"),
        ("compare cell.qrnn", 1, "cell.qrnn: a file, not a run's folder"),
        ("compare .", 1, "history.csv: no such file"),
        ("fmt - gone.qrnn", 2, "`-` stands alone"),
    ],
)
def test_values(
    qrnnc: Run, places: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, said: str
) -> None:
    found = qrnnc(*line.split())
    assert (found.code, said in found.err) == (code, True), found
    assert "Traceback" not in found.err


def test_names_that_no_file_can_have(qrnnc: Run, places: Path) -> None:
    for line in (*SOURCES, "fmt", "predict --data data.csv", *DATA, *PARAMS, *INPUTS):
        refused(qrnnc(*line.split(), ""), 2, "is '': give a name, or leave it away")
        refused(qrnnc(*line.split(), "a\0b"), 2, "give a name")


UNWRITABLE: Sequence[tuple[str, str]] = (
    ("compile cell.qrnn -o", "a"),
    ("draw cell.qrnn -o", "a.svg"),
    ("run cell.qrnn --inputs x.npz -o", "a"),
    ("predict model.qrnnz --data data.csv -o", "a"),
    ("train model.qrnn --quiet -o", "a"),
    ("sweep model.qrnn --quiet --seeds 1 -o", "a"),
    ("new", "a"),
)


def test_places_that_cannot_be_written(qrnnc: Run, places: Path) -> None:
    for line, name in UNWRITABLE:
        found = qrnnc(*line.split(), f"data.csv/{name}")
        refused(found, 3, "not a directory")
        if "cell.qrnn" in line and not line.startswith("draw"):
            Path("dir").mkdir(exist_ok=True)
            refused(qrnnc(*line.split(), "dir"), 3, "is a directory")
    assert list(Path("dir").iterdir()) == []
    full = Path("full")
    full.mkdir()
    (full / "kept").write_text("kept")
    refused(qrnnc("new", "full"), 2, "exists already")
    assert [p.name for p in full.iterdir()] == ["kept"]


@pytest.fixture(scope="module")
def a_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("run")
    (place / "model.qrnn").write_text(MODEL.replace("scale * cell(x)", "scale * x"))
    (place / "data.csv").write_text("v\n" + "".join(f"{i % 7}\n" for i in ROWS))
    qr.load(place / "model.qrnn").fit(epochs=1, progress=False, checkpoint=place / "run")
    yield place / "run"


@pytest.mark.parametrize(
    ("name", "content", "verbs"),
    [
        *(
            ("checkpoint.safetensors", content, ("train model.qrnn --quiet --resume -o",))
            for content in (b"", b"hello" * 20, -8, 200, None, "metrics.json")
        ),
        *(("metrics.json", c, ("compare",)) for c in (b"", b"{", b"[1]", b"\xff\xfe")),
        *(("history.csv", c, ("compare",)) for c in (b"", b"epoch,loss\na,b\n", b"\xff\xfe")),
        *(
            ("model.qrnnz", c, ("compare", "report --quiet --only cost"))
            for c in (b"", b"PK", 200, -8)
        ),
    ],
)
def test_damaged_runs(
    qrnnc: Run, a_run: Path, name: str, content: object, verbs: Sequence[str]
) -> None:
    shutil.copytree(a_run, "run")
    file = Path("run") / name
    whole = file.read_bytes()
    file.unlink()
    match content:
        case int():
            file.write_bytes(whole[:content])
        case str():
            file.write_bytes((Path("run") / content).read_bytes())
        case bytes():
            file.write_bytes(content)
        case _:
            file.mkdir()
    for verb in verbs:
        refused(qrnnc(*verb.split(), "run"), 1, "run")
