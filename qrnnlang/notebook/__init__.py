"""`%load_ext qrnnlang`: cells of a notebook that are programs. Needs IPython."""

from __future__ import annotations

from typing import Any

from .complete import Completer
from .magic import Magic


def register(shell: Any) -> None:
    """Gives a shell the cell magic `%%qrnn` and completion within its cells."""
    shell.register_magics(Magic(shell))
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        completer.custom_matchers.append(Completer())


def unregister(shell: Any) -> None:
    """Takes away what `register` gave."""
    shell.magics_manager.magics["cell"].pop("qrnn", None)
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        kept = [m for m in completer.custom_matchers if not isinstance(m, Completer)]
        completer.custom_matchers[:] = kept
