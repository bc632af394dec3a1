"""Measurement and feedback within a step, in closed form."""

import numpy as np
import pytest

from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema.closed import (
    Alloc,
    Bit,
    BitConst,
    BitNot,
    BitOp,
    Channel,
    Const,
    Discard,
    Evolve,
    Gate,
    Measure,
    Postselect,
    Prepare,
    Prob,
    Reset,
)

from .cells import bell, bloch, expect, graph, pauli, read, ry

T = 0.7
C, S = np.cos(T), np.sin(T)


def test_a_measurement_is_not_a_read():
    ops = [Gate("h", (), (0,)), Measure((0,), (0,))]
    np.testing.assert_allclose(bloch(*ops), (0, 0, 0), atol=1e-15)


def test_probabilities_of_bits_and_of_expressions():
    ops = [*bell(), ry(T, 2), Measure((0, 1, 2), (0, 1, 2))]
    same = BitNot(BitOp("xor", Bit(0), Bit(1)))
    either = BitOp("or", Bit(0), Bit(2))
    both = BitOp("and", Bit(0), Bit(2))
    s2 = np.sin(T / 2) ** 2
    joint, equal, any_, all_, never, mixed = read(
        ops,
        Prob((), (Bit(0), Bit(2))),
        Prob((), (same,), 1),
        Prob((), (either,), 1),
        Prob((), (both,), 1),
        Prob((), (BitConst(False),), 1),
        Prob((2, 0), (Bit(0),)),  # wires are less significant than bits
        wires=3,
    )
    np.testing.assert_allclose(joint, [(1 - s2) / 2, (1 - s2) / 2, s2 / 2, s2 / 2], atol=1e-15)
    assert equal == pytest.approx(1, abs=1e-15)
    assert any_ == pytest.approx(0.5 + s2 / 2, abs=1e-15)
    assert all_ == pytest.approx(s2 / 2, abs=1e-15)
    assert never == 0
    wanted = np.zeros(8)
    wanted[[0b000, 0b001, 0b110, 0b111]] = [(1 - s2) / 2, s2 / 2, (1 - s2) / 2, s2 / 2]
    np.testing.assert_allclose(mixed, wanted, atol=1e-15)


def test_feedback_undoes_what_was_measured():
    ops = [ry(T), Measure((0,), (0,)), Gate("x", (), (0,), when=Bit(0))]
    np.testing.assert_allclose(bloch(*ops), (0, 0, 1), atol=1e-15)


def test_teleportation():
    u = [Gate("u", (0.7, 0.4, -1.1), (0,))]
    wanted = bloch(*u)
    ops = [
        *u,
        *bell(1, 2),
        Gate("cx", (), (0, 1)),
        Gate("h", (), (0,)),
        Measure((0, 1), (0, 1)),
        Gate("x", (), (2,), when=Bit(1)),
        Gate("z", (), (2,), when=Bit(0)),
    ]
    found, bits = read(
        ops,
        expect(pauli("X", 2), pauli("Y", 2), pauli("Z", 2)),
        Prob((), (Bit(0), Bit(1))),
        wires=3,
    )
    np.testing.assert_allclose(found, wanted, atol=1e-15)
    np.testing.assert_allclose(bits, [0.25] * 4, atol=1e-15)


@pytest.mark.parametrize(
    ("op", "wanted"),
    [
        (Reset((1,), when=Bit(0)), (C + 1) / 2),
        (Channel("bit_flip", (0.25,), (1,), when=Bit(0)), 0.75 * C),
        (Evolve((pauli("X", 1),), np.pi / 2, when=Bit(0)), 0.0),
    ],
)
def test_every_kind_of_statement_can_be_conditional(op, wanted):
    # Bit 0 is a fair coin; wire 1 has ⟨Z⟩ = cos T where nothing happens.
    ops = [Gate("h", (), (0,)), Measure((0,), (0,)), ry(T, 1), op]
    (z,) = read(ops, expect(pauli("Z", 1)), wires=2)
    assert z[0] == pytest.approx(wanted, abs=1e-14)


def test_preparation_under_a_condition():
    ops = [Const((0.0, 1.0), (2,)), Alloc((0, 1)), ry(T), Measure((0,), (0,))]
    ops += [Prepare((1,), 0, when=Bit(0)), expect(pauli("ZZ", 0, 1), pauli("Z", 1))]
    ops += [Discard((0, 1))]
    out, _ = run_cell(graph(ops, {"o": (5, (2,))}), {}, {}, steps=1)
    np.testing.assert_allclose(out["o"][0], [1, C], atol=1e-15)


def test_a_conditional_measurement_gives_zero_where_it_does_not_happen():
    ops = [
        Gate("h", (), (0,)),
        Measure((0,), (0,)),
        Gate("x", (), (1,)),
        Measure((1,), (1,), when=Bit(0)),
    ]
    (p,) = read(ops, Prob((), (Bit(0), Bit(1))), wires=2)
    np.testing.assert_allclose(p, [0.5, 0, 0, 0.5], atol=1e-15)


def test_postselection_under_a_condition_divides_by_all_that_survives():
    # Half of the shots take the branch; of these cos²(T/2) survive.
    c2 = np.cos(T / 2) ** 2
    ops = [
        Alloc((0, 1)),
        Gate("h", (), (0,)),
        Measure((0,), (0,)),
        ry(T, 1),
        Postselect((1,), (0.0,), when=Bit(0)),
        Prob((), (Bit(0),)),
        expect(pauli("Z", 1)),
        Discard((0, 1)),
    ]
    out, _ = run_cell(graph(ops, {"p": (4, ()), "b": (5, (2,)), "z": (6, (1,))}), {}, {}, steps=1)
    left = 0.5 + 0.5 * c2
    assert out["p"][0] == pytest.approx(left, abs=1e-15)
    np.testing.assert_allclose(out["b"][0], [0.5 / left, 0.5 * c2 / left], atol=1e-15)
    assert out["z"][0, 0] == pytest.approx((0.5 * C + 0.5 * c2) / left, abs=1e-14)
