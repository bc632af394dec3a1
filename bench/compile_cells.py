"""The cells of the literature that are circuits, with data, and the devices they go on."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import qrnnlang as qr

RING = """qrnn 1.0;
cell Ring(n: int = 3, layers: int = 3) {
    input x: real[n];
    carry m: qubit[n];
    fresh e: qubit[n];
    param w: angle[layers, 2 * n, 3];
    param z: angle[layers, 2 * n];
    let q = [e, m];
    ry(x) e;
    for l in 0..layers {
        rx(w[l, .., 0]) q;
        rz(w[l, .., 1]) q;
        rx(w[l, .., 2]) q;
        for i in 0..2 * n { rzz(z[l, i]) q[i], q[(i + 1) % (2 * n)]; }
    }
    output y = expect(Z(e));
}"""

# A reservoir as circuits can say it: the evolution is a product formula, and is read once a step.
RESERVOIR = """qrnn 1.0;
cell Reservoir(n: int = 5, steps: int = 2) {
    input u: real;
    carry r: qubit[n];
    fixed J: real[n, n] ~ uniform(-0.5, 0.5);
    output y = expect(Z(r[0]));
    reset r[0];
    ry(2 * arcsin(sqrt(u))) r[0];
    let H = sum(J[i, j] * X(r[i]) * X(r[j]) for (i, j) in pairs(0..n)) + 0.5 * sum(Z(r));
    evolve(H, 1.0, steps = steps);
}"""

FEEDFORWARD = """qrnn 1.0;
cell Feedforward(n: int = 3) {
    input x: real;
    carry m: qubit[n];
    carry flag: bit;
    fresh a: qubit;
    param t: angle[2, n];
    if (flag) { x m[0]; }
    ry(x) a;
    for i in 0..n { crx(t[0, i]) a, m[i]; }
    ry(t[1]) m;
    for (i, j) in ring(m) { cx i, j; }
    cx m[0], a;
    let b = measure a;
    next flag = b;
}"""

REUPLOAD = """qrnn 1.0;
cell Reupload(n: int = 4, layers: int = 2) {
    input x: real[n];
    carry q: qubit[n];
    param w: angle[layers, n, 2];
    for l in 0..layers {
        ry(x) q;
        rz(w[l, .., 0]) q;
        ry(w[l, .., 1]) q;
        for (i, j) in ring(q) { cz i, j; }
    }
    output y = expect(Z(q));
}"""

MEASURED = """qrnn 1.0;
cell Measured(n: int = 4) {
    input x: real;
    carry m: qubit[n];
    fresh p: qubit[2];
    param g: angle[2, n];
    param w: angle[n, 3];
    ry(x) m[0];
    rx(w[.., 0]) m;
    rz(w[.., 1]) m;
    for (i, j) in ring(m) { cz i, j; }
    rx(w[.., 2]) m;
    for k in 0..2 { for i in 0..n { rzx(g[k, i]) m[i], p[k]; } }
    output y = expect(Z(p));
}"""

QFWP = """qrnn 1.0;
cell Fast(n: int = 8, depth: int = 2) {
    input v: real[n];
    fresh q: qubit[n];
    param w: angle[depth, n];
    h q;
    ry(v) q;
    for l in 0..depth {
        for (i, j) in zip(range(0, n - 1, 2), range(1, n, 2)) { cx q[i], q[j]; }
        for (i, j) in zip(range(1, n - 1, 2), range(2, n, 2)) { cx q[i], q[j]; }
        ry(w[l]) q;
    }
    output y = expect(Z(q[0..4]));
}"""


def std(cell: str, width: int, hyper: str, *more: str) -> str:
    """A model that applies a cell of the standard library."""
    names = ("x", *more)
    ports = " ".join(f"input {name}: seq real[{width}];" for name in names)
    return (
        f"qrnn 1.0; import std.cells; model M {{ use cell = {cell}({hyper}); {ports} "
        f"output y = cell({', '.join(names)}); }}"
    )


CELLS = {
    "ring 3+3": RING,
    "emc 1+2": std("Emc", 1, "features = 1, memory = 2"),
    "emc 2+3": std("Emc", 2, "features = 2, memory = 3, layers = 5"),
    "emc 3+3": std("Emc", 3, "features = 3, memory = 3, layers = 2, uploads = 1"),
    "takaki 3+3": std("Takaki", 3, "features = 3, memory = 3, copies = 1, layers = 2"),
    "li plain": std("LiPlain", 2, 'features = 2, layers = 2, links = "all"'),
    "li staggered": std("LiStaggered", 1, 'history = 4, layers = 2, links = "ring"'),
    "bausch 2+2": std("Bausch", 2, "width = 2, workspace = 2, degree = 2, order = 1", "observed"),
    "bausch 2+4": std("Bausch", 2, "width = 2, workspace = 4, degree = 3, order = 1", "observed"),
    "qlstm circuit": std("Variational", 6, "n = 6, depth = 5"),
    "qfwp circuit": QFWP,
    "reservoir": RESERVOIR,
    "feedforward": FEEDFORWARD,
    "reupload": REUPLOAD,
    "measured memory": MEASURED,
}
DEVICES = ("heavy_hex_133", "grid_8x8")


def bound(cell: str, steps: int) -> tuple[qr.Model, dict[str, Any], dict[str, Any]]:
    """A model, parameters and inputs, all of them drawn."""
    model = qr.loads(CELLS[cell])
    rng = np.random.default_rng(0)
    x = {p.name: rng.uniform(0.1, 0.9, (steps, *p.shape)) for p in model.closed.inputs}
    if "observed" in x:
        x = {name: np.round(values) for name, values in x.items()}
    params = {n: rng.uniform(-2, 2, v.shape) for n, v in model.init(0).items()}
    return model, params, x


@cache
def device(name: str) -> Any:
    """A Qiskit backend: CZ, RZ, √X, X; errors and durations drawn from seed 0."""
    from qiskit.providers.fake_provider import GenericBackendV2

    from qrnnlang.targets.devices import backend_by_name

    if name != "heavy_hex_133":
        return backend_by_name(name)
    basis = ["cz", "rz", "sx", "x", "id", "measure", "reset"]
    return GenericBackendV2(133, basis, coupling_map=heavy_hex(7, 15), control_flow=True, seed=0)


def heavy_hex(rows: int, width: int) -> list[list[int]]:
    """Rows of coupled qubits with single ones between them, four columns apart; 7 × 15: 133."""
    pairs: list[tuple[int, int]] = []
    start = 0
    between: list[tuple[int, int]] = []
    for row in range(rows):
        pairs += [(start + i, start + i + 1) for i in range(width - 1)]
        pairs += [(q, start + column) for column, q in between]
        first = start + width
        between = [(c, first + k) for k, c in enumerate(range(2 * (row % 2), width, 4))]
        pairs += [(start + column, q) for column, q in between]
        start = first + len(between)
    return [list(p) for a, b in pairs for p in ((a, b), (b, a))]
