"""The `.qrnnz` artefact: a zip of plain files (docs/artefact.md). Reading executes nothing."""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from ..sema.closed import ClosedModel, Port
from .files import as_path, read_bytes, write_bytes

if TYPE_CHECKING:
    from .model import Model

#: Raised by one whenever an older version could not read what a newer one writes.
FORMAT = 1
NAME = "qrnnz"
#: Every entry carries this date, so that equal content gives equal bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
#: Unpacked size that is refused: far more than parameters of any model that can be simulated.
_LIMIT = 1 << 31
#: More entries, and more bytes for each byte that is stored, than any artefact has.
_ENTRIES, _RATIO = 10_000, 200
_NEEDED = ("manifest.json", "model.qrnn", "params.safetensors")
_IMPORTS = "imports/"


@dataclass(frozen=True, eq=False)
class Artefact:
    """What an artefact holds. `scales`: factor and offset by input or target, as numbers."""

    source: str
    imports: dict[str, str]
    entry: str
    hyper: dict[str, Any]
    precision: Literal["float64", "float32"]
    params: dict[str, NDArray[np.float64]]
    scales: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


def save(
    model: Model,
    path: str | Path,
    params: Mapping[str, NDArray[Any]],
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """Writes an artefact, whole or not at all.

    The scaling is that of the model's data, which are read for it if they have not been. Raises
    DataError for a folder, OSError when the disk refuses.
    """
    from safetensors.numpy import save as to_safetensors

    if as_path("path", path).is_dir():
        raise DataError(f"{path}: a folder, not a file")
    for folder in Path(path).parents:
        if folder.exists() and not folder.is_dir():
            raise DataError(f"{path}: {folder} is a file, not a folder")
    program = model.program
    scales = model.known_scales()
    arrays = {k: np.array(v, dtype=np.float64, order="C") for k, v in params.items()}
    entries = {
        "manifest.json": _json(_manifest(model)),
        "model.qrnn": program.text.encode(),
        **{f"{_IMPORTS}{name}": text.encode() for name, text in sorted(program.imports.items())},
        "params.safetensors": to_safetensors(arrays),
    }
    if scales:
        entries["scaling.json"] = _json({k: s.to_json() for k, s in scales.items()})
    if metrics:
        entries["metrics.json"] = _json(metrics)
    out = io.BytesIO()
    # Stored, not compressed: the bytes must not depend on the version of a library.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    write_bytes(path, out.getvalue())


def read(path: str | Path) -> Artefact:
    """What is in an artefact. Raises DataError for a damaged, foreign or newer file."""
    shown = str(path)
    content = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _refuse_strange(archive.infolist(), shown)
            entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        UnicodeDecodeError,
    ):
        _damaged(shown, "not a zip file, or cut off")
    missing = [name for name in _NEEDED if name not in entries]
    if missing:
        raise DataError(f"{shown}: not an artefact of qrnnlang, it has no `{missing[0]}`")
    try:
        return _parsed(entries, shown)
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        _damaged(shown, f"{type(error).__name__.lower()}: {error}")


def _refuse_strange(entries: list[zipfile.ZipInfo], shown: str) -> None:
    """DataError for what no artefact has, before anything is unpacked.

    Nothing is ever written to disk; still, a name that leads out of the archive means no good, and
    a few bytes that unpack to gigabytes fill the memory.
    """
    names = [entry.filename for entry in entries]
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
            raise DataError(f"{shown}: not an artefact: the entry `{name[:80]}` leads out of it")
        if names.count(name) > 1:
            raise DataError(f"{shown}: not an artefact: two entries are called `{name[:80]}`")
    if sum(entry.file_size for entry in entries) > _LIMIT or len(entries) > _ENTRIES:
        raise DataError(f"{shown}: larger than an artefact may be")
    for entry in entries:
        if entry.file_size > _RATIO * entry.compress_size + 4096:
            raise DataError(f"{shown}: not an artefact: `{entry.filename[:80]}` is a zip bomb")


def check(found: Artefact, model: ClosedModel, shown: str) -> None:
    """Raises DataError unless the parameters are those of the compiled source."""
    for spec in model.params:
        if spec.name not in found.params:
            _damaged(shown, f"the parameter `{spec.name}` is missing")
        array = found.params[spec.name]
        if array.shape != spec.shape or array.dtype.kind != "f":
            _damaged(
                shown, f"the parameter `{spec.name}` has shape {array.shape}, not {spec.shape}"
            )


def _manifest(model: Model) -> dict[str, Any]:
    from .. import __version__

    closed, program = model.closed, model.program
    return {
        "format": NAME,
        "version": FORMAT,
        "qrnnlang": __version__,
        "entry": program.entry,
        "hyperparameters": {k: _plain(v) for k, v in sorted(program.hyper.items())},
        "precision": model.precision,
        "inputs": {p.name: _port(p) for p in closed.inputs},
        "targets": {p.name: _port(p) for p in closed.targets},
        "outputs": {o.name: {"shape": list(o.shape), "seq": o.seq} for o in closed.outputs},
        "parameters": {
            s.name: {"shape": list(s.shape), "trained": s.trained} for s in closed.params
        },
    }


def _port(port: Port) -> dict[str, Any]:
    return {"shape": list(port.shape), "seq": port.seq, "labels": port.labels}


def _parsed(entries: Mapping[str, bytes], shown: str) -> Artefact:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_safetensors

    manifest = json.loads(entries["manifest.json"])
    if manifest.get("format") != NAME:
        raise DataError(f"{shown}: not an artefact of qrnnlang")
    version = manifest["version"]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        _damaged(shown, f"version {version!r}")
    if version > FORMAT:
        raise DataError(
            f"{shown}: written by a newer qrnnlang ({manifest.get('qrnnlang', 'unknown')}) in "
            f"version {version} of the format; this one reads versions up to {FORMAT}"
        )
    if manifest["precision"] not in ("float64", "float32"):
        _damaged(shown, f"precision {manifest['precision']!r}")
    try:
        params = from_safetensors(entries["params.safetensors"])
    except SafetensorError as error:
        _damaged(shown, f"parameters: {error}")
    return Artefact(
        source=entries["model.qrnn"].decode(),
        imports={
            name.removeprefix(_IMPORTS): text.decode()
            for name, text in entries.items()
            if name.startswith(_IMPORTS)
        },
        entry=str(manifest["entry"]),
        hyper=dict(manifest["hyperparameters"]),
        precision=manifest["precision"],
        params={str(name): params[name] for name in manifest["parameters"]},
        scales=_dict(entries, "scaling.json"),
        metrics=_dict(entries, "metrics.json"),
    )


def _dict(entries: Mapping[str, bytes], name: str) -> dict[str, Any]:
    found = json.loads(entries[name]) if name in entries else {}
    if not isinstance(found, dict):
        raise TypeError(f"`{name}` is no object")
    return found


def _damaged(shown: str, why: str) -> NoReturn:
    raise DataError(f"{shown}: damaged, or no artefact of qrnnlang ({why})")


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _json(data: object) -> bytes:
    return (json.dumps(finite(data), indent=2, ensure_ascii=False) + "\n").encode()


def finite(data: Any) -> Any:
    """With null for numbers that JSON does not have."""
    match data:
        case Mapping():
            return {str(key): finite(value) for key, value in data.items()}
        case list() | tuple():
            return [finite(value) for value in data]
        case float() if not math.isfinite(data):
            return None
    return data
