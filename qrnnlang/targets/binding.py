"""What is known of parameters and inputs, and a cell's classical values, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..diagnostics import DataError
from ..ir.classical import check_input
from ..ir.operands import values_read
from ..ir.shapes import value_shape
from ..ir.trouble import Trouble
from ..sema.closed import (
    Call,
    CarryIn,
    ClosedModel,
    Const,
    Elem,
    Expect,
    Extern,
    Gather,
    Input,
    Op,
    Param,
    Postselect,
    Prob,
    RealCarry,
    Ref,
    Shape,
)
from .classical import Externs, Value, apply, array, entry
from .symbols import Leaf, Read
from .template import Template


@dataclass(frozen=True)
class Binding:
    """Arrays by name. What is missing stays open, except `fixed` values, which must be there.

    `inputs`: (T, *shape) for a sequence, (*shape) otherwise. `reads`: read-outs already measured,
    for a device that evaluates an ensemble feedback step by step. `rolled`: carried arrays stay
    open within a step, as the variables of a loop. `open`: all values of a cell stay open but those
    that only `fixed` values and constants go into: the circuit serves any parameters and inputs.
    """

    model: ClosedModel
    steps: int
    params: Mapping[str, Value] = field(default_factory=dict)
    inputs: Mapping[str, Value] = field(default_factory=dict)
    reads: Mapping[Read, float] = field(default_factory=dict)
    externs: Externs = field(default_factory=dict)
    rolled: bool = False
    open: bool = False

    def param(self, name: str, shape: Shape) -> Value:
        """A parameter as a value."""
        if name in self.params:
            return self.params[name]
        return open_value("param", name, shape, None)

    def input(self, name: str, shape: Shape, t: int | None) -> Value:
        """An input at step t; None for one that is not a sequence."""
        if name in self.inputs:
            return self.inputs[name] if t is None else self.inputs[name][t]
        return open_value("input", name, shape, t)

    def read(self, run: int, t: int, ref: Ref, shape: Shape) -> Value:
        leaves = [Read(run, t, ref, i) for i in range(prod(shape))]
        return array(
            [self.reads.get(leaf, leaf) for leaf in leaves] if self.reads else leaves, shape
        )


def open_value(
    kind: Literal["param", "input", "carry", "value"], name: str, shape: Shape, step: int | None
) -> Value:
    """An array of which no entry is known."""
    size = prod(shape)
    return array([Leaf(kind, name, i if shape else None, step) for i in range(size)], shape)


def value_name(run: int, ref: Ref) -> str:
    """What the value `ref` of a run is called in a circuit whose angles are open."""
    return f"{run}:{ref}"


def bind(
    model: ClosedModel,
    steps: int,
    params: Mapping[str, ArrayLike] | None,
    inputs: Mapping[str, ArrayLike] | None,
    fixed: Mapping[str, ArrayLike] | None,
    externs: Externs | None = None,
    reads: Mapping[Read, float] | None = None,
) -> Binding:
    """Checked arrays of float64.

    Raises:
        TypeError: what is no number.
        ValueError: a wrong name or shape, too few steps, or a `fixed` value that is missing.
    """
    if steps < 1:
        raise ValueError(f"steps must be 1 or more, not {steps}")
    given = {**(fixed or {}), **(params or {})}
    specs = {p.name: p for p in model.params}
    bound: dict[str, Value] = {}
    for name, data in given.items():
        if name not in specs:
            raise ValueError(f"there is no parameter `{name}`; there are {_list(specs)}")
        bound[name] = _shaped(f"parameter `{name}`", data, specs[name].shape)
    missing = [p.name for p in model.params if not p.trained and p.name not in bound]
    if missing:
        raise ValueError(f"`fixed` values are needed to make a circuit: {_list(missing)}")
    ports = {p.name: p for p in model.inputs}
    series: dict[str, Value] = {}
    for name, data in (inputs or {}).items():
        if name not in ports:
            raise ValueError(f"there is no input `{name}`; there are {_list(ports)}")
        port = ports[name]
        shape = (steps, *port.shape) if port.seq else port.shape
        series[name] = _shaped(f"input `{name}`", data, shape, steps if port.seq else None)
        try:
            check_input(series[name], name, port.labels)
        except Trouble as trouble:
            raise DataError(str(trouble)) from None
    return Binding(model, steps, bound, series, reads or {}, externs or {})


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names) or "none"


def _shaped(what: str, data: ArrayLike, shape: Shape, steps: int | None = None) -> Value:
    given = np.asarray(data)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{what} needs real numbers, not {given.dtype}")
    found = given.astype(np.float64)
    if steps is not None and found.ndim and found.shape[0] > steps:
        found = found[:steps]
    # A scalar and a `real[1]` convert into each other.
    squeezed = shape[:-1] if shape[-1:] == (1,) else (*shape, 1)
    if found.shape == shape or found.shape == squeezed:
        return found.reshape(shape)
    raise ValueError(f"{what} has shape {found.shape}, expected {shape}")


class CellValues:
    """The classical values of one run of a cell. What no step can change is computed once."""

    def __init__(self, binding: Binding, template: Template, run: int):
        self._binding = binding
        self._template = template
        self._run = run
        self._static: dict[Ref, Value] = {}
        self._moving: list[tuple[Ref, Op]] = []
        for ref, op in template.classical:
            still = self._still(op)
            if still and all(r in self._static for r in values_read(op)):
                self._static[ref] = self._value(op, self._static, {}, {}, 0, ref)
            else:
                self._moving.append((ref, op))

    def _still(self, op: Op) -> bool:
        """Whether nothing but its arguments can make it differ from step to step."""
        if self._binding.open and isinstance(op, Param):
            return op.name in self._binding.params
        return not isinstance(op, Input | CarryIn | Expect | Prob | Postselect)

    def known(self) -> dict[Elem, float]:
        """The entries of values that are numbers, and the same at every step."""
        entries = ((r, i, entry(v, i)) for r, v in self._static.items() for i in range(v.size))
        return {Elem(r, i): x for r, i, x in entries if isinstance(x, float)}

    def initial(self) -> tuple[dict[Ref, Value], dict[str, Value]]:
        """The values of `init`, and the carried reals before the first step."""
        values: dict[Ref, Value] = {}
        for ref, op in self._template.init_classical:
            values[ref] = self._now(op, values, {}, {}, -1, ref)
        carries = self._template.graph.carries
        return values, {c.name: values[c.initial] for c in carries if isinstance(c, RealCarry)}

    def step(
        self, t: int, inputs: Mapping[str, Value], carried: Mapping[str, Value]
    ) -> tuple[dict[Ref, Value], dict[str, Value]]:
        """The values of step t, and the carried reals after it."""
        values = dict(self._static)
        for ref, op in self._moving:
            values[ref] = self._now(op, values, inputs, carried, t, ref)
        carries = self._template.graph.carries
        return values, {c.name: values[c.out] for c in carries if isinstance(c, RealCarry)}

    def _now(
        self,
        op: Op,
        values: Mapping[Ref, Value],
        inputs: Mapping[str, Value],
        carried: Mapping[str, Value],
        t: int,
        ref: Ref,
    ) -> Value:
        if self._binding.open and not isinstance(op, Const):
            return open_value("value", value_name(self._run, ref), value_shape(op) or (), t)
        return self._value(op, values, inputs, carried, t, ref)

    def _value(
        self,
        op: Op,
        values: Mapping[Ref, Value],
        inputs: Mapping[str, Value],
        carried: Mapping[str, Value],
        t: int,
        ref: Ref,
    ) -> Value:
        match op:
            case Input(name=name):
                return inputs[name]
            case Param(name=name, shape=shape):
                return self._binding.param(name, shape)
            case CarryIn(name=name, shape=shape):
                rolled = self._binding.rolled
                return open_value("carry", name, shape, None) if rolled else carried[name]
            case Expect(shape=shape):
                return self._binding.read(self._run, t, ref, shape)
            case Prob(wires=wires, bits=bits, value=None):
                return self._binding.read(self._run, t, ref, (2 ** (len(wires) + len(bits)),))
            case Prob() | Postselect():
                return self._binding.read(self._run, t, ref, ())
            case Const() | Gather() | Call() | Extern():
                try:
                    return apply(
                        op, [values[r] for r in values_read_in_order(op)], self._binding.externs
                    )
                except DataError as error:
                    raise DataError(f"{error}{self._place(ref, t)}") from None
        raise AssertionError(op)

    def _place(self, ref: Ref, t: int) -> str:
        """Which inputs are to blame, and when."""
        graph, names, stack = self._template.graph, set(), [ref]
        while stack and t >= 0:
            op = graph.op(stack.pop())
            if isinstance(op, Input):
                names.add(op.name)
            stack += values_read(op)
        where = f", from the input {_list(sorted(names))}" if names else ""
        return f"{where} at step {t}" if t >= 0 else f"{where} before the first step"


def values_read_in_order(op: Const | Gather | Call | Extern) -> tuple[Ref, ...]:
    """The arguments of a classical operation, repeated ones repeated."""
    match op:
        case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
            return refs
        case _:
            return ()
