"""What no trained parameter reaches: computed once for all that is done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...ir.asked import behind
from ...sema.closed import (
    CellOutput,
    ClosedModel,
    Const,
    Input,
    ModelOutput,
    Param,
    Port,
    Ref,
    RunCell,
)
from ..arrays import Arrays
from ..running import Batch, Runner


@dataclass(frozen=True)
class Frozen:
    """A model in two: `front` gives the outputs of its fixed cells, `rest` takes them as inputs.

    Where all cells are trained, or read something that is, the front has no outputs.
    """

    front: Runner
    rest: Runner

    def given(self, params: Arrays, batches: Mapping[str, Batch]) -> dict[str, Batch]:
        """Batches of the model as those of `rest`: its fixed cells are run.

        Those of sequences of one length run together: a step of two sequences costs less than two.
        """
        if not self.front.closed.outputs:
            return dict(batches)
        alike: dict[Any, list[str]] = {}
        for name, (inputs, _, lengths) in batches.items():
            shapes = tuple((k, a.shape[1:]) for k, a in inputs.items())
            form = (lengths is None, shapes or name)
            alike.setdefault(form, []).append(name)
        found: dict[str, Batch] = {}
        for names in alike.values():
            inputs, lengths = _together([batches[name] for name in names])
            outputs = self.front.outputs(params, inputs, lengths, None)
            begin = 0
            for name in names:
                own, targets, sizes = batches[name]
                end = begin + next((len(a) for a in own.values()), 1)
                ran = {k: a[begin:end] for k, a in outputs.items()}
                found[name] = {**own, **ran}, targets, sizes
                begin = end
        return found


def frozen(runner: Runner) -> Frozen:
    """The two parts of a model."""
    model = runner.closed
    runs = {
        ref
        for ref, op in enumerate(model.ops)
        if isinstance(op, RunCell) and not _params(model, behind(model, [ref])) & runner.trained
    }
    cut = {r: op for r, op in enumerate(model.ops) if isinstance(op, CellOutput) and op.run in runs}
    types = model.types
    outputs = tuple(
        ModelOutput(f"value {ref}", types[ref].shape, types[ref].seq, ref) for ref in cut
    )
    front = replace(model, outputs=outputs, loss=None, metrics=())
    ports = tuple(Port(o.name, o.shape, None, o.seq) for o in outputs)
    ops = list(model.ops)
    for ref in runs:
        ops[ref] = Const((), (0,))
    for port, ref in zip(ports, cut, strict=True):
        ops[ref] = Input(port.name, port.shape)
    rest = replace(model, inputs=(*model.inputs, *ports), ops=tuple(ops))
    return Frozen(replace(runner, closed=front), replace(runner, closed=rest))


def _together(batches: list[Batch]) -> tuple[Arrays, Any]:
    """Inputs and lengths of several batches as those of one."""
    first, _, sizes = batches[0]
    inputs = {name: np.concatenate([b[0][name] for b in batches]) for name in first}
    return inputs, None if sizes is None else np.concatenate([b[2] for b in batches])


def _params(model: ClosedModel, refs: Iterable[Ref]) -> set[str]:
    """The parameters that some values are computed from."""
    found: set[str] = set()
    for op in (model.ops[ref] for ref in refs):
        if isinstance(op, Param):
            found.add(op.name)
        elif isinstance(op, RunCell):
            found |= {spec.name for spec in op.cell.params}
    return found
