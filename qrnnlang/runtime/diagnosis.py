"""Why an output is not finite: the oracle runs the affected sample again and knows the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import numpy as np

from ..diagnostics import DataError
from ..sema.closed import ClosedCell, ClosedModel, Postselect, RunCell
from .arrays import Arrays

Externs: TypeAlias = Mapping[str, Callable[..., Any]]

# The oracle keeps whole density matrices: those of more qubits do not fit in memory.
_MOST_QUBITS = 10
# It goes gate by gate through them. So many of their entries are changed in seconds; a gate on a
# small matrix costs as much as some thousand entries.
_MOST_ENTRIES = 5e8
_SMALL = 2_000
# How many samples are looked at when only the loss tells that something is wrong.
_MOST_SAMPLES = 32


def refuse_bad(
    model: ClosedModel,
    externs: Externs,
    outputs: Mapping[str, Any],
    params: Arrays,
    inputs: Arrays,
    targets: Arrays | None = None,
    lengths: Any = None,
    *,
    certain: bool = False,
) -> None:
    """Raises DataError for the first sample with an output that is not finite, if there is one.

    The message names function and value, input, sample and step where the oracle finds them;
    `certain`: nothing is raised where it does not.
    """
    seqs = {o.name for o in model.outputs if o.seq}
    worst: tuple[int, int, str, tuple[int, ...]] | None = None
    for name, values in outputs.items():
        bad = ~np.isfinite(values)
        if lengths is not None and name in seqs and bad.ndim > 1:
            counted = np.arange(bad.shape[1])[None] < np.asarray(lengths)[:, None]
            bad &= counted.reshape(*counted.shape, *(1,) * (bad.ndim - 2))
        if not bad.any():
            continue
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        step = where[1] if name in seqs else -1
        if worst is None or (where[0], step) < worst[:2]:
            worst = (where[0], step, name, where)
    if worst is None:
        return
    sample, step, name, where = worst
    _ask_oracle(model, externs, sample, params, inputs, targets, lengths)
    if certain:
        return
    place = f"sample {sample}" + (f", step {step}" if step >= 0 else "")
    raise DataError(
        f"output `{name}` is {np.asarray(outputs[name])[where]:g} ({place}){_hint(model)}"
    )


def _hint(model: ClosedModel) -> str:
    """What makes an output not finite where the oracle was not asked."""
    if any(isinstance(op, Postselect) for cell in _cells(model) for op in cell.ops):
        return ": an event of `postselect` there may have a probability below 1e-12"
    return ""


def refuse_loss(
    model: ClosedModel,
    externs: Externs,
    text: str,
    params: Arrays,
    inputs: Arrays,
    targets: Arrays,
    lengths: Any = None,
) -> NoReturn:
    """Raises DataError where only the loss, or what else `text` says, is not finite."""
    size = len(next(iter({**inputs, **targets}.values()), ()))
    for sample in range(min(size, _MOST_SAMPLES, _affordable(model, inputs))):
        _ask_oracle(model, externs, sample, params, inputs, targets, lengths)
    raise DataError(f"{text}, although every output is finite")


def _cells(model: ClosedModel) -> list[ClosedCell]:
    return [op.cell for op in model.ops if isinstance(op, RunCell)]


def _affordable(model: ClosedModel, inputs: Mapping[str, Any]) -> int:
    """How many sequences the oracle goes through in seconds."""
    steps = max((np.shape(inputs[p.name])[1] for p in model.inputs if p.seq), default=1)
    entries = 1.0
    for cell in _cells(model):
        qubits = sum(len(r.wires) for r in cell.registers)
        if qubits > _MOST_QUBITS:
            return 0
        entries += steps * len(cell.ops) * (4.0**qubits + _SMALL)
    return int(_MOST_ENTRIES / entries)


def _ask_oracle(
    model: ClosedModel,
    externs: Externs,
    sample: int,
    params: Arrays,
    inputs: Arrays,
    targets: Arrays | None,
    lengths: Any,
) -> None:
    """Raises the oracle's DataError about a sample, if it has one."""
    from ..ir.model import run_model

    if not _affordable(model, inputs):
        return
    seqs = {p.name for p in (*model.inputs, *model.targets) if p.seq}
    length = None if lengths is None else int(lengths[sample])

    def only(arrays: Mapping[str, Any]) -> dict[str, Any]:
        one = {name: np.asarray(a)[sample : sample + 1] for name, a in arrays.items()}
        return {name: a[:, :length] if name in seqs else a for name, a in one.items()}

    try:
        with np.errstate(all="ignore"):
            run_model(model, params, only(inputs), only(targets) if targets else None, externs)
    except DataError as error:
        text = str(error)
        named = re.sub(r"\bsample 0\b", f"sample {sample}", text)
        if "sample" not in text:
            named = f"{text} (sample {sample})"
        raise DataError(named) from None
    except ValueError:
        return  # such as a model that starts from a state: the oracle has none
