"""Single steps of unitaries and reads whose result is known in closed form."""

import numpy as np
import pytest

from qrnnlang.ir.gates import unitary
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema.closed import (
    Alloc,
    ApplyUnitary,
    Discard,
    Elem,
    Evolve,
    Gate,
    Param,
    ParamSpec,
    Prob,
)

from .cells import BLOCH, bell, bloch, expect, graph, pauli, read, ry

T = 0.7
C, S = np.cos(T), np.sin(T)


@pytest.mark.parametrize(
    ("ops", "wanted"),
    [
        ([], (0, 0, 1)),
        ([ry(T)], (S, 0, C)),
        ([Gate("rx", (T,), (0,))], (0, -S, C)),
        ([Gate("h", (), (0,)), Gate("rz", (T,), (0,))], (C, S, 0)),
        ([Gate("h", (), (0,)), Gate("p", (T,), (0,))], (C, S, 0)),
        ([Gate("h", (), (0,)), Gate("s", (), (0,))], (0, 1, 0)),
        ([ry(T), Gate("x", (), (0,))], (S, 0, -C)),
        ([ry(T), Gate("gphase", (0.4,), ())], (S, 0, C)),
        ([Gate("h", (), (0,)), Gate("gphase", (T,), (0,), ctrl="1")], (C, S, 0)),
        ([Gate("h", (), (0,)), Gate("gphase", (T,), (0,), ctrl="0")], (C, -S, 0)),
    ],
)
def test_bloch_vector(ops, wanted):
    np.testing.assert_allclose(bloch(*ops), wanted, atol=1e-15)


def test_prob_reads_the_first_wire_as_the_least_significant_bit():
    flip = Gate("x", (), (0,))
    forward, backward = read([flip], Prob((0, 1, 2)), Prob((2, 1, 0)), wires=3)
    assert np.flatnonzero(forward).tolist() == [1]
    assert np.flatnonzero(backward).tolist() == [4]


def test_prob_of_one_outcome():
    one, other = read([ry(T, 1)], Prob((0, 1), value=2), Prob((1,), value=0), wires=2)
    assert one.shape == ()
    assert one == pytest.approx(np.sin(T / 2) ** 2, abs=1e-15)
    assert other == pytest.approx(np.cos(T / 2) ** 2, abs=1e-15)


def test_extra_controls_come_first_and_act_on_their_own_value():
    gate = Gate("x", (), (0, 1, 2), ctrl="10")
    (p,) = read([Gate("x", (), (0,)), gate], Prob((0, 1, 2)), wires=3)
    assert np.flatnonzero(p).tolist() == [0b101]
    (p,) = read([Gate("x", (), (1,)), gate], Prob((0, 1, 2)), wires=3)
    assert np.flatnonzero(p).tolist() == [0b010]


def test_a_swap_gate_with_a_control_is_a_fredkin_gate():
    prepared = [Gate("x", (), (2,)), Gate("x", (), (0,))]
    (a,) = read([*prepared, Gate("swap", (), (0, 1, 2), ctrl="1")], Prob((0, 1, 2)), wires=3)
    (b,) = read([*prepared, Gate("cswap", (), (0, 1, 2))], Prob((0, 1, 2)), wires=3)
    np.testing.assert_array_equal(a, b)
    assert np.flatnonzero(a).tolist() == [0b011]


def test_observables_are_sums_of_products_with_factors():
    zz_minus_2x = (pauli("ZZ", 0, 1, factor=3.0), pauli("X", 0, factor=-2.0), pauli("", factor=0.5))
    (found,) = read([ry(T), ry(0.3, 1)], expect(zz_minus_2x, pauli("ZX", 1, 0)), wires=2)
    np.testing.assert_allclose(
        found, [3 * C * np.cos(0.3) - 2 * S + 0.5, np.cos(0.3) * S], atol=1e-15
    )


def test_reading_does_not_change_the_state():
    ops = [ry(T), BLOCH, Prob((0,))]
    np.testing.assert_allclose(bloch(*ops), (S, 0, C), atol=1e-15)


def test_a_fixed_unitary_and_its_adjoint_under_controls():
    u = unitary("u", [0.3, 0.9, -0.4]) @ unitary("rx", [0.8])
    spec = ParamSpec("U", (2, 2, 2), False, "unitary", ("haar",))
    wires = (0, 1)
    ops = [
        Alloc(wires),
        Gate("x", (), (0,)),
        ApplyUnitary("U", (0, 1), ctrl="1"),
        BLOCH_1 := expect(pauli("X", 1), pauli("Y", 1), pauli("Z", 1)),
        ApplyUnitary("U", (0, 1), adjoint=True, ctrl="1"),
        BLOCH_1,
        Discard(wires),
    ]
    cell = graph(ops, {"a": (3, (3,)), "b": (5, (3,))}, params=[spec])
    out, _ = run_cell(cell, {"U": np.stack([u.real, u.imag], -1)}, {}, steps=1)
    psi = u[:, 0]
    rho = np.outer(psi, psi.conj())
    wanted = [np.trace(unitary(p) @ rho).real for p in "xyz"]
    np.testing.assert_allclose(out["a"][0], wanted, atol=1e-15)
    np.testing.assert_allclose(out["b"][0], [0, 0, 1], atol=1e-15)


