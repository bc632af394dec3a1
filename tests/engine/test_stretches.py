"""Long sequences in stretches of √T steps: chosen by need, the same numbers, less memory."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build, memory
from qrnnlang.engine.planner import plan_cell
from qrnnlang.engine.stretches import kept, stretch_of
from qrnnlang.ir.graph import build as build_graph

from .helpers import model

BODY = """
cell A {
    input x: real;
    carry m: qubit[2];
    carry c: real = 0.1;
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    ry(0.7) m;
    rz(w) [e, m];
    rx(w) [e, m];
    cz e, m[0];
    crx(c) e, m[1];
    output first = cos(x);
    output y = [expect(Z(e)), expect(X(m[0]) * Z(m[1]))];
    next c = 0.5 * c + expect(Z(m[1]));
}
model M { use a = A(); input x: seq real; target y: seq real[2]; output p = a(x).y; loss mse(p, y); }
"""


def gradient(closed: Any) -> Any:
    executable = build(closed, executor="xla")
    return jax.value_and_grad(executable.loss)


def data(batch: int, steps: int) -> Any:
    rng = np.random.default_rng(steps)
    params = {"a.w": rng.normal(size=3)}
    return params, {"x": rng.normal(size=(batch, steps))}, {"y": rng.normal(size=(batch, steps, 2))}


def test_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a shorter stretch at the end, with lengths; states after every step."""
    steps = 11
    closed = model(BODY)
    given = data(2, steps)
    lengths = np.array([steps, steps - 4])
    whole = jax.jit(gradient(closed))(*given, lengths)
    states = build(closed, executor="xla").states(given[0], given[1])
    monkeypatch.setenv(memory.VARIABLE, "1e-5")
    found = jax.jit(gradient(closed))(*given, lengths)
    np.testing.assert_allclose(found[0], whole[0], rtol=1e-13)
    assert np.abs(whole[1]["a.w"]).min() > 1e-4
    np.testing.assert_allclose(found[1]["a.w"], whole[1]["a.w"], rtol=1e-11, atol=1e-13)
    again = build(closed, executor="xla").states(given[0], given[1])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-14), again, states)


def test_a_cell_without_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = model("cell A { carry m: qubit; rx(0.3) m; output y = expect(Z(m)); }")
    monkeypatch.setenv(memory.VARIABLE, "1e-7")
    monkeypatch.setattr("qrnnlang.engine.model_run.require", lambda *_: None)
    found = build(closed, executor="xla").apply({}, {}, steps=12)
    np.testing.assert_allclose(found["y"][0], np.cos(0.3 * np.arange(1, 13)), atol=1e-12)


def test_stretches_are_chosen_when_all_steps_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = model(BODY)
    plan = plan_cell(build_graph(next(op for op in closed.ops if hasattr(op, "cell")).cell))
    need = kept(plan, 400, 8, np.float64)
    assert need == 400 * kept(plan, 1, 8, np.float64) > 400 * 8 * 16 * 16
    monkeypatch.setenv(memory.VARIABLE, str(3.01 * need / 2**30))
    assert stretch_of(plan, 400, 8, np.float64) == 400
    assert stretch_of(plan, 410, 8, np.float64) == 21
    assert stretch_of(plan, 410, 8, np.float32) == 410


def peak(closed: Any, steps: int) -> int:
    """Bytes of working memory of the compiled gradient."""
    given = data(4, steps)
    compiled = jax.jit(gradient(closed)).lower(*given).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def test_memory_grows_with_the_root_of_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = model(BODY)
    whole = [peak(closed, steps) for steps in (64, 1024)]
    assert 12 < whole[1] / whole[0] < 20
    monkeypatch.setenv(memory.VARIABLE, "1e-4")
    rooted = [peak(closed, steps) for steps in (64, 1024)]
    assert rooted[1] / rooted[0] < 6
    assert rooted[1] < whole[1] / 8
