"""A simulation says what it needs before it takes it."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import CompileError
from qrnnlang.engine import memory

CELL = """qrnn 1.0;
cell A(n: int) {
    input x: real;
    carry m: qubit[n];
    ry(x) m;
    for (a, b) in chain(m) { cx a, b; }
    output y = expect(Z(m[0]));
}
"""


def found(error: pytest.ExceptionInfo[CompileError]) -> str:
    (one,) = error.value.diagnostics
    assert one.code == "E0708"
    return one.message


def test_a_state_that_is_too_large_is_refused_by_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, "8")
    model = qr.loads(CELL, n=200)
    with pytest.raises(CompileError) as error:
        model(model.init(0), np.zeros((1, 1)))
    assert "needs 2.6e+61 bytes of memory; the limit is 8 GiB" in found(error)
    info = model.info()
    assert info["plan"] == []
    assert "the limit is 8 GiB" in info["no_plan"]
    assert info["qubits"] == 200


def test_a_batch_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = qr.loads(CELL, n=2)
    monkeypatch.setenv(memory.VARIABLE, str(1e-3))
    fine = model(model.init(0), np.zeros((2, 1)))
    np.testing.assert_allclose(fine["y"], 1, atol=1e-14)
    with pytest.raises(CompileError) as error:
        model(model.init(0), np.zeros((100_000, 1)))
    assert found(error).startswith("a batch of 100000 states of cell `A` needs ")


@pytest.mark.parametrize(
    ("count", "text"), [(10, "10 bytes"), (2048, "2 KiB"), (3 * 2**29, "1.5 GiB")]
)
def test_sizes_are_readable(count: int, text: str) -> None:
    assert memory.size(count) == text


def test_without_the_variable_the_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    assert 2**28 < memory.limit() < memory.machine()
