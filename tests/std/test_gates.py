"""The gates of the standard library against what they stand for, written out gate by gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.ir.model import run_model

LINES = {
    # RX on all, CX around the ring.
    ("basic_entangler(theta)", 3, (2, 3)): [
        line
        for layer in range(2)
        for line in (
            *(f"rx(theta[{layer}, {i}]) q[{i}]" for i in range(3)),
            *("cx q[0], q[1]", "cx q[1], q[2]", "cx q[2], q[0]"),
        )
    ],
    # Two qubits have one link, not two.
    ("basic_entangler(theta)", 2, (1, 2)): [
        *("rx(theta[0, 0]) q[0]", "rx(theta[0, 1]) q[1]", "cx q[0], q[1]"),
    ],
    # RZ RY RZ; the distance of the CX is 1, 2, then 1 again on three qubits.
    ("strongly_entangling(theta)", 3, (3, 3, 3)): [
        line
        for layer, links in enumerate(((1, 2, 0), (2, 0, 1), (1, 2, 0)))
        for line in (
            *(
                f"{gate}(theta[{layer}, {i}, {k}]) q[{i}]"
                for i in range(3)
                for k, gate in enumerate(("rz", "ry", "rz"))
            ),
            *(f"cx q[{i}], q[{j}]" for i, j in enumerate(links)),
        )
    ],
    ("strongly_entangling(theta)", 1, (1, 1, 3)): [
        *("rz(theta[0, 0, 0]) q[0]", "ry(theta[0, 0, 1]) q[0]", "rz(theta[0, 0, 2]) q[0]"),
    ],
    # RY RZ, CZ along the chain.
    ("hardware_efficient(theta)", 3, (1, 3, 2)): [
        *(f"ry(theta[0, {i}, 0]) q[{i}]" for i in range(3)),
        *(f"rz(theta[0, {i}, 1]) q[{i}]" for i in range(3)),
        *("cz q[0], q[1]", "cz q[1], q[2]"),
    ],
    # RY, CZ on (0, 1) (2, 3), then on (1, 2).
    ("brick_wall(theta)", 4, (2, 4)): [
        line
        for layer in range(2)
        for line in (
            *(f"ry(theta[{layer}, {i}]) q[{i}]" for i in range(4)),
            *("cz q[0], q[1]", "cz q[2], q[3]", "cz q[1], q[2]"),
        )
    ],
    ("rotations(theta)", 2, (2, 3)): [
        f"{gate}(theta[{i}, {k}]) q[{i}]"
        for i in range(2)
        for k, gate in enumerate(("rx", "rz", "rx"))
    ],
    ("angle_encode(theta)", 2, (2,)): ["ry(theta[0]) q[0]", "ry(theta[1]) q[1]"],
    ("arccos_encode(tanh(theta))", 2, (2,)): [
        *("ry(arccos(tanh(theta[0]))) q[0]", "ry(arccos(tanh(theta[1]))) q[1]"),
    ],
    ("bits_encode(theta)", 2, (2,)): ["rx(pi * theta[0]) q[0]", "rx(pi * theta[1]) q[1]"],
    # The helpers of the cells.
    ("staircase(theta)", 4, (4,)): [
        *("cx q[0], q[1]", "cx q[2], q[3]", "cx q[1], q[2]"),
        *(f"ry(theta[{i}]) q[{i}]" for i in range(4)),
    ],
    ("chain_layer(theta, theta[.., 0][0..2])", 3, (3, 3)): [
        *(
            f"{g}(theta[{i}, {k}]) q[{i}]"
            for i in range(3)
            for k, g in enumerate(("rx", "rz", "rx"))
        ),
        *("rzz(theta[0, 0]) q[0], q[1]", "rzz(theta[1, 0]) q[1], q[2]"),
    ],
    ("ring_layer(theta, theta[.., 0])", 3, (3, 3)): [
        *(
            f"{g}(theta[{i}, {k}]) q[{i}]"
            for i in range(3)
            for k, g in enumerate(("rx", "rz", "rx"))
        ),
        *(f"rzz(theta[{i}, 0]) q[{i}], q[{(i + 1) % 3}]" for i in range(3)),
    ],
    ("pairs_layer(theta, [theta[.., 0], theta[.., 1]])", 4, (4, 3)): [
        *(
            f"{g}(theta[{i}, {k}]) q[{i}]"
            for i in range(4)
            for k, g in enumerate(("rx", "rz", "rx"))
        ),
        *("rzz(theta[0, 0]) q[0], q[1]", "rzz(theta[1, 0]) q[0], q[2]"),
        *("rzz(theta[2, 0]) q[0], q[3]", "rzz(theta[3, 0]) q[1], q[2]"),
        *("rzz(theta[0, 1]) q[1], q[3]", "rzz(theta[1, 1]) q[2], q[3]"),
    ],
}


def distribution(statements: str, n: int, shape: tuple[int, ...], seed: int) -> Any:
    """P(q) between two layers of generic rotations, so that no phase goes unnoticed."""
    dims = ", ".join(map(str, shape))
    made = qr.loads(
        "qrnn 1.0; import std.ansatz; import std.encoding; import std.cells; cell A {"
        f"input x: real; fresh q: qubit[{n}]; param theta: angle[{dims}];"
        f"param before: angle[2, {n}]; param after: angle[2, {n}];"
        f"ry(before[0]) q; rz(before[1]) q; {statements} rz(after[0] + x) q; rx(after[1]) q;"
        "output y = prob(q); }"
    )
    return run_model(made.closed, made.init(seed), {"x": np.zeros((1, 1))}).outputs["y"]


@pytest.mark.parametrize(("gate", "n", "shape"), LINES, ids=[g for g, _, _ in LINES])
def test_gate_is_its_written_out_form(gate: str, n: int, shape: tuple[int, ...]) -> None:
    written = "; ".join(LINES[gate, n, shape]) + ";"
    for seed in (1, 2):
        found = distribution(f"{gate} q;", n, shape, seed)
        np.testing.assert_allclose(found, distribution(written, n, shape, seed), rtol=0, atol=1e-14)
        # A test of nothing would pass, too: leaving out the last gate must change the result.
        less = "; ".join(LINES[gate, n, shape][:-1]) + ";"
        assert np.abs(found - distribution(less, n, shape, seed)).max() > 1e-6


def test_encodings_by_what_they_are_for() -> None:
    """⟨Z⟩ is x after `arccos_encode`, cos x after `angle_encode`, a bit after `bits_encode`."""
    made = qr.loads(
        "qrnn 1.0; import std.encoding; cell A { input x: real[2]; fresh a: qubit[2];"
        "fresh b: qubit[2]; fresh c: qubit[2]; angle_encode(x) a; arccos_encode(x) b;"
        "bits_encode(x) c; output a_ = expect(Z(a)); output b_ = expect(Z(b)); output c_ = prob(c); }"
    )
    x = np.array([[[0.3, -0.8], [1.0, 0.0]]])
    found = run_model(made.closed, {}, {"x": x}).outputs
    np.testing.assert_allclose(found["a_"], np.cos(x), atol=1e-14)
    np.testing.assert_allclose(found["b_"], x, atol=1e-14)
    np.testing.assert_allclose(found["c_"][0, 1], [0, 1, 0, 0], atol=1e-14)


def test_linear_is_an_affine_map() -> None:
    made = qr.loads(
        "qrnn 1.0; model M { use l = Linear(inputs = 3, outputs = 2);"
        "use k = Linear(inputs = 3, outputs = 2, bias = false);"
        "input x: real[3]; output y = l(x); output z = k(x); }"
    )
    params, x = made.init(1), np.random.default_rng(0).normal(size=(4, 3))
    assert {k: v.shape for k, v in params.items()} == {"l.W": (2, 3), "l.b": (2,), "k.W": (2, 3)}
    assert all(np.abs(v).max() <= 1 / np.sqrt(3) for v in params.values())
    found = run_model(made.closed, params, {"x": x}).outputs
    np.testing.assert_allclose(found["y"], x @ params["l.W"].T + params["l.b"], atol=1e-14)
    np.testing.assert_allclose(found["z"], x @ params["k.W"].T, atol=1e-14)
