"""Checkpoints: everything that a run needs to go on where it stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...diagnostics import DataError
from ..arrays import Arrays
from ..files import read_bytes, write_bytes

#: Seconds between two checkpoints, and between one and the next for a better validation.
EVERY, AT_BEST = 30.0, 1.0
#: Raised by one whenever the content changes its meaning.
FORMAT = 2
KIND = "checkpoint of qrnnlang"


@dataclass(frozen=True, eq=False)
class Saved:
    """A run after `update` updates: its arrays by path, its histories, one for each seed.

    `record`: what the run was made of (`source`, `model`, `data`, `settings`, `versions`).
    """

    update: int
    arrays: Arrays
    histories: list[dict[str, list[float]]]
    record: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Checkpoint:
    """The checkpoint file of a run. `resume`: take up what is there; `every`: seconds."""

    path: Path
    resume: bool = False
    every: float = EVERY
    written: float = -float("inf")

    def due(self, better: bool) -> bool:
        """Whether it is time to write; `better`: a better epoch than any has ended since."""
        passed = time.monotonic() - self.written
        return passed >= self.every or (better and passed >= AT_BEST)

    def write(self, saved: Saved) -> None:
        """Writes the file, whole or not at all. Raises OSError."""
        from safetensors.numpy import save

        arrays = {k: np.ascontiguousarray(v).reshape(np.shape(v)) for k, v in saved.arrays.items()}
        facts = json.dumps(
            {
                "update": saved.update,
                "histories": saved.histories,
                "record": saved.record,
                "seconds": saved.seconds,
            }
        )
        header = {"kind": KIND, "format": str(FORMAT), "run": facts, "sum": _sum(arrays, facts)}
        write_bytes(self.path, save(arrays, metadata=header))
        self.written = time.monotonic()

    def read(self) -> Saved | None:
        """What to resume from, if that is wanted and there is something. Raises DataError."""
        if not self.resume or not self.path.exists():
            return None
        content = read_bytes(self.path)
        try:
            return _parsed(content, str(self.path))
        except DataError:
            raise
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{self.path}: damaged, or not a checkpoint of a run") from error


def same(saved: Saved, record: Mapping[str, Any], shown: str) -> None:
    """Raises DataError unless a run as `record` says continues what was saved, bit for bit.

    More epochs and another patience do so; another model, other data or options do not.
    """
    before = saved.record
    for key, what in (("model", "another model"), ("data", "other data")):
        if before[key] != record[key]:
            raise DataError(f"{shown}: the checkpoint belongs to a run of {what}")
    fixed_rate = record["settings"]["schedule"] in (None, {"name": "constant"})
    free = ("patience", "epochs") if fixed_rate else ("patience",)
    for key, value in record["settings"].items():
        known = before["settings"].get(key)
        if key not in free and known != value:
            raise DataError(
                f"{shown}: the run of the checkpoint had `{key}` {_shown(known)}, "
                f"this one has {_shown(value)}: resume with the same options, or start another run"
            )


def _shown(value: Any) -> str:
    match value:
        case {"name": str(name), **rest}:
            arguments = ", ".join(f"{k} = {_shown(v)}" for k, v in rest.items())
            return f"`{name}({arguments})`" if arguments else f"`{name}`"
        case None:
            return "unset"
        case bool():
            return str(value).lower()
    return str(value)


def _sum(arrays: Arrays, facts: str) -> str:
    made = hashlib.sha256(facts.encode())
    for name in sorted(arrays):
        array = arrays[name]
        made.update(f"{name} {array.dtype} {array.shape}".encode())
        made.update(array.tobytes())
    return made.hexdigest()


def _parsed(content: bytes, shown: str) -> Saved:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    if metadata["kind"] != KIND:
        raise ValueError("another kind of file")
    if metadata["format"] != str(FORMAT):
        raise DataError(
            f"{shown}: a checkpoint in version {metadata['format']} of the format; "
            f"this qrnnlang reads version {FORMAT}"
        )
    if metadata["sum"] != _sum(arrays, metadata["run"]):
        raise ValueError("the content does not fit its checksum")
    facts = json.loads(metadata["run"])
    return Saved(
        int(facts["update"]),
        arrays,
        [{str(k): list(v) for k, v in h.items()} for h in facts["histories"]],
        dict(facts["record"]),
        float(facts["seconds"]),
    )
