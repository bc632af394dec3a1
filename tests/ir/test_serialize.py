"""The plain form of a model: complete, stable, and JSON as it stands."""

from __future__ import annotations

import json

from qrnnlang.ir.serialize import to_dict
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import RunCell

SOURCE = """qrnn 1.0;
/// One qubit.
cell A(k: int = 2) {
    input x: real;
    carry m: qubit[k];
    param w: angle[k];
    ry(w) m;
    rx(x) m[0];
    output y = expect(Z(m[0]));
}
model M {
    use a = A();
    use b = A(k = 1);
    input x: seq real;
    target t: seq real;
    output p = a(x) + b(x);
    loss mse(p, t);
}
"""


def test_names_format_and_version() -> None:
    data = to_dict(load_text(SOURCE))
    assert (data["format"], data["version"]) == ("qrnn-model", 2)
    assert data["model"]["type"] == "ClosedModel"


def test_is_json_without_loss() -> None:
    data = to_dict(load_text(SOURCE))
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_the_same_source_gives_the_same_text() -> None:
    assert json.dumps(to_dict(load_text(SOURCE))) == json.dumps(to_dict(load_text(SOURCE)))


def test_every_operation_is_there() -> None:
    model = load_text(SOURCE)
    data = to_dict(model)
    assert [op["type"] for op in data["model"]["ops"]] == [type(op).__name__ for op in model.ops]
    cells = [op.cell for op in model.ops if isinstance(op, RunCell)]
    assert len(data["cells"]) == len(cells) == 2
    for found, cell in zip(data["cells"], cells, strict=True):
        assert found["name"] == "A"
        assert found["doc"] == "One qubit."
        assert [op["type"] for op in found["ops"]] == [type(op).__name__ for op in cell.ops]
        assert len(found["origins"]) == len(cell.ops)
    runs = [op for op in data["model"]["ops"] if op["type"] == "RunCell"]
    assert [op["cell"] for op in runs] == [0, 1]


def test_places_are_lines_and_columns() -> None:
    cell = to_dict(load_text(SOURCE))["cells"][0]
    gate = next(
        k for k, op in enumerate(cell["ops"]) if op["type"] == "Gate" and op["name"] == "rx"
    )
    assert cell["origins"][gate] == [[8, 5], ""]
