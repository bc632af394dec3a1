"""Reset, postselection, preparation and noise, in closed form."""

import numpy as np
import pytest

from qrnnlang.diagnostics import DataError
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema.closed import (
    Alloc,
    Channel,
    Const,
    Discard,
    Elem,
    Expect,
    Gate,
    Input,
    Port,
    Postselect,
    Prepare,
    Prob,
    Reset,
    Term,
)

from .cells import BLOCH, bell, bloch, expect, graph, pauli, read, ry

T = 0.7
C, S = np.cos(T), np.sin(T)


def test_reset_leaves_the_partner_of_an_entangled_qubit_mixed():
    ops = [*bell(), Reset((0,))]
    p, both = read(ops, Prob((0, 1)), expect(pauli("Z", 1), pauli("X", 1)), wires=2)
    np.testing.assert_allclose(p, [0.5, 0, 0.5, 0], atol=1e-15)
    np.testing.assert_allclose(both, [0, 0], atol=1e-15)


def test_discarding_is_tracing_out():
    ops = [Alloc((0, 1)), *bell(), Discard((1,)), BLOCH, Discard((0,))]
    out, _ = run_cell(graph(ops, {"o": (4, (3,))}), {}, {}, steps=1)
    np.testing.assert_allclose(out["o"][0], [0, 0, 0], atol=1e-15)


def test_postselection_projects_and_gives_its_probability():
    ops = [
        Alloc((0, 1)),
        ry(T),
        Gate("cx", (), (0, 1)),
        Postselect((1,), (1.0,)),
        BLOCH,
        Prob((0, 1)),
        Discard((0, 1)),
    ]
    out, _ = run_cell(graph(ops, {"p": (3, ()), "b": (4, (3,)), "q": (5, (4,))}), {}, {}, steps=1)
    assert out["p"][0] == pytest.approx(np.sin(T / 2) ** 2, abs=1e-15)
    np.testing.assert_allclose(out["b"][0], [0, 0, -1], atol=1e-14)
    np.testing.assert_allclose(out["q"][0], [0, 0, 0, 1], atol=1e-14)


def test_postselection_of_several_wires_takes_each_its_value():
    ops = [Gate("h", (), (0,)), Gate("h", (), (1,)), Postselect((1, 0), (1.0, 0.0))]
    (p,) = read(ops, Prob((0, 1)), wires=2)
    np.testing.assert_allclose(p, [0, 0, 1, 0], atol=1e-14)


def test_postselecting_the_impossible_names_sample_and_step():
    ops = [Alloc((0,)), Postselect((0,), (1.0,)), Discard((0,))]
    with pytest.raises(DataError, match=r"probability 0 \(sample 4, step 0\)"):
        run_cell(graph(ops), {}, {}, steps=1, sample=4)
    almost = [Alloc((0,)), ry(1.9e-6), Postselect((0,), (1.0,)), Discard((0,))]
    with pytest.raises(DataError, match="probability 9"):
        run_cell(graph(almost), {}, {}, steps=1)
    possible = [Alloc((0,)), ry(2.1e-6), Postselect((0,), (1.0,)), Discard((0,))]
    out, _ = run_cell(graph(possible, {"p": (2, ())}), {}, {}, steps=1)
    assert out["p"][0] == pytest.approx(1.05e-6**2, rel=1e-6)


def test_data_bits_for_postselection_must_be_bits():
    ops = [Input("v", (1,)), Alloc((0,)), Gate("h", (), (0,))]
    ops += [Postselect((0,), (Elem(0, 0),)), BLOCH, Discard((0,))]
    cell = graph(ops, {"b": (4, (3,))}, inputs=[Port("v", (1,))])
    out, _ = run_cell(cell, {}, {"v": [[1.0], [0.0]]})
    np.testing.assert_allclose(out["b"], [[0, 0, -1], [0, 0, 1]], atol=1e-14)
    with pytest.raises(DataError, match=r"on 0\.5: expected 0 or 1 .*input `v`, step 1"):
        run_cell(cell, {}, {"v": [[1.0], [0.5]]})


def test_amplitude_encoding_normalises_and_counts_from_the_first_wire():
    ops = [Const((3.0, 0.0, 4.0, 0.0), (4,)), Alloc((0, 1)), Prepare((0, 1), 0)]
    ops += [Prob((0, 1)), expect(pauli("X", 1)), Discard((0, 1))]
    out, _ = run_cell(graph(ops, {"p": (3, (4,)), "x": (4, (1,))}), {}, {}, steps=1)
    np.testing.assert_allclose(out["p"][0], [0.36, 0, 0.64, 0], atol=1e-15)
    assert out["x"][0, 0] == pytest.approx(2 * 0.6 * 0.8, abs=1e-15)


