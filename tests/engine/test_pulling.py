"""Reads between fixed evolutions, pulled back to one state; carried wires that nobody reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qrnnlang.engine import applying, cells
from qrnnlang.engine import steps as p
from qrnnlang.engine.planner import plan_cell
from qrnnlang.ir.graph import build as build_graph

from .helpers import assert_equal, assert_gradients, draw, model

FIXED = "fixed U: unitary[2] ~ haar;"

#: A reservoir with virtual nodes; `head`: what each step does first.
RESERVOIR = """
cell R {{
    input x: real;
    carry m: qubit[4];
    carry c: real[2] = 0.2;
    fresh e: qubit;
    param J: real[3] = 0.7;
    param t: real = 0.4;
    fixed U: unitary[2] ~ haar;
    let H = sum(J[i] * X(m[i]) * X(m[i + 1]) for i in 0..3) + 0.5 * sum(Z(m)) + 0.3 * Y(m[2]);
    {head}
    evolve(H, t);
    output a = expect([Z(m[1]), X(m[0]) * Y(m[3])]);
    output k = expect(2 * Z(m[2]) + 0.5 - X(e));
    rx(t) m[0];
    apply(U) m[1..3];
    cz m[0], m[3];
    output b = expect(Y(m[3]));
    evolve(H, t);
    let z = expect(Z(m[..2]));
    {tail}
    output d = z;
}}
"""
HEADS = {
    "a reset": "reset m[0]; ry(x) m[0]; ry(0.3) e; cx m[0], e;",
    "an entangled input": "ry(x) e; cx e, m[1]; crx(c[0]) m[1], m[2];",
    "noise": "reset m[2]; rx(x) m[2]; depolarizing(0.2) m[1]; amplitude_damping(0.3) m[3];",
    "a postselection": "ry(x) e; cry(0.9) m[0], e; cry(x) e, m[3]; postselect e == 0; phase_damping(0.2) m[0];",
}
TAILS = {"feedback": "next c = 0.5 * c + z;", "nothing": ""}


def program(head: str, tail: str = "") -> str:
    body = RESERVOIR.format(head=HEADS[head], tail=TAILS.get(tail, tail))
    outputs = " ".join(f"output {name} = y.{name};" for name in "akbd")
    return body + f"model M {{ use r = R(); input x: seq real; let y = r(x); {outputs} }}"


def plan(closed: Any) -> Any:
    run = next(op for op in closed.ops if hasattr(op, "cell"))
    return plan_cell(build_graph(run.cell))


@pytest.fixture
def pieces(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in pieces":
        monkeypatch.setattr(cells, "LOOK", 1 << 13)  # one or two steps
        monkeypatch.setattr(applying, "AHEAD", 0)


CASES = [
    *(("at once", head, "feedback") for head in HEADS),
    *(("in pieces", head, "nothing") for head in HEADS),
]


@pytest.mark.parametrize(("pieces", "head", "tail"), CASES, indirect=["pieces"])
def test_the_numbers_are_those_of_the_interpreter(head: str, tail: str, pieces: None) -> None:
    closed = model(program(head, tail))
    made = [type(step) for step in plan(closed).line.steps]
    assert made.count(p.Observed) == 1
    assert_equal(closed, *draw(closed, 2, 5)[:2])


@pytest.mark.parametrize(
    ("pieces", "head"),
    [
        ("in pieces", "a reset"),
        pytest.param("at once", "a postselection", marks=pytest.mark.long),
    ],
    indirect=["pieces"],
)
def test_gradients(head: str, pieces: None) -> None:
    closed = model(program(head, "feedback").replace("apply(U)", "h").replace(FIXED, ""))
    params, inputs, _ = draw(closed, 2, 3)
    assert_gradients(closed, params, inputs)


def test_few_reads_of_a_ket_stay_where_they_are() -> None:
    """Kets are cheap to compute at each read, and without carried wires nothing is mixed."""
    kept = program("a reset").replace("reset m[0];", "").replace("ry(0.3) e; cx m[0], e;", "")
    closed = model(kept.replace(" - X(e)", ""))
    assert plan(closed).pure and p.Observed not in map(type, plan(closed).line.steps)
    assert_equal(closed, *draw(closed, 2, 4)[:2])


def test_equal_evolutions_are_one_matrix() -> None:
    closed = model(program("a reset"))
    assert [type(s) for s in plan(closed).line.steps].count(p.Exponential) == 1
    other = model(program("a reset", "evolve(H, 2 * t); evolve(0.5 * H, t);"))
    assert [type(s) for s in plan(other).line.steps].count(p.Exponential) == 3
    assert_equal(other, *draw(other, 2, 4)[:2])


# --- carried wires that nothing reads -------------------------------------------------------------

UNREAD = {
    "reset at once": ("reset m[0]; ry(x) m[0];", 2),
    "read first": ("let z = expect(Z(m[0])); reset m[0]; ry(x + z) m[0];", 3),
    "moved on": ("reset m[0]; ry(x) m[0]; next m = [m[1], m[2], m[0]];", 2),
    "all of them": ("reset m; ry(x) m; cz m[0], m[1];", 0),
    "all, after an event": ("ry(x) e; rx(1.0) e; postselect e == 0; reset m; ry(x) m;", 3),
}


@pytest.mark.parametrize("name", UNREAD)
def test_wires_that_are_let_go_unread_are_not_carried(name: str) -> None:
    text, carried = UNREAD[name]
    body = (
        "cell A { input x: real; carry m: qubit[3] { h m; } fresh e: qubit; param w: angle = 0.8; "
        f"{text} for (a, b) in pairs(m) {{ rxx(w) a, b; ry(w) b; }} output y = expect(Z(m)); }}"
        "model M { use a = A(); input x: seq real; output y = a(x); }"
    )
    closed = model(body)
    assert sum(map(len, plan(closed).groups)) == carried
    params, inputs, _ = draw(closed, 2, 5)
    executable, wanted = assert_equal(closed, params, inputs)
    # From a state in the middle all wires are there.
    first, state = executable.apply_with_state(params, {"x": inputs["x"][:, :2]})
    second, _ = executable.apply_with_state(params, {"x": inputs["x"][:, 2:]}, state)
    both = np.concatenate([first["y"], second["y"]], 1)
    np.testing.assert_allclose(both, wanted.outputs["y"], atol=1e-10)
