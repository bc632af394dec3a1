"""What gates do in a Pauli basis: when two of them commute, and which of them add up.

The letter of a gate on a wire is the Pauli in whose eigenbasis the gate is block diagonal there:
two gates that have the same letter on every wire they share commute.
"""

from __future__ import annotations

from math import pi

from ..ir.operands import wires_of
from ..sema.closed import Barrier, Elem, Op, Wire
from .line import Polynomial, Stamp, number

_LETTERS: dict[str, str] = {
    **dict.fromkeys(("z", "s", "sdg", "t", "tdg", "rz", "p"), "Z"),
    **dict.fromkeys(("x", "sx", "sxdg", "rx"), "X"),
    **dict.fromkeys(("y", "ry"), "Y"),
    **dict.fromkeys(("cz", "cp", "crz", "cs", "csdg", "rzz"), "ZZ"),
    **dict.fromkeys(("cx", "crx", "csx", "rzx"), "ZX"),
    **dict.fromkeys(("cy", "cry"), "ZY"),
    "rxx": "XX",
    "ryy": "YY",
    "ch": "Z-",
    "ccx": "ZZX",
    "ccz": "ZZZ",
    "cswap": "Z--",
    "id": "-",
}

#: Rotations about a Pauli product, exp(−i·angle/2·P) up to a global phase, on one qubit.
_TURNS = {
    "z": ("Z", pi),
    "s": ("Z", pi / 2),
    "sdg": ("Z", -pi / 2),
    "t": ("Z", pi / 4),
    "tdg": ("Z", -pi / 4),
    "x": ("X", pi),
    "y": ("Y", pi),
    "sx": ("X", pi / 2),
    "sxdg": ("X", -pi / 2),
}
#: Gates of two qubits: the letters of a rotation, what it is times the angle, the rest on each.
_PAIRS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("cz", "cx", "cy"), ("", pi)),
    "cs": ("", pi / 2),
    "csx": ("", pi / 2),
    "csdg": ("", -pi / 2),
}

SELF_INVERSE = frozenset("h x y z cx cy cz ch swap ecr ccx ccz cswap mcx id".split())  # noqa: SIM905
SYMMETRIC = frozenset("cz cp cs csdg rzz rxx ryy swap ccz".split())  # noqa: SIM905
#: After how much a rotation comes back, up to a global phase.
PERIODS = {
    **dict.fromkeys(("rx", "ry", "rz", "p", "cp", "rxx", "ryy", "rzz", "rzx"), 2 * pi),
    **dict.fromkeys(("crx", "cry", "crz"), 4 * pi),
}


def letters(stamp: Stamp) -> str:
    """One letter a wire: `X Y Z`, or `-` where the gate has none."""
    if stamp.name == "mcx":
        inner = "Z" * (len(stamp.wires) - 1) + "X"
    else:
        inner = _LETTERS.get(stamp.name, "-" * (len(stamp.wires) - len(stamp.ctrl)))
    return "Z" * len(stamp.ctrl) + inner


def letter_on(stamp: Stamp, wire: Wire) -> str:
    return letters(stamp)[stamp.wires.index(wire)]


def commute(a: Stamp, b: Stamp) -> bool:
    """Whether two gates commute because their letters agree wherever they meet."""
    mine, other = letters(a), letters(b)
    for i, wire in enumerate(a.wires):
        if wire in b.wires and (mine[i] == "-" or mine[i] != other[b.wires.index(wire)]):
            return False
    return True


def passes(stamp: Stamp, item: Stamp | Op) -> bool:
    """Whether a gate can go past another item of the line."""
    if isinstance(item, Stamp):
        return commute(stamp, item)
    if isinstance(item, Barrier):
        return not set(item.wires) & set(stamp.wires)
    return not set(wires_of(item)) & set(stamp.wires)


def turn(stamp: Stamp) -> tuple[str, Polynomial] | None:
    """A one-qubit gate as a rotation: its letter and angle, up to a global phase."""
    if stamp.name in _TURNS:
        letter, angle = _TURNS[stamp.name]
        return letter, number(angle)
    if stamp.name in ("rx", "ry", "rz", "p"):
        return {"rx": "X", "ry": "Y", "rz": "Z", "p": "Z"}[stamp.name], stamp.angles[0]
    return None


def pair(stamp: Stamp) -> tuple[str, Polynomial, Polynomial, Polynomial] | None:
    """A gate of two qubits as commuting rotations about A⊗B, A and B.

    From exp(iα(1−A)(1−B)/4) = e^{iα/4}·R_A(α/2)·R_B(α/2)·R_AB(−α/2).
    """
    name = stamp.name
    if len(stamp.wires) != 2 or stamp.ctrl:
        return None
    where = _LETTERS.get(name, "--")
    if name in ("rzz", "rzx"):
        return where, stamp.angles[0], (), ()
    if name in ("crx", "cry", "crz"):
        angle = stamp.angles[0]
        return where, _half(angle, -1), (), _half(angle)
    if name == "cp":
        angle = stamp.angles[0]
    elif name in _PAIRS:
        angle = number(_PAIRS[name][1])
    else:
        return None
    return where, _half(angle, -1), _half(angle), _half(angle)


def _half(angle: Polynomial, sign: int = 1) -> Polynomial:
    return tuple((0.5 * sign * c, factors) for c, factors in angle)


def is_known(stamp: Stamp) -> bool:
    """Whether nothing in the angles is open."""
    return not any(isinstance(f, Elem) for a in stamp.angles for _, fs in a for f in fs)
