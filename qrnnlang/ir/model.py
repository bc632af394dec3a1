"""The oracle for models: sequences, losses and metrics around cells, one sample at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..diagnostics.errors import DataError
from ..sema.closed import (
    Call,
    CellOutput,
    ClosedModel,
    Const,
    Extern,
    Gather,
    Input,
    LossFn,
    ModelOp,
    Param,
    Port,
    Ref,
    RunCell,
    SeqFn,
)
from .asked import too_short, unavailable
from .classical import Array, Externs, array, check_input, computed
from .graph import build
from .interpreter import Params, State, run_cell
from .losses import LOSSES
from .steps import same_steps
from .trouble import Trouble, data_error, inputs_behind


@dataclass(frozen=True)
class ModelResult:
    """What a run of a model gives.

    `outputs` have a leading batch axis, and a time axis where the model says so. `loss` is None
    when the model has none or a target was not given; likewise metrics are left out. `states` are
    the states after the last step by instance path, one a sample.
    """

    outputs: dict[str, Array]
    loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    states: dict[str, tuple[State, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Value:
    """An array with a leading batch axis if `batch`, then a time axis if `seq`."""

    data: Array
    seq: bool
    batch: bool

    def of(self, sample: int) -> Array:
        """The value of one sample: all steps of a sequence."""
        return np.asarray(self.data[sample] if self.batch else self.data)

    def at(self, sample: int, step: int) -> Array:
        """The value of one sample at one step."""
        return np.asarray(self.of(sample)[step] if self.seq else self.of(sample))

    @property
    def steps(self) -> int:
        return int(self.data.shape[1 if self.batch else 0])

    def broadcast(self, size: int, steps: int | None) -> Array:
        """The array with every leading axis: batch, and time if `steps` is given."""
        data = self.data if self.batch else np.broadcast_to(self.data, (size, *self.data.shape))
        if steps is None or self.seq:
            return data
        return np.broadcast_to(data[:, None], (size, steps, *data.shape[1:]))


def run_model(
    model: ClosedModel,
    params: Params,
    inputs: Mapping[str, Any],
    targets: Mapping[str, Any] | None = None,
    externs: Externs | None = None,
    steps: int | None = None,
    first_sample: int = 0,
) -> ModelResult:
    """Runs a model on a batch.

    `inputs` and `targets` are arrays of shape (B, T, *shape), or (B, *shape) for what is no
    sequence. `steps` is needed only by a model without a sequence among its inputs; `first_sample`
    is the number of the first sample in messages. Raises DataError for values outside a domain and
    for sequences too short for what is asked: outputs and, where targets are given, loss and
    metrics; ValueError for arrays that are missing or of the wrong shape.
    """
    run = _Run(model, params, {**inputs, **(targets or {})}, externs or {}, steps, first_sample)
    for port in model.inputs:
        if port.name not in inputs:
            raise ValueError(f"the input `{port.name}` is missing")
    for ref, op in enumerate(model.ops):
        run.evaluate(ref, op)
    for output in model.outputs:
        run.refuse_short(f"output `{output.name}`", output.ref)
    outputs = {
        o.name: run.found[o.ref].broadcast(run.size, run.length if o.seq else None)
        for o in model.outputs
        if o.ref in run.found
    }
    if targets is not None:
        run.refuse_short("the loss", model.loss)
        for name, ref in model.metrics:
            run.refuse_short(f"metric `{name}`", ref)
    loss = run.number(model.loss) if model.loss is not None else None
    metrics = {name: run.number(ref) for name, ref in model.metrics}
    known = {name: value for name, value in metrics.items() if value is not None}
    return ModelResult(outputs, loss, known, run.states)


class _Run:
    """One pass over a model's operations. A value that depends on a missing target is not found."""

    def __init__(
        self,
        model: ClosedModel,
        params: Params,
        given: Mapping[str, Any],
        externs: Externs,
        steps: int | None,
        first_sample: int,
    ):
        self.model = model
        self.params = params
        self.externs = externs
        self.steps = steps
        self.first_sample = first_sample
        self.ports = {p.name: p for p in (*model.inputs, *model.targets)}
        self.given = {n: _leading(given[n], p) for n, p in self.ports.items() if n in given}
        sizes = {n: len(v) for n, v in self.given.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"batches of different size: {sizes}")
        self.size = next(iter(sizes.values()), 1)
        self.found: dict[Ref, _Value] = {}
        self.short: dict[Ref, str] = {}  # why a value needs more steps than there are
        self.cells: dict[Ref, dict[str, _Value]] = {}
        self.states: dict[str, tuple[State, ...]] = {}

    @property
    def length(self) -> int | None:
        """The number of steps of the sequences, where there are any."""
        lengths = (v.shape[1] for n, v in self.given.items() if self.ports[n].seq)
        return next(lengths, self.steps)

    def number(self, ref: Ref) -> float | None:
        """A loss or metric: what still depends on the batch is averaged over it."""
        return float(np.mean(self.found[ref].data)) if ref in self.found else None

    def refuse_short(self, what: str, ref: Ref | None) -> None:
        if ref in self.short:
            raise DataError(f"{what}: {self.short[ref]}")

    def evaluate(self, ref: Ref, op: ModelOp) -> None:
        if (why := unavailable(op, self.short)) is not None:
            self.short[ref] = why
            return
        match op:
            case Const(values=values, shape=shape):
                self.found[ref] = _Value(np.array(values).reshape(shape), seq=False, batch=False)
            case Param(name=name, shape=shape):
                if name not in self.params:
                    raise ValueError(f"the parameter `{name}` is missing")
                whole = array(self.params[name], shape, name)
                self.found[ref] = _Value(whole, seq=False, batch=False)
            case Input(name=name, labels=labels):
                if name in self.given:
                    given = _Value(self.given[name], self.ports[name].seq, batch=True)
                    self.found[ref] = self._each(
                        ref, [given], lambda args: check_input(args[0], name, labels)
                    )
            case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
                if (args := self._arguments(refs)) is not None:
                    self.found[ref] = self._each(
                        ref, args, lambda here: computed(op, here, self.externs)
                    )
            case SeqFn(arg=arg):
                if arg not in self.found:
                    return
                if (why := too_short(op, self.found[arg].steps)) is not None:
                    self.short[ref] = why
                else:
                    self.found[ref] = _over_time(op, self.found[arg])
            case LossFn(fn=fn, args=refs):
                if (args := self._arguments(refs)) is not None:
                    same_steps(self.model, op, [a.steps if a.seq else None for a in args])
                    steps = next((a.steps for a in args if a.seq), None)
                    operands = [a.broadcast(self.size, steps) for a in args]
                    loss = np.asarray(LOSSES[fn](np, *operands))
                    self.found[ref] = _Value(loss, seq=False, batch=False)
            case RunCell(args=refs):
                if (args := self._arguments(refs)) is not None:
                    self._run_cell(ref, op, args)
            case CellOutput(run=run, name=name):
                if run in self.cells:
                    self.found[ref] = self.cells[run][name]

    def _arguments(self, refs: Sequence[Ref]) -> list[_Value] | None:
        """The values of all arguments; None if one is not known."""
        return [self.found[r] for r in refs] if all(r in self.found for r in refs) else None

    def _each(
        self, ref: Ref, args: Sequence[_Value], compute: Callable[[list[Array]], Array]
    ) -> _Value:
        """`compute` applied for every sample and step that an argument has."""
        batch, seq = any(a.batch for a in args), any(a.seq for a in args)
        steps = next((a.steps for a in args if a.seq), 1)
        rows = []
        for sample, step in _places(self.size if batch else 1, steps):
            try:
                rows.append(compute([a.at(sample, step) for a in args]))
            except Trouble as trouble:
                raise data_error(
                    str(trouble),
                    inputs_behind(self.model.ops.__getitem__, ref),
                    self.first_sample + sample if batch else None,
                    step if seq else None,
                ) from None
        leading = (*((self.size,) if batch else ()), *((steps,) if seq else ()))
        return _Value(np.array(rows).reshape(leading + np.shape(rows[0])), seq, batch)

    def _run_cell(self, ref: Ref, op: RunCell, args: Sequence[_Value]) -> None:
        """The cell run along time if an argument is a sequence, else for one step."""
        graph = build(op.cell)
        batch = any(a.batch for a in args)
        seq = any(a.seq for a in args) or self.model.types[ref].seq
        steps = next((a.steps for a in args if a.seq), self.length) if seq else 1
        if steps is None:
            raise ValueError(f"`{op.instance}` reads no sequence: the number of steps is missing")
        results = []
        for sample in range(self.size if batch else 1):
            sequences = {
                port.name: np.array([a.at(sample, t) for t in range(steps)])
                for port, a in zip(op.cell.inputs, args, strict=True)
            }
            results.append(
                run_cell(
                    graph,
                    self.params,
                    sequences,
                    steps=steps,
                    externs=self.externs,
                    sample=self.first_sample + sample if batch else None,
                )
            )
        self.states[op.instance] = tuple(state for _, state in results)
        self.cells[ref] = {}
        for output in op.cell.outputs:
            data = np.array([outputs[output.name] for outputs, _ in results])
            data = data if seq else data[:, 0]
            self.cells[ref][output.name] = _Value(data if batch else data[0], seq, batch)


