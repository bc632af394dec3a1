"""Gate statements: broadcast, modifiers, user gates with sizes from their arguments."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import cell, gates, ops

from qrnnlang.ir.graph import build
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema.closed import Elem, Evolve, Gate


def final_state(body: str, qubits: int, prelude: str = "") -> np.ndarray:
    """P(k) of all qubits, and ⟨X⟩, ⟨Y⟩ of each, after a body: enough to tell circuits apart."""
    text = (
        f"{prelude} cell A {{ fresh q: qubit[{qubits}]; for (i, r) in enumerate(q) "
        f"{{ ry(0.3 + 0.4 * i) r; rz(0.7 * i) r; }} {body} "
        "output y = [prob(q), expect(X(q)), expect(Y(q))]; }"
    )
    outputs, _ = run_cell(build(cell(text)), {}, {}, steps=1)
    return outputs["y"][0]


def same(left: str, right: str, qubits: int = 3, prelude: str = "") -> None:
    np.testing.assert_allclose(
        final_state(left, qubits, prelude), final_state(right, qubits, prelude), atol=1e-12
    )


def test_one_qubit_gate_on_a_register() -> None:
    assert gates("h q[1..3];") == [("h", "", (1,)), ("h", "", (2,))]


def test_two_qubit_gate_pairwise_and_on_a_single_qubit() -> None:
    assert gates("cx q[0..2], q[2..4];") == [("cx", "", (0, 2)), ("cx", "", (1, 3))]
    assert gates("cx q[0..2], q[3];") == [("cx", "", (0, 3)), ("cx", "", (1, 3))]
    assert gates("cx q[0..2], q[1..3];") == [("cx", "", (0, 1)), ("cx", "", (1, 2))]


def test_vector_of_angles_is_elementwise() -> None:
    text = "cell A { input x: real[3]; fresh q: qubit[3]; ry(x) q; rx(x[1]) q[0..2]; output y = expect(Z(q)); }"
    found = [(g.name, g.params[0], g.wires) for g in ops(text, Gate)]
    assert found == [
        ("ry", Elem(0, 0), (0,)),
        ("ry", Elem(0, 1), (1,)),
        ("ry", Elem(0, 2), (2,)),
        ("rx", Elem(0, 1), (0,)),
        ("rx", Elem(0, 1), (1,)),
    ]


def test_empty_view_does_nothing() -> None:
    assert gates("h q[2..2]; cx q[1..1], q[0];") == []


def test_slices_of_parameters_are_entries_of_the_parameter() -> None:
    text = (
        "cell A { param w: angle[2, 3, 2]; fresh q: qubit[3]; rx(w[1, .., 0]) q; "
        "output y = expect(Z(q)); }"
    )
    assert [g.params[0].index for g in ops(text, Gate)] == [6, 8, 10]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("ctrl @ x q[0], q[1];", [("x", "1", (0, 1))]),
        ("negctrl @ x q[0], q[1];", [("x", "0", (0, 1))]),
        ("ctrl(2) @ ry(0.5) q[0], q[1], q[2];", [("ry", "11", (0, 1, 2))]),
        ("ctrl(3) @ x q[0..3], q[3];", [("x", "111", (0, 1, 2, 3))]),
        ("ctrl @ negctrl @ x q[0], q[1], q[2];", [("x", "10", (0, 1, 2))]),
        ("ctrl @ z q[0], q[1..3];", [("z", "1", (0, 1)), ("z", "1", (0, 2))]),
        ("inv @ s q[0];", [("sdg", "", (0,))]),
        ("inv @ inv @ t q[0];", [("t", "", (0,))]),
        ("pow(3) @ sx q[0];", [("sx", "", (0,))] * 3),
        ("pow(-2) @ sx q[0];", [("sxdg", "", (0,))] * 2),
        ("pow(0) @ x q[0];", []),
        ("ctrl @ gphase(0.3) q[2];", [("p", "", (2,))]),
        ("ctrl(2) @ gphase(0.3) q[2], q[0];", [("p", "1", (0, 2))]),
    ],
)
def test_modifiers(body: str, expected: list[object]) -> None:
    assert gates(body) == expected


@pytest.mark.parametrize(
    "gate",
    [
        "x q[0]", "h q[1]", "s q[0]", "tdg q[1]", "sx q[2]", "rx(0.4) q[0]", "u(0.3, 0.5, -0.9) q[1]",
        "cx q[0], q[1]", "ch q[2], q[1]", "cs q[0], q[2]", "csx q[0], q[1]", "swap q[0], q[2]",
        "iswap q[0], q[1]", "ecr q[1], q[2]", "rxx(0.3) q[0], q[1]", "rzx(0.6) q[0], q[2]",
        "cp(0.8) q[0], q[1]", "crz(0.8) q[0], q[1]", "ccx q[0], q[1], q[2]", "cswap q[2], q[1], q[0]",
    ],
)  # fmt: skip
def test_inverse_undoes_every_gate(gate: str) -> None:
    same(f"{gate}; inv @ {gate};", "")
    same(f"inv @ {gate};", f"pow(-1) @ {gate};")


def test_control_of_a_user_gate_controls_each_gate() -> None:
    prelude = "gate g(t: angle) a: qubit, b: qubit { h a; cx a, b; rz(t) b; gphase(0.7); }"
    expanded = "ch q[0], q[1]; ctrl(2) @ x q[0], q[1], q[2]; crz(0.4) q[0], q[2]; p(0.7) q[0];"
    same("ctrl @ g(0.4) q[0], q[1], q[2];", expanded, prelude=prelude)
    flipped = f"x q[0]; {expanded} x q[0];"
    same("negctrl @ g(0.4) q[0], q[1], q[2];", flipped, prelude=prelude)


def test_inverse_of_a_user_gate_reverses_the_order() -> None:
    prelude = "gate g(t: angle) a: qubit, b: qubit { h a; s b; cx a, b; ry(t) a; }"
    same(
        "inv @ g(0.4) q[0], q[1];",
        "ry(-0.4) q[0]; cx q[0], q[1]; sdg q[1]; h q[0];",
        prelude=prelude,
    )
    same("g(0.4) q[0], q[1]; inv @ g(0.4) q[0], q[1];", "", prelude=prelude)


def test_control_of_evolution() -> None:
    prelude = "gate e q: qubit[n] { evolve(0.3 * X(q[0]) * Y(q[1]) + 0.5 * Z(q[1]), 0.9); }"
    sum_of_terms = (
        "evolve(0.15 * X(q[1]) * Y(q[2]) - 0.15 * Z(q[0]) * X(q[1]) * Y(q[2]) "
        "+ 0.25 * Z(q[2]) - 0.25 * Z(q[0]) * Z(q[2]), 0.9);"
    )
    same("ctrl @ e q[0], q[1..3];", sum_of_terms, prelude=prelude)
    same("x q[0]; ctrl @ e q[0], q[1..3]; x q[0];", "negctrl @ e q[0], q[1..3];", prelude=prelude)
    same("e q[1..3]; inv @ e q[1..3];", "", prelude=prelude)


@pytest.mark.parametrize("order", [1, 2])
def test_inverse_of_a_trotter_product(order: int) -> None:
    prelude = f"gate e q: qubit[n] {{ evolve(X(q[0]) + Z(q[0]) * Z(q[1]), 0.9, steps = 2, order = {order}); }}"
    same("e q[0..2]; inv @ e q[0..2];", "", prelude=prelude)


def test_negctrl_of_a_phase_on_all_zero_controls() -> None:
    same(
        "negctrl(2) @ gphase(0.7) q[0], q[1]; h q;",
        "x q[0..2]; ctrl @ p(0.7) q[0], q[1]; x q[0..2]; h q;",
    )


def test_sizes_come_from_the_arguments() -> None:
    prelude = "gate g(t: angle[k, n]) q: qubit[n] { for l in 0..k { rx(t[l, ..]) q; } }"
    text = (
        prelude
        + "cell A { param w: angle[2, 3]; fresh q: qubit[3]; g(w) q; output y = expect(Z(q)); }"
    )
    assert [g.wires for g in ops(text, Gate)] == [(0,), (1,), (2,)] * 2


def test_user_gate_broadcasts_over_single_qubit_operands() -> None:
    prelude = "gate g(t: angle) a: qubit, b: qubit { cx a, b; ry(t) b; }"
    text = prelude + (
        "cell A { param w: angle[2]; fresh q: qubit[4]; g(w) q[0..2], q[2..4]; "
        "output y = expect(Z(q)); }"
    )
    found = [(g.name, g.wires) for g in ops(text, Gate)]
    assert found == [("cx", (0, 2)), ("ry", (2,)), ("cx", (1, 3)), ("ry", (3,))]


def test_recursive_gate() -> None:
    prelude = (
        "gate ladder(n: int) q: qubit[k] { if (n > 0) { cx q[n - 1], q[n]; ladder(n - 1) q; } }"
    )
    text = prelude + "cell A { fresh q: qubit[4]; ladder(3) q; output y = expect(Z(q)); }"
    assert [g.wires for g in ops(text, Gate)] == [(2, 3), (1, 2), (0, 1)]


def test_evolve_keeps_terms_in_the_order_written() -> None:
    text = (
        "cell A { param j: real; fresh q: qubit[2]; "
        "evolve(j * X(q[0]) * X(q[1]) + 2 * sum(Z(q)), 0.5, steps = 3, order = 2); "
        "output y = expect(Z(q)); }"
    )
    (found,) = ops(text, Evolve)
    assert [t.paulis for t in found.terms] == [((0, "X"), (1, "X")), ((0, "Z"),), ((1, "Z"),)]
    assert (found.terms[1].coefficient, found.time, found.steps, found.order) == (2.0, 0.5, 3, 2)
