"""Models for the tests of shots: small, and between them every way in which shots reach an output."""

from __future__ import annotations

from dataclasses import replace

from qrnnlang.sema.closed import Call, ClosedModel, Input, LossFn, Port, ValueType

#: Every gate with an angle, under control, in an evolution, in a called gate, in both directions.
ANGLES = """qrnn 1.0;
gate block(t: angle) a: qubit, b: qubit { rxx(t) a, b; u(t, 0.3, -0.4) b; gphase(t); }
cell C {
    input x: real;
    carry m: qubit { ry(0.4) m; }
    fresh q: qubit[2];
    param t: angle[6];
    ry(x) q[0]; h q[1];
    rx(t[0]) q[0]; ry(t[1] * x) q[1]; rz(t[2]) m; p(t[0]) q[1]; u(t[3], t[1], t[2]) m;
    cp(t[4]) q[0], m; crx(t[0]) q[1], m; cry(t[5]) m, q[0]; crz(t[1]) q[0], q[1];
    rxx(t[2]) q[0], m; ryy(t[3]) q[1], m; rzz(t[4]) q[0], q[1]; rzx(t[5]) m, q[1];
    ctrl(2) @ ry(t[0]) q[0], q[1], m;
    ctrl @ negctrl @ p(t[1]) q[0], m, q[1];
    ctrl @ gphase(t[2]) q[1];
    ctrl @ block(t[3]) q[0], q[1], m;
    inv @ block(t[4]) m, q[0];
    pow(2) @ crx(t[5]) q[1], q[0];
    evolve(t[1] * X(q[0]) * Y(m) + t[2] * Z(q[0]) + 0.3 * X(m), sin(t[3]), steps = 2, order = 2);
    if (true) { ry(2 * arcsin(sqrt(sigmoid(t[5])))) m; }
    output y = t[0] * expect(Z(q[0])) + expect(t[1] * X(m) * Y(q[1]) + 0.2);
}
"""

#: Ensemble feedback from step to step, without carried qubits; nonlinear outputs.
QLSTM = """qrnn 1.0;
cell Vqc(n: int) {
    input v: real[n]; fresh q: qubit[n]; param w: angle[n];
    h q; ry(v) q; cx q[0], q[1]; ry(w) q;
    output z = expect(Z(q));
}
cell Qlstm {
    input x: real; carry h: real = 0; carry c: real = 0;
    use f = Vqc(n = 2); use g = Vqc(n = 2);
    let v = [x, h];
    let c1 = sigmoid(f(v)[0]) * c + tanh(g(v)[0]);
    next c = c1;
    next h = tanh(c1);
    output y = tanh(c1);
}
model M {
    use lstm = Qlstm(); use head = Linear(inputs = 1, outputs = 2);
    input x: seq real; target t: seq real[2];
    let s = lstm(x);
    output all = head(s);
    output p = softmax(last(head(s)));
    loss mse(all, t);
}
"""

#: Ensemble feedback into carried qubits, within a step too: what came before is run again.
REPLAY = """qrnn 1.0;
cell C {
    input x: real; carry m: qubit[2]; carry z: real[2] = 0.5; fresh e: qubit; param w: angle;
    ry(x + z[0]) m[0]; cx m[0], m[1];
    let early = expect(X(m[0]));
    rx(early * w) m[0];
    cry(1 + z[1]) m[0], e;
    next z = expect(Z(m));
    output y = expect(Z(e));
}
model M { use c = C(); input x: seq real; target t: seq real; output y = c(x); loss mse(y, t); }
"""

#: Postselection, and a product of a mean, a ratio and a success rate.
RATIOS = """qrnn 1.0;
cell C {
    input x: real; carry m: qubit; fresh a: qubit; param t: angle[3] = [0.9, 0.7, -0.6];
    ry(x + 0.8) a; cry(t[0]) a, m;
    let before = expect(Z(a));
    ry(t[1]) a;
    let p = postselect a == 0;
    ry(t[2]) m;
    output y = exp(expect(Z(m))) * p + before ** 2;
    output z = expect(Z(m) + 0.5 * X(m));
}
model M {
    use c = C(); input x: seq real; target t: seq real;
    let o = c(x); output y = o.y; output z = o.z;
    loss mse(o.y, t) + mse(o.z, t);
}
"""

#: Bits of data are projected on, amplitudes of data are prepared, bits decide.
DATA = """qrnn 1.0;
cell C {
    input x: real[2]; input b: real;
    carry m: qubit; carry s: bit; fresh q: qubit[2]; fresh a: qubit; param t: angle[2];
    prepare([x[0], 0.3, 1 - x[1], 0.2], [0, x[1], 0.5, 0]) q;
    if (s) { ry(t[0]) m; }
    cry(t[1]) q[0], m; cx q[1], a; ry(0.7) a;
    postselect a == bits(b);
    let r = measure q[0];
    if (r) { postselect m == bits(1 - b); }
    ry(1.1) m;
    next s = s ^ r;
    output y = expect(Z(m)); output seen = prob(r);
}
model M {
    use c = C(); input x: seq real[2]; input b: seq real; target t: seq real;
    let o = c(x, b); output y = o.y; output seen = o.seen;
    loss mse(o.y, t);
}
"""


def with_loss(model: ClosedModel) -> ClosedModel:
    """The model with a target for every output, and the sum of their mean squared errors."""
    ops, types = list(model.ops), list(model.types)
    targets, total = [], None
    scalar = ValueType((), False, False)
    for o in model.outputs:
        name = f"target_{o.name}"
        targets.append(Port(name, o.shape, seq=o.seq))
        ops += [Input(name, o.shape), LossFn("mse", (o.ref, len(ops)))]
        types += [ValueType(o.shape, o.seq, True), scalar]
        if total is not None:
            ops.append(Call("add", (total, len(ops) - 1), ()))
            types.append(scalar)
        total = len(ops) - 1
    return replace(
        model, ops=tuple(ops), types=tuple(types), targets=tuple(targets), loss=total, metrics=()
    )
