"""Recurrences without qubits: what they compute, and what the bilinear one contains."""

from __future__ import annotations

import numpy as np

import qrnnlang as qr


def test_lags_are_the_last_values() -> None:
    text = """qrnn 1.0; import std.baselines;
    model M { use lags = Lags(lags = 3); input x: seq real; output y = lags(x); }"""
    found = qr.loads(text)({}, {"x": np.array([[1.0, 2.0, 3.0, 4.0]])})["y"]
    assert found[0].tolist() == [[1, 0, 0], [2, 1, 0], [3, 2, 1], [4, 3, 2]]


def test_an_echo_state_network_step_by_step() -> None:
    text = """qrnn 1.0; import std.baselines;
    model M { use net = EchoState(nodes = 5); input x: seq real; output y = net(x); }"""
    model = qr.loads(text)
    params = model.init(3)
    x = np.random.default_rng(0).normal(size=(1, 6))
    r, wanted = np.zeros(5), []
    for value in x[0]:
        r = np.tanh(params["net.W"] @ r + params["net.w"] * value)
        wanted.append(r)
    np.testing.assert_allclose(model(params, {"x": x})["y"][0], wanted, atol=1e-12)


CHANNEL = """qrnn 1.0; import std.baselines;
cell Turned {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    cz e, m;
    rx(w[0]) e;
    ry(w[1]) m;
    cx m, e;
    rz(w[2]) m;
    output y = expect(X(m));
}
model Quantum { use cell = Turned(); input x: seq real; output y = cell(x); }
model Classical { use cell = Bilinear(size = 4); input x: seq real; output y = cell(x); }
"""


def test_the_bilinear_recurrence_contains_a_channel_cell() -> None:
    """Pauli coordinates of the carried qubit: their maps at three inputs give A_1, A_cos, A_sin."""
    quantum = qr.loads(CHANNEL, entry="Quantum")
    classical = qr.loads(CHANNEL, entry="Classical")
    params = quantum.init(1)
    w = params["cell.w"]
    one, x_, z = np.eye(2), np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    y_ = 1j * x_ @ z
    paulis = [one, x_, y_, z]

    def turn(pauli: np.ndarray, angle: float) -> np.ndarray:
        return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli

    def transfer(x: float) -> np.ndarray:
        up = np.diag([1.0, 0.0])
        gates = [  # on e ⊗ m
            np.kron(turn(y_, x), one),
            np.diag([1, 1, 1, -1]),
            np.kron(turn(x_, w[0]), one),
            np.kron(one, turn(y_, w[1])),
            np.kron(one, up) + np.kron(x_, one - up),
            np.kron(one, turn(z, w[2])),
        ]
        u = np.linalg.multi_dot(gates[::-1])
        found = np.empty((4, 4))
        for j, p in enumerate(paulis):
            rho = u @ np.kron(up, p / 2) @ u.conj().T
            left = np.trace(rho.reshape(2, 2, 2, 2), axis1=0, axis2=2)
            found[:, j] = [np.trace(q @ left).real for q in paulis]
        return found

    at = np.array([0.0, np.pi / 2, np.pi])
    features = np.stack([np.ones(3), np.cos(at), np.sin(at)], axis=1)
    constant, even, odd = np.linalg.solve(
        features, np.stack([transfer(x) for x in at]).reshape(3, 16)
    ).reshape(3, 4, 4)
    # It starts from ones: in coordinates s with S·1 = |0⟩⟨0|, the maps are S⁻¹ A S.
    start = np.array([1.0, 0, 0, 1])
    s = np.random.default_rng(5).normal(size=(4, 4))
    s += np.outer(start - s.sum(axis=1), np.ones(4)) / 4
    constant, even, odd = (np.linalg.solve(s, a @ s) for a in (constant, even, odd))
    given = {"cell.even": even[None], "cell.odd": odd[None]}
    given["cell.constant"] = constant - 0.7 * np.eye(4)
    xs = np.random.default_rng(2).normal(size=(3, 7))
    wanted = quantum(params, {"x": xs})["y"]
    found = classical(given, {"x": xs})["y"] @ s.T
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(found[..., 1], wanted, atol=1e-10)
