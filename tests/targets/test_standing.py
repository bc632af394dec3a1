"""What steps share is written in one piece only while its angles are the same."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr

#: An angle that is the same for three steps, then another at each: what was read three steps ago.
DELAYED = """qrnn 1.0;
cell C {
    input x: real;
    param w: real = 0.3;
    carry a: real = w;
    carry b: real = w;
    carry c: real = w;
    fresh q: qubit;
    rx(a) q; ry(a) q; rz(a) q; rx(a) q;
    next a = b;
    next b = c;
    next c = x;
    output y = expect(Z(q));
}
"""


def test_an_angle_that_changes_after_some_steps() -> None:
    model = qr.loads(DELAYED)
    x = np.linspace(0.5, 1.0, 6)
    circuit = model.to_qiskit(6, {"w": 0.3}, x)
    found = [float(i.operation.params[0]) for i in circuit.data if i.operation.name == "ry"]
    assert found == pytest.approx([0.3, 0.3, 0.3, *x[:3]])
