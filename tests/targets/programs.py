"""Programs that between them hold every construct a circuit can express."""

from __future__ import annotations

EMC = """qrnn 1.0;
cell Emc(features: int = 1, memory: int = 2, layers: int = 2, uploads: int = 2) {
    input x: real[features];
    carry m: qubit[memory];
    fresh e: qubit[features];
    param enc: angle[uploads, features, 2] ~ uniform(0, tau);
    param rot: angle[layers, features + memory, 3] ~ uniform(0, tau);
    param out: angle[features] ~ uniform(0, tau);
    ry(x) e;
    for u in 0..uploads {
        rx(enc[u, .., 0]) e;
        rz(enc[u, .., 1]) e;
        ry(x) e;
    }
    for l in 0..layers {
        let q = [e, m];
        rx(rot[l, .., 0]) q;
        rz(rot[l, .., 1]) q;
        rx(rot[l, .., 2]) q;
        for (a, b) in cross(e, m) { cz a, b; }
    }
    rx(out) e;
    output y = expect(prod(Z(e)));
}
"""

#: Read at the end of each step, from the memory: one circuit a step.
MEMORY = """qrnn 1.0;
cell Memory {
    input x: real;
    carry m: qubit[2] { h m; }
    fresh e: qubit;
    param w: angle[2];
    ry(x) e;
    for q in m { cx e, q; }
    ry(w) m;
    output y = expect(Z(m[0]) * X(m[1]));
    output p = prob(m);
}
"""

#: The oldest memory qubit is let go.
STAGGERED = """qrnn 1.0;
cell Staggered {
    input x: real;
    carry m: qubit[2];
    fresh e: qubit;
    param w: angle[3];
    ry(x) e;
    cx m[0], e;
    cx m[1], e;
    ry(w) [m, e];
    cz m[0], m[1];
    next m = [m[1], e];
    output y = 2 * expect(Z(m[0])) + 0.5 * expect(Y(m[0])) - 1;
}
"""

#: Two fresh registers, a reset in the middle, outputs in several bases.
RESETS = """qrnn 1.0;
cell Resets {
    input x: real[2];
    carry m: qubit;
    fresh a: qubit;
    fresh b: qubit;
    param w: angle[3];
    ry(x[0]) a;
    rx(x[1]) b;
    cx a, m;
    crz(w[0]) b, m;
    output early = expect(Z(a));
    reset a;
    ry(w[1]) a;
    cx m, a;
    ryy(w[2]) a, b;
    output late = expect([X(a), Y(b)]);
    output sum = expect(X(a) + 0.5 * Z(b));
}
"""

#: Virtual nodes: one output read at several points of a step, on carried qubits.
RESERVOIR = """qrnn 1.0;
cell Reservoir(n: int = 3, nodes: int = 2) {
    input u: real;
    carry r: qubit[n];
    fixed J: real[n, n] ~ uniform(-0.5, 0.5);
    output z: real[nodes, n];
    reset r[0];
    ry(2 * arcsin(sqrt(u))) r[0];
    let H = sum(J[i, j] * X(r[i]) * X(r[j]) for (i, j) in pairs(0..n)) + 0.5 * sum(Z(r));
    for k in 0..nodes {
        evolve(H, 0.4, steps = 2, order = 2);
        output z[k, ..] = expect(Z(r));
    }
}
"""

#: Shot-wise feedback.
FEEDBACK = """qrnn 1.0;
cell Feedback {
    input x: real;
    carry m: qubit;
    carry flag: bit;
    fresh a: qubit;
    param t: angle[2];
    if (flag) { x m; }
    ry(x) a;
    crx(t[0]) a, m;
    ry(t[1]) m;
    let b = measure a;
    next flag = b;
    output p = prob(m == 1);
    output seen = prob(b);
}
"""

#: Conditions with two bits, and a carried bit that is an expression.
CONDITIONS = """qrnn 1.0;
cell Conditions {
    input x: real;
    carry m: qubit;
    carry s: bit;
    fresh a: qubit[2];
    param t: angle[2];
    ry(x) a[0];
    ry(t) a;
    cx a[0], m;
    let b = measure a;
    if (b[0] && !b[1]) { h m; } else { ry(t[0]) m; }
    if (b[0] || s) { z m; sx m; }
    next s = s ^ b[1];
    output y = expect(X(m));
}
"""

