"""Whole programs from source against the same model written out with state vectors."""

import numpy as np

from qrnnlang.ir.graph import build
from qrnnlang.ir.model import run_model
from qrnnlang.ir.verifier import verify
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import RunCell

QLSTM = """qrnn 1.0;

cell Vqc(n: int) {
    input v: real[n];
    fresh q: qubit[n];
    param w: angle[n];
    h q;
    ry(v) q;
    for (a, b) in chain(q) { cx a, b; }
    ry(w) q;
    output z = expect(Z(q));
}
cell Qlstm {
    input x: real[1];
    carry h: real[2] = 0;
    carry c: real[2] = 0.1;
    use forget = Vqc(n = 3);
    use gain = Vqc(n = 3);
    let v = [x, h];
    let f = sigmoid(forget(v)[0..2]);
    let g = tanh(gain(v)[1..3]);
    let c1 = f * c + g;
    next c = c1;
    next h = f * tanh(c1);
    output y = c1;
}
model Series {
    use lstm = Qlstm;
    use head = Linear(inputs = 2, outputs = 1);
    input x: seq real[1];
    target y: real[1];
    output pred = head(last(lstm(x)));
    loss mse(pred, y);
}
"""

REUSED = """qrnn 1.0;

/// A memory qubit that is measured, corrected and kept, with a postselected ancilla.
cell Filter {
    input x: real;
    carry m: qubit { ry(0.3) m; }
    carry flag: bit;
    fresh a: qubit[2];
    param w: angle;
    if (flag) { x m; }
    ry(x) a[0];
    ctrl @ ry(w) a[0], m;
    cx m, a[1];
    let p = postselect a[0] == 0;
    let b = measure a[1];
    next flag = b;
    output z = expect(Z(m));
    output q = p;
}
"""


def ry(t):
    return np.array([[np.cos(t / 2), -np.sin(t / 2)], [np.sin(t / 2), np.cos(t / 2)]])


def kron(*high_to_low):
    result = np.eye(1)
    for m in high_to_low:
        result = np.kron(result, m)
    return result


def vqc(v, w):
    """Three qubits as an 8-vector; qubit 0 is the least significant bit."""
    hadamard = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    psi = np.zeros(8)
    psi[0] = 1
    psi = kron(hadamard, hadamard, hadamard) @ psi
    psi = kron(ry(v[2]), ry(v[1]), ry(v[0])) @ psi
    for control, target in ((0, 1), (1, 2)):
        psi = psi[[k ^ (1 << target) if k >> control & 1 else k for k in range(8)]]
    psi = kron(ry(w[2]), ry(w[1]), ry(w[0])) @ psi
    return np.array(
        [sum(p * p * (1 - 2 * (k >> i & 1)) for k, p in enumerate(psi)) for i in range(3)]
    )


def test_a_quantum_lstm_with_its_loss():
    model = load_text(QLSTM)
    for op in model.ops:
        if isinstance(op, RunCell):
            verify(build(op.cell))
    rng = np.random.default_rng(0)
    params = {p.name: rng.normal(size=p.shape) for p in model.params}
    assert set(params) == {"lstm.forget.w", "lstm.gain.w", "head.W", "head.b"}
    x, y = rng.normal(size=(3, 6, 1)), rng.normal(size=(3, 1))
    result = run_model(model, params, {"x": x}, {"y": y})
    wanted = []
    for sequence in x:
        h, c = np.zeros(2), np.full(2, 0.1)
        for step in sequence:
            v = np.concatenate([step, h])
            f = 1 / (1 + np.exp(-vqc(v, params["lstm.forget.w"])[:2]))
            c = f * c + np.tanh(vqc(v, params["lstm.gain.w"])[1:])
            h = f * np.tanh(c)
        wanted.append(params["head.W"] @ c + params["head.b"])
    np.testing.assert_allclose(result.outputs["pred"], wanted, atol=1e-13)
    assert abs(result.loss - np.mean((np.array(wanted) - y) ** 2)) < 1e-13


def test_measurement_postselection_and_preparation_together():
    model = load_text(REUSED)
    xs, w = np.array([0.4, 1.9, 0.7, 2.5]), 1.1
    result = run_model(model, {"w": w}, {"x": xs[None]})
    # Per history of flags an unnormalised real 2-vector of the memory.
    histories = {(0,): ry(0.3) @ [1, 0]}
    for t, x in enumerate(xs):
        grown = {}
        for flags, m in histories.items():
            m = m[::-1] if flags[-1] else m
            m = np.cos(x / 2) * m  # a[0] found in |0⟩, where the control does not act
            grown[(*flags, 0)], grown[(*flags, 1)] = m * [1, 0], m * [0, 1]
        p = sum(m @ m for m in grown.values())
        histories = {flags: m / np.sqrt(p) for flags, m in grown.items()}
        z = sum(m[0] ** 2 - m[1] ** 2 for m in histories.values())
        assert abs(result.outputs["q"][0, t] - p) < 1e-14
        assert abs(result.outputs["z"][0, t] - z) < 1e-14