def test_complex_amplitudes():
    ops = [Const((1.0, 0.0), (2,)), Const((0.0, 1.0), (2,)), Alloc((0,)), Prepare((0,), 0, 1)]
    ops += [BLOCH, Discard((0,))]
    out, _ = run_cell(graph(ops, {"b": (4, (3,))}), {}, {}, steps=1)
    np.testing.assert_allclose(out["b"][0], [0, 1, 0], atol=1e-15)


def test_a_zero_vector_cannot_be_prepared():
    ops = [Input("v", (2,)), Alloc((0,)), Prepare((0,), 0), Discard((0,))]
    with pytest.raises(DataError, match=r"`prepare` of a zero vector \(input `v`, step 1\)"):
        run_cell(graph(ops, inputs=[Port("v", (2,))]), {}, {"v": [[1.0, 0], [0, 0]]})


START = np.array([S, 0, C])


@pytest.mark.parametrize(
    ("name", "rates", "wanted"),
    [
        ("bit_flip", (0.2,), START * (1, 0.6, 0.6)),
        ("phase_flip", (0.2,), START * (0.6, 0.6, 1)),
        ("depolarizing", (0.2,), 0.8 * START),
        ("depolarizing", (1.0,), 0 * START),
        ("amplitude_damping", (0.2,), (np.sqrt(0.8) * S, 0, 0.2 + 0.8 * C)),
        ("phase_damping", (0.2,), (np.sqrt(0.8) * S, 0, C)),
        ("pauli_channel", (0.1, 0.2, 0.3), START * (1 - 2 * 0.5, 1, 1 - 2 * 0.3)),
        ("pauli_channel", (0.1, 0.2, 0.7), START * (1 - 2 * 0.9, 1, 1 - 2 * 0.3)),
    ],
)
def test_noise_channels(name, rates, wanted):
    np.testing.assert_allclose(bloch(ry(T), Channel(name, rates, (0,))), wanted, atol=1e-15)


def test_channels_on_the_y_component():
    start = [Gate("rx", (-np.pi / 2,), (0,))]
    assert bloch(*start, Channel("bit_flip", (0.2,), (0,)))[1] == pytest.approx(0.6)
    assert bloch(*start, Channel("pauli_channel", (0.1, 0.2, 0.3), (0,)))[1] == pytest.approx(0.2)


def test_noise_acts_on_one_half_of_an_entangled_pair():
    ops = [*bell(), Channel("amplitude_damping", (0.3,), (1,))]
    (p,) = read(ops, Prob((0, 1)), wires=2)
    np.testing.assert_allclose(p, [0.5, 0.15, 0, 0.35], atol=1e-15)


def test_two_wires_are_depolarized_together():
    """With probability p both are maximally mixed; else nothing has happened, coherences included."""
    ops = [*bell(), Channel("depolarizing", (0.4,), (1, 0))]
    (p,) = read(ops, Prob((0, 1)), wires=2)
    np.testing.assert_allclose(p, [0.4, 0.1, 0.1, 0.4], atol=1e-15)
    xx = ((Term(1.0, ((0, "X"), (1, "X"))),),)
    (found,) = read(ops, Expect(xx, (1,)), wires=2)
    np.testing.assert_allclose(found, [0.6], atol=1e-15)
    (one,) = read(
        [*ops[:-1], *(Channel("depolarizing", (0.4,), (w,)) for w in (0, 1))],
        Expect(xx, (1,)),
        wires=2,
    )
    np.testing.assert_allclose(one, [0.36], atol=1e-15)


@pytest.mark.parametrize("rates", [(1.2, 0, 0), (-0.1, 0, 0), (0.5, 0.4, 0.2)])
def test_rates_must_be_probabilities(rates):
    ops = [Input("r", (3,)), Alloc((0,))]
    ops += [Channel("pauli_channel", tuple(Elem(0, i) for i in range(3)), (0,)), Discard((0,))]
    with pytest.raises(DataError, match=r"`pauli_channel`, outside \[0, 1\] \(input `r`, step 0\)"):
        run_cell(graph(ops, inputs=[Port("r", (3,))]), {}, {"r": [rates]})
