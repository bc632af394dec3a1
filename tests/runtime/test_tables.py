"""CSV and NPZ files: what is read, and what is said about what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from qrnnlang.diagnostics import DataError
from qrnnlang.runtime.data import read_csv, read_npz


def write(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_header_quotes_blank_lines_and_byte_order_mark(tmp_path):
    table = read_csv(write(tmp_path, '\ufeff"day", v\n\nmon,1\ntue,2.5e-1\n'))
    assert list(table.columns) == ["day", "v"] and table.rows == 2
    np.testing.assert_array_equal(table.column("v")[1], [1, 0.25])
    np.testing.assert_array_equal(table.column(1)[1], [1, 0.25])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_without_header(tmp_path, separator):
    table = read_csv(write(tmp_path, f"1{separator}2\n3{separator}4\n"))
    np.testing.assert_array_equal(table.column(1)[1], [2, 4])


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("v\n1\nx\n", "v", "a.csv, column `v`, row 3: is `x`, not a number"),
        ("v\n1\n\nnan\n", "v", "a.csv, column `v`, row 4: is nan"),
        ("v,w\n1,inf\n", "w", "a.csv, column `w`, row 2: is inf"),
        ("v,w\n1,\n", "w", "a.csv, column `w`, row 2: is empty"),
        ("v\n1\n", "w", "a.csv: no column `w`; columns: `v`"),
        ("value\n1\n", "valu", "a.csv: no column `valu`; did you mean `value`?"),
        ("1,2\n", "v", "the file has no header; write `column(0)`"),
        ("1,2\n", 2, "a.csv: no column 2, it has 2 (from 0)"),
        ("1,2\n", -1, "a.csv: no column -1"),
    ],
)
def test_bad_columns(tmp_path, text, key, message):
    table = read_csv(write(tmp_path, text), "a.csv")
    with pytest.raises(DataError) as error:
        table.column(key)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: the file is empty"),
        ("\n \n", "a.csv: the file is empty"),
        ("v\n", "a.csv: no rows below the header"),
        ("v,w\n1,2\n3\n", "a.csv, row 3: 1 cells where the first has 2"),
        ("v,v\n1,2\n", "a.csv: two columns are called `v`"),
        (b"v\n\xff\xfe\n", "a.csv: not UTF-8 text (byte 2)"),
    ],
)
def test_bad_files(tmp_path, text, message):
    with pytest.raises(DataError) as error:
        read_csv(write(tmp_path, text), "a.csv")
    assert str(error.value) == message


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"b\.csv: no such file"):
        read_csv(tmp_path / "b.csv", "b.csv")
    with pytest.raises(DataError, match="here: a folder, not a file"):
        read_csv(tmp_path, "here")


def test_npz(tmp_path):
    np.savez(tmp_path / "a.npz", v=np.arange(6).reshape(3, 2), bad=[1.0, np.nan, 2.0], s=3.0)
    table = read_npz(tmp_path / "a.npz", "a.npz")
    assert list(table.columns) == ["v", "bad"]
    np.testing.assert_array_equal(table.column("v")[1], [[0, 1], [2, 3], [4, 5]])
    with pytest.raises(DataError, match=r"a\.npz, column `bad`, row 1: is nan"):
        table.column("bad")


def test_npz_never_unpickles(tmp_path):
    np.savez(tmp_path / "a.npz", v=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="not an NPZ file of plain arrays"):
        read_npz(tmp_path / "a.npz")
    np.savez(tmp_path / "c.npz", v=np.array([1j]))
    with pytest.raises(DataError, match="`v` holds complex128, not real numbers"):
        read_npz(tmp_path / "c.npz")


def test_damaged_npz(tmp_path):
    np.savez(tmp_path / "a.npz", v=np.zeros(50))
    whole = (tmp_path / "a.npz").read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 5):
        with pytest.raises(DataError, match="not an NPZ file of plain arrays"):
            read_npz(write(tmp_path, whole[:cut], "b.npz"))
    np.save(tmp_path / "d.npy", np.zeros(3))
    with pytest.raises(DataError, match="not an NPZ file"):
        read_npz(tmp_path / "d.npy")
