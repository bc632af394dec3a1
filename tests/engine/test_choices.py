"""The cost model: rates of the machine, costs of forms, and the choice among them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from kernel.helpers import NEEDS_COMPILER

from qrnnlang.engine import build, rates
from qrnnlang.engine.costs import seconds
from qrnnlang.engine.native import library
from qrnnlang.engine.planner import Policy, plan_as, plan_cell
from qrnnlang.engine.rates import REFERENCE, Rates
from qrnnlang.ir.graph import build as graph_of
from qrnnlang.sema import load_text

MIXED = """qrnn 1.0;
cell Mixed(n: int = 2) {
    input x: real; carry m: qubit[n]; fresh e: qubit; param w: angle[3, n + 1];
    ry(x) e;
    for l in 0..3 { rx(w[l]) [e, m]; for (a, b) in ring([e, m]) { cz a, b; } }
    output y = expect(Z(e));
}
"""
PURE = """qrnn 1.0;
cell Pure {
    input x: real; carry m: qubit[5]; param w: angle[5];
    ry(x) m; rx(w) m; for (a, b) in ring(m) { cx a, b; }
    output y = expect(Z(m[0]));
}
"""


@pytest.fixture
def afresh():
    rates.here.cache_clear()
    yield
    rates.here.cache_clear()


def forms(source: str, given: Rates | None = REFERENCE, **hyper: Any) -> dict[str, Any]:
    (cell,) = build(load_text(source, hyper=hyper), rates=given).described(32, 20)
    return {choice.form: choice for choice in cell.choices}


def graph(source: str) -> Any:
    (run,) = (op for op in load_text(source).ops if hasattr(op, "cell"))
    return graph_of(run.cell)


@NEEDS_COMPILER
def test_what_is_measured_is_kept(afresh, monkeypatch, tmp_path: Path) -> None:
    kept = tmp_path / "of the cache" / "kernel.rates.json"
    monkeypatch.setattr(library, "rates_file", lambda: kept)
    found = rates.here()
    assert Rates(**json.loads(kept.read_text())) == found
    assert min(asdict(found).values()) > 1e7
    kept.write_text(json.dumps(asdict(replace(found, pair=1e9))))
    rates.here.cache_clear()
    assert rates.here().pair == 1e9
    assert list(kept.parent.iterdir()) == [kept]


@NEEDS_COMPILER
@pytest.mark.parametrize(
    "text", ["", "[]", '{"product": 1}', '{"product": 1, "pair": 0, "memory": 1}']
)
def test_a_file_that_holds_no_rates_is_measured_again(afresh, monkeypatch, tmp_path, text) -> None:
    kept = tmp_path / "kernel.rates.json"
    monkeypatch.setattr(library, "rates_file", lambda: kept)
    kept.write_text(text)
    assert min(asdict(rates.here()).values()) > 1e7


def test_without_a_kernel_the_reference_is_taken(afresh, monkeypatch) -> None:
    def unavailable() -> Any:
        raise library.Unavailable("none")

    monkeypatch.setattr(library, "load", unavailable)
    assert rates.here() == REFERENCE
    rates.here.cache_clear()
    monkeypatch.setenv("QRNNLANG_RATES", "reference")
    assert rates.here() == REFERENCE


def test_rates_decide_whether_gates_become_matrices() -> None:
    """A gate as cheap as a product pays off sooner."""
    assert replace(REFERENCE, pair=REFERENCE.product).rows_per_gate == 2
    assert replace(REFERENCE, pair=REFERENCE.product / 32).rows_per_gate == 32
    names = []
    for pair in (REFERENCE.product / 32, REFERENCE.product):
        plan = plan_cell(graph(PURE), rates=replace(REFERENCE, pair=pair))
        names.append({type(s).__name__ for s in plan.line.steps})
    assert "Multiply" in names[0]
    assert "Multiply" not in names[1]


def test_forms_of_a_mixed_cell() -> None:
    found = forms(MIXED)
    chosen = [name for name, choice in found.items() if choice.chosen]
    fused, gates = (
        f"carried density matrix, {x}" for x in ("gates fused into matrices", "gate by gate")
    )
    assert chosen == (["transfer matrix"] if library.reason() is None else [fused])
    assert found[fused].seconds < found[gates].seconds
    assert found["carried ket, gates fused into matrices"].why == "what is carried becomes mixed"


def test_forms_of_a_pure_cell() -> None:
    found = forms(PURE)
    (chosen,) = (choice for choice in found.values() if choice.chosen)
    assert chosen.form.startswith("carried ket")
    others = [c.seconds for c in found.values() if c.form.startswith("carried density")]
    assert others
    assert all(chosen.seconds < 0.1 * cost for cost in others)


def test_a_form_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QRNNLANG_MEMORY", "0.5")
    found = forms(PURE.replace("[5]", "[14]"))
    why = [c.why for c in found.values() if c.form.startswith("carried density")]
    assert why
    assert all("the limit is 512 MiB" in text for text in why)


def test_costs_grow_with_samples() -> None:
    plan = plan_cell(graph(MIXED))
    once = seconds(plan, 0, REFERENCE)
    assert once > 0
    assert seconds(plan, 200, REFERENCE) - once == pytest.approx(
        2 * (seconds(plan, 100, REFERENCE) - once)
    )
    doubled = Rates(*(2 * x for x in asdict(REFERENCE).values()))
    assert seconds(plan, 100, doubled) == pytest.approx(seconds(plan, 100, REFERENCE) / 2)


def test_a_policy_that_cannot_be_met() -> None:
    assert plan_as(graph(MIXED), 640, REFERENCE, Policy(pure=True, fusing=True)) is None
    plan = plan_as(graph(PURE), 640, REFERENCE, Policy(pure=False, fusing=False))
    assert plan is not None
    assert not plan.pure


@pytest.mark.parametrize(
    ("body", "groups", "pure"),
    [
        ("carry a: qubit[4]; ry(x) a; cx a[0], a[2]; output y = expect(Z(a[0]));",
         ((0, 2), (1,), (3,)), False),
        ("carry a: qubit[4]; ry(x) a; for (p, q) in chain(a) { cx p, q; } output y = expect(Z(a[0]));",
         ((0, 1, 2, 3),), True),
        ("carry a: qubit[4]; fresh e: qubit; ry(x) e; for q in a { cx e, q; }"
         " output y = expect(Z(a[0]));", ((0, 1, 2, 3),), False),
        ("carry a: qubit[4]; fresh e: qubit; ry(x) e; for q in a { cx e, q; } postselect e == 0;"
         " output y = expect(Z(a[0]));", ((0, 1, 2, 3),), True),
        ("carry a: qubit[2]; fresh e: qubit; ry(x) e; cx a[0], e; reset e; ry(x) e; cx a[1], e;"
         " output y = expect(Z(a[0]));", ((0,), (1,)), False),
    ],
)  # fmt: skip
def test_who_meets_is_known_before_planning(body: str, groups: Any, pure: bool) -> None:
    plan = plan_cell(graph(f"qrnn 1.0; cell C {{ input x: real; {body} }}"))
    assert (plan.groups, plan.pure) == (groups, pure)


@pytest.mark.parametrize(("batch", "steps", "form"), [(10, 4, "gate by gate"), (32, 20, "fused")])
def test_a_matrix_is_paid_for_by_many_samples(batch: int, steps: int, form: str) -> None:
    """A matrix on six qubits is 64 columns of gates, once: the samples must be more."""
    source = """qrnn 1.0;
    cell C {
        input x: real[6]; fresh q: qubit[6]; param w: angle[5, 6];
        ry(x) q;
        for l in 0..5 { for (a, b) in ring(q) { cx a, b; } rx(w[l]) q; }
        output y = expect(Z(q[0]));
    }
    """
    (cell,) = build(load_text(source), rates=REFERENCE).described(batch, steps)
    assert form in cell.choices[0].form
