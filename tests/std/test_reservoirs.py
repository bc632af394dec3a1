"""The reservoirs, and the wiring of the cells that carry qubits, against NumPy."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.ir.model import run_model

from .programs import exact, inputs, model

X = np.array([[0, 1], [1, 0]])
Z = np.diag([1, -1])


def on(n: int, **factors: Any) -> Any:
    """A product of one-qubit matrices `q0=…, q1=…`; qubit 0 is the last factor."""
    return reduce(np.kron, [factors.get(f"q{i}", np.eye(2)) for i in reversed(range(n))])


def exponential(h: Any, t: float) -> Any:
    """exp(−i h t) of a Hermitian matrix."""
    values, vectors = np.linalg.eigh(h)
    return vectors @ np.diag(np.exp(-1j * values * t)) @ vectors.conj().T


def rx(theta: float) -> Any:
    return exponential(X, theta / 2)


def test_reservoir_replaces_qubit_0_and_evolves() -> None:
    n, nodes, field, tau = 3, 2, 0.7, 0.9
    made = model("Reservoir", n=n, nodes=nodes, field=field, tau_step=tau)
    params, given = made.init(4), inputs(made.closed, batch=1, steps=3)
    coupling = params["c.J"]
    h = field * sum(on(n, **{f"q{i}": Z}) for i in range(n))
    for i in range(n):
        for j in range(i + 1, n):
            h = h + coupling[i, j] * on(n, **{f"q{i}": X, f"q{j}": X})
    u = exponential(h, tau / nodes)
    rho = np.zeros((2**n, 2**n), complex)
    rho[0, 0] = 1
    rows = []
    for x in given["x"][0].ravel():
        rest = np.trace(rho.reshape(2 ** (n - 1), 2, 2 ** (n - 1), 2), axis1=1, axis2=3)
        psi = np.array([np.sqrt(1 - x), np.sqrt(x)])
        rho = np.kron(rest, np.outer(psi, psi))
        read = []
        for _ in range(nodes):
            rho = u @ rho @ u.conj().T
            read += [np.trace(on(n, **{f"q{i}": Z}) @ rho).real for i in range(n)]
        rows.append(read)
    np.testing.assert_allclose(exact(made, params, given)[0], rows, rtol=0, atol=1e-12)


def test_feedback_reservoir_starts_anew_and_remembers_by_its_readings() -> None:
    n, scale, back = 3, 0.8, 2.2
    made = model("FeedbackReservoir", n=n, input_scale=scale, feedback_scale=back)
    params, given = made.init(4), inputs(made.closed, batch=1, steps=3)
    u = params["c.U"][..., 0] + 1j * params["c.U"][..., 1]

    def turn(theta: float, i: int, j: int) -> Any:
        """CX · RZ_j · CX is exp(−iθ/2 Z_i Z_j)."""
        zz = exponential(on(n, **{f"q{i}": Z, f"q{j}": Z}), theta / 2)
        return zz @ on(n, **{f"q{i}": rx(theta), f"q{j}": rx(theta)})

    z = np.zeros(n)
    rows = []
    for x in given["x"][0].ravel():
        psi = np.eye(2**n)[0].astype(complex)
        psi = turn(scale * x, 0, 1) @ psi
        for i in range(n):
            psi = turn(back * z[i], i, (i + 1) % n) @ psi
        psi = u @ psi
        z = np.array([np.vdot(psi, on(n, **{f"q{i}": Z}) @ psi).real for i in range(n)])
        rows.append(z)
    np.testing.assert_allclose(exact(made, params, given)[0], rows, rtol=0, atol=1e-12)


BODIES = {
    "Emc": (
        {"features": 2, "memory": 1, "layers": 1, "uploads": 1, "rotations": 2},
        "input x: real[2]; carry m: qubit; fresh e: qubit[2]; param enc: angle[1, 2, 2] ~ uniform(0, tau);"
        "param rot: angle[1, 3, 2] ~ uniform(0, tau); param out: angle[2] ~ uniform(0, tau);"
        "ry(x) e; rx(enc[0, .., 0]) e; rz(enc[0, .., 1]) e; ry(x) e;"
        "rx(rot[0, .., 0]) [e, m]; rz(rot[0, .., 1]) [e, m]; cz e[0], m; cz e[1], m; rx(out) e;"
        "output y = expect(Z(e[0]) * Z(e[1]));",
    ),
    "Takaki": (
        {"features": 2, "copies": 2, "memory": 1, "layers": 1},
        "input x: real[2]; carry m: qubit; fresh e: qubit[4]; param rot: angle[1, 5, 3]; param zz: angle[1, 5];"
        "ry(arccos(x[0])) e[0]; ry(arccos(x[1])) e[1]; ry(arccos(x[0])) e[2]; ry(arccos(x[1])) e[3];"
        "for i in 0..5 { rx(rot[0, i, 0]) [e, m][i]; rz(rot[0, i, 1]) [e, m][i]; rx(rot[0, i, 2]) [e, m][i]; }"
        "for i in 0..5 { rzz(zz[0, i]) [e, m][i], [e, m][(i + 1) % 5]; }"
        "output y = [expect((Z(e[0]) + Z(e[2])) / 2), expect((Z(e[1]) + Z(e[3])) / 2)];",
    ),
    "LiPlain": (
        {"history": 2, "links": "chain"},
        "input x: real[1]; carry h: qubit[2]; fresh d: qubit; param rot: angle[1, 3, 3]; param zz: angle[1, 2];"
        "ry(x) d; for (i, q) in enumerate([d, h]) { rx(rot[0, i, 0]) q; rz(rot[0, i, 1]) q; rx(rot[0, i, 2]) q; }"
        "rzz(zz[0, 0]) d, h[0]; rzz(zz[0, 1]) h[0], h[1]; output y = (1 - expect(Z(d))) / 2;",
    ),
    "LiStaggered": (
        {"history": 2, "links": "chain"},
        "input x: real[1]; carry h: qubit[2]; fresh d: qubit; param rot: angle[1, 3, 3]; param zz: angle[1, 2];"
        "ry(x) d; for (i, q) in enumerate([d, h]) { rx(rot[0, i, 0]) q; rz(rot[0, i, 1]) q; rx(rot[0, i, 2]) q; }"
        "rzz(zz[0, 0]) d, h[0]; rzz(zz[0, 1]) h[0], h[1]; output y = (1 - expect(Z(d))) / 2;"
        # The same by swaps: the data qubit takes the place of h[1], which moves to h[0].
        "swap h[0], h[1]; swap h[1], d;",
    ),
    "Qfwp": (
        {"inputs": 2, "qubits": 3, "outputs": 2},
        "input x: real[2]; carry fast: real[2, 3] = 0; fresh q: qubit[3];"
        "use encode = Linear(inputs = 2, outputs = 3); use rows = Linear(inputs = 3, outputs = 2);"
        "use columns = Linear(inputs = 3, outputs = 3); let z = encode(x);"
        "let angles = fast + stack(rows(z)[0] * columns(z), rows(z)[1] * columns(z)); next fast = angles;"
        "h q; ry(x[0]) q[0]; ry(x[1]) q[1];"
        "for l in 0..2 { cx q[0], q[1]; cx q[1], q[2]; ry(angles[l]) q; } output y = expect(Z(q[0..2]));",
    ),
}


@pytest.mark.parametrize("cell", BODIES)
def test_cell_is_its_written_out_form(cell: str) -> None:
    hyper, body = BODIES[cell]
    made, written = model(cell, **hyper), qr.loads(f"qrnn 1.0; cell A {{ {body} }}")
    params, given = made.init(9), inputs(made.closed, steps=3)
    plain = {k.removeprefix("c."): v for k, v in params.items()}
    expected = run_model(written.closed, plain, given).outputs["y"]
    np.testing.assert_allclose(exact(made, params, given), expected, rtol=0, atol=1e-13)
