"""Projected ancillas leave a map behind: the same numbers, and no ancilla in the plan."""

from __future__ import annotations

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.engine import steps as p
from qrnnlang.engine.planner import plan_cell
from qrnnlang.ir.graph import build
from qrnnlang.sema.closed import RunCell

from .helpers import assert_gradients, check, draw, model

NEURON = """
gate rotations(bias: angle, theta: angle, phi: angle[m], degree: int) src: qubit[n], anc: qubit {
    for (k, s) in enumerate(subsets(src, 1, degree)) { ctrl(len(s)) @ ry(phi[k]) s, anc; }
    ry(bias) anc;
    ry(theta) anc;
}
"""

#: One projection a neuron, twice on the same ancilla.
FLAT = (
    NEURON
    + """
gate neuron(theta: angle, phi: angle[m], degree: int) src: qubit[n], anc: qubit, target: qubit {
    rotations(pi / 2, theta, phi, degree) src, anc;
    ctrl @ ry(pi) anc, target;
    inv @ rotations(pi / 2, theta, phi, degree) src, anc;
    postselect anc == 0;
}
cell C {
    input b: real[2];
    carry w: qubit[2];
    fresh io: qubit[2];
    fresh anc: qubit;
    param theta: angle[2];
    param phi: angle[2, 6];
    rx(pi * b) io;
    for i in 0..2 { neuron(theta[i], phi[i, ..], 2) [w[1 - i], io], anc, w[i]; }
    output p = prob(w);
}
"""
)

#: Two ancillas, the inner one projected twice before the outer one.
NESTED = (
    NEURON
    + """
gate inner(theta: angle, phi: angle[m]) src: qubit[n], anc: qubit, target: qubit {
    rotations(0.3, theta, phi, 2) src, anc;
    cry(pi) anc, target;
    inv @ rotations(0.3, theta, phi, 2) src, anc;
    postselect anc == 0;
}
cell C {
    input x: real;
    carry w: qubit[3];
    fresh anc: qubit[2];
    param theta: angle;
    param phi: angle[3];
    ry(x) w[0];
    inner(theta, phi) w[0..2], anc[0], anc[1];
    cry(pi) anc[1], w[2];
    inv @ inner(theta, phi) w[0..2], anc[0], anc[1];
    postselect anc == 0;
    ry(0.4) w[1];
    output p = prob(w);
    output z = expect(X(w[2]));
}
"""
)


def kinds(body: str) -> set[type]:
    cell = qr.loads("qrnn 1.0;" + body).closed.ops
    (run,) = [op for op in cell if isinstance(op, RunCell)]
    return {type(s) for s in plan_cell(build(run.cell)).line.steps}


@pytest.mark.parametrize("body", [FLAT, NESTED])
def test_a_neuron_is_a_table(body):
    assert p.Multiplexed in kinds(body)
    check(body, batch=2, steps=3, low=0.0, high=1.0)


@pytest.mark.parametrize("body", [FLAT, NESTED])
def test_gradients(body):
    closed = model(body)
    params, inputs, _ = draw(closed, 1, 2)
    assert_gradients(closed, params, inputs)


KEPT = [
    # Its probability is read.
    "output p = prob(w); let chance = postselect a == 0; output c = chance;",
    # The circuit depends on the input.
    "ry(x) a; cx a, w[0]; ry(-x) a; postselect a == 0; output p = prob(w);",
    # Two wires are flipped.
    "ry(t) a; cx a, w; ry(-t) a; postselect a == 0; output p = prob(w);",
    # The ancilla is not projected on 0.
    "ry(t) a; cx a, w[0]; ry(-t) a; postselect a == 1; output p = prob(w);",
    # A read comes in between.
    "ry(t) a; cx a, w[0]; output z = expect(Z(a)); ry(-t) a; postselect a == 0; output p = prob(w);",
    # The ancilla is not in |0⟩ as it begins.
    "h a; cx a, w[1]; reset w[1]; ry(t) a; cx a, w[0]; postselect a == 0; output p = prob(w);",
]
HEAD = "cell C { input x: real; param t: angle; carry w: qubit[2]; fresh a: qubit; ry(x) w; "


@pytest.mark.parametrize("body", KEPT)
def test_what_is_no_such_map_stays(body):
    program = HEAD + ("ry(t) a; cx a, w[0]; ry(0.2) a; " if "chance" in body else "") + body + "}"
    assert p.Multiplexed not in kinds(program)
    check(program, batch=2, steps=2)


REPLACED = [
    # No other wire is flipped by what stays of the circuit, and complex phases.
    "ry(t) a; cp(0.7) a, w[0]; crx(t) a, w[1]; rz(t) a; ry(0.3) a; postselect a == 0;",
    # Gates between two filters; the second one on the first one's target.
    "ry(t) a; cx a, w[0]; ry(0.1) a; postselect a == 0; ry(x) w[0]; h w[1]; "
    "ry(t) a; ctrl @ ry(1.1) a, w[1]; cz w[0], a; ry(0.4) a; postselect a == 0;",
    # On a mixed state.
    "depolarizing(0.2) w; ry(t) a; cx a, w[0]; ry(0.1) a; postselect a == 0;",
]


@pytest.mark.parametrize("body", REPLACED)
@pytest.mark.parametrize("last", ["", "postselect w[0] == 1;"])
def test_other_circuits_on_ancillas(body, last):
    program = HEAD + body + last + "output p = prob(w); output y = expect(Y(w)); }"
    assert p.Multiplexed in kinds(program)
    check(program, batch=2, steps=3)
    closed = model(program)
    params, inputs, _ = draw(closed, 1, 2)
    assert_gradients(closed, params, inputs)


def test_an_impossible_event_is_an_error():
    # w[0] is |1⟩ from x = π on: then the ancilla reads 1 for certain.
    body = "cell C { input x: real; carry w: qubit[2]; fresh a: qubit; ry(x) w[0]; "
    body += "cx w[0], a; cry(0.0) a, w[1]; postselect a == 0; output p = prob(w); }"
    assert p.Multiplexed in kinds(body)
    made = qr.loads("qrnn 1.0;" + body)
    with pytest.raises(qr.DataError, match=r"sample 1, step 1"):
        made({}, np.array([[0.1, 0.2], [0.0, np.pi]]))
