"""Details of the language that other programs leave out, each by a value computed by hand.

Every case fails when one place of the implementation is changed: what a call is remembered by,
which entry a broadcast takes, what a default is, who a name belongs to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import check_text
from qrnnlang.sema.closed import Barrier, RunCell
from qrnnlang.sema.entry import load_text_program

ITEMS = """
def double(a: real[n]) = 2 * a;
gate turn(t: angle = pi) q: qubit { ry(t) q; }
gate flip q: qubit[n] { x q; }
"""
FILES = {"b.qrnn": "qrnn 1.0; const P = 2; const K = P + 1; import std.encoding;"}
#: The body of the cell `A`, and its first output at each step.
CASES: dict[str, tuple[str, Any]] = {
    "a function of other constants": ("output y = [double([1, 2]), double([3, 4])];", [2, 4, 6, 8]),
    "a function of other entries": ("param w: real[2] = [1, 5]; output y = [double(w[0..1]), double(w[1..2])];", [2, 10]),
    "a function of other parameters": ("param w: real[2] = [1, 2]; param v: real[2] = [3, 4]; output y = [double(w), double(v)];", [2, 4, 6, 8]),
    "a gate on other qubits": ("fresh q: qubit[3]; flip q[0..1]; flip q[2..3]; output y = prob(q == 5);", 1),
    "a gate's angles, one a qubit": ("param w: angle[2] = [0, pi]; fresh q: qubit[2]; turn(w) q; output y = prob(q == 2);", 1),
    "a gate's default": ("fresh q: qubit; turn q; output y = expect(Z(q));", -1),
    "the left clause outermost": ("fresh a: qubit; for l in 0..2, k in 0..2 { if (k == 0) { h a; } else { s a; } } output y = expect(X(a));", 1),
    "an inverse under a control": ("fresh q: qubit[3]; h q; ctrl @ iswap q[0], q[1], q[2]; inv @ ctrl @ iswap q[0], q[1], q[2]; h q; output y = prob(q == 0);", 1),
    "within two conditions": ("fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; x q[1]; let b = measure q; if (b[0]) { if (b[1]) { x a; } } output y = prob(a == 0);", 1),
    "a postselected number": ("fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; h q; postselect q == 1; output y = prob(q == 1);", 1),
    "a bit as an outcome": ("fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; x a; output y = prob(a == true);", 1),
    "a number less an observable": ("fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; x a; output y = expect(1 - Z(a));", 2),
    "an observable over a number": ("fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; output y = expect(Z(a) / 4);", 0.25),
    "factors of an observable": ("fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; param v: real = 3; param w: real = 5; output y = expect([2 * (v * Z(a)), w * (v * Z(a))]);", [6, 15]),
    "constants of an imported file": ("output y = lib.K;", 3),
}  # fmt: skip
REFUSED = {
    "a cell and a model of one name": ("E0205", "", "model A { input x: seq real; output y = x; }"),
    "a constant from outside": ("E0303", "output y = C;", "extern def f(x: real) -> real; const C = f(1);"),
    "an argument given twice": ("E0206", "output y = double([1], a = [2]);", ""),
    "a unitary on one qubit twice": ("E0401", "fixed U: unitary[2] ~ haar; fresh q: qubit[2]; apply(U) [q[0], q[0]]; output y = 1;", ""),
    "a control without a qubit": ("E0403", "ctrl @ gphase(1); output y = 1;", ""),
    "a unitary that is a number": ("E0302", "fresh q: qubit; apply(1) q; output y = 1;", ""),
    "a rate below 0": ("E0308", "fresh q: qubit; bit_flip(-0.1) q; output y = 1;", ""),
    "rates above 1 in all": ("E0308", "fresh q: qubit; pauli_channel(0.5, 0.4, 0.3) q; output y = 1;", ""),
    "a rate too few": ("E0207", "fresh q: qubit; bit_flip q; output y = 1;", ""),
    "a rate too many": ("E0208", "fresh q: qubit; bit_flip(0.1, 0.2) q; output y = 1;", ""),
    "a prepared qubit in one branch": ("E0411", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; let b = measure c; if (b) { x a; } else { reset a; } prepare([0, 1]) a; output y = 1;", ""),
    "a reset in a branch": ("E0411", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; x a; let b = measure c; if (b) { reset a; } prepare([0, 1]) a; output y = 1;", ""),
    "a condition of two bits": ("E0311", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; let b = measure q; if (b) { x a; } output y = 1;", ""),
    "a register in a branch": ("E0410", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; let b = measure c; if (b) { fresh r: qubit; x r; } output y = 1;", ""),
    "preparation after a measurement": ("E0411", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; measure a; prepare([0, 1]) a; output y = 1;", ""),
    "preparation after a postselection": ("E0411", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; postselect a == 0; prepare([0, 1]) a; output y = 1;", ""),
    "preparation after an evolution": ("E0411", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; evolve(X(a), 1); prepare([0, 1]) a; output y = 1;", ""),
    "preparation twice": ("E0411", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; prepare([0, 1]) a; prepare([0, 1]) a; output y = 1;", ""),
    "preparation of one qubit twice": ("E0401", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; prepare([1, 0, 0, 1]) [a, a]; output y = 1;", ""),
    "postselection of one qubit twice": ("E0401", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; postselect [a, a] == 3; output y = 1;", ""),
    "a product of order 3": ("E0308", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; evolve(X(a), 1, steps = 2, order = 3); output y = 1;", ""),
    "no steps at all": ("E0308", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; evolve(X(a), 1, steps = 0); output y = 1;", ""),
    "an order without steps": ("E0207", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; evolve(X(a), 1, order = 1); output y = 1;", ""),
    "a Hamiltonian of two": ("E0302", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; evolve(Z(q), 1); output y = 1;", ""),
    "a step for steps": ("E0206", "fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; evolve(X(a), 1, step = 2); output y = 1;", ""),
    "an outcome too short": ("E0304", 'fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; output y = prob(q == "1");', ""),
    "the mean of no observables": ("E0310", 'fresh q: qubit[2]; fresh a: qubit; fresh c: qubit; output y = expect(mean(Z(q[0..0])));', ""),
    "an observable of 2^20 terms": ("E0705", 'fresh r: qubit[20]; output y = expect(prod([Z(p) + X(p) for p in r]));', ""),
    "an entry of a whole output": ("E0407", 'output y = [1, 2]; output y[0] = 3;', ""),
    "an output of another shape": ("E0305", 'output y: real[2]; output y = [1, 2, 3];', ""),
    "what an alias imports": ("E0202", "fresh q: qubit[2]; lib.angle_encode([1, 2]) q; output y = 1;", ""),
}  # fmt: skip


def text(body: str, items: str = "") -> str:
    return f'qrnn 1.0; import "b.qrnn" as lib; {ITEMS} {items} cell A {{ {body} }}'


@pytest.mark.parametrize("name", CASES)
def test_value(name: str) -> None:
    body, wanted = CASES[name]
    model = load_text_program(text(body), "a.qrnn", files=FILES).model
    params = {k: np.asarray(v) for k, v in init(model.params, 0).items()}
    steps = len(wanted) if isinstance(wanted, tuple) else 1
    found = next(iter(run_model(model, params, {}, steps=steps).outputs.values()))[0]
    have = found if isinstance(wanted, tuple) else found[0]
    assert np.shape(have) == np.shape(wanted)
    np.testing.assert_allclose(have, wanted, atol=1e-12)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    code, body, items = REFUSED[name]
    with pytest.raises(CompileError) as caught:
        load_text_program(text(body, items), "a.qrnn", "A", files=FILES)
    assert {d.code for d in caught.value.diagnostics if d.severity == "error"} == {code}


def test_a_barrier_names_its_qubits() -> None:
    model = load_text_program(
        "qrnn 1.0; cell A { fresh q: qubit[2]; barrier q[1]; barrier; output y = 1; }"
    ).model
    (run,) = (op for op in model.ops if isinstance(op, RunCell))
    assert [op.wires for op in run.cell.ops if isinstance(op, Barrier)] == [(1,), (0, 1)]


@pytest.mark.parametrize(
    "loop",
    ["for %s { x q; }", "let a = [1 for %s];", "let a = sum(1 for %s);"],
    ids=["statement", "list", "sum"],
)
def test_clauses_nest_like_blocks(loop: str) -> None:
    def codes(count: int) -> set[str]:
        clauses = ", ".join(f"i{k} in 0..1" for k in range(count))
        found = check_text(f"qrnn 1.0; cell A {{ fresh q: qubit; {loop % clauses} output y = 1; }}")
        return {d.code for d in found if d.severity == "error"}

    assert codes(199) == set()
    assert codes(201) == codes(10_000) == {"E0702"}


@pytest.mark.parametrize(
    ("first", "later", "last"),
    [
        ("gate g0 q: qubit { x q; }", "gate g%d q: qubit { g%d q; }", "fresh q: qubit; g9999 q; output y = expect(Z(q));"),
        ("def g0(x: real) = x;", "def g%d(x: real) = g%d(x);", "output y = g9999(1);"),
    ],
    ids=["gates", "functions"],
)  # fmt: skip
def test_a_line_of_ten_thousand_items(first: str, later: str, last: str) -> None:
    """What each of them unrolls to is told without a call for every one within the next."""
    items = "\n".join([first, *(later % (i, i - 1) for i in range(1, 10_000))])
    assert {d.code for d in check_text(f"qrnn 1.0; {items} cell A {{ {last} }}")} == {"E0704"}
