"""Steps woven into a device's couplings: rotations along CX, without a SWAP of their own."""

from __future__ import annotations

from itertools import combinations, count
from random import Random
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator

from qrnnlang import targets
from qrnnlang.targets.devices import backend_by_name, compile, router
from qrnnlang.targets.devices.paulis import anticommute, pauli, rotations, times, turned
from qrnnlang.targets.devices.properties import device_of
from qrnnlang.targets.devices.router import Router
from qrnnlang.targets.devices.weaving import Weaver
from qrnnlang.targets.devices.work import Task, weight
from qrnnlang.targets.qiskit_circuit import _GATES

from .conftest import case
from .test_devices import check_all, check_on

#: Gates by how many qubits and angles they take.
GATES = [
    *((name, 1, 0) for name in ("h", "s", "sdg", "sx", "sxdg", "x", "y", "z", "t", "tdg")),
    *((name, 1, 1) for name in ("rx", "ry", "rz", "p")),
    ("u", 1, 3),
    *((name, 2, 0) for name in ("cx", "cy", "cz", "swap")),
    ("rzz", 2, 1),
]


def soup(n: int, length: int, rng: Random) -> list[Task]:
    tasks = []
    for _ in range(length):
        name, width, angles = rng.choice(GATES)
        roles = tuple(rng.sample(range(n), width))
        values = tuple(rng.choice((rng.uniform(-3, 3), np.pi / 2, -np.pi)) for _ in range(angles))
        tasks.append(Task(name, roles, values, 0, weight(name, width)))
    return tasks


def written(tasks: Any, moves: Any, size: int) -> QuantumCircuit:
    circuit = QuantumCircuit(size)
    for task, places in moves:
        if task >= 0:
            circuit.append(_GATES[tasks[task].name](*tasks[task].angles), places)
    return circuit


def plain(tasks: list[Task], size: int) -> QuantumCircuit:
    circuit = QuantumCircuit(size)
    for task in tasks:
        circuit.append(_GATES[task.name](*task.angles), task.roles)
    return circuit


def weaver(tasks: list[Task], n: int, backend: str) -> Weaver:
    """For a step of which all qubits are carried and come back."""
    everybody = frozenset(range(n))
    device = device_of(backend_by_name(backend))
    return Weaver(
        Router(device, tasks, range(n), everybody, everybody), {r: r for r in range(n)}, 0
    )


@pytest.mark.parametrize("seed", range(12))
def test_soups_are_the_same_unitary(seed: int) -> None:
    rng = Random(seed)
    n = rng.choice((2, 3, 4))
    tasks = soup(n, 14, rng)
    made = weaver(tasks, n, "line_4" if seed % 2 else "grid_2x2")
    at = dict(enumerate(rng.sample(range(n), n)))
    found = made.between(at, at, range(n), 2_000, 200)
    assert found is not None
    wanted = QuantumCircuit(4).compose(plain(tasks, n), [at[r] for r in range(n)])
    assert Operator(written(found.tasks, found.routed.moves, 4)).equiv(Operator(wanted), atol=1e-9)
    coupled = {(min(e), max(e)) for e in made.router.device.errors}
    pairs = {tuple(sorted(places)) for _, places in found.routed.moves if len(places) == 2}
    assert pairs <= coupled


def test_pairs_of_spins_take_little_more_than_one_cx_each() -> None:
    """Two slices of a product formula on a line of five: 20 couplings, which no line has."""
    tasks = []
    for _ in range(2):
        for a, b in combinations(range(5), 2):
            tasks.append(Task("rzz", (a, b), (0.1 + a + 0.01 * b,), 0, 2))
        tasks += [Task("rx", (a,), (0.3,), 0) for a in range(5)]
    made = weaver(tasks, 5, "line_5")
    best = made.closed(60_000, 200)[0]
    assert best.routed.gates <= 32
    assert best.routed.start == best.routed.end
    where = [best.routed.start[r] for r in range(5)]
    wanted = QuantumCircuit(5).compose(plain(tasks, 5), where)
    assert Operator(written(best.tasks, best.routed.moves, 5)).equiv(Operator(wanted), atol=1e-9)


def test_no_more_cx_than_asked_for() -> None:
    tasks = [Task("rzz", (0, 1), (0.4,), 0, 2), Task("rx", (0,), (0.3,), 0)]
    made = weaver(tasks, 2, "line_2")
    at = {0: 0, 1: 1}
    assert made.between(at, at, (0, 1), 2_000, 1) is None
    found = made.between(at, at, (0, 1), 2_000, 2)
    assert found is not None
    assert found.routed.gates == 2


def test_what_cannot_be_woven() -> None:
    for task in (
        Task("barrier", (0, 1), (), 0, fence=True),
        Task("if:cx", (0, 1), (), 0),
        Task("ch", (0, 1), (), 0, 1),
    ):
        assert rotations([task], (0, 1), frozenset((0, 1)), frozenset((0, 1))) is None


def test_paulis() -> None:
    x, y, z = (pauli(c, (0,)) for c in "XYZ")
    assert times(x, y) == (0, 1, 1)  # i Z
    assert turned(x, z, 1) == y
    assert turned(y, z, 1) == (1, 0, 2)
    assert not anticommute(pauli("XX", (0, 1)), pauli("ZZ", (0, 1)))


PROGRAMS = ("emc", "memory", "staggered", "resets", "reservoir", "feedback", "conditions")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_output_of_a_woven_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Woven ways stand last in every choice; here they are taken whatever they cost."""
    calls = count()
    monkeypatch.setattr(compile, "_cost", lambda variants, device: -next(calls))
    found: list[Any] = []
    closed = Weaver.closed

    def watched(self: Weaver, units: int, most: int) -> list[Any]:
        ways = closed(self, units, 1_000)
        found.extend(ways)
        return ways

    monkeypatch.setattr(Weaver, "closed", watched)
    c = case(name)
    options: Any = {"backend": backend_by_name("grid_2x3"), "budget": 0.1, "optimize": 3}
    circuits = targets.circuits(c.model, c.steps, c.params, c.inputs, **options)
    assert found
    for circuit in circuits:
        check_on(circuit, options["backend"])
    check_all(c, circuits)
    assert all(task != router.SWAP for w in found for task, _ in w.routed.moves)