@pytest.mark.parametrize("steps", [None, 1, 5])
@pytest.mark.parametrize("order", [1, 2])
def test_evolution_under_one_pauli_is_a_rotation(steps, order):
    evolve = Evolve((pauli("Y", 0, factor=0.5),), T, steps, order)
    np.testing.assert_allclose(bloch(evolve), (S, 0, C), atol=1e-14)


def test_exact_evolution_precesses_about_the_field():
    # H = (X + Z)/√2 turns the Bloch vector about (1, 0, 1)/√2 by the angle 2t.
    h = np.sqrt(0.5)
    found = bloch(Evolve((pauli("X", 0, factor=h), pauli("Z", 0, factor=h)), T))
    c, s = np.cos(2 * T), np.sin(2 * T)
    np.testing.assert_allclose(found, ((1 - c) / 2, -s * h, (1 + c) / 2), atol=1e-14)


def test_the_first_order_product_lets_the_first_term_act_first():
    terms = (pauli("X", 0, factor=0.5), pauli("Z", 0, factor=0.5))
    turn = [Gate("rx", (T / 2,), (0,)), Gate("rz", (T / 2,), (0,))]
    found = bloch(Evolve(terms, T, steps=2, order=1))
    np.testing.assert_allclose(found, bloch(*turn, *turn), atol=1e-14)


def test_the_second_order_product_has_the_first_term_outermost():
    terms = (pauli("X", 0, factor=0.5), pauli("Z", 0, factor=0.5))
    half, turn = Gate("rx", (T / 4,), (0,)), Gate("rz", (T / 2,), (0,))
    found = bloch(Evolve(terms, T, steps=2, order=2))
    np.testing.assert_allclose(found, bloch(half, turn, half, half, turn, half), atol=1e-14)


def test_identity_terms_do_nothing():
    found = bloch(ry(T), Evolve((pauli("", factor=3.0),), 1.0), Evolve((pauli(""),), 1.0, steps=2))
    np.testing.assert_allclose(found, (S, 0, C), atol=1e-14)


def test_evolution_couples_wires():
    # exp(−i t XX) on |00⟩ is cos t |00⟩ − i sin t |11⟩.
    (p, yx) = read(
        [Evolve((pauli("XX", 0, 1),), T)], Prob((0, 1)), expect(pauli("XY", 0, 1)), wires=2
    )
    np.testing.assert_allclose(p, [C * C, 0, 0, S * S], atol=1e-14)
    np.testing.assert_allclose(yx, [-2 * S * C], atol=1e-14)


def test_ensemble_feedback_puts_an_expectation_into_an_angle():
    ops = [Alloc((0, 1)), ry(T), expect(pauli("Z", 0)), Gate("ry", (Elem(2, 0),), (1,))]
    ops += [expect(pauli("Z", 1)), Discard((0, 1))]
    out, _ = run_cell(graph(ops, {"z": (4, (1,))}), {}, {}, steps=1)
    assert out["z"][0, 0] == pytest.approx(np.cos(C), abs=1e-15)


def test_parameters_as_coefficients_and_times():
    spec = ParamSpec("w", (2,), True, "real", ("uniform", 0.0, 1.0))
    ops = [Param("w", (2,)), Alloc((0,))]
    ops += [Evolve((pauli("X", 0, factor=Elem(0, 1)),), Elem(0, 0))]
    ops += [expect((pauli("Z", 0, factor=Elem(0, 0)),)), Discard((0,))]
    out, _ = run_cell(graph(ops, {"z": (3, (1,))}, params=[spec]), {"w": [0.3, 1.7]}, {}, steps=1)
    assert out["z"][0, 0] == pytest.approx(0.3 * np.cos(2 * 0.3 * 1.7), abs=1e-14)


def test_independent_circuits_are_never_multiplied_out():
    # Twelve pairs: the joint matrix would have 2^48 entries.
    wires = tuple(range(24))
    ops = [op for i in range(0, 24, 2) for op in bell(i, i + 1)]
    whole = pauli("Z" * 24, *wires)
    all_z, last = read(ops, expect(whole), Prob((22, 23)), wires=24)
    np.testing.assert_allclose(all_z, [1], atol=1e-13)
    np.testing.assert_allclose(last, [0.5, 0, 0, 0.5], atol=1e-13)