def _places(samples: int, steps: int) -> Iterator[tuple[int, int]]:
    return ((sample, step) for sample in range(samples) for step in range(steps))


def _leading(value: Any, port: Port) -> Array:
    """An input with its batch and time axes; a scalar and a `real[1]` stand for each other."""
    given = np.asarray(value, dtype=np.float64)
    axes = 2 if port.seq else 1
    shape = (*given.shape[:axes], *port.shape)
    if {given.shape[axes:], port.shape} == {(), (1,)}:
        given = given.reshape(shape)
    if given.ndim < axes or given.shape != shape:
        wanted = ", ".join(["batch", "steps"][:axes] + [str(n) for n in port.shape])
        raise ValueError(f"`{port.name}` has shape {given.shape}, expected ({wanted})")
    if 0 in given.shape[:axes]:
        raise ValueError(f"`{port.name}` is empty: it has shape {given.shape}")
    return given


def _over_time(op: SeqFn, value: _Value) -> _Value:
    """A function over the time axis."""
    axis = 1 if value.batch else 0
    data, k = value.data, op.k
    match op.fn, k:
        case "last", None:
            return _Value(np.asarray(data.take(-1, axis)), False, value.batch)
        case "first", None:
            return _Value(np.asarray(data.take(0, axis)), False, value.batch)
        case "mean", _:
            return _Value(data.mean(axis), False, value.batch)
        case "reverse", _:
            return _Value(np.flip(data, axis), True, value.batch)
        case "last", int():
            chosen = range(value.steps - k, value.steps)
        case "first", int():
            chosen = range(k)
        case "skip", int():
            chosen = range(k, value.steps)
        case _:
            raise ValueError(f"`{op.fn}` is no function of a model's sequences")
    return _Value(data.take(list(chosen), axis), True, value.batch)
