"""Jobs on disk: what has been sent, and what came back. Nothing that has finished is run again.

A job is known by what it asks: circuits, angles, shots, seed and backend. Its record is written
before it is sent and again, with the id that the service gave it, right after; its result is
written, whole or not at all, before anything is done with it. A session that asks the same again
takes what is there, and picks up by its id what is still under way. Circuits are kept as they were
put on the backend's qubits, so that jobs before and after an interruption measure the same ones.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...diagnostics import DataError
from ..files import read_bytes, write_bytes, write_text

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: By circuit of the job and register: bytes, (sets, shots, bytes), as Qiskit's `BitArray` has them.
Raw: TypeAlias = list[dict[str, NDArray[np.uint8]]]


@dataclass(frozen=True)
class Ledger:
    """The jobs in a folder: `KEY.json`, `KEY.npz` once there is a result; circuits, `KEY.qpy`."""

    folder: Path

    def result(self, key: str) -> Raw | None:
        """What a job gave; None if it has not come back. Raises DataError for a damaged file."""
        path = self._path(key, "npz")
        if not path.exists():
            return None
        try:
            with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as arrays:
                return _parted({name: arrays[name] for name in arrays.files})
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise DataError(f"{path}: damaged; remove it, and its job runs again") from error

    def job_id(self, key: str) -> str | None:
        """The id under which a job was sent."""
        path = self._path(key, "json")
        if not path.exists():
            return None
        try:
            found = json.loads(read_bytes(path)).get("job_id")
        except (ValueError, AttributeError) as error:
            raise DataError(f"{path}: damaged; remove it, and its job runs again") from error
        return str(found) if found is not None else None

    def sending(self, key: str, facts: Mapping[str, Any]) -> None:
        """A job is about to be sent."""
        self._write(key, {**facts, "job_id": None})

    def sent(self, key: str, facts: Mapping[str, Any], job_id: str) -> None:
        self._write(key, {**facts, "job_id": job_id})

    def done(self, key: str, raw: Raw) -> None:
        """A result has come. Raises OSError."""
        arrays = {f"{i}/{name}": a for i, one in enumerate(raw) for name, a in one.items()}
        arrays["circuits"] = np.array(len(raw))
        content = io.BytesIO()
        np.savez_compressed(content, allow_pickle=False, **arrays)
        write_bytes(self._path(key, "npz"), content.getvalue())

    def circuit(self, key: str) -> QuantumCircuit | None:
        """A circuit as an earlier session put it on the backend's qubits. Raises DataError."""
        path = self._path(key, "qpy")
        if not path.exists():
            return None
        from qiskit import qpy

        try:
            found: QuantumCircuit = qpy.load(io.BytesIO(read_bytes(path)))[0]
        except DataError:
            raise
        except Exception as error:  # whatever the reader says of what is no circuit
            raise DataError(f"{path}: damaged; remove it, and its circuit is made again") from error
        return found

    def keep(self, key: str, circuit: QuantumCircuit) -> None:
        """Keeps a circuit for the sessions that go on. Raises OSError."""
        from qiskit import qpy

        content = io.BytesIO()
        qpy.dump(circuit, content)
        write_bytes(self._path(key, "qpy"), content.getvalue())

    def _write(self, key: str, facts: Mapping[str, Any]) -> None:
        write_text(self._path(key, "json"), json.dumps(facts, indent=1, sort_keys=True) + "\n")

    def _path(self, key: str, kind: str) -> Path:
        return self.folder / f"{key}.{kind}"


def _parted(arrays: Mapping[str, NDArray[Any]]) -> Raw:
    raw: Raw = [{} for _ in range(int(arrays["circuits"]))]
    for name, a in arrays.items():
        if name != "circuits":
            index, _, register = name.partition("/")
            raw[int(index)][register] = np.asarray(a, dtype=np.uint8)
    return raw
