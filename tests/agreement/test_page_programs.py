"""The programs at the end of the language's definition against the same models in plain NumPy.

What is compared with shares nothing with the project: dense matrices of all qubits, qubit 0 the
least significant bit. Each program runs in the interpreter and in Python (`load`), means the same
as `fmt` writes it, and `info` counts what is counted here by hand.
"""

from __future__ import annotations

from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.diagnostics import Source
from qrnnlang.ir.graph import build
from qrnnlang.ir.model import run_model
from qrnnlang.ir.printer import print_graph
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel, RunCell
from qrnnlang.syntax.format import format_source

PROGRAMS = Path(__file__).parents[1] / "syntax" / "programs"
Matrix = Any

X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])
H = (X + Z) / np.sqrt(2)
ONE = np.diag([0, 1])


def turn(pauli: Matrix, t: float) -> Matrix:
    return np.cos(t / 2) * np.eye(2) - 1j * np.sin(t / 2) * pauli


def lift(n: int, **factors: Matrix) -> Matrix:
    """A product of one-qubit matrices, `q0=X` on qubit 0."""
    whole = np.eye(1)
    for k in range(n):
        whole = np.kron(factors.get(f"q{k}", np.eye(2)), whole)
    return whole


def at(n: int, k: int, matrix: Matrix) -> Matrix:
    return lift(n, **{f"q{k}": matrix})


def control(n: int, controls: Any, target: int, matrix: Matrix) -> Matrix:
    on = prod((at(n, c, ONE) for c in controls[1:]), start=at(n, controls[0], ONE))
    return np.eye(2**n) - on + on @ at(n, target, matrix)


def zeros(n: int) -> Matrix:
    return np.diag([1.0, *np.zeros(2**n - 1)])


def without_low(rho: Matrix, k: int) -> Matrix:
    """The lowest k qubits traced out."""
    high = len(rho) >> k
    return np.einsum("aibi->ab", rho.reshape(high, 2**k, high, 2**k))


def without_high(rho: Matrix, k: int) -> Matrix:
    low = len(rho) >> k
    return np.einsum("iaib->ab", rho.reshape(2**k, low, 2**k, low))


def mean(observable: Matrix, rho: Matrix) -> float:
    return float(np.trace(observable @ rho).real)


def after(u: Matrix, rho: Matrix) -> Matrix:
    return u @ rho @ u.conj().T


def emc(p: Any, x: Matrix) -> Matrix:
    """Two features on the low qubits, two memory qubits above them."""
    memory, out = zeros(2), []
    for now in x:
        rho = np.kron(memory, zeros(2))
        for k in range(2):
            rho = after(at(4, k, turn(Y, now[k])), rho)
            for enc in p["enc"][:, k]:
                u = turn(Y, now[k]) @ turn(Z, enc[1]) @ turn(X, enc[0])
                rho = after(at(4, k, u), rho)
        for rot in p["rot"]:
            for k in range(4):
                u = turn(X, rot[k, 2]) @ turn(Z, rot[k, 1]) @ turn(X, rot[k, 0])
                rho = after(at(4, k, u), rho)
            for e in (0, 1):
                for m in (2, 3):
                    rho = after(control(4, [e], m, Z), rho)
        for k in range(2):
            rho = after(at(4, k, turn(X, p["out"][k])), rho)
        out.append(mean(lift(4, q0=Z, q1=Z), rho))
        memory = without_low(rho, 2)
    return np.array(out)


def vqc(w: Matrix, v: Matrix) -> Matrix:
    n = len(v)
    psi = np.zeros(2**n)
    psi[0] = 1
    for k in range(n):
        psi = at(n, k, turn(Y, v[k]) @ H) @ psi
    for layer in w:
        for k in [*range(0, n - 1, 2), *range(1, n - 1, 2)]:
            psi = control(n, [k], k + 1, X) @ psi
        for k in range(n):
            psi = at(n, k, turn(Y, layer[k])) @ psi
    return np.array([(psi.conj() @ at(n, k, Z) @ psi).real for k in range(n)])


