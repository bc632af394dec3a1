from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from qrnnlang.cli.arrays import batched, read_inputs, read_params
from qrnnlang.diagnostics import DataError
from qrnnlang.sema.closed import Port

X = Port("x", (), None)
V = Port("v", (2, 2), None)
K = Port("k", (), None, seq=False)


def test_params(folder: Path) -> None:
    arrays = {"w": np.arange(4.0).reshape(2, 2), "f.b": np.array(3.0)}
    np.savez("p.npz", **arrays)
    save_file(arrays, "p.safetensors")
    for name in ("p.npz", "p.safetensors"):
        found = read_params(name)
        assert found.keys() == arrays.keys()
        assert all(np.array_equal(found[k], arrays[k]) for k in arrays)
        assert found["f.b"].shape == ()


def test_inputs_of_a_table(folder: Path) -> None:
    Path("x.csv").write_text("v[0],v[1],v[2],v[3],x,k\n1,2,3,4,5,6\n7,8,9,10,11,12\n")
    found = read_inputs("x.csv", (X, V, K))
    assert found["x"].tolist() == [[5, 11]]
    assert found["v"].tolist() == [[[[1, 2], [3, 4]], [[7, 8], [9, 10]]]]
    assert found["k"].tolist() == [12]
    Path("bare.csv").write_text("5,1,2,3,4\n11,7,8,9,10\n")
    bare = read_inputs("bare.csv", (X, V))
    assert {k: a.tolist() for k, a in bare.items()} == {k: found[k].tolist() for k in ("x", "v")}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", b"1", "inputs are read from .npz or .csv"),
        ("x.npz", b"1", "not an .npz archive of numbers"),
        ("x.npz", b"", "not an .npz archive of numbers"),
        ("x.csv", b"y\n1\n", "no column `x`"),
        ("x.csv", b"1,2\n3,4\n", "2 columns, the inputs have 1 components"),
        ("x.csv", b"x\n1\nnan\n", "row 3"),
    ],
)
def test_wrong_inputs(folder: Path, name: str, content: bytes, said: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_inputs(name, (X,))
    assert str(caught.value).startswith(name)
    assert said in str(caught.value)


def test_wrong_params(folder: Path) -> None:
    np.save("one.npy", np.zeros(3))
    Path("one.npy").rename("one.npz")
    np.savez("pickled.npz", w=np.array([object()], dtype=object))
    Path("p.safetensors").write_bytes(b"xx")
    for name, said in (
        ("one.npz", "a single array"),
        ("pickled.npz", "not an .npz archive of numbers"),
        ("p.safetensors", "not a safetensors file"),
        ("gone.npz", "no such file"),
        ("gone.safetensors", "no such file"),
        ("gone.qrnnz", "no such file"),
        ("p.json", "read from .safetensors, .npz or .qrnnz"),
    ):
        with pytest.raises(DataError, match=said) as caught:
            read_params(name)
        assert str(caught.value).startswith(name)


def test_a_single_sequence_gets_a_batch_axis() -> None:
    given = {"x": np.zeros(5), "v": np.zeros((5, 2, 2)), "k": np.zeros(()), "other": np.zeros(3)}
    found = batched(given, (X, V, K))
    shapes = {k: a.shape for k, a in found.items()}
    assert shapes == {"x": (1, 5), "v": (1, 5, 2, 2), "k": (1,), "other": (3,)}
    assert {k: a.shape for k, a in batched(found, (X, V, K)).items()} == shapes
