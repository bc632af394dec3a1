"""How the targets report what they cannot express: E0601 to E0613, E0709, W0601."""

from __future__ import annotations

from ..diagnostics import CompileError, Diagnostic, Source, Span
from ..sema.closed import Origin

_NOWHERE = Source("<model>", "")

#: What every message about unbound data says to do.
BIND = (
    "bind parameters and inputs: `--params P --inputs X`, in Python "
    "`model.to_qiskit(steps, params=params, x=x[0])`"
)

#: What every message about feedback of the ensemble says to do.
STEPWISE = (
    "`qrnnc run --shots N` and `model.run(params, x)` go step by step; "
    "an inner cell is compiled alone with `--entry NAME`"
)

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


def costs_circuits(output: str, steps: list[int], count: int, origin: Origin) -> Diagnostic:
    """W0601: some steps of an output are not measured in the circuit that is written."""
    first, last = steps[0], steps[-1]
    ranges = f"step {first}" if first == last else f"{len(steps)} steps from {first} to {last}"
    message = f"output `{output}` takes other circuits at {ranges}"
    notes = (
        f"a full evaluation takes {count} circuits; this one measures what is let go, and at its "
        "end what is carried",
    )
    help = "`qrnnc info` lists them; in Python, `model.circuits(steps)` gives them"
    span = origin.span or Span(_NOWHERE, 0, 0)
    return Diagnostic("W0601", message, span, "these qubits are used again", (), notes, help)
