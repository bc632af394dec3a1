"""Cells: carried state, outputs entry by entry, nested cells, bits, relabelling."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import VERSION, cell, ops

from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.graph import build
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import Alloc, BitCarry, Discard, Measure, Postselect, QubitCarry


def run(text: str, steps: int = 3, params: dict | None = None, **inputs: object) -> dict:
    arrays = {k: np.asarray(v, dtype=np.float64) for k, v in inputs.items()}
    outputs, _ = run_cell(build(cell(text)), params or {}, arrays, steps=None if arrays else steps)
    return outputs


def test_carried_real_reads_as_the_old_value_all_step() -> None:
    text = "cell T { input x: real; carry c: real = 10; next c = c + x; output y = c; }"
    np.testing.assert_array_equal(run(text, x=[1, 2, 3])["y"], [10, 11, 13])


def test_carried_array_starts_from_a_parameter_and_fills_by_entry() -> None:
    text = (
        "cell T { input x: real; param start: real[2]; carry c: real[2] = start; "
        "next c[0] = c[1] + x; output y = c; }"
    )
    out = run(text, params={"start": np.array([1.0, 5.0])}, x=[1, 2])
    np.testing.assert_array_equal(out["y"], [[1, 5], [6, 5]])


def test_delay_line_by_relabelling() -> None:
    """A fresh qubit becomes memory, the oldest memory qubit is let go."""
    text = (
        "cell T { input x: real; carry m: qubit[2]; fresh e: qubit; rx(pi * x) e; "
        "output y = prob(m[0] == 1); next m = [m[1], e]; }"
    )
    np.testing.assert_allclose(run(text, x=[1, 0, 1, 1, 0])["y"], [0, 0, 1, 0, 1], atol=1e-12)
    carry = next(c for c in cell(text).carries if isinstance(c, QubitCarry))
    assert carry == QubitCarry("m", (0, 1), (1, 2))
    assert [d.wires for d in ops(text, Discard)] == [(0,)]


def test_preparation_of_a_carried_register_runs_once() -> None:
    text = "cell T { carry m: qubit { x m; } output y = prob(m == 1); ry(0.5) m; }"
    ones = [np.cos(0.25 * t) ** 2 for t in range(3)]
    np.testing.assert_allclose(run(text)["y"], ones, atol=1e-12)


def test_output_filled_in_a_loop() -> None:
    text = (
        "cell T { fresh q: qubit[2]; output z: real[3, 2]; "
        "for k in 0..3 { output z[k, ..] = expect(Z(q)); x q[0]; } }"
    )
    np.testing.assert_allclose(run(text, 1)["z"][0], [[1, 1], [-1, 1], [1, 1]], atol=1e-12)


def test_expectations_see_the_state_where_they_stand() -> None:
    text = "cell T { fresh q: qubit; let before = expect(Z(q)); x q; output y = [before, expect(Z(q))]; }"
    np.testing.assert_allclose(run(text, 1)["y"][0], [1, -1], atol=1e-12)


def test_register_as_integer_has_its_first_qubit_least_significant() -> None:
    text = 'cell T { fresh q: qubit[3]; x q[0]; x q[2]; output y = prob(q == 5); output z = prob(q == "101"); output w = prob(q); }'
    out = run(text, 1)
    assert out["y"][0] == pytest.approx(1)
    assert out["z"][0] == pytest.approx(1)
    np.testing.assert_allclose(out["w"][0], np.eye(8)[5], atol=1e-12)


def test_bit_string_is_written_as_qiskit_prints_it() -> None:
    text = 'cell T { fresh q: qubit[3]; x q[0]; output y = prob(q == "001"); }'
    assert run(text, 1)["y"][0] == pytest.approx(1)


def test_instance_called_twice_shares_parameters_but_not_qubits() -> None:
    text = (
        "cell V { input v: real; fresh q: qubit; param w: angle; ry(v + w) q; output z = expect(Z(q)); }"
        "cell T { input x: real; use f = V(); output y = f(x) + f(2 * x); }"
    )
    out = run_entry(text, "T", {"f.w": np.array(0.3)}, x=[0.2])
    assert out["y"][0] == pytest.approx(np.cos(0.5) + np.cos(0.7))
    closed = closed_entry(text, "T")
    assert [p.name for p in closed.params] == ["f.w"]
    allocated = [o.wires for o in closed.ops if isinstance(o, Alloc)]
    assert allocated == [(0,), (1,)]


def test_record_of_several_outputs() -> None:
    text = (
        "cell V { input v: real; output a = v; output b = [v, 2 * v]; }"
        "cell T { input x: real; use f = V(); let r = f(v = x); output y = r.a + r.b[1]; }"
    )
    assert run_entry(text, "T", {}, x=[2.0])["y"][0] == 6.0


def test_nested_state_belongs_to_the_outer_cell() -> None:
    text = (
        "cell Sum { input v: real; carry c: real; next c = c + v; output y = c + v; }"
        "cell T { input x: real; use a = Sum(); use b = Sum(); output y = b(a(x)); }"
    )
    np.testing.assert_array_equal(run_entry(text, "T", {}, x=[1, 1, 1])["y"], [1, 3, 6])
    assert {c.name for c in closed_entry(text, "T").carries} == {"a.c", "b.c"}


def test_feedback_of_a_measured_bit() -> None:
    text = "cell T { fresh q: qubit[2]; x q[0]; let b = measure q[0]; if (b) { x q[1]; } output y = prob(q == 3); }"
    assert run(text, 1)["y"][0] == pytest.approx(1)
    (measure,) = ops(text, Measure)
    assert (measure.wires, measure.name) == ((0,), "b")


def test_carried_bit_toggles() -> None:
    text = "cell T { carry b: bit; fresh q: qubit; if (b) { x q; } output y = expect(Z(q)); next b = !b; }"
    np.testing.assert_allclose(run(text, 4)["y"], [1, -1, 1, -1], atol=1e-12)


def test_next_of_a_bit_on_one_branch_keeps_it_on_the_other() -> None:
    text = (
        "cell T { carry b: bit[2]; fresh q: qubit; if (b == 0) { next b[0] = true; } "
        "else { if (b[0]) { next b = 2; } } output y = prob(b); output z = expect(Z(q)); }"
    )
    out = run(text, 4)["y"]
    np.testing.assert_allclose(out, np.eye(4)[[0, 1, 2, 2]], atol=1e-12)
    assert isinstance(cell(text).carries[0], BitCarry)


def test_postselection_gives_its_probability_and_projects() -> None:
    text = "cell T { input x: real; fresh q: qubit[2]; ry(x) q[0]; cx q[0], q[1]; let p = postselect q[0] == 1; output y = [p, prob(q[1] == 1)]; }"
    np.testing.assert_allclose(run(text, x=[0.8])["y"][0], [np.sin(0.4) ** 2, 1], atol=1e-12)


def test_postselection_on_data_bits() -> None:
    text = "cell T { input v: real[2]; fresh q: qubit[2]; ry(0.8) q[0]; h q[1]; output y = p; let p = postselect q == bits(v); }"
    with pytest.raises(CompileError):
        cell(text)  # `p` is read before it is bound
    text = text.replace(
        "output y = p; let p = postselect q == bits(v);",
        "let p = postselect q == bits(v); output y = p;",
    )
    np.testing.assert_allclose(
        run(text, v=[[1, 0], [0, 1]])["y"], [np.sin(0.4) ** 2 / 2, np.cos(0.4) ** 2 / 2], atol=1e-12
    )
    (found,) = ops(text, Postselect)
    assert [s.index for s in found.values] == [0, 1]  # type: ignore[union-attr]


def test_amplitudes_and_a_fixed_unitary() -> None:
    text = "cell T { input v: real[4]; fresh q: qubit[2]; prepare(v) q; output y = prob(q); }"
    np.testing.assert_allclose(run(text, v=[[3, 0, 0, 4]])["y"][0], [0.36, 0, 0, 0.64], atol=1e-12)
    text = "cell T { fixed U: unitary[1] ~ haar; fresh q: qubit; apply(U) q; inv @ apply(U) q; output y = expect(Z(q)); }"
    h = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    u = np.stack([h @ np.diag([1, 1j]) @ h, np.zeros((2, 2))]).astype(complex)[0]
    params = {"U": np.stack([u.real, u.imag], axis=-1)}
    assert run(text, 1, params)["y"][0] == pytest.approx(1)


def test_output_may_be_read_below() -> None:
    text = "cell T { input x: real; carry c: real; output y = x + c; next c = y; }"
    np.testing.assert_array_equal(run(text, x=[1, 2, 3])["y"], [1, 3, 6])


def closed_entry(text: str, entry: str):  # type: ignore[no-untyped-def]
    return cell(text, entry)


def run_entry(text: str, entry: str, params: dict, **inputs: object) -> dict:
    arrays = {k: np.asarray(v, dtype=np.float64) for k, v in inputs.items()}
    outputs, _ = run_cell(build(closed_entry(text, entry)), params, arrays)
    return outputs


def test_draws_and_starts_are_kept_for_the_runtime() -> None:
    text = (
        "cell T { param a: angle[2]; param b: real[3, 4]; param c: real = 1; param d: real[2] = [1, 2]; "
        "fixed e: real ~ normal(0, 2); param f: angle ~ uniform(0, tau); "
        "output y = sum(a) + sum(b) + c + sum(d) + e + f; }"
    )
    starts = {p.name: (p.start, p.trained) for p in load_text(VERSION + text).params}
    assert starts["a"] == (("uniform", -np.pi, np.pi), True)
    assert starts["b"] == (("uniform", -0.5, 0.5), True)
    assert starts["c"] == (("values", (1.0,)), True)
    assert starts["d"] == (("values", (1.0, 2.0)), True)
    assert starts["e"] == (("normal", 0.0, 2.0), False)
    assert starts["f"] == (("uniform", 0.0, 2 * np.pi), True)


def test_field_of_a_call_with_one_output() -> None:
    text = (
        "cell V { input v: real; output z = 2 * v; }"
        "cell T { input x: real; use f = V(); let r = f(x); output y = [f(x).z, r.z]; }"
    )
    np.testing.assert_array_equal(run_entry(text, "T", {}, x=[3.0])["y"][0], [6, 6])
    with pytest.raises(CompileError) as caught:
        closed_entry(text.replace("r.z", "r.y"), "T")
    assert [d.code for d in caught.value.diagnostics] == ["E0213"]


def test_probability_of_bits_is_a_distribution_and_of_a_comparison_a_number() -> None:
    text = (
        "cell T { fresh q: qubit[2]; h q[0]; let b = measure q; let d = b[0] ^ b[1]; "
        "output one = prob(d); output same = prob(b[0] ^ b[1]); output not_ = prob(!b[0]); "
        "output equal = prob(b == 1); output differ = prob(b[0] != b[1]); }"
    )
    made = run(text, steps=1)
    for name in ("one", "same", "not_"):
        np.testing.assert_allclose(made[name], [[0.5, 0.5]])
    np.testing.assert_allclose(made["equal"], [0.5])
    np.testing.assert_allclose(made["differ"], [0.5])
