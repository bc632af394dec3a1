"""Writing results: whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from .errors import failed_run


def deliver(data: str | bytes, target: str | None) -> None:
    """Write a result to a file, or to standard output when there is none (or it is `-`)."""
    if target is not None and target != "-":
        write_atomically(Path(target), data.encode() if isinstance(data, str) else data)
    elif isinstance(data, str):
        sys.stdout.write(data)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one move; an old one stays as it is until the new one is complete.

    Raises CliError (exit code 3) when it cannot be written.
    """
    try:
        path = path.resolve()  # a link stays a link
        if path.exists() and not path.is_file():  # a device, a pipe (or a folder, which fails)
            path.write_bytes(data)
            return
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.chmod(mode)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise failed_run(f"cannot write {path}: {reason}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
