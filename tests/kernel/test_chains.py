"""Gates in a row, worked off in place: every kind of gate, and what must not be joined."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.engine.native import chains
from qrnnlang.engine.native.writer import Writer
from qrnnlang.engine.steps import Fuse
from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel

from .helpers import MODEL, NEEDS_COMPILER, assert_same, assert_slope, data

jax.config.update("jax_enable_x64", True)

pytestmark = NEEDS_COMPILER


def cell(body: str, read: str = "expect(Z(m[0]) * X(m[3]))") -> ClosedModel:
    """Six qubits stay in a ket; what their angles are differs by sample, so none are fused."""
    source = (
        "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[6]; param w: angle[6];"
        f" param v: angle[6]; {body} output y = [{read}, expect(Y(m[1]))]; }}"
    )
    return load_text(source + MODEL, entry="M")


UPLOAD = "ry(x[0] + 0.2) m; rx(0.4 * x[0]) m; "
LINKS = "for (a, b) in ring(m) { cx a, b; } "

#: Gates, and a kind that they must have.
KINDS = {
    "real": ("ry(w) m; ry(x[0]) m; " + LINKS + "ry(v) m;", chains.REAL_PAIR),
    "turned": (UPLOAD + LINKS + "rx(w) m; rxx(v[0]) m[0], m[4]; " + LINKS, chains.TURNED),
    "general": (UPLOAD + "rz(w) m; rx(v) m; iswap m[0], m[3]; " + LINKS, chains.GENERAL),
    "phases": (UPLOAD + LINKS + "ctrl(3) @ p(v[0]) m[0], m[1], m[3], m[4]; ", chains.PHASES),
    "signs": (UPLOAD + LINKS + "ctrl(3) @ z m[1], m[2], m[3], m[5]; ", chains.SIGNS),
    "controls": (
        UPLOAD + "cry(w[0] * x[0]) m[0], m[1]; crx(v[0]) m[5], m[2]; swap m[2], m[3]; " + LINKS,
        chains.REAL_PAIR,
    ),
}


def kinds_of(
    monkeypatch: pytest.MonkeyPatch, model: ClosedModel, batch: int = 2, steps: int = 1
) -> list[list[int]]:
    """The kinds of the gates of every chain."""
    found: list[list[int]] = []
    written = Writer.chain

    def kept(self: Writer, t: Any, shape: Any, complex_: bool, gates: Any, constant: Any) -> Any:
        found.append([kind for kind, _ in gates])
        return written(self, t, shape, complex_, gates, constant)

    monkeypatch.setattr(Writer, "chain", kept)
    build(model, executor="native").evaluate(*data(model, batch, steps))
    monkeypatch.undo()
    return found


@pytest.mark.parametrize("name", KINDS)
def test_every_kind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body, kind = KINDS[name]
    model = cell(body)
    found = kinds_of(monkeypatch, model)
    assert len(found) == 1 and kind in found[0] and len(found[0]) > 2
    assert_slope(model, data(model, 11, 3))


def test_as_the_interpreter_has_it() -> None:
    model = cell(" ".join(body for body, _ in KINDS.values()))
    params, inputs, targets = data(model, 1, 2)
    found = build(model, executor="native").evaluate(params, inputs, targets)[0]["p"]
    wanted = run_model(model, params, inputs, targets).outputs["p"]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_state_that_is_read_between_gates_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    body = UPLOAD + LINKS + "let between = expect(Z(m[2])); rx(w) m; " + LINKS + "ry(v) m;"
    model = cell(body, "between + expect(Z(m[2]))")
    assert len(kinds_of(monkeypatch, model)) == 2
    assert_slope(model, data(model, 3, 2))


def test_a_density_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[3]; param w: angle[3];"
        " rx(x[0]) m; depolarizing(0.1) m[0]; ry(w) m; rz(x[0] + w) m; cx m[0], m[1];"
        " crx(w[0] * x[0]) m[1], m[2]; amplitude_damping(0.2) m[1];"
        " output y = [expect(Z(m[0])), expect(X(m[2]))]; }"
    )
    model = load_text(source + MODEL, entry="M")
    assert any(len(gates) > 1 for gates in kinds_of(monkeypatch, model))
    assert_same(model, data(model, 9, 3))


def test_ragged_sequences_and_a_gate_that_does_nothing() -> None:
    model = cell(UPLOAD + LINKS + "rx(0 * w) m; id m[0]; rz(v) m;")
    assert_slope(model, data(model, 5, 4), lengths=np.array([4, 1, 0, 2, 3]))


FUSED = (
    "rx(v[1]) e; rx(w) m; ry(x[0]) e; crx(v[0]) e, m[0]; rz(v) m; iswap m[0], m[1]; rxx(w[1]) e, m[2];"
    " ry(v) m; cp(w[0]) m[1], m[2]; rx(w) m; " + LINKS
)
NOISY = (
    "ry(x[0]) e; cx e, m[0]; rx(w) m; depolarizing(0.2) m; ry(v) m; cx m[0], m[1];"
    " amplitude_damping(0.1) m; rz(w) m;"
)


@pytest.mark.parametrize(
    ("body", "unitary"), [(FUSED, True), (NOISY, False)], ids=["pure", "noisy"]
)
def test_a_fused_matrix(body: str, unitary: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[3]; fresh e: qubit; param w: angle[3];"
        f" param v: angle[3]; {body} output y = [expect(Z(m[0])), expect(X(m[2]) * Y(m[1]))]; }}"
    )
    model = load_text(source + MODEL, entry="M")
    executable = build(model, executor="native")
    executable.evaluate(*data(model, 32, 20))
    (plan,) = executable.plans.values()
    matrices = [s for s in plan.line.steps if isinstance(s, Fuse)]
    assert any(s.unitary == unitary and len(s.columns) >= 8 for s in matrices)
    given = data(model, 32, 20)
    assert bool(kinds_of(monkeypatch, model, 32, 20)) == unitary
    assert_slope(model, given)
    few = jax.tree.map(lambda a: a[:2], given[1:])
    outputs = executable.evaluate(*given)[0]["p"][:2]
    wanted = run_model(model, given[0], *few).outputs["p"]
    np.testing.assert_allclose(outputs, wanted, atol=1e-12)
