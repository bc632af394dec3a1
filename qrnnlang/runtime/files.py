"""Writing files whole or not at all, and telling in one line why a file cannot be read."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex
from typing import Any

from ..diagnostics import DataError


def write_bytes(path: str | Path, content: bytes) -> None:
    """Writes a file so that nobody ever sees half of it; missing folders are made.

    The content goes to a temporary name in the same folder, which then takes the name over. Raises
    OSError.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}-{token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Writes UTF-8 text in the same way."""
    write_bytes(path, text.encode())


def as_path(name: str, value: Any, what: str = "a file") -> Path:
    """An argument that is the path of a file or folder. Raises TypeError, or ValueError."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"`{name}` is the path of {what}, not {value!r:.60}")
    text = os.fspath(value)
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"`{name}` is the path of {what}, which {text!r:.60} cannot be")
    return Path(text)


def read_bytes(path: str | Path, shown: str | None = None) -> bytes:
    """The content of a file. Raises DataError in one line when it cannot be read or is empty."""
    shown = shown or str(path)
    try:
        content = Path(path).read_bytes()
    except IsADirectoryError:
        raise DataError(f"{shown}: a folder, not a file") from None
    except OSError as error:
        raise DataError(f"{shown}: {(error.strerror or 'cannot be read').lower()}") from None
    except ValueError:  # a zero byte in the name
        raise DataError(f"{shown!r}: not the name of a file") from None
    if not content:
        raise DataError(f"{shown}: the file is empty")
    return content
