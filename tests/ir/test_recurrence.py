"""Cells over many steps: carried qubits, arrays and bits."""

import numpy as np
import pytest

from qrnnlang.ir.gates import unitary
from qrnnlang.ir.interpreter import initial_state, run_cell, run_steps
from qrnnlang.sema.closed import (
    Alloc,
    Bit,
    BitCarry,
    BitNot,
    BitOp,
    Call,
    CarryIn,
    Const,
    Discard,
    Elem,
    Extern,
    Gate,
    Gather,
    Input,
    Measure,
    Param,
    Port,
    Prob,
    QubitCarry,
    RealCarry,
    Reset,
)

from .cells import expect, graph, param, pauli

RNG = np.random.default_rng(8)


# --- carried qubits --------------------------------------------------------------------------


def emc():
    """Two memory wires 0, 1 and a fresh data wire 2, re-uploaded, entangled and let go."""
    ops = [Input("x", (1,)), Param("w", (2, 3, 2)), Alloc((2,)), Gate("ry", (Elem(0, 0),), (2,))]
    for layer in range(2):
        for wire in range(3):
            k = 6 * layer + 2 * wire
            ops.append(Gate("rx", (Elem(1, k),), (wire,)))
            ops.append(Gate("rz", (Elem(1, k + 1),), (wire,)))
        ops += [Gate("cz", (), (2, 0)), Gate("cx", (), (2, 1)), Gate("ry", (Elem(0, 0),), (2,))]
    y = len(ops)
    ops += [expect(pauli("Z", 2), pauli("XX", 0, 1)), Discard((2,))]
    return graph(
        ops,
        {"y": (y, (2,))},
        inputs=[Port("x", (1,))],
        params=[param("w", (2, 3, 2))],
        carries=[QubitCarry("m", (0, 1), (0, 1))],
    )


def on(matrix, wire):
    """A one-qubit matrix on one of three qubits, by Kronecker products."""
    parts = [np.eye(2)] * 3
    parts[wire] = matrix
    return np.kron(parts[2], np.kron(parts[1], parts[0]))


def emc_by_hand(w, xs):
    """The same cell as products of 8 × 8 matrices, one step after the other."""
    x_gate, z_gate = unitary("x"), unitary("z")
    p0, p1 = np.diag([1, 0]), np.diag([0, 1])
    memory = np.zeros((4, 4), complex)
    memory[0, 0] = 1
    rows = []
    for x in xs:
        u = on(unitary("ry", [x]), 2)
        for layer in range(2):
            for wire in range(3):
                a, b = w[layer, wire]
                u = on(unitary("rz", [b]), wire) @ on(unitary("rx", [a]), wire) @ u
            u = (on(p0, 2) + on(p1, 2) @ on(z_gate, 0)) @ u
            u = (on(p0, 2) + on(p1, 2) @ on(x_gate, 1)) @ u
            u = on(unitary("ry", [x]), 2) @ u
        rho = u @ np.kron(np.diag([1, 0]), memory) @ u.conj().T
        xx = on(x_gate, 0) @ on(x_gate, 1)
        rows.append([np.trace(on(z_gate, 2) @ rho).real, np.trace(xx @ rho).real])
        memory = rho[:4, :4] + rho[4:, 4:]
    return np.array(rows), memory


def test_a_memory_cell_over_many_steps():
    w, xs = RNG.uniform(-3, 3, (2, 3, 2)), RNG.uniform(-2, 2, (40, 1))
    out, state = run_cell(emc(), {"w": w}, {"x": xs})
    rows, memory = emc_by_hand(w, xs[:, 0])
    np.testing.assert_allclose(out["y"], rows, atol=1e-12)
    np.testing.assert_allclose(state.density, memory, atol=1e-12)
    assert np.ptp(rows[20:], axis=0).min() > 0.05  # the outputs do not just settle


def test_a_run_can_be_continued_from_its_state():
    w, xs = RNG.uniform(-3, 3, (2, 3, 2)), RNG.uniform(-2, 2, (10, 1))
    whole, end = run_cell(emc(), {"w": w}, {"x": xs})
    first, state = run_cell(emc(), {"w": w}, {"x": xs[:4]})
    second, state = run_cell(emc(), {"w": w}, {"x": xs[4:]}, state=state)
    np.testing.assert_allclose(np.concatenate([first["y"], second["y"]]), whole["y"], atol=1e-14)
    np.testing.assert_allclose(state.density, end.density, atol=1e-14)


def test_the_state_after_every_step():
    w, xs = RNG.uniform(-3, 3, (2, 3, 2)), RNG.uniform(-2, 2, (5, 1))
    states = [state for _, state in run_steps(emc(), {"w": w}, {"x": xs})]
    for t, state in enumerate(states, start=1):
        np.testing.assert_allclose(state.density, emc_by_hand(w, xs[:t, 0])[1], atol=1e-13)


