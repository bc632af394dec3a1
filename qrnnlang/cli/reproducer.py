"""The file that an internal error leaves for a bug report."""

from __future__ import annotations

import os
import platform
import shlex
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import __version__

_LONGEST = 1 << 20


def write_reproducer(error: BaseException, argv: Sequence[str]) -> Path | None:
    """Write it into the current folder, or the temporary one; None where neither can be written."""
    text = "\n".join(_parts(error, argv)) + "\n"
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        try:
            handle, name = tempfile.mkstemp(".txt", "qrnnc-bug-", folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            return Path(name)
        except OSError:
            continue
    return None


def _parts(error: BaseException, argv: Sequence[str]) -> Iterator[str]:
    yield f"qrnnlang {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield f"$ qrnnc {shlex.join(argv)}"
    yield ""
    yield "".join(traceback.format_exception(error)).rstrip()
    for name in argv:
        path = Path(name)
        try:
            if path.suffix == ".qrnn" and path.stat().st_size <= _LONGEST:
                yield f"\n--- {name}"
                yield path.read_text(encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
