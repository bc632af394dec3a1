"""Rotations about one axis that are put together: the same matrix as one after the other."""

from __future__ import annotations

from functools import reduce

import numpy as np
import numpy.typing as npt
import pytest

from qrnnlang.engine import steps as p
from qrnnlang.engine.pairs import (
    Angle,
    Pair,
    constant,
    controlled,
    pair,
    pairs_of,
    pauli_rotation,
)
from qrnnlang.engine.planner import plan_cell
from qrnnlang.engine.rotations import Rotation, summed
from qrnnlang.ir.graph import build
from qrnnlang.sema.closed import Elem, Gate, RunCell

from .helpers import assert_gradients, check, draw, model

N = 3
ANGLES = (0.3, -1.1, 0.7, 2.9)


def angle(k: int, scale: float = 0.5) -> Angle:
    return Angle(scale, (Elem(0, k),))


def value(a: Angle | None) -> float:
    if a is None:
        return 0.0
    return a.scale * float(np.prod([ANGLES[e.index] for e in a.elems]))


def _whole(
    wires: tuple[int, ...], flips: int, diag: object, cross: object
) -> npt.NDArray[np.complex128]:
    """The matrix on N wires, wire w being bit w; `flips`: which wires, as a mask."""
    rows = np.arange(2**N)
    local = sum(((rows >> w) & 1) << j for j, w in enumerate(wires))
    found = np.zeros((2**N, 2**N), complex)
    found[rows, rows] += np.asarray(diag)[local]
    found[rows, rows ^ flips] += np.asarray(cross)[local]
    return found


def matrix(x: Pair | Rotation) -> npt.NDArray[np.complex128]:
    flips = sum(1 << w for w in x.flips)
    if isinstance(x, Pair):
        row = np.array([1, np.cos(value(x.angle)), np.sin(value(x.angle))])
        return _whole(x.wires, flips, row @ x.diag, (row @ x.cross) if flips else 0 * row @ x.cross)
    angles, weights = x.angles()
    eta = weights @ [value(a) for a in angles]
    phase = np.array(x.axis[1])
    cos, sin = np.repeat(np.cos(eta), len(phase)), np.repeat(np.sin(eta), len(phase))
    turn = -1j * np.tile(phase, len(eta))
    if flips:
        return _whole(x.wires, flips, cos, sin * turn)
    return _whole(x.wires, 0, cos + sin * turn, 0 * cos)


def product(items: list[Pair] | list[Pair | Rotation]) -> npt.NDArray[np.complex128]:
    return reduce(lambda a, b: b @ a, [matrix(x) for x in items])


def ry(k: int, wire: int, scale: float = 0.5) -> Pair:
    return pauli_rotation([(wire, "Y")], angle(k, scale))


CIRCUITS = {
    "multiplexed": [ry(0, 0), controlled(ry(1, 0), (1,), "1"), controlled(ry(2, 0), (2, 1), "01")],
    "with a constant": [ry(0, 0), pauli_rotation([(0, "Y")], 0.8), ry(1, 0)],
    "with a controlled constant": [
        ry(0, 1),
        controlled(pauli_rotation([(1, "Y")], 2.1), (2,), "0"),
        controlled(ry(3, 1), (2,), "1"),
    ],
    "of two wires": [
        pauli_rotation([(0, "X"), (2, "Y")], angle(0)),
        controlled(pauli_rotation([(2, "Y"), (0, "X")], angle(1)), (1,), "1"),
    ],
    "with a phase of a third wire": [
        pauli_rotation([(0, "X")], angle(0)),
        pauli_rotation([(0, "X"), (1, "Z")], angle(1)),
        pauli_rotation([(2, "Z"), (0, "X"), (1, "Z")], angle(2)),
    ],
    "diagonal": [
        pauli_rotation([(0, "Z")], angle(0)),
        pauli_rotation([(0, "Z"), (1, "Z")], angle(1)),
        pair((1,), (), np.array([[1, 0], [0, 1], [0, 1j]]), [[0, 0]], angle(2, 1.0)),
        pauli_rotation([(2, "Z")], 0.9),
    ],
    "and back": [ry(0, 0), ry(1, 0), ry(1, 0, -0.5), ry(0, 0, -0.5)],
    "past what commutes": [
        ry(0, 0),
        pauli_rotation([(1, "X")], angle(3)),
        constant([[0, 1], [1, 0]], 2),
        ry(1, 0),
    ],
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_one_rotation_is_the_product_of_all(name: str) -> None:
    circuit = CIRCUITS[name]
    found = summed(circuit)
    assert len(found) < len(circuit)
    assert any(isinstance(x, Rotation) for x in found)
    np.testing.assert_allclose(product(found), product(circuit), rtol=0, atol=1e-14)


APART = {
    "other axes": [ry(0, 0), pauli_rotation([(0, "X")], angle(1)), ry(2, 0)],
    "a control turned between": [
        controlled(ry(0, 0), (1,), "1"),
        ry(1, 1),
        controlled(ry(2, 0), (1,), "1"),
    ],
    "constants alone": [pauli_rotation([(0, "Y")], 0.8), pauli_rotation([(0, "Y")], 0.1)],
    "no rotations": [constant([[0, 1], [1, 0]], 0), *pairs_of(Gate("h", (), (0,)))],
}


@pytest.mark.parametrize("name", APART)
def test_what_does_not_add_up_stays(name: str) -> None:
    assert all(isinstance(x, Pair) for x in summed(APART[name]))
    np.testing.assert_allclose(product(summed(APART[name])), product(APART[name]), atol=1e-14)


#: A filter with rotations about Z and X, of one and two ancillas, and some that undo each other.
BODY = """
cell C {
    input x: real;
    carry w: qubit[2];
    fresh a: qubit[2];
    param t: angle[6];
    ry(x) w[0];
    h a;
    rz(t[0]) a[0];
    crz(t[1]) w[0], a[0];
    rzz(t[2]) a[0], a[1];
    rx(t[3]) a[0];
    crx(t[4]) w[0], a[0];
    rx(0.4) a[0];
    cry(t[5]) a[1], w[1];
    ry(t[0] * t[1]) a[1];
    ry(t[2]) a[1];
    ry(-t[2]) a[1];
    rx(t[4]) a[0];
    postselect a == 0;
    rx(0.3) w;
    output p = prob(w);
}
"""


def test_a_filter_of_such_rotations() -> None:
    (cell,) = [op for op in model(BODY).ops if isinstance(op, RunCell)]
    steps = plan_cell(build(cell.cell)).line.steps
    assert sum(isinstance(s, p.Rotation) for s in steps) == 3
    check(BODY, seed=3)
    closed = model(BODY)
    params, inputs, _ = draw(closed, 2, 2)
    assert_gradients(closed, params, inputs)
