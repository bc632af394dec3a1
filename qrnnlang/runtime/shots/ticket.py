"""A job: sent once, waited for, tried again with back-off where a backend fails."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...diagnostics import CompileError
from ..failures import RunError
from .ledger import Raw

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .backend import Backend


@dataclass
class Ticket:
    """One job on its way: found on disk, picked up where it runs, or sent; tried again."""

    owner: Backend
    pubs: list[tuple[QuantumCircuit, NDArray[np.float64]]]
    shots: int
    job: Any = None

    def __post_init__(self) -> None:
        owner = self.owner
        self.key = owner.key(self.pubs, self.shots)
        base = secrets.randbits(62) if owner.seed is None else owner.seed
        self.seed = spread(base, int(self.key, 16)) if owner.facts.local else None
        self.facts = {
            "backend": owner.facts.name,
            "circuits": sum(len(angles) for _, angles in self.pubs),
            "shots": self.shots,
            "key": self.key,
        }

    def kept(self) -> Raw | None:
        """The result, where it is on disk."""
        return None if self.owner.ledger is None else self.owner.ledger.result(self.key)

    def sending(self) -> None:
        """The job is about to be sent."""
        if self.owner.ledger is not None:
            self.owner.ledger.sending(self.key, self.facts)

    def done(self, raw: Raw) -> None:
        """The result has come."""
        if self.owner.ledger is not None:
            self.owner.ledger.done(self.key, raw)

    def send(self) -> None:
        """Sends the job unless it has been sent before. Errors are met in `result`."""
        if self.kept() is None:
            self._patiently(self._start)

    def _start(self) -> None:
        if self.job is None:
            self.job = self._picked_up()
        if self.job is None:
            self._send()

    def _send(self) -> None:
        ledger = self.owner.ledger
        self.sending()
        sampler = self.owner.sampler(self.seed)
        if self.key and hasattr(sampler.options, "environment"):
            sampler.options.environment.job_tags = [f"qrnnlang-{self.key[:16]}"]
        self.job = sampler.run(self.pubs, shots=self.shots)
        if ledger is not None:
            ledger.sent(self.key, self.facts, str(self.job.job_id()))

    def _picked_up(self) -> Any:
        """The job as an earlier try or session left it, where the service still has it.

        Raises what a service that does not answer raises: to send it once more would be to run it,
        and to pay for it, twice.
        """
        ledger, service = self.owner.ledger, getattr(self.owner.backend, "service", None)
        if ledger is None or service is None:
            return None
        sent = ledger.job_id(self.key)
        try:
            # Sent, perhaps, but interrupted before its id was written: known by its tag.
            found = (
                [service.job(sent)]
                if sent is not None
                else service.jobs(job_tags=[f"qrnnlang-{self.key[:16]}"], limit=10)
            )
        except Exception as error:
            if isinstance(error, KeyError) or "NotFound" in type(error).__name__:
                return None
            raise
        return next((job for job in found if not _dead(job)), None)

    def result(self) -> Raw:
        kept = self.kept()
        if kept is not None:
            return kept
        raw: Raw = self._patiently(self._awaited)
        self.done(raw)
        return raw

    def _awaited(self) -> Raw:
        self._start()
        try:
            found = self.job.result()
        except BaseException:
            # One that failed is sent again; one that goes on elsewhere is only asked again.
            if self.owner.facts.local or _dead(self.job):
                self.job = None
            raise
        return outcomes(self.pubs, found)

    def _patiently(self, what: Callable[[], Any]) -> Any:
        return patiently(what, self.owner.delays, self.owner.facts.name)


def outcomes(pubs: Sequence[tuple[QuantumCircuit, NDArray[np.float64]]], found: Any) -> Raw:
    """What a sampler's result says, by circuit and register."""
    return [
        {c.name: np.asarray(pub.data[c.name].array) for c in circuit.cregs if c.size}
        for (circuit, _), pub in zip(pubs, found, strict=True)
    ]


def patiently(what: Callable[[], Any], delays: Sequence[float], backend: str) -> Any:
    """What a call gives, tried again after each delay, in seconds. Raises RunError at the end."""
    waits = list(delays)
    while True:
        try:
            return what()
        except (CompileError, TypeError, KeyError):
            raise  # a mistake: it would be the same the next time
        except Exception as error:
            if not waits:
                raise RunError(
                    f"backend `{backend}` failed {len(delays) + 1} times: {error}"
                ) from error
            time.sleep(waits.pop(0))


def _dead(job: Any) -> bool:
    """Whether a job has come to an end without a result."""
    try:
        status = job.status()
    except Exception:  # no answer is no news
        return False
    return str(getattr(status, "name", status)).upper() in ("ERROR", "CANCELLED")


def spread(*numbers: int) -> int:
    """A seed of 62 bits for a simulator, far from those of neighbouring numbers."""
    digest = sha256(":".join(map(str, numbers)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 2
