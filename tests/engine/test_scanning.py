"""Long sequences by an associative scan over the maps of their steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrnnlang.engine import build, scanning
from qrnnlang.engine.planner import plan_cell
from qrnnlang.ir.graph import build as graph_of

from .helpers import draw, model

STATE = "input x: real; carry m: qubit[2]; fresh e: qubit; param w: angle[3];"
MIX = "ry(x) e; rx(w) [e, m]; cx e, m[0]; cx m[0], m[1];"
CELLS = {
    "channel": f"{STATE} {MIX} output y = expect(Z(e)) + expect(X(m[1]));",
    "one qubit": "input x: real; carry m: qubit; param w: angle; reset m; rx(w * x) m;"
    " output y = expect(Z(m));",
    "uploads on the memory": f"{STATE} {MIX} rz(x * w[0]) m; output y = prob(m);",
    "noise": f"{STATE} {MIX} depolarizing(0.1) m; amplitude_damping(x * x) e;"
    " output y = expect(Z(m));",
    "postselected": f"{STATE} {MIX} let p = postselect e == 0; output y = expect(Z(m[1])) + p;",
    "no input": "carry m: qubit; fresh e: qubit; param w: angle; ry(w) m; cx m, e; rx(0.3) m;"
    " output y = expect(Z(m));",
}


def both(monkeypatch: pytest.MonkeyPatch, body: str, batch: int, steps: int) -> Any:
    """Outputs, states and gradients step by step, and by the scan."""
    closed = model(f"cell C {{ {body} }}")
    params, inputs, _ = draw(closed, batch, steps)
    found = []
    for way in ("steps", "associative"):
        monkeypatch.setenv("QRNNLANG_SCAN", way)
        executable = build(closed, executor="xla")
        count = {} if inputs else {"steps": steps}

        def total(params: Any, inputs: Any, executable=executable, count=count) -> Any:
            y = executable.apply(params, inputs, **count)["y"]
            return jnp.sin(3 * y).sum()

        outputs, last = executable.apply_with_state(params, inputs, **count)
        slopes = jax.jit(jax.grad(total, (0, 1)))(params, inputs)
        found.append((outputs, last, slopes))
    return found


QUICK = ("one qubit", "postselected")


@pytest.mark.parametrize(
    "name", [x if x in QUICK else pytest.param(x, marks=pytest.mark.long) for x in CELLS]
)
def test_the_scan_agrees_with_the_steps(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """With a chunk at the end that is shorter."""
    monkeypatch.setattr(scanning, "CHUNK", 4)
    (y, last, slopes), (y1, last1, slopes1) = both(monkeypatch, CELLS[name], 2, 11)
    np.testing.assert_allclose(y1["y"], y["y"], atol=1e-12)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), last1, last)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-10), slopes1, slopes)


@pytest.mark.long
@pytest.mark.parametrize("name", ["channel", "postselected"])
def test_long_sequences(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Products neither lose the trace nor run out of numbers, however unlikely what is kept."""
    (y, _, _), (y1, last, _) = both(monkeypatch, CELLS[name], 1, 2000)
    np.testing.assert_allclose(y1["y"], y["y"], atol=1e-9)
    (state,) = last.values()
    np.testing.assert_allclose(np.trace(state["density"][0]), 1, atol=1e-9)


def test_what_follows_an_impossible_event_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = model(
        "cell C { input x: real; carry m: qubit; fresh e: qubit; rx(x) e; rx(0.2) m;"
        " postselect e == 0; output y = expect(Z(m)); }"
    )
    x = np.full((2, 7), 0.3)
    x[1, 3] = np.pi
    monkeypatch.setenv("QRNNLANG_SCAN", "associative")
    monkeypatch.setattr(scanning, "CHUNK", 3)
    found = np.asarray(build(closed, executor="xla").apply({}, {"x": x})["y"])
    np.testing.assert_array_equal(np.isnan(found), [[False] * 7, [False] * 3 + [True] * 4])


@pytest.mark.parametrize(
    ("body", "scans"),
    [
        (CELLS["channel"], True),
        (CELLS["postselected"], True),
        ("input x: real; carry m: qubit[3]; ry(x) m; cx m[0], m[1]; cx m[1], m[2]; reset m[0];"
         " output y = expect(Z(m[1]));", False),
        ("input x: real; carry m: qubit; carry c: real = 0; rx(x + c) m; reset m; next c = x;"
         " output y = expect(Z(m));", False),
        ("input x: real; carry m: qubit; let z = expect(Z(m)); rx(x + z) m;"
         " output y = expect(Z(m));", False),
    ],
)  # fmt: skip
def test_only_linear_steps_on_few_qubits_are_scanned(
    monkeypatch: pytest.MonkeyPatch, body: str, scans: bool
) -> None:
    (run,) = (op for op in model(f"cell C {{ {body} }}").ops if hasattr(op, "cell"))
    plan = plan_cell(graph_of(run.cell))
    monkeypatch.delenv("QRNNLANG_SCAN", raising=False)
    assert scanning.possible(plan) == scans
    assert not scanning.scanned(plan, 10_000)  # not on a CPU
    monkeypatch.setenv("QRNNLANG_SCAN", "associative")
    assert scanning.scanned(plan, 2) == scans
