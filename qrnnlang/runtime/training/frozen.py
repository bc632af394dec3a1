"""What no trained parameter reaches: computed once for all that is done with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

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

    def given(self, params: Arrays, batch: Batch) -> Batch:
        """A batch of the model as one of `rest`: its fixed cells are run."""
        inputs, targets, lengths = batch
        if not self.front.closed.outputs:
            return batch
        return {**inputs, **self.front.outputs(params, inputs, lengths, None)}, targets, lengths


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


def _params(model: ClosedModel, refs: Iterable[Ref]) -> set[str]:
    """The parameters that some values are computed from."""
    found: set[str] = set()
    for op in (model.ops[ref] for ref in refs):
        if isinstance(op, Param):
            found.add(op.name)
        elif isinstance(op, RunCell):
            found |= {spec.name for spec in op.cell.params}
    return found