def test_next_on_a_register_is_a_relabelling():
    # A shift register: the fresh qubit enters at the top, the oldest memory qubit is let go.
    ops = [Input("x", ()), Alloc((3,)), Gate("ry", (Elem(0, 0),), (3,))]
    ops += [expect(*(pauli("Z", w) for w in (0, 1, 2))), Discard((0,))]
    cell = graph(
        ops,
        {"z": (3, (3,))},
        inputs=[Port("x", ())],
        carries=[QubitCarry("m", (0, 1, 2), (1, 2, 3))],
    )
    xs = RNG.uniform(0, 3, 7)
    out, state = run_cell(cell, {}, {"x": xs})
    history = np.concatenate([[1, 1, 1], np.cos(xs)])
    np.testing.assert_allclose(out["z"], [history[t : t + 3] for t in range(7)], atol=1e-14)
    probabilities = np.diag(state.density).real
    excited = [probabilities[[k for k in range(8) if k >> i & 1]].sum() for i in range(3)]
    np.testing.assert_allclose(excited, (1 - np.cos(xs[-3:])) / 2, atol=1e-14)


def test_swapping_two_registers_by_relabelling_is_a_swap_gate():
    turn = [Gate("ry", (0.4,), (0,)), Gate("cx", (), (0, 1)), Gate("rx", (0.9,), (1,))]
    read = expect(pauli("Z", 0), pauli("Z", 1), pauli("XY", 0, 1))
    relabelled = graph(
        [*turn, read],
        {"z": (3, (3,))},
        carries=[QubitCarry("a", (0,), (1,)), QubitCarry("b", (1,), (0,))],
    )
    swapped = graph(
        [*turn, read, Gate("swap", (), (0, 1))],
        {"z": (3, (3,))},
        carries=[QubitCarry("a", (0,), (0,)), QubitCarry("b", (1,), (1,))],
    )
    one, state = run_cell(relabelled, {}, {}, steps=6)
    two, other = run_cell(swapped, {}, {}, steps=6)
    np.testing.assert_allclose(one["z"], two["z"], atol=1e-14)
    np.testing.assert_allclose(state.density, other.density, atol=1e-14)


def test_init_prepares_the_memory_once():
    init = [Param("w", ()), Gate("ry", (Elem(0, 0),), (0,)), Gate("cx", (), (0, 1))]
    cell = graph(
        [Gate("id", (), (0,)), expect(pauli("ZZ", 0, 1), pauli("Z", 1))],
        {"z": (1, (2,))},
        params=[param("w", ())],
        carries=[QubitCarry("m", (0, 1), (0, 1))],
        init=init,
    )
    out, _ = run_cell(cell, {"w": 0.6}, {}, steps=3)
    np.testing.assert_allclose(out["z"], [[1, np.cos(0.6)]] * 3, atol=1e-15)
    start = initial_state(cell, {"w": 0.6}).density
    np.testing.assert_allclose(np.diag(start).real, [np.cos(0.3) ** 2, 0, 0, np.sin(0.3) ** 2])


# --- carried arrays --------------------------------------------------------------------------


def test_carried_arrays_read_as_the_old_value():
    # Two arrays that are exchanged and scaled: a ← 2b, b ← a + x.
    ops = [
        Input("x", ()),
        CarryIn("a", (2,)),
        CarryIn("b", (2,)),
        Const((2.0,), ()),
        Call("mul", (3, 2), (2,)),
        Call("add", (1, 0), (2,)),
        Gather((4, 5), (3, 0), (2,)),
    ]
    cell = graph(
        ops,
        {"y": (6, (2,))},
        inputs=[Port("x", ())],
        carries=[RealCarry("a", (2,), 0, 4), RealCarry("b", (2,), 1, 5)],
        init=[Const((1.0, -1.0), (2,)), Param("p", (2,))],
        params=[param("p", (2,))],
    )
    xs = RNG.normal(size=6)
    p = np.array([0.3, 0.7])
    out, state = run_cell(cell, {"p": p}, {"x": xs})
    a, b = np.array([1.0, -1.0]), p
    for t, x in enumerate(xs):
        a, b = 2 * b, a + x
        np.testing.assert_allclose(out["y"][t], [b[1], a[0]])
    np.testing.assert_allclose(state.reals["a"], a)
    np.testing.assert_allclose(state.reals["b"], b)


def test_bound_functions():
    ops = [Input("x", (2,)), Extern("f", (0,), ())]
    cell = graph(ops, {"y": (1, ())}, inputs=[Port("x", (2,))])
    out, _ = run_cell(cell, {}, {"x": [[1, 2], [3, 4]]}, externs={"f": lambda x: x[0] * x[1]})
    np.testing.assert_array_equal(out["y"], [2, 12])
    with pytest.raises(ValueError, match="`extern def f` is not bound"):
        run_cell(cell, {}, {"x": [[1, 2]]})
    with pytest.raises(ValueError, match=r"`f` has shape \(2,\), expected \(\)"):
        run_cell(cell, {}, {"x": [[1, 2]]}, externs={"f": lambda x: x})


