"""Circuits on a Qiskit backend, through primitives: few jobs, many sets of angles in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...targets.qiskit_circuit import circuit_of
from .asked import digest
from .counts import Counts
from .device import Request
from .facts import Facts, check, facts_of
from .ledger import Ledger, Raw
from .readout import Flips, calibration, flips_of, measured_bits
from .stencil import Stencil
from .ticket import Ticket

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ..executor import Executor

#: Seconds before each further try of a job that failed.
DELAYS = (1.0, 4.0, 15.0, 60.0)

#: Aer draws shot k of circuit i from seed + 2113·i + k: more shots than that, and two circuits
#: share some. Simulators get their shots in portions of this size, each with a seed of its own.
PORTION = 2048

#: Shots of a calibration circuit.
_CALIBRATION = 2048

#: Sets of angles in a job of a simulator, so that something can be shown and kept while they run,
#: and workers share them: the same however many there are, since a job has a seed.
_SETS = 8


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a request, some of the shots."""

    request: int
    begin: int
    end: int
    shots: int


@dataclass
class Backend:
    """A device by its Qiskit backend; None is Aer's simulator.

    `seed` fixes the transpiler and, on simulators, the shots. `ledger`: where jobs are kept. `tell`
    is called with the circuits that are done and all circuits, while jobs run. `prepare` changes
    circuits that are in the backend's gates; `marks` says how, as a part of what jobs are known by.
    `executor`: what carries out jobs of a simulator that workers know by its `name`.
    """

    backend: Any = None
    seed: int | None = None
    ledger: Ledger | None = None
    tell: Callable[[int, int], None] | None = None
    optimization_level: int = 1
    delays: Sequence[float] = DELAYS
    max_circuits: int | None = None
    prepare: Callable[[QuantumCircuit], QuantumCircuit] | None = None
    marks: str = ""
    readout: bool = False
    executor: Executor | None = None
    name: str = ""
    last_jobs: int = 0
    _flips: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _digests: dict[int, bytes] = field(default_factory=dict)
    _ready: dict[int, tuple[Stencil, QuantumCircuit]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.backend is None:
            from qiskit_aer import AerSimulator

            self.backend = AerSimulator()
        self.facts: Facts = facts_of(self.backend)

    # --- circuits ---------------------------------------------------------------------------------

    def circuit(self, stencil: Stencil) -> QuantumCircuit:
        """The stencil's circuit in the backend's gates, on its qubits; made once.

        Where jobs are kept it is kept beside them: a session that goes on must measure the same
        qubits, though calibrations and versions of the transpiler change. Raises CompileError E0612
        for what the backend cannot run.
        """
        if id(stencil) not in self._ready:
            self._ready[id(stencil)] = (stencil, self._kept(stencil))
        circuit = self._ready[id(stencil)][1]
        if id(circuit) not in self._digests:
            self._digests[id(circuit)] = self._asked_of(stencil)
        return circuit

    def _kept(self, stencil: Stencil) -> QuantumCircuit:
        if self.ledger is None:
            return self._transpiled(stencil)
        name = self._asked_of(stencil).hex()
        found = self.ledger.circuit(name)
        if found is None:
            found = self._transpiled(stencil)
            self.ledger.keep(name, found)
        return found

    def _asked_of(self, stencil: Stencil) -> bytes:
        """What a circuit asks, before it is a backend's: that text is not the same every time."""
        asked = f"{self.facts.name}:{self.seed}:{self.optimization_level}:{self.marks}:"
        return sha256(asked.encode() + digest(stencil.program)).digest()[:16]

    def _transpiled(self, stencil: Stencil) -> QuantumCircuit:
        from qiskit import transpile
        from qiskit.transpiler.exceptions import TranspilerError

        check(self.facts, stencil.program)
        circuit = circuit_of(stencil.program)
        circuit.metadata = {}
        try:
            made = transpile(
                circuit,
                self.backend,
                optimization_level=self.optimization_level,
                seed_transpiler=0 if self.seed is None else self.seed,
            )
        except TranspilerError as error:
            from ...targets.errors import target_error

            raise target_error(
                "E0612", f"backend `{self.facts.name}` cannot run the circuit: {error.message}"
            ) from error
        return made if self.prepare is None else self.prepare(made)

    # --- running ----------------------------------------------------------------------------------

    def run(self, requests: Sequence[Request], shots: int) -> list[list[Counts]]:
        """The counts of every set of angles. See `device.Device`."""
        circuits = [self.circuit(r.stencil) for r in requests]
        jobs = list(self._jobs(requests, shots))
        total = sum(part.end - part.begin for job in jobs for part in job)
        self.last_jobs, done = len(jobs), 0
        found: list[list[list[dict[str, NDArray[np.uint8]]]]] = [
            [[] for _ in r.angles] for r in requests
        ]
        waiting = self._submitted(jobs, requests, circuits)
        for job, raw in zip(jobs, waiting, strict=True):
            for part, registers in zip(job, raw, strict=True):
                for i, row in enumerate(range(part.begin, part.end)):
                    found[part.request][row].append({n: a[i] for n, a in registers.items()})
                done += part.end - part.begin
            if self.tell is not None:
                self.tell(done, total)
        flips = self._reads(circuits) if self.readout else [None] * len(circuits)
        return [
            [_counts(rows, f) for rows in request] for request, f in zip(found, flips, strict=True)
        ]

    def _reads(self, circuits: Sequence[QuantumCircuit]) -> list[Flips]:
        """What reads of the qubits that circuits measure do; that is measured once."""
        qubits = sorted({q for c in circuits for q in measured_bits(c).values()})
        missing = [q for q in qubits if q not in self._flips]
        if missing:
            size = circuits[0].num_qubits
            pubs = [(calibration(missing, size, v), np.zeros((1, 0))) for v in (0, 1)]
            ones = []
            for (registers,) in self._results([Ticket(self, [p], _CALIBRATION) for p in pubs]):
                reads = _integers(registers["c"][0])
                ones.append([float(np.mean(reads >> i & 1)) for i in range(len(missing))])
            for i, q in enumerate(missing):
                low, high = ones[0][i], ones[1][i]
                self._flips[q] = np.array([[1 - low, 1 - high], [low, high]])
        return [flips_of(circuit, self._flips) for circuit in circuits]

    def _jobs(self, requests: Sequence[Request], shots: int) -> Iterator[list[Part]]:
        """Requests cut to the size of jobs, and of portions on simulators."""
        sets = self.max_circuits or self.facts.max_circuits or 5000
        sets = min(sets, _SETS) if self.facts.local else sets
        most = self.facts.max_shots or shots
        portion = min(PORTION, most) if self.facts.local else most
        sizes = [min(portion, shots - at) for at in range(0, shots, portion)]
        for size in sizes:
            job: list[Part] = []
            room = sets
            for i, request in enumerate(requests):
                begin, n = 0, len(request.angles)
                while begin < n:
                    end = min(n, begin + room)
                    job.append(Part(i, begin, end, size))
                    room -= end - begin
                    begin = end
                    if not room:
                        yield job
                        job, room = [], sets
                # Aer takes one method for all circuits of a job, and a noisy circuit without
                # measurements on its way comes out wrong after one that has them.
                if job and self.facts.local:
                    yield job
                    job, room = [], sets
            if job:
                yield job

    def _submitted(
        self,
        jobs: Sequence[Sequence[Part]],
        requests: Sequence[Request],
        circuits: Sequence[QuantumCircuit],
    ) -> Iterator[Raw]:
        return self._results(
            [Ticket(self, [_pub(p, requests, circuits) for p in job], job[0].shots) for job in jobs]
        )

    def _results(self, tickets: Sequence[Ticket]) -> Iterator[Raw]:
        """The results of jobs, in order; on a service all are sent before the first is awaited."""
        if self.executor is not None:
            from .tasks import carried

            yield from carried(tickets, self.name, self.executor, self.delays)
            return
        if not self.facts.local:
            for ticket in tickets:
                ticket.send()
        for ticket in tickets:
            yield ticket.result()

    def key(self, pubs: Sequence[tuple[QuantumCircuit, NDArray[np.float64]]], shots: int) -> str:
        """What a job asks, as a name for its files.

        A question that a session asks twice is another one: its shots are to be new ones.
        """
        found = sha256(f"{self.facts.name}:{shots}:{self.seed}".encode())
        for circuit, angles in pubs:
            # A calibration has no stencil, and a name that says it all.
            found.update(self._digests.get(id(circuit)) or circuit.name.encode())
            found.update(np.ascontiguousarray(angles).tobytes())
        question = found.hexdigest()
        again = self._asked[question]
        self._asked[question] += 1
        return sha256(f"{question}:{again}".encode()).hexdigest()[:32]

    def sampler(self, seed: int | None) -> Any:
        """A sampler of Qiskit's for the backend."""
        module = type(self.backend).__module__
        if module.startswith("qiskit_ibm_runtime"):
            from qiskit_ibm_runtime import SamplerV2

            made = SamplerV2(mode=self.backend)
            if self.facts.local and seed is not None:
                made.options.simulator.seed_simulator = seed
            return made
        # Not Aer's own sampler: Aer binds parameters of controlled rotations wrongly.
        from qiskit.primitives import BackendSamplerV2

        simulates = hasattr(getattr(self.backend, "options", None), "seed_simulator")
        options = {"seed_simulator": seed} if simulates and seed is not None else {}
        return BackendSamplerV2(backend=self.backend, options=options)


def _pub(
    part: Part, requests: Sequence[Request], circuits: Sequence[QuantumCircuit]
) -> tuple[QuantumCircuit, NDArray[np.float64]]:
    circuit = circuits[part.request]
    order = [p.index for p in circuit.parameters]
    return circuit, requests[part.request].angles[part.begin : part.end][:, order]


def _counts(parts: Sequence[dict[str, NDArray[np.uint8]]], flips: Flips | None) -> Counts:
    """The shots of one set of angles, every shot an outcome."""
    registers = {name: np.concatenate([_integers(p[name]) for p in parts]) for name in parts[0]}
    shots = len(next(iter(registers.values())))
    return Counts(registers, np.ones(shots), shots, flips)


def _integers(packed: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows of bytes, the most significant first, as numbers."""
    found = np.zeros(len(packed), dtype=np.int64)
    for column in packed.T:
        found = found << 8 | column.astype(np.int64)
    return found
