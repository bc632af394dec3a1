"""Workers as seen from outside: started, asked, given up when they take too long."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .peers import PEERS

BENCH = Path(__file__).parents[1]
#: Seconds within which a contender must give its first gradient.
PATIENCE_S = 240.0


@dataclass
class Worker:
    """A contender's process. `lost` says why it is out, once it is."""

    key: str
    workload: str
    lost: str | None = None
    seconds: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)

    def start(self, patience: float = PATIENCE_S, **env: str) -> None:
        """Starts the process and lets it build and run once."""
        paths = [str(BENCH), str(BENCH.parent), os.environ.get("PYTHONPATH", "")]
        whole = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}
        whole |= {**PEERS[self.key].env, **env}
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "training.worker", self.workload, self.key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env=whole,
        )
        found = self.ask("first", patience)
        if self.lost is None:
            self.facts |= found
            self.facts["process_s"] = time.perf_counter() - began

    def ask(self, command: str, patience: float = PATIENCE_S) -> dict[str, Any]:
        """One command's answer; {} and `lost` when there is none."""
        if self.lost is not None:
            return {}
        pipe_in, pipe_out = self.process.stdin, self.process.stdout
        assert pipe_in is not None and pipe_out is not None
        try:
            print(command, file=pipe_in, flush=True)
        except BrokenPipeError:
            self._lose("ended")
            return {}
        ready, _, _ = select.select([pipe_out], [], [], patience)
        if not ready:
            self._lose(f"not within {patience:.0f} s")
            return {}
        line = pipe_out.readline()
        if not line:
            code = self.process.wait()
            self._lose("out of memory" if code in (-6, -9, -11) else f"ended with {code}")
            return {}
        found: dict[str, Any] = json.loads(line)
        if why := found.get("missing") or found.get("failed"):
            self._lose(why)
            return {}
        return found

    def turn(self, count: int) -> None:
        self.seconds += self.ask(f"time {count}").get("seconds", [])

    def turn_cold(self, count: int) -> None:
        self.cold += self.ask(f"cold {count}").get("seconds", [])

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _lose(self, why: str) -> None:
        self.lost = why
        self.close()
