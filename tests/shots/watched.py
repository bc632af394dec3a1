"""A backend that counts what is sent to it, and dies or fails when told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from qrnnlang.runtime.shots.backend import Backend
from qrnnlang.runtime.shots.ledger import Ledger

MODEL = """qrnn 1.0;
cell C { input x: real; carry m: qubit; fresh e: qubit; param w: angle[2];
  ry(x) e; cry(w[0]) e, m; rx(w[1]) e; output y = expect(Z(e)); output z = expect(X(m)); }
"""
X = np.random.default_rng(0).uniform(0.2, 0.8, (2, 2))


class Plug(BaseException):
    """Pulled."""


def pulled(*args: Any, **options: Any) -> None:
    raise Plug


class Watched(Backend):
    """Aer with small jobs that counts what is sent, and dies or fails when told to."""

    shared: ClassVar[dict[int, Any]] = {}

    def __init__(self, folder: Path | None, dies: int = 0, fails: int = 0):
        ledger = None if folder is None else Ledger(folder)
        super().__init__(None, 5, ledger, max_circuits=2, delays=(0.0, 0.0))
        self._ready = self.shared
        self.sent = 0
        self.dies, self.fails, self.events = dies, fails, 0

    def event(self) -> None:
        self.events += 1
        if self.events == self.dies:
            raise Plug

    def sampler(self, seed: int | None) -> Any:
        inner, owner = super().sampler(seed), self

        class Sampler:
            options = inner.options

            def run(self, pubs: Any, shots: int) -> Any:
                owner.event()
                owner.sent += 1
                if owner.fails:
                    owner.fails -= 1
                    raise OSError("the line is down")
                return inner.run(pubs, shots=shots)

        return Sampler()
