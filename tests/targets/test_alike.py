"""What steps that are alike share changes nothing in a circuit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qrnnlang import targets
from qrnnlang.targets.devices.stamping import Stamping
from qrnnlang.targets.kinds import Kind
from qrnnlang.targets.program import Program
from qrnnlang.targets.tape import Tape, Tapes

from .conftest import Case, case
from .programs import ALL

STEPS = 6

Counts = dict[str, int]


def told(c: Case, **options: Any) -> list[Any]:
    """All there is to circuits, whole and for single outputs, with parameters and without."""
    made = targets.circuits(c.model, c.steps, c.params, c.inputs, **options)
    made.append(targets.to_qiskit(c.model, c.steps, None, c.inputs, fixed=c.fixed, **options))
    return [(circuit.metadata, circuit.cregs, operations(circuit)) for circuit in made]


def operations(circuit: QuantumCircuit) -> list[Any]:
    """Names, angles or branches, condition, places and bits."""
    found = []
    for item in circuit.data:
        op = item.operation
        params = [operations(p) if isinstance(p, QuantumCircuit) else str(p) for p in op.params]
        under = str(op.condition) if op.name == "if_else" else None
        places, bits = ([circuit.find_bit(b).index for b in x] for x in (item.qubits, item.clbits))
        found.append((op.name, params, under, places, bits))
    return found


def counted(monkeypatch: pytest.MonkeyPatch) -> Counts:
    """How often something was shared."""
    counts: Counts = {}

    def count(owner: type, name: str) -> None:
        call: Callable[..., Any] = getattr(owner, name)

        def counting(*args: Any) -> Any:
            counts[name] = counts.get(name, 0) + 1
            return call(*args)

        monkeypatch.setattr(owner, name, counting)

    for owner, name in ((Tape, "play"), (Kind, "at"), (Program, "repeat")):
        count(owner, name)
    return counts


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step as if it were the only one."""
    monkeypatch.setattr(Tapes, "plain", lambda self, step: False)
    monkeypatch.setattr(Kind, "of", lambda need, lines: None)
    step = Stamping.step

    def anew(self: Stamping, *args: Any) -> None:
        self._known.clear()
        step(self, *args)

    monkeypatch.setattr(Stamping, "step", anew)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("backend", [None, "grid_3x4"])
def test_shared_is_the_same(
    name: str, backend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = case(name, STEPS)
    options: dict[str, Any] = {"optimize": 2}
    if backend is not None:
        options |= {"backend": backend, "budget": 0.0}
    counts = counted(monkeypatch)
    shared = told(c, **options)
    if name in ("emc", "reservoir"):
        assert min(counts["play"], counts["at"]) > 0
        assert backend is None or counts["repeat"] > 0
    alone(monkeypatch)
    counts.clear()
    assert told(c, **options) == shared
    assert not counts
