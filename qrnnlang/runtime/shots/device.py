"""What runs circuits: the interface, and the requests that are made to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .counts import Counts
from .stencil import Stencil


@dataclass(frozen=True, eq=False)
class Request:
    """A stencil's circuit with sets of angles, (sets, slots), in radians."""

    stencil: Stencil
    angles: NDArray[np.float64]


@dataclass
class Tally:
    """What has been run: circuits with all their angles, jobs, shots of all circuits together."""

    circuits: int = 0
    jobs: int = 0
    shots: int = 0
    templates: set[int] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        self.circuits += other.circuits
        self.jobs += other.jobs
        self.shots += other.shots
        self.templates |= other.templates


class Device(Protocol):
    """Runs circuits."""

    def run(self, requests: Sequence[Request], shots: int) -> Sequence[Sequence[Counts]]:
        """The counts of every set of angles of every request."""
        ...


@dataclass
class Counting:
    """A device that keeps count."""

    device: Device
    tally: Tally = field(default_factory=Tally)

    def run(self, requests: Sequence[Request], shots: int) -> Sequence[Sequence[Counts]]:
        found = self.device.run(requests, shots)
        sets = sum(len(r.angles) for r in requests)
        self.tally.circuits += sets
        self.tally.shots += sets * shots
        self.tally.templates |= {id(r.stencil) for r in requests}
        self.tally.jobs += jobs_of(self.device)
        return found


def jobs_of(device: Device) -> int:
    """How many jobs the last call of `run` took."""
    return int(getattr(device, "last_jobs", 1))