def qlstm(p: Any, x: Matrix, prefix: str = "") -> Matrix:
    def sigmoid(a: Matrix) -> Matrix:
        return 1 / (1 + np.exp(-a))

    hidden = len(p[f"{prefix}forget.w"][0]) - 1
    h, c, out = np.zeros(hidden), np.zeros(hidden), []
    for now in x:
        v = np.concatenate([now, h])
        f, i, g, o = (
            vqc(p[f"{prefix}{name}.w"], v)[:hidden]
            for name in ("forget", "gain", "update", "select")
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


def pendulum(p: Any, x: Matrix) -> Matrix:
    return p["head.W"] @ qlstm(p, x, "lstm.")[-1] + p["head.b"]


def reservoir(p: Any, x: Matrix) -> Matrix:
    """Three qubits, two virtual nodes."""
    h = 0.5 * sum(at(3, k, Z) for k in range(3))
    for i, j in combinations(range(3), 2):
        h = h + p["J"][i, j] * at(3, i, X) @ at(3, j, X)
    energies, states = np.linalg.eigh(h)
    u = states @ np.diag(np.exp(-0.2j * energies)) @ states.T
    rho, out = zeros(3), []
    for now in x:
        injected = np.sqrt([1 - now, now])
        rho = np.kron(without_low(rho, 1), np.outer(injected, injected))
        out.append([])
        for _ in range(2):
            rho = after(u, rho)
            out[-1].append([mean(at(3, k, Z), rho) for k in range(3)])
    return np.array(out)


def rus(p: Any, x: Matrix) -> Matrix:
    """The workspace on qubits 0 and 1, io on 2 and 3, the ancilla on 4."""
    memory, out = zeros(2), []
    for now in x:
        rho = np.kron(zeros(3), memory)
        for k in (0, 1):
            rho = after(at(5, 2 + k, turn(X, np.pi * now[k])), rho)
        for target in (0, 1):
            sources = [1 - target, 2, 3]
            subsets = [s for size in (1, 2) for s in combinations(sources, size)]
            r = np.eye(32)
            for s, phi in zip(subsets, p["phi"][target], strict=True):
                r = control(5, s, 4, turn(Y, phi)) @ r
            r = at(5, 4, turn(Y, p["theta"][target]) @ turn(Y, np.pi / 2)) @ r
            u = r.conj().T @ control(5, [4], target, turn(Y, np.pi)) @ r
            rho = after(at(5, 4, np.diag([1, 0])) @ u, rho)
            rho = rho / np.trace(rho)
        memory = without_high(rho, 3)
        out.append(np.diag(memory).real)
    return np.array(out)


def feedback(p: Any, x: Matrix) -> Matrix:
    """One unnormalised operator of the memory for each value of the flag; qubit 0 is `a`."""
    family, out = [zeros(1), 0 * zeros(1)], []
    u = at(2, 1, turn(Y, p["t"][1])) @ control(2, [0], 1, turn(X, p["t"][0]))
    for now in x:
        before = family[0] + after(X, family[1])
        rho = after(u @ at(2, 0, turn(Y, now)), np.kron(before, zeros(1)))
        family = [without_low(after(at(2, 0, np.diag(b)), rho), 1) for b in ([1, 0], [0, 1])]
        out.append(sum(f[1, 1].real for f in family))
    return np.array(out)


REST = "reservoir_rus_feedback"
#: File, entry, hyperparameters, the model in NumPy, qubits, numbers that are trained.
CASES = {
    "Emc": ("emc", "Emc", {"features": 2, "layers": 2, "uploads": 1}, emc, 4, 4 + 24 + 2),
    "Vqc": ("qlstm", "Vqc", {"n": 4}, lambda p, x: [vqc(p["w"], v) for v in x], 4, 8),
    "Qlstm": ("qlstm", "Qlstm", {"hidden": 2, "depth": 1}, qlstm, 12, 12),
    "Pendulum": ("qlstm", "Pendulum", {}, pendulum, 24, 4 * 30 + 6),
    "Reservoir": (REST, "Reservoir", {"n": 3, "nodes": 2}, reservoir, 3, 0),
    "Rus": (REST, "Rus", {}, rus, 5, 2 + 12),
    "Feedback": (REST, "Feedback", {}, feedback, 2, 2),
}


def printed(model: ClosedModel) -> list[str]:
    """Every operation, without its place in the text."""
    return [print_graph(build(o.cell)) if isinstance(o, RunCell) else repr(o) for o in model.ops]


@pytest.mark.parametrize("name", CASES)
def test_against_numpy(name: str) -> None:
    file, entry, hyper, numpy, qubits, trained = CASES[name]
    path = PROGRAMS / f"{file}.qrnn"
    model = qr.load(path, entry=entry, **hyper)
    params = model.init(5)
    (port,) = model.closed.inputs
    x = np.random.default_rng(1).uniform(0.1, 0.9, (1, 3, *port.shape))
    wanted = numpy(params, x[0])
    (output,) = (o.name for o in model.closed.outputs)
    exact = run_model(model.closed, params, {port.name: x}).outputs[output]
    for found in (exact, model(params, x)[output]):
        np.testing.assert_allclose(found[0], wanted, atol=1e-12)
    formatted = format_source(Source(path.name, path.read_text("utf-8")))
    again = load_text(formatted, entry=entry, hyper=hyper)
    assert printed(again) == printed(model.closed)
    info = model.info(steps=3)
    assert (info["qubits"], info["parameters"]["total"]) == (qubits, trained)
