"""How the targets report what they cannot express: codes E0601 to E0612."""

from __future__ import annotations

from ..diagnostics import CompileError, Diagnostic, Source, Span
from ..sema.closed import Origin

_NOWHERE = Source("<model>", "")

#: What every message about unbound data says to do.
BIND = "bind parameters and inputs: `model.to_qiskit(steps, params=params, x=x[0])`"

#: What every message about a loop says to do.
UNROLL = "write the steps out: leave `rolled` away"


def target_error(
    code: str,
    message: str,
    origin: Origin | None = None,
    label: str = "",
    notes: tuple[str, ...] = (),
    help: str = "",
) -> CompileError:
    """The exception for one finding; without a known place the diagnostic points at `<model>`."""
    span = origin.span if origin is not None and origin.span is not None else Span(_NOWHERE, 0, 0)
    return CompileError([Diagnostic(code, message, span, label, (), notes, help)])