# --- carried bits ----------------------------------------------------------------------------


def test_carried_bits_are_a_markov_chain():
    """A classical chain of two states, run with qubits: flips with probability p from 0, q from 1."""
    a, b = 0.8, 1.9
    ops = [
        Alloc((0,)),
        Gate("ry", (a,), (0,), when=BitNot(Bit(0))),
        Gate("ry", (b,), (0,), when=Bit(0)),
        Measure((0,), (1,)),
        Prob((), (Bit(0), Bit(1))),
        Discard((0,)),
    ]
    flipped = BitOp("xor", Bit(0), Bit(1))
    cell = graph(ops, {"p": (4, (4,))}, carries=[BitCarry("s", (0,), (flipped,))])
    out, state = run_cell(cell, {}, {}, steps=12)
    p, q = np.sin(a / 2) ** 2, np.sin(b / 2) ** 2
    one = 0.0
    for t in range(12):
        wanted = [(1 - one) * (1 - p), one * (1 - q), (1 - one) * p, one * q]
        np.testing.assert_allclose(out["p"][t], wanted, atol=1e-14)
        one = (1 - one) * p + one * (1 - q)
    assert state.bit_weights[(1,)] == pytest.approx(one, abs=1e-14)
    assert sum(state.bit_weights.values()) == pytest.approx(1, abs=1e-14)


def feedback():
    """The `Feedback` cell of the language's description."""
    ops = [
        Input("x", ()),
        Alloc((1,)),
        Gate("x", (), (0,), when=Bit(0)),
        Gate("ry", (Elem(0, 0),), (1,)),
        Param("t", (2,)),
        Gate("crx", (Elem(4, 0),), (1, 0)),
        Gate("ry", (Elem(4, 1),), (0,)),
        Measure((1,), (1,), "b"),
        Prob((0,), value=1),
        Discard((1,)),
    ]
    carries = [QubitCarry("m", (0,), (0,)), BitCarry("flag", (0,), (Bit(1),))]
    return graph(
        ops, {"p": (8, ())}, inputs=[Port("x", ())], params=[param("t", (2,))], carries=carries
    )


def test_carried_qubits_and_bits_stay_correlated():
    # Every history of outcomes on its own: 2^T unnormalised vectors.
    t, xs = RNG.uniform(-3, 3, 2), RNG.uniform(0, 3, 6)
    out, state = run_cell(feedback(), {"t": t}, {"x": xs})
    histories = {(): np.array([1.0 + 0j, 0])}
    for step, x in enumerate(xs):
        grown = {}
        for bits, psi in histories.items():
            flag = bits[-1] if bits else 0
            psi = unitary("x") @ psi if flag else psi
            joint = np.kron([np.cos(x / 2), np.sin(x / 2)], psi)  # the data qubit is the high bit
            joint[2:] = unitary("rx", [t[0]]) @ joint[2:]
            joint = np.kron(np.eye(2), unitary("ry", [t[1]])) @ joint
            grown[(*bits, 0)], grown[(*bits, 1)] = joint[:2], joint[2:]
        histories = grown
        wanted = sum(abs(psi[1]) ** 2 for psi in histories.values())
        assert out["p"][step] == pytest.approx(wanted, abs=1e-14)
    for flag in (0, 1):
        rho = sum(np.outer(v, v.conj()) for b, v in histories.items() if b[-1] == flag)
        np.testing.assert_allclose(state.densities[(flag,)], rho, atol=1e-14)


def test_members_do_not_grow_with_time():
    # Six bits a step, none carried: after the step one member is left.
    ops = [Alloc(tuple(range(1, 7)))]
    ops += [Gate("h", (), (w,)) for w in range(1, 7)]
    ops += [Gate("crx", (0.3,), (w, 0)) for w in range(1, 7)]
    ops += [Measure(tuple(range(1, 7)), tuple(range(6))), expect(pauli("Z", 0))]
    ops += [Discard(tuple(range(1, 7)))]
    cell = graph(ops, {"z": (14, (1,))}, carries=[QubitCarry("m", (0,), (0,))])
    out, state = run_cell(cell, {}, {}, steps=4)
    assert len(state.family) == 1
    # Every coin turns by 0.3 or not: ⟨Z⟩ is the mean cosine of a sum of 6t independent angles.
    mean = ((1 + np.exp(0.3j)) / 2) ** (6 * np.arange(1, 5))
    np.testing.assert_allclose(out["z"][:, 0], mean.real, atol=1e-13)


def test_a_reset_memory_forgets():
    ops = [Gate("ry", (1.1,), (0,)), expect(pauli("Z", 0)), Reset((0,))]
    cell = graph(ops, {"z": (1, (1,))}, carries=[QubitCarry("m", (0,), (0,))])
    out, _ = run_cell(cell, {}, {}, steps=3)
    np.testing.assert_allclose(out["z"], [[np.cos(1.1)]] * 3, atol=1e-15)
