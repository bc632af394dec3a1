"""Artefacts: round trips, bytes, and refusals."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import DataError

from .programs import LINE, line


@pytest.fixture
def saved(tmp_path):
    model = line(
        'data series.sine(points = 40) { x = column("v"); y = shift(column("v"), 1);'
        " window = 5; scale = minmax(0, 3); }"
    )
    model.data()
    path = tmp_path / "a.qrnnz"
    model.save(path, {"w": 0.25}, metrics={"train": {"loss": 1.0}})
    return path


def changed(path, **entries):
    """The artefact with other contents of some entries (None: left out)."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        contents = {n: old.read(n) for n in old.namelist()} | {
            k.replace("__", "."): v for k, v in entries.items()
        }
        for name, data in contents.items():
            if data is not None:
                new.writestr(name, data)
    path.write_bytes(out.getvalue())
    return path


def manifest(path, **changes):
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("manifest.json"))
    return json.dumps(found | changes).encode()


def test_round_trip(saved):
    model, params = qr.open(saved)
    assert model.closed.name == "Line" and params["w"] == 0.25 and params["w"].shape == ()
    assert model.scales["x"].factor == model.scales["y"].factor > 0
    with zipfile.ZipFile(saved) as archive:
        assert archive.namelist() == [
            "manifest.json", "model.qrnn", "params.safetensors", "scaling.json", "metrics.json",
        ]  # fmt: skip
        found = json.loads(archive.read("manifest.json"))
    assert found["format"] == "qrnnz" and found["version"] == 1 and found["entry"] == "Line"
    assert found["parameters"] == {"w": {"shape": [], "trained": True}}


def test_equal_content_gives_equal_bytes(saved, tmp_path):
    model, params = qr.open(saved)
    for name in ("b.qrnnz", "c.qrnnz"):
        model.save(tmp_path / name, params, metrics={"train": {"loss": 1.0}})
    assert (tmp_path / "b.qrnnz").read_bytes() == saved.read_bytes()
    assert (tmp_path / "c.qrnnz").read_bytes() == saved.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.qrnnz", "b.qrnnz", "c.qrnnz"]


def test_hyperparameters_imports_and_precision(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "gates.qrnn").write_text(
        "qrnn 1.0; gate turn(t: angle) q: qubit { ry(t) q; }"
    )
    (tmp_path / "m.qrnn").write_text(
        'qrnn 1.0; import "lib/gates.qrnn"; cell A(n: int = 1) { input x: real; fresh q: qubit[n];'
        " param w: angle[n]; for i in 0..n { turn(x * w[i]) q[i]; } output y = expect(Z(q)); }"
    )
    model = qr.load(tmp_path / "m.qrnn", n=2, precision="float32")
    params = model.init(0)
    model.save(tmp_path / "m.qrnnz", params)
    expected = model(params, [[0.5]])["y"]
    (tmp_path / "lib" / "gates.qrnn").unlink()
    (tmp_path / "m.qrnn").unlink()
    opened, found = qr.open(tmp_path / "m.qrnnz")
    assert opened.precision == "float32" and found["w"].dtype == np.float64
    np.testing.assert_array_equal(found["w"], params["w"])
    np.testing.assert_array_equal(opened(found, [[0.5]])["y"], expected)


def test_unknown_and_missing_parameters_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match="missing param `w`"):
        line().save(tmp_path / "a.qrnnz", {})
    assert list(tmp_path.iterdir()) == []


def test_every_cut_is_refused(saved):
    whole = saved.read_bytes()
    for size in range(0, len(whole), 97):
        saved.write_bytes(whole[:size])
        with pytest.raises(DataError):
            qr.open(saved)


def test_flipped_bits_are_refused_or_harmless(saved):
    whole = saved.read_bytes()
    for position in range(0, len(whole), 13):
        saved.write_bytes(
            whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :]
        )
        try:
            _, params = qr.open(saved)
        except DataError:
            continue
        assert params["w"] == 0.25, position


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"manifest__json": None}, "not an artefact of qrnnlang, it has no `manifest.json`"),
        ({"params__safetensors": None}, "it has no `params.safetensors`"),
        ({"manifest__json": b"[1]"}, "damaged, or no artefact"),
        ({"manifest__json": b"{}"}, "not an artefact of qrnnlang"),
        ({"params__safetensors": b"xxxxxxxxxxxxx"}, "damaged, or no artefact of qrnnlang"),
        ({"model__qrnn": b"\xff\xfe"}, "damaged, or no artefact of qrnnlang"),
        ({"model__qrnn": b"qrnn 1.0; model Line {"}, "its source does not compile"),
        (
            {"model__qrnn": (LINE % "").replace("w: real", "w: real[2]").encode()},
            "does not compile|shape",
        ),
        ({"scaling__json": b'{"z": {}}'}, "scaling"),
        ({"scaling__json": b'{"x": {"factor": 0, "offset": 1}}'}, "a factor of 0"),
        ({"scaling__json": b'{"x": {"factor": [1, 2], "offset": 1}}'}, "of shape"),
    ],
)
def test_foreign_contents(saved, entries, message):
    with pytest.raises(DataError, match=message):
        qr.open(changed(saved, **entries))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2, "qrnnlang": "9.1"}, "written by a newer qrnnlang .9.1. in version 2"),
        ({"version": "1"}, "damaged, or no artefact of qrnnlang .version '1'."),
        ({"precision": "float8"}, "precision 'float8'"),
        ({"parameters": {"v": {}}}, "damaged, or no artefact"),
        ({"parameters": {}}, "the parameter `w` is missing"),
        ({"entry": "Other"}, "its source does not compile: there is no cell or model `Other`"),
        ({"hyperparameters": 3}, "damaged, or no artefact"),
    ],
)
def test_foreign_manifests(saved, changes, message):
    with pytest.raises(DataError, match=message):
        qr.open(changed(saved, manifest__json=manifest(saved, **changes)))


