"""What generated programs once found, each by a program of its own."""

from __future__ import annotations

import pytest

from qrnnlang.sema import check_text

from .running import assert_equal, computed, interpreted

PROGRAMS = {
    "an output that is the same at every step is a sequence": """
cell A { input x: real; fresh q: qubit; ry(x) q; output y = [0.25, 1]; output z = expect(Z(q)); }
model M {
    use a = A();
    input x: seq real;
    let r = a(x);
    target t: seq real[2];
    output p = first(r.y, 2);
    output q = mean(r.y) + last(r.z);
    loss mse(r.y, t);
}
""",
    "the Hamiltonian of a `qubit[1]`": """
cell A { input x: real; carry m: qubit[1]; evolve(x * Y(m) + 0.5, 0.7); output y = expect(Z(m)); }
""",
    "sums of no observables": """
cell A(n: int = 1) {
    input x: real;
    carry q: qubit[n] { ry(0.7) q; }
    evolve(sum(X(a) * X(b) for (a, b) in chain(q)), x);
    evolve(0.5 * sum(X(a) * X(b) for (a, b) in pairs(q)), x, steps = 2);
    output y = expect(sum(Z(a) * Z(b) for (a, b) in ring(q)));
    output z = expect(Z(q));
}
""",
    "conditions that are decided early": """
cell A(n: int = 2) {
    input x: real;
    fresh q: qubit[n];
    let v = [1, 2];
    for i in 0..n {
        if (i > 0 && v[i - 1] == 1) { ry(x) q[i]; }
        if (i == 0 || v[i - 1] == 1) { ry(x) reverse(q[i]); }
    }
    output y = expect(Z(q));
}
""",
    "a long expression of bits": """
cell A {
    input x: real;
    carry m: qubit;
    fresh q: qubit;
    ry(x) q;
    let b = measure q;
    let c = b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b;
    if (c) { x m; }
    output y = prob(m);
}
""",
    "a module under a short name": """
import std.encoding as enc;
import std.cells as lib;
cell A {
    input x: real[2];
    fresh q: qubit[2];
    use l = lib.Gru(inputs = 2, hidden = 1);
    enc.angle_encode(x) q;
    output y = l(x) + expect(Z(q));
}
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_found(name: str) -> None:
    text = "qrnn 1.0;\n" + PROGRAMS[name]
    assert check_text(text) == ()
    assert_equal(computed(text), interpreted(text))
