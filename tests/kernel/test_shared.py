"""Gates whose coefficients all sequences share: real and complex, of one row and of more."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.engine.native.writer import Writer
from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel

from .helpers import MODEL, NEEDS_COMPILER, assert_slope, data

jax.config.update("jax_enable_x64", True)

pytestmark = NEEDS_COMPILER

LINKS = "for (a, b) in ring(m) { cx a, b; } "
#: A quantum neuron: its ancilla turns twice, the target once, and the ancilla has to be 0 again.
REAL = (
    "ry(v[0]) q; cry(v[1]) m[0], q; cry(v[2]) m[1], q; cry(pi) q, m[5];"
    " cry(-v[2]) m[1], q; cry(-v[1]) m[0], q; ry(-v[0]) q; postselect q == 0; "
)
COMPLEX = REAL.replace("cry(pi)", "csx")


def pure(body: str, kept: str = "carry") -> ClosedModel:
    """Six qubits in a ket."""
    source = (
        f"qrnn 1.0; cell C {{ input x: real[1]; {kept} m: qubit[6]; fresh q: qubit; param w: angle[6];"
        f" param v: angle[3]; {body} output y = [expect(Z(m[0]) * X(m[5])), expect(Z(m[1]))]; }}"
    )
    return load_text(source + MODEL, entry="M")


def mixed(body: str) -> ClosedModel:
    """Three qubits of which some are noisy."""
    source = (
        "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[3]; param w: angle[3];"
        f" param v: real[3] ~ uniform(0.05, 0.3); rx(x[0]) m; {LINKS} {body} ry(w) m; rz(x[0] + w) m;"
        " cx m[0], m[1]; output y = [expect(Z(m[0])), expect(X(m[2]))]; }"
    )
    return load_text(source + MODEL, entry="M")


#: A model; whether the state and the coefficients of one of the gates are complex.
CASES = {
    "real": (pure("ry(x[0] + w) m; " + LINKS + REAL), (False, False)),
    "complex": (pure("ry(x[0] + w) m; rx(x[0]) m[2]; " + LINKS + COMPLEX), (True, True)),
    "made complex": (pure("ry(x[0] + w) m; " + LINKS + COMPLEX, "fresh"), (False, True)),
    "real on complex": (pure("rx(x[0] + w) m; " + LINKS + REAL), (True, False)),
    "noise": (mixed("depolarizing(0.1) m[0]; bit_flip(0.2) m[1];"), (True, False)),
    "noise of parameters": (mixed("depolarizing(v[0]) m; bit_flip(v[1]) m[1];"), (True, False)),
}


def shared(monkeypatch: pytest.MonkeyPatch, model: ClosedModel) -> list[tuple[bool, bool]]:
    """Of every such gate with parameters: whether the state and the coefficients are complex."""
    found: list[tuple[bool, bool]] = []
    written = Writer.shared

    def kept(
        self: Writer, t: Any, shape: Any, complex_: bool, at: int, sums: int, groups: Any
    ) -> Any:
        if any(varies for varies, _ in groups):
            found.append((t[1] != -1, complex_))
        return written(self, t, shape, complex_, at, sums, groups)

    monkeypatch.setattr(Writer, "shared", kept)
    build(model, executor="native").evaluate(*data(model, 2, 1))
    monkeypatch.undo()
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_kind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, kind = CASES[name]
    found = shared(monkeypatch, model)
    assert kind in found
    given = data(model, 11, 3)
    outputs = build(model, executor="native").evaluate(*given)[0]["p"]
    np.testing.assert_allclose(outputs, run_model(model, *given).outputs["p"], atol=1e-12)
    assert_slope(model, given)
