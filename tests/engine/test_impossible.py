"""A postselection that cannot happen is an error, whatever the outputs read."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.ir.model import run_model

from .helpers import assert_gradients, model

TURN = "input x: real; let t = x - 0.5; "
IMPOSSIBLE = [
    "fresh q: qubit; ry(t) q; postselect q == 1; output y = expect(Z(q));",
    "carry q: qubit; ry(t) q; postselect q == 1; output y = expect(Z(q)); reset q;",
    "fresh q: qubit[2]; ry(t) q; postselect q[0] == 1; output y = expect(Z(q[1]));",
    "carry m: qubit; fresh q: qubit; ry(t) q; cx q, m; postselect q == 1; output y = expect(X(m));",
    "carry c: real; fresh q: qubit; ry(t) q; postselect q == 1; next c = c + x; output y = c;",
    "fresh q: qubit[2]; ry(t) q[0]; h q[1]; let b = measure q[1]; postselect q[0] == 1;"
    "output y = prob(b == 1);",
]
X = np.array([[0.1, 0.2, 0.3], [0.3, 0.5, 0.4]])


@pytest.mark.parametrize("body", IMPOSSIBLE)
def test_an_impossible_postselection_names_sample_and_step(body: str) -> None:
    found = qr.loads(f"qrnn 1.0; cell A {{ {TURN}{body} }}")
    with pytest.raises(qr.DataError, match=r"probability 0 \(sample 1, step 1\)"):
        found({}, X)
    with pytest.raises(qr.DataError, match=r"probability 0 \(sample 1, step 1\)"):
        run_model(found.closed, {}, {"x": X})
    values = np.asarray(found.apply({}, X)["y"])
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1, 1])


def test_it_is_met_later_through_the_carried_state() -> None:
    source = (
        f"qrnn 1.0; cell A {{ {TURN} carry m: qubit; fresh q: qubit; ry(t) q; postselect q == 1;"
        "ry(x) m; output y = expect(Z(m)); }"
        "model M { use a = A(); input x: seq real; output y = last(a(x)); }"
    )
    with pytest.raises(qr.DataError, match=r"\(sample 1, step 1\)"):
        qr.loads(source)({}, X)


@pytest.mark.parametrize("body", IMPOSSIBLE)
def test_values_and_slopes_are_the_same_where_it_is_possible(body: str) -> None:
    closed = model(f"cell A {{ {TURN}{body} }}")
    assert_gradients(closed, {}, {"x": X[:1]})