def zipped(path, entries, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../up", "imports/../../up", "/etc/x", "C:\\x", "..\\up"])
def test_names_that_lead_out_of_the_archive(saved, name):
    with pytest.raises(DataError, match="leads out of it"):
        qr.open(changed(saved, **{name: b"x"}))


def test_entries_twice(tmp_path, recwarn):
    path = zipped(tmp_path / "a.qrnnz", [("manifest.json", b"{}"), ("manifest.json", b"{}")])
    with pytest.raises(DataError, match=r"two entries are called `manifest\.json`"):
        qr.open(path)
    recwarn.clear()  # zipfile warns of what it writes


def test_zip_bombs(tmp_path):
    bomb = [("params.safetensors", bytes(50_000_000))]
    path = zipped(tmp_path / "a.qrnnz", bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"`params\.safetensors` is a zip bomb"):
        qr.open(path)
    many = zipped(tmp_path / "b.qrnnz", [(f"imports/{i}", b"") for i in range(10_001)])
    with pytest.raises(DataError, match="larger than an artefact may be"):
        qr.open(many)


def test_a_size_that_lies(saved):
    """What the directory says of an entry is checked against what is there."""
    whole = bytearray(saved.read_bytes())
    at = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"PK\x01\x02"))
    whole[at + 24 : at + 28] = (10).to_bytes(4, "little")  # the size when unpacked
    saved.write_bytes(bytes(whole))
    with pytest.raises(DataError):
        qr.open(saved)


def test_nothing_is_executed(saved, tmp_path, monkeypatch):
    """No pickle, no import of what the archive holds, nothing unpacked to the disk."""
    import builtins
    import pickle

    def forbidden(*args, **kwargs):
        raise AssertionError("executed")

    before = sorted(tmp_path.iterdir())
    changed(saved, **{"evil.py": b"raise SystemExit(3)", "evil.pkl": pickle.dumps({})})
    for module, name in ((pickle, "loads"), (pickle, "load"), (builtins, "eval")):
        monkeypatch.setattr(module, name, forbidden)
    assert qr.open(saved)[1]["w"] == 0.25
    assert sorted(tmp_path.iterdir()) == before


def test_a_model_that_was_only_loaded_keeps_its_scaling(saved, tmp_path):
    """Saved with parameters from elsewhere, its data never asked for."""
    from .programs import LINE

    data = (
        'data series.sine(points = 40) { x = column("v"); y = shift(column("v"), 1);'
        " window = 5; scale = minmax(0, 3); }"
    )
    model = qr.loads(LINE % data)
    model.save(tmp_path / "b.qrnnz", {"w": 0.25})
    again = qr.open(tmp_path / "b.qrnnz")[0]
    assert again.scales["x"].to_json() == qr.open(saved)[0].scales["x"].to_json()
    again.save(tmp_path / "c.qrnnz", {"w": 0.25})
    assert (tmp_path / "c.qrnnz").read_bytes() == (tmp_path / "b.qrnnz").read_bytes()
    gone = qr.loads(LINE % data.replace("series.sine(points = 40)", 'csv("gone.csv")'))
    with pytest.warns(UserWarning, match="the scaling of the data is not known"):
        gone.save(tmp_path / "d.qrnnz", {"w": 0.25})


def test_other_files(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        qr.open(tmp_path / "gone.qrnnz")
    (tmp_path / "a.qrnnz").write_bytes(b"PK\x03\x04nonsense")
    with pytest.raises(DataError, match="not a zip file, or cut off"):
        qr.open(tmp_path / "a.qrnnz")


def test_a_place_below_a_file(tmp_path):
    model = line()
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(DataError, match=r"a\.csv is a file, not a folder"):
        model.save(tmp_path / "a.csv" / "below" / "m.qrnnz", model.init(0))
    assert (tmp_path / "a.csv").read_text() == "x"
