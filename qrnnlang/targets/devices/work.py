"""A step as the router sees it: operations on one or two roles, and which must wait for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .segments import Role

#: An angle: a number, or (factor, instruction, angle of it): what differs from step to step.
Slot: TypeAlias = "float | tuple[float, int, int]"


#: Before the name of a conditional operation: a barrier to Qiskit's passes, filled in afterwards.
TOKEN = "if:"


@dataclass(frozen=True, slots=True)
class Task:
    """`source`: the instruction of the segment it comes from. `fence`: nothing moves past it.

    `weight`: how many entangling gates of a device it takes.
    """

    name: str
    roles: tuple[Role, ...]
    angles: tuple[Slot, ...]
    source: int
    weight: int = 0
    fence: bool = False

    @property
    def ends(self) -> bool:
        """Whether gates before and after it cannot become one."""
        return self.fence or self.name in ("measure", "renew") or self.name.startswith(TOKEN)


#: Diagonal gates, by operand: all of these on a qubit commute. "x" likewise in the other basis.
_AXES = {
    "z": "z", "s": "z", "sdg": "z", "t": "z", "tdg": "z", "rz": "z", "p": "z", "id": "z",
    "x": "x", "sx": "x", "sxdg": "x", "rx": "x",
    "cz": "zz", "rzz": "zz", "cp": "zz", "crz": "zz", "cs": "zz", "csdg": "zz",
    "cx": "zx", "csx": "zx", "crx": "zx", "rzx": "zx", "rxx": "xx",
}  # fmt: skip
_ONE = frozenset("cx cy cz ch ecr".split())  # noqa: SIM905
_THREE = frozenset(("swap",))


def weight(name: str, operands: int) -> int:
    """Entangling gates that a gate takes on a device with one of CX, CZ, ECR."""
    if operands < 2:
        return 0
    return 1 if name in _ONE else 3 if name in _THREE else 2


def axis(task: Task, role: Role) -> str:
    """`z`, `x`, or "" for what commutes with nothing on that role."""
    axes = _AXES.get(task.name, "")
    return axes[task.roles.index(role)] if axes and not task.fence else ""


def predecessors(tasks: Sequence[Task], qubits: Sequence[int]) -> list[list[int]]:
    """What each task has to wait for: on each qubit, the group before its own.

    Neighbours on a role that share an axis form a group and commute. `qubits[role]`: roles of one
    qubit come one after the other; with a number for every role they do not wait for each other.
    """
    groups: dict[int, tuple[tuple[str, Role], list[int], list[int]]] = {}
    found: list[list[int]] = []
    for i, task in enumerate(tasks):
        needs: set[int] = set()
        for role in task.roles:
            own = axis(task, role), role
            kind, members, before = groups.get(qubits[role], (("", -1), [], []))
            if own[0] and own == kind:
                members.append(i)
            else:
                before, members = members, [i]
            groups[qubits[role]] = (own, members, before)
            needs.update(before)
        found.append(sorted(needs))
    return found
