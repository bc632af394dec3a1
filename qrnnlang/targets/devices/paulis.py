"""Products of Paulis with signs, and a step as rotations about them.

Every gate that the router knows is a product of rotations about Paulis. Those by multiples of π/2
are Clifford gates: they only change what later rotations are about, and where qubits are in the
end. What is left are the rotations that a step is made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import pi

from .segments import Role
from .work import TOKEN, Slot, Task

#: x, z, k: i^k times X on the qubits of x, then Z on those of z; Y is iXZ.
Pauli = tuple[int, int, int]

LETTERS = ("X", "Y", "Z")
#: The end of a qubit that nobody measures.
DROP = "drop"


def times(a: Pauli, b: Pauli) -> Pauli:
    k = a[2] + b[2] + 2 * (a[1] & b[0]).bit_count()
    return a[0] ^ b[0], a[1] ^ b[1], k % 4


def anticommute(a: Pauli, b: Pauli) -> bool:
    return bool(((a[0] & b[1]).bit_count() + (a[1] & b[0]).bit_count()) % 2)


def pauli(letters: str, qubits: Sequence[int]) -> Pauli:
    """The product of X, Y, Z or I on some qubits."""
    x = sum(1 << q for c, q in zip(letters, qubits, strict=True) if c in "XY")
    z = sum(1 << q for c, q in zip(letters, qubits, strict=True) if c in "YZ")
    return x, z, (x & z).bit_count() % 4


def negative(p: Pauli) -> bool:
    return (p[2] - (p[0] & p[1]).bit_count()) % 4 == 2


def support(p: Pauli) -> int:
    return p[0] | p[1]


def letter(p: Pauli) -> str:
    """Of a Pauli on one qubit."""
    return "Y" if p[0] and p[1] else "X" if p[0] else "Z"


def turned(p: Pauli, about: Pauli, quarters: int) -> Pauli:
    """A Pauli after a rotation by so many times π/2."""
    if not anticommute(p, about) or quarters % 4 == 0:
        return p
    if quarters % 4 == 2:
        return p[0], p[1], (p[2] + 2) % 4
    x, z, k = times(p, about)
    return x, z, (k + (1 if quarters % 4 == 1 else 3)) % 4


def quarters(slot: Slot) -> int | None:
    """An angle in multiples of π/2, if it is one."""
    if not isinstance(slot, float):
        return None
    near = round(slot / (pi / 2))
    return near % 4 if abs(slot - near * pi / 2) < 1e-12 else None


#: Gates without angles as rotations: Paulis and quarters of a half turn, in order.
CLIFFORDS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "id": (), "x": (("X", 2),), "y": (("Y", 2),), "z": (("Z", 2),),
    "s": (("Z", 1),), "sdg": (("Z", 3),), "sx": (("X", 1),), "sxdg": (("X", 3),),
    "h": (("Z", 1), ("X", 1), ("Z", 1)),
    "cz": (("ZZ", 3), ("ZI", 1), ("IZ", 1)), "cx": (("ZX", 3), ("ZI", 1), ("IX", 1)),
    "cy": (("ZY", 3), ("ZI", 1), ("IY", 1)), "swap": (("XX", 1), ("YY", 1), ("ZZ", 1)),
}  # fmt: skip
_TURNS = {"rx": "X", "ry": "Y", "rz": "Z", "p": "Z", "rzz": "ZZ"}


def _turns(task: Task) -> list[tuple[str, Slot]] | None:
    """A task as rotations about Paulis on its roles; None for what is not made of them."""
    match task.name:
        case name if name in CLIFFORDS:
            return [(letters, q * pi / 2) for letters, q in CLIFFORDS[name]]
        case name if name in _TURNS:
            return [(_TURNS[name], task.angles[0])]
        case "u":
            theta, phi, lam = task.angles
            return [("Z", lam), ("Y", theta), ("Z", phi)]
        case "t" | "tdg":
            return [("Z", pi / 4 if task.name == "t" else -pi / 4)]
        case _:
            return None


@dataclass(frozen=True)
class Op:
    """A rotation about `about[0]` by `slot`; or a task on a qubit that must be alone on a place,
    its end or a conditional gate: then `about` are its X and Z.

    `needs`: what has to be done before. `again`: the qubit begins anew afterwards. `goes_on`: it
    does not end. `held`: nothing of the step may move past it.
    """

    about: tuple[Pauli, ...]
    slot: Slot = 0.0
    task: Task | None = None
    qubit: int = -1
    again: bool = False
    goes_on: bool = False
    held: bool = False
    needs: tuple[int, ...] = ()


@dataclass
class Rotations:
    """`final[role]`: what has to be X and Z of a leaving role in the end. `born`: qubits that begin
    in |0⟩.
    """

    qubits: int
    born: list[int]
    ops: list[Op] = field(default_factory=list)
    final: dict[Role, tuple[Pauli, Pauli]] = field(default_factory=dict)


def rotations(
    tasks: Sequence[Task], qubits: Sequence[int], enters: frozenset[Role], leaves: frozenset[Role]
) -> Rotations | None:
    """A step in rotations about Paulis of its qubits as they begin; None where that cannot be."""
    if any(t.name == "barrier" or (t.name.startswith(TOKEN) and len(t.roles) != 1) for t in tasks):
        return None
    held = any(t.fence for t in tasks)
    tasks = [t for t in tasks if not t.fence]
    n = len(set(qubits))
    found = Rotations(n, sorted(set(range(n)) - {qubits[r] for r in enters}))
    frame = [pauli("X", (q,)) for q in range(n)] + [pauli("Z", (q,)) for q in range(n)]
    lives: dict[int, list[Role]] = {}
    for task in tasks:
        for r in task.roles:
            if r not in lives.setdefault(qubits[r], []):
                lives[qubits[r]].append(r)
    last = {r: i for i, t in enumerate(tasks) for r in t.roles}
    now: dict[int, Role] = {}
    for i, task in enumerate(tasks):
        at = [qubits[r] for r in task.roles]
        for r, q in zip(task.roles, at, strict=True):
            before = now.get(q, r)
            if before != r and tasks[last[before]].name not in ("measure", "renew"):
                drop = Task(DROP, (before,), (), -1)
                found.ops.append(Op((frame[q], frame[n + q]), task=drop, qubit=q, again=True))
            now[q] = r
        if task.name in ("measure", "renew"):
            (role,), (q,) = task.roles, at
            if role in leaves or any(
                t.name not in ("measure", "renew") for t in tasks[i:] if role in t.roles
            ):
                return None  # it goes on after it was measured
            again = lives[q][-1] != role and last[role] == i
            hold = held and task.name == "measure"
            ends = frame[q], frame[n + q]
            found.ops.append(Op(ends, task=task, qubit=q, again=again, held=hold))
            continue
        if task.name.startswith(TOKEN):
            (q,) = at
            both = frame[q], frame[n + q]
            found.ops.append(Op(both, task=task, qubit=q, goes_on=True, held=True))
            continue
        turns = _turns(task)
        if turns is None:
            return None
        for letters, slot in turns:
            about = pauli(letters, at)
            there = _of(frame, about, n)
            count = quarters(slot)
            if count is None:
                found.ops.append(Op((there,), slot))
                continue
            for q in at:  # the gate's own way back, so the other way round
                for g, plain in ((q, pauli("X", (q,))), (n + q, pauli("Z", (q,)))):
                    if anticommute(plain, about):
                        frame[g] = turned(frame[g], there, -count)
    for r in sorted(leaves):
        if qubits[r] in lives and lives[qubits[r]] and lives[qubits[r]][-1] != r:
            return None
        found.final[r] = frame[qubits[r]], frame[n + qubits[r]]
    found.ops = _ordered(found.ops)
    return found


def _of(frame: Sequence[Pauli], p: Pauli, n: int) -> Pauli:
    """A Pauli in terms of the qubits as they began."""
    total: Pauli = (0, 0, p[2])
    for q in range(n):
        if p[0] >> q & 1:
            total = times(total, frame[q])
    for q in range(n):
        if p[1] >> q & 1:
            total = times(total, frame[n + q])
    return total


def _ordered(ops: list[Op]) -> list[Op]:
    """With what each one has to wait for: those before it that it does not commute with."""
    found: list[Op] = []
    before: list[int] = []
    for j, op in enumerate(ops):
        direct = {
            i
            for i in range(j)
            if (op.held and ops[i].held)
            or any(anticommute(a, b) for a in ops[i].about for b in op.about)
        }
        further = 0
        for i in direct:
            further |= before[i]
        before.append(further | sum(1 << i for i in direct))
        found.append(replace(op, needs=tuple(i for i in sorted(direct) if not further >> i & 1)))
    return found