#: Postselection with a value other than 0, and its probability.
POSTSELECTED = """qrnn 1.0;
cell Postselected {
    input x: real;
    carry m: qubit;
    fresh a: qubit;
    fresh c: qubit[2];
    param t: angle[3];
    ry(x) a;
    cry(t[0]) a, m;
    output before = expect(Z(a));
    ry(t[1]) c;
    cx m, c[0];
    let p = postselect c == "01";
    ctrl @ ry(t[2]) m, c[0];
    output after = expect(Z(c[0]));
    output chance = p;
}
"""

#: Every gate, every modifier, a data-dependent state preparation and fixed unitaries.
GATES = """qrnn 1.0;
gate block(t: angle) a: qubit, b: qubit { rxx(t) a, b; ecr a, b; h a; u(t, 0.3, -0.4) b; gphase(t); }
cell Gates {
    input x: real[2];
    carry m: qubit;
    fresh q: qubit[4];
    param t: angle[4];
    fixed U: unitary[2] ~ haar;
    prepare([x[0], 0.3, 1 - x[1], 0.2], [0, x[1], 0.5, 0]) [q[0], q[1]];
    id q[0]; x q[1]; y q[2]; z q[3]; h q; s q[0]; sdg q[1]; t q[2]; tdg q[3]; sx q[0]; sxdg q[1];
    rx(t[0]) q[0]; p(t[1]) q[1]; u(t[0], t[1], t[2]) q[2];
    cy q[0], q[1]; ch q[1], q[2]; cp(t[0]) q[2], q[3]; crx(t[1]) q[0], q[2]; crz(t[2]) q[3], m;
    cs q[0], m; csdg q[1], m; csx q[2], m; swap q[0], q[3]; iswap q[1], q[2]; ecr q[2], q[0];
    rxx(t[0]) q[0], q[1]; ryy(t[1]) q[1], q[2]; rzz(t[2]) q[2], q[3]; rzx(t[3]) q[3], m;
    ccx q[0], q[1], m; ccz q[1], q[2], m; cswap q[0], q[3], m;
    ctrl(3) @ x q[0], q[1], q[2], m;
    ctrl @ negctrl @ ry(t[3]) q[0], q[1], m;
    ctrl @ block(t[1]) q[3], q[0], q[1];
    negctrl(2) @ u(t[1], t[2], t[3]) q[0], q[1], q[2];
    ctrl @ iswap q[0], q[1], q[2];
    inv @ block(t[2]) q[1], q[2];
    pow(3) @ sx q[0];
    apply(U) [q[1], m];
    evolve(X(q[0]) * Y(q[1]) * Z(q[2]), t[0]);
    evolve(Y(q[0]) * Y(q[1]) + Z(q[2]) * X(q[3]), 0.3);
    output y = expect(Z(q));
    output mean = 0.5 * expect(mean(X(q))) + t[0];
}
"""

#: A cell with called cells, whose qubits are freed within the step.
CALLS = """qrnn 1.0;
cell Vqc(n: int = 2) {
    input v: real[n];
    fresh q: qubit[n];
    param w: angle[n];
    ry(v) q;
    cx q[0], q[1];
    ry(w) q;
    output z = expect(Z(q));
}
cell Calls {
    input x: real[2];
    carry avg: real[2] = 0.5;
    use f = Vqc();
    use g = Vqc();
    next avg = 0.5 * avg + 0.5 * x;
    output y = f(avg) + 2 * g(x);
}
"""

ALL = {
    "emc": EMC,
    "memory": MEMORY,
    "staggered": STAGGERED,
    "resets": RESETS,
    "reservoir": RESERVOIR,
    "feedback": FEEDBACK,
    "conditions": CONDITIONS,
    "postselected": POSTSELECTED,
    "gates": GATES,
    "calls": CALLS,
}
