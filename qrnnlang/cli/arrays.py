"""Parameters and inputs from files."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import DataError
from ..sema.closed import Port

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..runtime.data.tables import Table

Arrays = dict[str, "NDArray[Any]"]


def read_params(path: str) -> Arrays:
    """Arrays by parameter path, from `.safetensors`, `.npz` or an artefact. Raises DataError."""
    match Path(path).suffix:
        case ".safetensors":
            return _read_safetensors(path)
        case ".npz":
            return _read_npz(path)
        case ".qrnnz":
            from ..runtime.artefact import read

            return dict(read(path).params)
    raise DataError(f"{path}: parameters are read from .safetensors, .npz or .qrnnz")


def read_inputs(path: str, ports: tuple[Port, ...]) -> Arrays:
    """Inputs by name, from `.npz` as they stand or from `.csv` as one sequence (1, steps, …).

    Columns of a `.csv` are called like the input, or `x[0]`, `x[1]`, … in C order for one of
    several components; without a header they are taken in order. Raises DataError.
    """
    match Path(path).suffix:
        case ".npz":
            arrays = _read_npz(path)
            bare = list(arrays) == ["arr_0"] and len(ports) == 1  # saved without a name
            return {ports[0].name: arrays["arr_0"]} if bare else arrays
        case ".csv":
            from ..runtime.data.tables import read_csv

            return _from_table(read_csv(Path(path), path), ports)
    raise DataError(f"{path}: inputs are read from .npz or .csv")


def batched(arrays: Arrays, ports: tuple[Port, ...]) -> Arrays:
    """One sequence without a batch axis gets one; what fits no port is left to its own error."""
    shapes = {p.name: (len(p.shape) + (2 if p.seq else 1), p.shape) for p in ports}
    found = {}
    for name, array in arrays.items():
        ndim, shape = shapes.get(name, (array.ndim, ()))
        bare = array.ndim == ndim - 1 and array.shape[array.ndim - len(shape) :] == shape
        found[name] = array[None] if bare else array
    return found


def _from_table(table: Table, ports: tuple[Port, ...]) -> Arrays:
    import numpy as np

    headless = table.first_row == 1
    sizes = [math.prod(p.shape) for p in ports]
    if headless and len(table.columns) != sum(sizes):
        have = len(table.columns)
        raise DataError(f"{table.source}: {have} columns, the inputs have {sum(sizes)} components")
    found: Arrays = {}
    first = 0
    for port, size in zip(ports, sizes, strict=True):
        keys: list[str | int] = [f"{port.name}[{i}]" for i in range(size)]
        if headless:
            keys = list(range(first, first + size))
        elif size == 1 and keys[0] not in table.columns:
            keys = [port.name]
        first += size
        data = np.stack([table.column(key)[1] for key in keys], axis=-1)
        data = data.reshape(-1, *port.shape)[None]
        found[port.name] = data if port.seq else data[:, -1]
    return found


def _read_npz(path: str) -> Arrays:
    import numpy as np

    try:
        with Path(path).open("rb") as file:  # `np.load` of a path leaves a damaged file open
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise DataError(f"{path}: a single array, not an .npz archive of named ones")
            with archive:
                return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: not an .npz archive of numbers") from None


def _read_safetensors(path: str) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(Path(path).read_bytes()))
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except SafetensorError:
        raise DataError(f"{path}: not a safetensors file") from None
