"""Jobs of simulators as tasks for an executor: in several processes, or on a cluster.

A task is a job whole: the backend's name, circuits as they were put on its qubits, angles, shots,
and the seed that the job has wherever it is run. So results are the same bytes on any executor.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..executor import Executor, Task, run_tasks
from ..failures import RunError
from .ledger import Raw
from .ticket import Ticket, outcomes, patiently

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .backend import Backend

#: Backends that a worker keeps.
_KEPT = 4


def carried(
    tickets: Sequence[Ticket], backend: str, executor: Executor, delays: Sequence[float]
) -> Iterator[Raw]:
    """The results of jobs, in their order, from an executor; kept in the ledger as they come.

    Raises RunError for a job that failed or whose workers died, ExecutorError when the executor
    cannot go on. What had come back until then is kept.
    """
    found: dict[str, Raw] = {}
    texts = {id(c): _text(c) for c in {id(c): c for t in tickets for c, _ in t.pubs}.values()}
    tasks = []
    for ticket in tickets:
        kept = ticket.kept()
        if kept is not None:
            found[ticket.key] = kept
            continue
        ticket.sending()
        tasks.append(
            Task(
                ticket.key,
                f"{__name__}:measured",
                {
                    "backend": backend,
                    "circuits": [texts[id(circuit)] for circuit, _ in ticket.pubs],
                    "angles": [[list(a.shape), a.ravel().tolist()] for _, a in ticket.pubs],
                    "shots": ticket.shots,
                    "seed": ticket.seed,
                    "delays": list(delays),
                },
            )
        )
    owners = {ticket.key: ticket for ticket in tickets}
    results = run_tasks(tasks, executor)
    for ticket in tickets:
        while ticket.key not in found:
            result = next(results)
            if result.error is not None:
                raise RunError(f"a job on {executor.name} failed: {result.error}")
            found[result.key] = [
                {name: _array(*packed) for name, packed in one.items()} for one in result.value
            ]
            owners[result.key].done(found[result.key])
        yield found.pop(ticket.key)


def measured(
    backend: str,
    circuits: Sequence[str],
    angles: Sequence[tuple[Sequence[int], Sequence[float]]],
    shots: int,
    seed: int,
    delays: Sequence[float],
) -> list[dict[str, Any]]:
    """A job as a worker carries it out: by circuit and register the bytes of every shot."""
    owner = _backend(backend)
    pubs = [
        (_circuit(text), np.array(values, dtype=np.float64).reshape(shape))
        for text, (shape, values) in zip(circuits, angles, strict=True)
    ]

    def run() -> Raw:
        return outcomes(pubs, owner.sampler(seed).run(pubs, shots=shots).result())

    raw: Raw = patiently(run, delays, owner.facts.name)
    return [{name: _packed(a) for name, a in one.items()} for one in raw]


@lru_cache(_KEPT)
def _backend(name: str) -> Backend:
    from ...targets.devices import backend_by_name
    from .backend import Backend

    return Backend(backend_by_name(name))


@lru_cache(64)
def _circuit(text: str) -> QuantumCircuit:
    from qiskit import qpy

    found: QuantumCircuit = qpy.load(io.BytesIO(base64.b64decode(text)))[0]
    return found


def _text(circuit: QuantumCircuit) -> str:
    from qiskit import qpy

    content = io.BytesIO()
    qpy.dump(circuit, content)
    return base64.b64encode(content.getvalue()).decode()


def _packed(array: NDArray[np.uint8]) -> list[Any]:
    return [list(array.shape), base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


def _array(shape: Sequence[int], text: str) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(shape)
