"""What a run is made of: enough to tell whether a checkpoint belongs to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ...sema import Program
from ...sema.closed import ClosedModel
from ..data.stream import Samples, Stream

#: Fields without influence on what a model computes: places and texts of the source, the blocks.
_SILENT = frozenset(("span", "origins", "doc", "data", "train", "registers"))


def record(
    program: Program,
    settings: Mapping[str, Any],
    data: Mapping[str, Samples],
    precision: str,
) -> dict[str, Any]:
    """What a checkpoint keeps of a run beside its state: for people, and to compare."""
    from importlib.metadata import version

    from ... import __version__

    return {
        "source": program.text,
        "imports": dict(program.imports),
        "entry": program.entry,
        "hyperparameters": {k: _plain(v) for k, v in program.hyper.items()},
        "model": fingerprint(program.model, precision),
        "data": {name: digest(batch) for name, batch in data.items() if name != "test"},
        "settings": json.loads(json.dumps(dict(settings), default=repr)),
        "versions": {"qrnnlang": __version__, **{p: version(p) for p in ("jax", "optax", "numpy")}},
    }


def fingerprint(model: ClosedModel, precision: str) -> str:
    """A number for what a model computes, wherever it stands and however it is laid out."""
    text = json.dumps([precision, _tree(model)], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest(batch: Samples) -> str:
    """A number for inputs, targets and lengths; of a stream, for its columns and its windows."""
    made = hashlib.sha256()
    if isinstance(batch, Stream):
        inputs: Mapping[str, Any] = {f"column {k}": v for k, v in batch.columns.items()}
        scales = {k: s.to_json() for k, s in batch.scales.items()}
        targets: Mapping[str, Any] = {"starts": batch.starts, "scales": json.dumps(scales)}
        lengths = None
    else:
        inputs, targets, lengths = batch
    parts = {**inputs, **targets, "lengths of the sequences": lengths}
    for name, values in parts.items():
        if values is not None:
            array = np.asarray(values)
            made.update(f"{name} {array.dtype} {array.shape}".encode())
            made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()


def _tree(value: Any) -> Any:
    """Nested dataclasses as lists that JSON has; floats in full."""
    if is_dataclass(value):
        kept = [f.name for f in fields(value) if f.name not in _SILENT]
        return [type(value).__name__, *(_tree(getattr(value, name)) for name in kept)]
    if isinstance(value, tuple | list):
        return [_tree(v) for v in value]
    if isinstance(value, Mapping):
        return [[str(k), _tree(v)] for k, v in value.items()]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
